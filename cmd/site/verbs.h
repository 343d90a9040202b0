/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_SITE_VERBS_H
#define MFX_CMD_SITE_VERBS_H

#include "base/program.h"
#include "client/setup.h"

/* What the verbs of mfx-site about the site as text share: their options. */
struct site_options {
	const char *user;
	const char *secrets, *recipient;	/* export */
	const char *csv, *key;		/* plan, apply */
	bool prune;
	int json;			/* or text */
	const char *new_keys;		/* apply */
	const char *from;		/* log */
	int64_t count;
	bool dry_run;			/* undo */
};

/* in the order of kind.h */
#define SITE_CSV_KINDS "users|channels|things|connections|configs"

extern struct site_options site_opt;
extern struct remote_setup site_setup;

int site_verb_export(char **operands);
int site_verb_plan(char **operands);
int site_verb_apply(char **operands);
int site_verb_keygen(char **operands);
int site_verb_log(char **operands);
int site_verb_undo(char **operands);

#endif
