/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_BOOTSTRAP_BOOTSTRAP_H
#define MFX_CMD_BOOTSTRAP_BOOTSTRAP_H

#include "base/program.h"
#include "client/client.h"

/*
 * What the verbs of mfx-bootstrap share.  Changes come from options and
 * operands, or from the lines of a file; all are checked first, and made in
 * one transaction.  Answers are written only after the commit.
 */
struct bootstrap_options {
	/* NULL, 0 or false when not given */
	const char *user, *file, *thing, *name, *key_file, *external_id;
	const char *content, *client_cert, *client_key, *ca_cert;
	struct opt_list channels;
	int state;			/* list: from 1 */
	bool active, no_channels, keys, human, if_exists;
};
extern struct bootstrap_options bootstrap_opt;
extern struct remote_setup bootstrap_setup;
extern struct client bootstrap_client;
extern struct out bootstrap_out;
extern struct fault bootstrap_fault;

/* opens what a verb needs, also without a user; 0, -1 */
int bootstrap_begin(enum client_access, bool user);
/* the exit status; `result` 0 or more is one, -1 a fault */
int bootstrap_end(int result);

int bootstrap_verb_add(char **operands);
int bootstrap_verb_update(char **things);
int bootstrap_verb_remove(char **things);
int bootstrap_verb_state(char **operands);

#endif
