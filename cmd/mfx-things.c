/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Things, which may publish to channels and receive from them; each is known by
 * a key.  Users see and change only their own.  A change that was answered is
 * on disk, and every adapter applies it within a moment.
 */
#include "cmd/items/items.h"

#define KEYS { 0, "keys", NULL, "show keys, too", OPT_FLAG(&items_opt.keys) }

static const struct opt create_options[] = {
	ITEMS_CREATE,
	{ 0, "key-file", "FILE", "read the key from FILE (default: a random "
	    "one)", OPT_STRING(&items_opt.key_file) },
	OPT_END
};

static const struct opt list_options[] = {
	ITEMS_LIST,
	{ 0, "channel", "CHANNEL", "only those connected to this channel",
	    OPT_STRING(&items_opt.connected) },
	KEYS,
	OPT_END
};

static const struct opt get_options[] = {
	ITEMS_USER, KEYS, OPT_ROW_HUMAN(&items_opt.human), OPT_END
};

static const struct opt key_options[] = {
	ITEMS_USER,
	{ 0, "key-file", "FILE", "read the new key from FILE; '-' is stdin",
	    OPT_STRING(&items_opt.key_file) },
	{ 0, "new", NULL, "replace the key by a random one",
	    OPT_FLAG(&items_opt.new_key) },
	{ 0, "remove", NULL, "revoke the key: no access until it gets a new "
	    "one", OPT_FLAG(&items_opt.no_key) },
	OPT_END
};

static int
things_verb_key(char **ids)
{
	const struct items_options *o = &items_opt;
	int ways = (o->key_file != NULL) + o->new_key + o->no_key;

	if (ways > 1)
		program_misuse("give only one of --key-file, --new "
		    "and --remove");
	return ways == 0 ? items_verb_keys(ids) : items_verb_update(ids);
}

static const struct verb verbs[] = {
	{ "create", "\n-f FILE",
	    "create a thing, or one for each line of a file",
	    create_options, items_verb_create },
	{ "list", "[THING ...]", "list things", list_options, items_verb_list },
	{ "get", "THING ...", "show things by id",
	    get_options, items_verb_list },
	ITEMS_VERBS("THING", "things"),
	{ "key", "THING ...", "show, set, replace or revoke keys",
	    key_options, things_verb_key },
	VERB_END
};

const enum item_kind items_kind = ITEM_THING;
static const struct program program = {
	.name = "mfx-things",
	.summary = "manage things, which are devices and applications",
	.operands = PROGRAM_VERBS,
	.verbs = verbs,
};

int
main(int argc, char **argv)
{
	return program_verb(&program, argc, argv);
}
