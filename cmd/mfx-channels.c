/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels, to which things publish and from which they receive, once
 * connected.  Users see and change only their own.
 */
#include "cmd/items/items.h"

static const struct opt create_options[] = { ITEMS_CREATE, OPT_END };

static const struct opt list_options[] = {
	ITEMS_LIST,
	{ 0, "thing", "THING", "only those connected to this thing",
	    OPT_STRING(&items_opt.connected) },
	OPT_END
};

static const struct opt get_options[] = {
	ITEMS_USER, OPT_ROW_HUMAN(&items_opt.human), OPT_END
};

static const struct opt connect_options[] = {
	ITEMS_USER,
	{ 0, "publish", NULL, "let the things publish, and not subscribe "
	    "unless --subscribe is given", OPT_FLAG(&items_opt.publish) },
	{ 0, "subscribe", NULL, "let the things subscribe, and not publish "
	    "unless --publish is given", OPT_FLAG(&items_opt.subscribe) },
	ITEMS_FILE,
	OPT_END
};

static const struct opt disconnect_options[] = {
	ITEMS_USER, ITEMS_DRY_RUN, ITEMS_FILE, OPT_END
};

static const struct verb verbs[] = {
	{ "create", "\n-f FILE",
	    "create a channel, or one for each line of a file",
	    create_options, items_verb_create },
	{ "list", "[CHANNEL ...]", "list channels",
	    list_options, items_verb_list },
	{ "get", "CHANNEL ...", "show channels by id",
	    get_options, items_verb_list },
	ITEMS_VERBS("CHANNEL", "channels"),
	{ "connect", "CHANNEL THING ...\n-f FILE",
	    "connect things to a channel, for both directions or one",
	    connect_options, items_verb_connect },
	{ "disconnect", "CHANNEL THING ...\n-f FILE",
	    "disconnect things from a channel", disconnect_options,
	    items_verb_disconnect },
	VERB_END
};

const enum item_kind items_kind = ITEM_CHANNEL;
static const struct program program = {
	.name = "mfx-channels",
	.summary = "manage channels and the things connected to them",
	.operands = PROGRAM_VERBS,
	.verbs = verbs,
};

int
main(int argc, char **argv)
{
	return program_verb(&program, argc, argv);
}
