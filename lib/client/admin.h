/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_ADMIN_H
#define MFX_CLIENT_ADMIN_H

#include "base/out.h"
#include "base/program.h"
#include "base/table.h"
#include "registry/changes.h"

/*
 * The life of a command that looks after things or channels.  What is to
 * be done comes from options and operands, or from NDJSON (`file`), is
 * checked before anything is touched, and is done in one transaction: all
 * of it or nothing.  Answers are written only after the commit.
 *
 *	admin = (struct admin){ .kind = ITEM_THING, .where = …, … };
 *	return admin_run(&admin, operands, CHANGE_CREATE);
 *
 * Like a filter it says what went wrong and gives the exit status.
 */
struct admin {
	/* where it is done, asked once the options are known */
	const struct admin_place *(*where)(const struct admin *);
	const void *setup;		/* what that has to know */
	enum item_kind kind;
	/* options, NULL or false when not given */
	const char *user, *file;
	const char *name, *metadata, *key_file;
	const char *connected;		/* list: --channel or --thing */
	struct opt_list tags;
	const char *status, *order, *dir;	/* list */
	bool keys, human;		/* list */
	bool new_key, no_key;
	bool if_exists;			/* remove */
	bool dry_run;			/* remove, disconnect */
	/* while it runs */
	bool writes;			/* not only read */
	const struct admin_place *place;
	struct changes changes;
	unsigned shown;			/* list: enum change_member */
	struct table table;
	struct out out;
	struct fault fault;
	void *open;			/* the place's own */
};

/* what is looked for; p NULL: not wanted */
struct admin_filter {
	struct str id, glob, metadata, connected;
	struct str tags;		/* tags.h; as they were given: */
	const struct opt_list *tag_list;
	const char *status, *order, *dir;	/* NULL: not given */
};

/* the options of these, for the table of a verb */
#define ADMIN_TAG(admin) { 0, "tag", "TAG", "tags, separated by commas; may " \
	"be repeated", OPT_LIST(&(admin).tags) }
#define ADMIN_LIST(admin)						\
	{ 0, "tag", "TAG", "only those with all of these tags",		\
	    OPT_LIST(&(admin).tags) },					\
	{ 0, "status", "enabled|disabled", "only those with this status", \
	    OPT_CHOICE(&(admin).status) },				\
	{ 0, "order", "created|name|id", "sort by this field (default: " \
	    "created)", OPT_CHOICE(&(admin).order) },			\
	{ 0, "dir", "asc|desc", "sort ascending or descending (default: asc)", \
	    OPT_CHOICE(&(admin).dir) }
#define ADMIN_DRY_RUN(admin) { 0, "dry-run", NULL, "show what would be " \
	"removed, and remove nothing", OPT_FLAG(&(admin).dry_run) }

/*
 * Where the registry is: on this machine, or behind a mfx-api(1)
 * (client/remote.h).  Each gives 0, or -1 and a->fault.
 */
struct admin_place {
	int (*open)(struct admin *);
	/* makes all of a->changes, or nothing; answers go to a->out.b.  A fault
	 * of one of them is that of changes.at. */
	int (*change)(struct admin *);
	/* gives each to admin_show until that is not 0, which is returned;
	 * *found is set when there was one */
	int (*find)(struct admin *, const struct admin_filter *, bool *found);
	/* after a failed open too */
	void (*close)(struct admin *);
};

extern const struct admin_place admin_here;

/* for `find`: 0, 1 enough, -1; a key is only looked at when it is shown */
int admin_show(struct admin *, const struct item *, struct str key);

/* Does it to each line of `file`, or else to each operand: an id, or things
 * behind the first one, a channel; CHANGE_CREATE: once. */
int admin_run(struct admin *, char **operands, enum change_verb);

/* Writes all that the filters let through, or those of the operands; 1 when
 * one of these is not there. */
int admin_list(struct admin *, char **ids);

/* {"id":…,"key":…} of each operand */
int admin_show_keys(struct admin *, char **ids);

#endif
