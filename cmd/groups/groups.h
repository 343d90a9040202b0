/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_GROUPS_GROUPS_H
#define MFX_CMD_GROUPS_GROUPS_H

#include "base/program.h"
#include "client/client.h"

/*
 * What the verbs of mfx-groups share.  Changes come from options and operands,
 * or from NDJSON (--file); all are checked first, and made in one transaction.
 * Answers are written only after the commit.
 */
struct groups_options {
	/* NULL, 0 or false when not given */
	const char *user, *file;
	const char *name, *parent, *description, *metadata;
	const char *thing, *channel, *group;	/* list */
	int64_t levels;				/* tree */
	bool human;
	bool recursive, if_exists, dry_run;	/* remove */
	bool shared;				/* list */
	bool channels;				/* assign, unassign */
};
extern struct groups_options groups_opt;
extern struct remote_setup groups_setup;
extern struct client groups_client;
extern struct changes groups_changes;
extern struct out groups_out;
extern struct fault groups_fault;

/* opens what a verb needs; 0, -1 */
int groups_open(enum client_access);
/* the exit status; `result` 0 or more is one, -1 a fault */
int groups_end(int result);

/* the value of an option was not taken, and why; NULL: it was.  0, -1 */
int groups_refused(const char *option, const char *why);

int groups_verb_create(char **operands);
int groups_verb_list(char **operands);
int groups_verb_get(char **ids);
int groups_verb_tree(char **ids);
int groups_verb_update(char **ids);
int groups_verb_remove(char **ids);
int groups_verb_assign(char **operands);
int groups_verb_unassign(char **operands);

#endif
