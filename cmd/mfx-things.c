/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Things: what may publish to channels and receive from them, each known
 * by a key.  A user sees and touches only their own.  A change that was
 * answered is on disk, and every adapter acts by it within a moment.
 */
#include "client/remote.h"

static struct admin admin;
static struct remote_setup remote = REMOTE_DEFAULTS;

#define USER { 0, "user", "EMAIL", "owner of the things (default: $MFX_USER)", \
	OPT_STRING(&admin.user) }, REMOTE_OPTIONS(remote)
#define FROM_FILE { 'f', "file", "FILE", "read NDJSON from FILE, '-' is " \
    "stdin: all or nothing", OPT_STRING(&admin.file) }

static const struct opt create_options[] = {
	USER,
	{ 0, "name", "NAME", "name of the thing", OPT_STRING(&admin.name) },
	{ 0, "key-file", "FILE", "read the key from FILE (default: a random "
	    "one)",
	    OPT_STRING(&admin.key_file) },
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
	{ 0, "channel", "CHANNEL", "only those connected to this channel",
	    OPT_STRING(&admin.connected) },
	ADMIN_LIST(admin),
	{ 0, "keys", NULL, "show keys, too", OPT_FLAG(&admin.keys) },
	OPT_ROW_HUMAN(&admin.human),
	OPT_END
};

static const struct opt get_options[] = {
	USER,
	{ 0, "keys", NULL, "show keys, too", OPT_FLAG(&admin.keys) },
	OPT_ROW_HUMAN(&admin.human),
	OPT_END
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

static const struct opt key_options[] = {
	USER,
	{ 0, "key-file", "FILE", "read the new key from FILE; '-' is stdin",
	    OPT_STRING(&admin.key_file) },
	{ 0, "new", NULL, "replace the key by a random one",
	    OPT_FLAG(&admin.new_key) },
	{ 0, "remove", NULL, "revoke the key: no access until it gets a new "
	    "one",
	    OPT_FLAG(&admin.no_key) },
	OPT_END
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
key(char **operands)
{
	int ways = (admin.key_file != NULL) + admin.new_key + admin.no_key;

	if (ways > 1)
		program_misuse("one of --key-file, --new and --remove");
	if (ways == 0)
		return admin_show_keys(&admin, operands);
	return admin_run(&admin, operands, CHANGE_UPDATE);
}

static const struct verb verbs[] = {
	{ "create", "\n-f FILE",
	    "create a thing, or one for each line of a file",
	    create_options, create },
	{ "list", "[THING ...]", "list things", list_options, list },
	{ "get", "THING ...", "show things by id", get_options, get },
	{ "update", "THING ...\n-f FILE", "change names, metadata and tags",
	    update_options, update },
	{ "enable", "THING ...\n-f FILE", "enable things: give access back",
	    status_options, enable },
	{ "disable", "THING ...\n-f FILE",
	    "disable things: end all access, keep the rest",
	    status_options, disable },
	{ "remove", "THING ...\n-f FILE",
	    "remove things, with all connections", remove_options, remove_all },
	{ "key", "THING ...", "show, set, replace or revoke keys",
	    key_options, key },
	VERB_END
};

static const struct program program = {
	.name = "mfx-things",
	.summary = "manage things, which are devices and applications",
	.operands = PROGRAM_VERBS,
	.verbs = verbs,
};

int
main(int argc, char **argv)
{
	admin.where = remote_place;
	admin.setup = &remote;
	admin.kind = ITEM_THING;
	return program_verb(&program, argc, argv);
}
