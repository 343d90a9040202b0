/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_CERTS_CERTS_H
#define MFX_CMD_CERTS_CERTS_H

#include "base/program.h"
#include "certs/issue.h"
#include "registry/changes.h"

/*
 * mfx-certs: the options of all verbs, the verbs, and what each begins and
 * ends with.
 */
struct certs_options {
	/* NULL, 0 or false when not given */
	const char *ca, *user, *file, *out, *output, *password_file;
	const char *parent, *subject, *cert, *key_file, *outside, *pin_file;
	const char *ocsp, *crl_url;
	int64_t days, expiring, keep_age;
	enum key_type type;
	int reason;
	bool human, new_key, replace, event, dry_run;
};
extern struct certs_options certs_opt;

/* the registry, and what was wrong */
extern struct registry *certs_registry;
extern struct fault certs_fault;

/* opens it, and finds --user: `*owner` NULL when none is given */
int certs_open(bool write, const struct user **owner);
/* closes it; `result` -1 is a fault, which is reported; the exit status */
int certs_end(int result);

/* seconds since 1970 */
int64_t certs_now(void);

/* usage errors: --ocsp or --crl-url is not a URL */
void certs_check_urls(void);

/* a serial as the registry has it, the id of a thing as it is; or EX_USAGE */
int certs_which(const char *operand, char to[ID_TEXT + 1], struct fault *);

/* the things of a file with a line of NDJSON for each; lines as mfx-things
 * prints them are fine */
int certs_read_things(struct changes *, const char *file);

/* cmd/certs/ca.c */
int certs_verb_ca(char **operands);
/* cmd/certs/issue.c */
int certs_verb_issue(char **operands);
int certs_verb_sign(char **operands);
int certs_verb_server(char **operands);
int certs_verb_renew(char **operands);
int certs_verb_ocsp(char **operands);
/* cmd/certs/show.c */
int certs_verb_revoke(char **operands);
int certs_verb_list(char **operands);
int certs_verb_crl(char **operands);
int certs_verb_verify(char **operands);

/* cmd/certs/expiring.c */
int certs_verb_expiring(char **operands);
/* cmd/certs/prune.c */
int certs_verb_prune(char **operands);

#endif
