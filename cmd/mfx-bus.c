/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manages the bus: what is on it, who has read how far, what may go.  Only
 * prune, seek and forget change anything, only what they name, and only when
 * all that they name can be had.
 */
#include "cmd/bus/verbs.h"

struct bus_options bus_opt = { .keep_bytes = -1 };
struct listing bus_listing;
int bus_status;

static const struct opt list_options[] = {
	{ 'H', "human", NULL, "print a table for people",
	    OPT_FLAG, &bus_opt.human, 0, 0 },
	OPT_END
};

#define DRY_RUN								\
	{ 0, "dry-run", NULL, "say what would be done, and do nothing",	\
	    OPT_FLAG, &bus_opt.dry_run, 0, 0 }

static const struct opt prune_options[] = {
	{ 0, "keep-bytes", "SIZE", "remove segments while a stream is larger "
	    "than this",
	    OPT_SIZE, &bus_opt.keep_bytes, 0, 0 },
	{ 0, "keep-age", "DURATION", "remove segments last written longer ago "
	    "than this",
	    OPT_DURATION, &bus_opt.keep_age, 1, 0 },
	{ 0, "past-groups", NULL, "also remove what groups have not read",
	    OPT_FLAG, &bus_opt.past_groups, 0, 0 },
	DRY_RUN,
	/* its former letter */
	{ 'n', "dry-run", NULL, NULL, OPT_FLAG, &bus_opt.dry_run, 0, 0 },
	OPT_END
};

static const struct opt seek_options[] = {
	{ 0, "create", NULL, "create the group if it does not exist",
	    OPT_FLAG, &bus_opt.create, 0, 0 },
	DRY_RUN,
	OPT_END
};

static const struct opt forget_options[] = { DRY_RUN, OPT_END };

static const struct opt no_options[] = { OPT_END };

static const struct verb verbs[] = {
	{ "stat", "[-H] [STREAM ...]", "show what is on the bus",
	    list_options, bus_verb_stat },
	{ "groups", "[-H] [STREAM ...]", "show how far each group has read",
	    list_options, bus_verb_groups },
	{ "seek", "[--create] [--dry-run] STREAM/GROUP WHERE", "move a group "
	    "to start, end, a position or a time", seek_options,
	    bus_verb_seek },
	{ "forget", "[--dry-run] STREAM/GROUP ...", "remove groups",
	    forget_options, bus_verb_forget },
	{ "prune", "[options] STREAM ...", "remove old segments",
	    prune_options, bus_verb_prune },
	{ "verify", "[STREAM ...]", "read everything and report damage",
	    no_options, bus_verb_verify },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct program bus_program = {
	.name = "mfx-bus",
	.summary = "manage the bus and its streams",
	.synopsis = "VERB [options] [operand ...]",
	.verbs = verbs,
};

int
main(int argc, char **argv)
{
	return program_verb(&bus_program, argc, argv);
}
