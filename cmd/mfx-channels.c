/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels: what things publish to and receive from, once they are
 * connected to them.  A user sees and touches only their own.
 */
#include "client/remote.h"

static struct admin admin;
static struct remote_setup remote = REMOTE_DEFAULTS;

#define USER { 0, "user", "EMAIL", "owner of the channels (default: "	\
	"$MFX_USER)",							\
	OPT_STRING(&admin.user) }, REMOTE_OPTIONS(remote)
#define FROM_FILE { 'f', "file", "FILE", "read NDJSON from FILE, '-' is " \
    "stdin: all or nothing", OPT_STRING(&admin.file) }

static const struct opt create_options[] = {
	USER,
	{ 0, "name", "NAME", "name of the channel", OPT_STRING(&admin.name) },
	{ 0, "metadata", "JSON", "metadata, a JSON object",
	    OPT_STRING(&admin.metadata) },
	ADMIN_TAG(admin),
	FROM_FILE,
	OPT_END
};

static const struct opt list_options[] = {
	USER,
	{ 0, "name", "GLOB", "only those whose name matches",
	    OPT_STRING(&admin.name) },
	{ 0, "metadata", "JSON", "only those whose metadata contains all of "
	    "this",
	    OPT_STRING(&admin.metadata) },
	{ 0, "thing", "THING", "only those connected to this thing",
	    OPT_STRING(&admin.connected) },
	ADMIN_LIST(admin),
	OPT_ROW_HUMAN(&admin.human),
	OPT_END
};

static const struct opt get_options[] = {
	USER, OPT_ROW_HUMAN(&admin.human), OPT_END
};

static const struct opt update_options[] = {
	USER,
	{ 0, "name", "NAME", "new name; '' removes it",
	    OPT_STRING(&admin.name) },
	{ 0, "metadata", "JSON", "new metadata, replacing all of the old",
	    OPT_STRING(&admin.metadata) },
	ADMIN_TAG(admin),
	FROM_FILE,
	OPT_END
};

static const struct opt status_options[] = { USER, FROM_FILE, OPT_END };

static const struct opt remove_options[] = {
	USER,
	{ 0, "if-exists", NULL, "do not fail for one that does not exist",
	    OPT_FLAG(&admin.if_exists) },
	ADMIN_DRY_RUN(admin),
	FROM_FILE,
	OPT_END
};

static const struct opt connect_options[] = { USER, FROM_FILE, OPT_END };

static const struct opt disconnect_options[] = {
	USER, ADMIN_DRY_RUN(admin), FROM_FILE, OPT_END
};

static int
create(char **operands)
{
	return admin_run(&admin, operands, CHANGE_CREATE);
}

static int
list(char **operands)
{
	return admin_list(&admin, operands);
}

static int
get(char **operands)
{
	return admin_list(&admin, operands);
}

static int
update(char **operands)
{
	if (admin.file == NULL && admin.name == NULL &&
	    admin.metadata == NULL && admin.tags.n == 0)
		program_misuse("nothing to change: --name, --metadata, --tag "
		    "or -f FILE");
	return admin_run(&admin, operands, CHANGE_UPDATE);
}

static int
enable(char **operands)
{
	return admin_run(&admin, operands, CHANGE_ENABLE);
}

static int
disable(char **operands)
{
	return admin_run(&admin, operands, CHANGE_DISABLE);
}

/* takes what list gives, to be its sink */
static int
remove_all(char **operands)
{
	return admin_run(&admin, operands, CHANGE_REMOVE);
}

static int
connect_all(char **operands)
{
	return admin_run(&admin, operands, CHANGE_CONNECT);
}

static int
disconnect_all(char **operands)
{
	return admin_run(&admin, operands, CHANGE_DISCONNECT);
}

static const struct verb verbs[] = {
	{ "create", "\n-f FILE",
	    "create a channel, or one for each line of a file",
	    create_options, create },
	{ "list", "[CHANNEL ...]", "list channels", list_options, list },
	{ "get", "CHANNEL ...", "show channels by id", get_options, get },
	{ "update", "CHANNEL ...\n-f FILE", "change names, metadata and tags",
	    update_options, update },
	{ "enable", "CHANNEL ...\n-f FILE",
	    "enable channels: give access back", status_options, enable },
	{ "disable", "CHANNEL ...\n-f FILE",
	    "disable channels: end all access, keep the rest",
	    status_options, disable },
	{ "remove", "CHANNEL ...\n-f FILE",
	    "remove channels, with all connections",
	    remove_options, remove_all },
	{ "connect", "CHANNEL THING ...\n-f FILE",
	    "connect things to a channel", connect_options, connect_all },
	{ "disconnect", "CHANNEL THING ...\n-f FILE",
	    "disconnect things from a channel",
	    disconnect_options, disconnect_all },
	VERB_END
};

static const struct program program = {
	.name = "mfx-channels",
	.summary = "manage channels and the things connected to them",
	.operands = PROGRAM_VERBS,
	.verbs = verbs,
};

int
main(int argc, char **argv)
{
	admin.where = remote_place;
	admin.setup = &remote;
	admin.kind = ITEM_CHANNEL;
	return program_verb(&program, argc, argv);
}
