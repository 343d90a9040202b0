/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_ITEMS_ITEMS_H
#define MFX_CMD_ITEMS_ITEMS_H

#include "base/program.h"
#include "client/client.h"

/*
 * mfx-things and mfx-channels, which differ little: a thing has a key, and
 * things are connected to a channel.  Changes come from options and operands,
 * or from NDJSON (--file); all are checked first, and made in one transaction:
 * all or none.  Answers are written only after the commit.
 */
struct items_options {
	/* NULL, 0 or false when not given */
	const char *user, *file;
	const char *name, *metadata, *key_file;
	const char *connected;		/* list: --channel or --thing */
	const char *group;		/* list */
	struct opt_list tags;
	int status, order, dir;		/* list: which word, from 1 */
	bool recursive;			/* list: with a group */
	int shared;			/* list: the same */
	bool keys, human;		/* list, get */
	bool new_key, no_key;		/* key */
	bool if_exists, dry_run;	/* remove; disconnect */
	bool publish, subscribe;	/* connect */
};
extern struct items_options items_opt;
extern struct remote_setup items_setup;

/* of the program */
extern const enum item_kind items_kind;

/* ---- options, each list without its end ---- */

#define ITEMS_USER							\
	{ 0, "user", "EMAIL", "owner (default: $MFX_USER)",		\
	    OPT_STRING(&items_opt.user) },				\
	REMOTE_OPTIONS(items_setup)
#define ITEMS_FILE							\
	{ 'f', "file", "FILE", "read NDJSON from FILE, '-' is stdin: "	\
	    "all or nothing", OPT_STRING(&items_opt.file) }
#define ITEMS_TAG							\
	{ 0, "tag", "TAG", "tags, separated by commas; may be repeated", \
	    OPT_LIST(&items_opt.tags) }
#define ITEMS_DRY_RUN OPT_ROW_DRY_RUN(&items_opt.dry_run)

#define ITEMS_CREATE							\
	ITEMS_USER,							\
	{ 0, "name", "NAME", "its name", OPT_STRING(&items_opt.name) },	\
	{ 0, "metadata", "JSON", "metadata, a JSON object",		\
	    OPT_STRING(&items_opt.metadata) },				\
	ITEMS_TAG, ITEMS_FILE
#define ITEMS_LIST							\
	ITEMS_USER,							\
	{ 0, "name", "GLOB", "only those whose name matches",		\
	    OPT_STRING(&items_opt.name) },				\
	{ 0, "metadata", "JSON", "only those whose metadata contains "	\
	    "all of this", OPT_STRING(&items_opt.metadata) },		\
	{ 0, "tag", "TAG", "only those with all of these tags",		\
	    OPT_LIST(&items_opt.tags) },				\
	{ 0, "group", "GROUP", "only those in this group",		\
	    OPT_STRING(&items_opt.group) },				\
	{ 0, "recursive", NULL, "with --group: or in a group beneath it", \
	    OPT_FLAG(&items_opt.recursive) },				\
	{ 0, "status", "enabled|disabled", "only those with this status", \
	    OPT_ENUM_FROM(&items_opt.status, 1) },			\
	{ 0, "order", "created|name|id", "sort by this field (default: " \
	    "created)", OPT_ENUM_FROM(&items_opt.order, 1) },		\
	{ 0, "dir", "asc|desc", "sort ascending or descending (default: " \
	    "asc)", OPT_ENUM_FROM(&items_opt.dir, 1) },			\
	{ 0, "shared", "yes|no|only", "list what others share with the " \
	    "user too, not, or nothing else (default: yes)",		\
	    OPT_ENUM_FROM(&items_opt.shared, 1) },			\
	OPT_ROW_HUMAN(&items_opt.human)

/* of update; of enable and disable; of remove */
extern const struct opt items_update_options[];
extern const struct opt items_file_options[];
extern const struct opt items_remove_options[];

/* ---- verbs ---- */

/* options of both; ID is "THING" or "CHANNEL", `many` "things" or "channels" */
#define ITEMS_VERBS(ID, many)						\
	{ "update", ID " ...\n-f FILE", "change names, metadata and tags", \
	    items_update_options, items_verb_update },			\
	{ "enable", ID " ...\n-f FILE", "enable " many ": give access "	\
	    "back", items_file_options, items_verb_enable },		\
	{ "disable", ID " ...\n-f FILE", "disable " many ": end all "	\
	    "access, keep the rest", items_file_options,		\
	    items_verb_disable },					\
	{ "remove", ID " ...\n-f FILE", "remove " many ", with all "	\
	    "connections", items_remove_options, items_verb_remove }

int items_verb_create(char **operands);
int items_verb_list(char **ids);
int items_verb_update(char **ids);
int items_verb_enable(char **ids);
int items_verb_disable(char **ids);
int items_verb_remove(char **ids);
int items_verb_connect(char **operands);
int items_verb_disconnect(char **operands);

/* prints {"id":…,"key":…} for each operand */
int items_verb_keys(char **ids);

#endif
