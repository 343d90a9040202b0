/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_ADMIN_H
#define MFX_REGISTRY_ADMIN_H

#include "base/out.h"
#include "base/program.h"
#include "registry/item.h"

/*
 * The life of a command that looks after things or channels.  What is to
 * be done comes from options and operands, or from NDJSON (`file`), is
 * checked before anything is touched, and is done in one transaction: all
 * of it or nothing.  Answers are written only after the commit.
 *
 *	admin = (struct admin){ .kind = ITEM_THING, .user = …, … };
 *	return admin_run(&admin, operands, may, must, admin_create);
 *
 * Like a filter it says what went wrong and gives the exit status.
 */
struct admin {
	const struct program *program;
	enum item_kind kind;
	/* options, NULL or false when not given */
	const char *user, *file;
	const char *name, *metadata, *key_file;
	const char *connected;		/* list: --channel or --thing */
	bool keys, human;		/* list */
	bool new_key, no_key;
	bool if_exists;			/* remove */
	/* while it runs */
	struct registry *registry;
	struct user owner;
	struct specs specs;
	struct arena scratch;
	struct out out;
	struct fault fault;
};

/* one change, inside of the transaction; answers go to a->out.b */
typedef int admin_change(struct admin *, struct spec *);

admin_change admin_create, admin_update, admin_remove, admin_connect,
    admin_disconnect;

/*
 * Does `change` to each line of `file`, or else to each operand: an id when
 * `must` asks for one, a thing behind the first, a channel, when it asks
 * for those; with neither once.  `may` and `must` are of enum spec_member.
 */
int admin_run(struct admin *, char **operands, unsigned may, unsigned must,
    admin_change *);

/* Writes all that the filters let through, or those of the operands; 1 when
 * one of these is not there. */
int admin_list(struct admin *, char **ids);

/* {"id":…,"key":…} of each operand */
int admin_show_keys(struct admin *, char **ids);

/* {"id":…,"name":…,"metadata":…}, or what `shown` says of it (enum
 * spec_member); with SPEC_KEY a key that is NULL is null */
void item_put(struct buf *, const struct item *, unsigned shown,
    struct str key);

#endif
