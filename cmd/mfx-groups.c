/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of things and channels, which may be in other groups.  Users see and
 * change only their own.  A change that was answered is on disk.
 */
#include "cmd/groups/groups.h"

#define STRING(member) OPT_STRING(&groups_opt.member)
#define FLAG(member) OPT_FLAG(&groups_opt.member)
#define HUMAN OPT_ROW_HUMAN(&groups_opt.human)
#define USER								\
	{ 0, "user", "EMAIL", "owner (default: $MFX_USER)",		\
	    STRING(user) },						\
	REMOTE_OPTIONS(groups_setup)
#define INPUT								\
	{ 'f', "file", "FILE", "read NDJSON from FILE, '-' is stdin: "	\
	    "all or nothing", STRING(file) }
#define VALUES								\
	{ 0, "name", "NAME", "its name; '' for none", STRING(name) },	\
	{ 0, "parent", "GROUP", "put it into this group; '' for the top", \
	    STRING(parent) },						\
	{ 0, "description", "TEXT", "what it is for; '' for nothing",	\
	    STRING(description) },					\
	{ 0, "metadata", "JSON", "metadata, a JSON object that replaces " \
	    "what there is", STRING(metadata) }

static const struct opt values_options[] = { USER, VALUES, INPUT, OPT_END };
static const struct opt list_options[] = {
	USER,
	{ 0, "name", "GLOB", "only those whose name matches", STRING(name) },
	{ 0, "metadata", "JSON", "only those whose metadata contains all of "
	    "this", STRING(metadata) },
	{ 0, "parent", "GROUP", "only those in this group; '' for those at "
	    "the top", STRING(parent) },
	{ 0, "thing", "THING", "only those that contain this thing",
	    STRING(thing) },
	{ 0, "channel", "CHANNEL", "only those that contain this channel",
	    STRING(channel) },
	{ 0, "group", "GROUP", "only those that contain this group",
	    STRING(group) },
	{ 0, "shared", NULL, "instead those of others that are shared with "
	    "this user, and those beneath", FLAG(shared) },
	HUMAN, OPT_END
};
static const struct opt get_options[] = { USER, HUMAN, OPT_END };
static const struct opt tree_options[] = {
	USER,
	{ 0, "levels", "N", "show at most N levels",
	    OPT_INT(&groups_opt.levels, 1, GROUP_DEPTH_MAX) },
	HUMAN, OPT_END
};
static const struct opt remove_options[] = {
	USER,
	{ 0, "recursive", NULL, "remove the groups beneath it, too",
	    FLAG(recursive) },
	{ 0, "if-exists", NULL, "do not fail for one that does not exist",
	    FLAG(if_exists) },
	OPT_ROW_DRY_RUN(&groups_opt.dry_run), INPUT, OPT_END
};
static const struct opt assign_options[] = {
	USER,
	{ 0, "channels", NULL, "the operands are channels, not things",
	    FLAG(channels) },
	INPUT, OPT_END
};

static const struct verb verbs[] = {
	{ "create", "\n-f FILE",
	    "create a group, or one for each line of a file",
	    values_options, groups_verb_create },
	{ "list", NULL, "list groups", list_options, groups_verb_list },
	{ "get", "GROUP ...", "show groups by id", get_options,
	    groups_verb_get },
	{ "tree", "[GROUP ...]", "list groups, each followed by those in it",
	    tree_options, groups_verb_tree },
	{ "update", "GROUP ...\n-f FILE", "change or move groups",
	    values_options, groups_verb_update },
	{ "remove", "GROUP ...\n-f FILE", "remove groups; things and "
	    "channels stay", remove_options, groups_verb_remove },
	{ "assign", "GROUP ID ...\n-f FILE", "put things or channels into a "
	    "group", assign_options, groups_verb_assign },
	{ "unassign", "GROUP ID ...\n-f FILE", "take things or channels out "
	    "of a group", assign_options, groups_verb_unassign },
	VERB_END
};

static const struct program program = {
	.name = "mfx-groups",
	.summary = "manage groups of things and channels",
	.operands = PROGRAM_VERBS,
	.verbs = verbs,
};

int
main(int argc, char **argv)
{
	return program_verb(&program, argc, argv);
}
