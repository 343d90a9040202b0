/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manages the bus: what is on it, how far groups have read, what can be
 * removed.  Of these verbs prune, seek and forget change something: only their
 * operands, and only when all of those can be changed.  copy and mirror take
 * streams to another bus.
 */
#include "cmd/bus/verbs.h"

#include "base/ready.h"
#include "bus/members.h"

struct bus_options bus_opt = {
	.keep_bytes = -1, .ready_fd = -1, .sync = BUS_SYNC_NONE,
	.lease = INT64_C(10000000000)
};
struct bus *bus;
struct listing bus_listing;
int bus_status;

static const struct opt list_options[] = {
	OPT_ROW_HUMAN(&bus_opt.human),
	OPT_END
};

static const struct opt prune_options[] = {
	{ 0, "keep-bytes", "SIZE", "remove segments while a stream is larger "
	    "than this",
	    OPT_SIZE(&bus_opt.keep_bytes, 0, INT64_MAX) },
	{ 0, "keep-age", "DURATION", "remove segments last written longer ago "
	    "than this",
	    OPT_DURATION(&bus_opt.keep_age, 1, INT64_MAX) },
	{ 0, "past-groups", NULL, "also remove what groups have not read",
	    OPT_FLAG(&bus_opt.past_groups) },
	OPT_ROW_DRY_RUN(&bus_opt.dry_run),
	/* its former letter */
	{ 'n', "dry-run", NULL, NULL, OPT_FLAG(&bus_opt.dry_run) },
	OPT_END
};

static const struct opt seek_options[] = {
	{ 0, "create", NULL, "create the group if it does not exist",
	    OPT_FLAG(&bus_opt.create) },
	OPT_ROW_DRY_RUN(&bus_opt.dry_run),
	OPT_END
};

static const struct opt forget_options[] = {
	OPT_ROW_DRY_RUN(&bus_opt.dry_run), OPT_END
};

#define OPT_SYNC \
	{ 0, "sync", BUS_SYNC_WORDS, "when a directory is synced to disk", \
	    OPT_ENUM(&bus_opt.sync) }

static const struct opt copy_options[] = {
	{ 0, "as", "NAME", "name of this bus on the other one",
	    OPT_STRING(&bus_opt.as) },
	{ 0, "add", NULL, "copy also to streams that have other lines",
	    OPT_FLAG(&bus_opt.add) },
	{ 0, "suffix", "TEXT", "append this to group names on the other bus",
	    OPT_STRING(&bus_opt.suffix) },
	OPT_SYNC,
	{ 0, "timeout", "DURATION", "give up when a bus is away for this long",
	    OPT_TIMEOUT(&bus_opt.timeout, 1, INT64_MAX) },
	OPT_END
};

static const struct opt mirror_options[] = {
	{ 0, "as", "NAME", "name of the group, and of this bus on the "
	    "other one",
	    OPT_STRING(&bus_opt.as) },
	OPT_SYNC,
	READY_FD(&bus_opt.ready_fd, "when mirroring"),
	OPT_END
};

static const struct opt share_options[] = {
	{ 0, "parts", "N", "into which the stream is divided, by channel",
	    OPT_INT(&bus_opt.parts, 1, MEMBERS_PARTS) },
	{ 0, "lease", "DURATION", "how long a member may be silent before "
	    "others take its parts (default: 10s)",
	    OPT_DURATION(&bus_opt.lease, INT64_C(2000000000),
	    INT64_C(3600000000000)) },
	READY_FD(&bus_opt.ready_fd, "when it begins"),
	OPT_END
};

static const struct opt redrive_options[] = {
	{ 0, "reason", "GLOB", "send back only what was refused for this "
	    "reason", OPT_STRING(&bus_opt.reason) },
	{ 0, "channel", "ID", "send back only what is of this channel",
	    OPT_STRING(&bus_opt.channel) },
	{ 0, "to", "STREAM", "stream for lines that do not say where they "
	    "came from", OPT_STRING(&bus_opt.to) },
	OPT_ROW_DRY_RUN(&bus_opt.dry_run),
	OPT_END
};

static const struct verb verbs[] = {
	{ "stat", "[STREAM ...]", "show what is on the bus",
	    list_options, bus_verb_stat },
	{ "groups", "[STREAM ...]", "show how far each group has read",
	    list_options, bus_verb_groups },
	{ "seek", "STREAM/GROUP WHERE", "move a group to start, end, a "
	    "position or a time", seek_options, bus_verb_seek },
	{ "forget", "STREAM/GROUP ...", "remove groups",
	    forget_options, bus_verb_forget },
	{ "prune", "STREAM ...", "remove old segments",
	    prune_options, bus_verb_prune },
	{ "verify", "[STREAM ...]", "read everything and report damage",
	    NULL, bus_verb_verify },
	{ "copy", "FROM TO [STREAM[=NAME] ...]", "copy streams and groups "
	    "to another bus", copy_options, bus_verb_copy },
	{ "mirror", "FROM TO STREAM[=NAME] ...", "keep sending streams to "
	    "another bus", mirror_options, bus_verb_mirror },
	{ "share", "STREAM/GROUP COMMAND [ARGUMENT ...]", "run a command for "
	    "each part of a stream, shared out among members",
	    share_options, bus_verb_share },
	{ "redrive", "STREAM", "send refused lines back to where they came "
	    "from", redrive_options, bus_verb_redrive },
	VERB_END
};

static const struct program program = {
	.name = "mfx-bus",
	.summary = "manage the bus and its streams",
	.operands = PROGRAM_VERBS,
	.verbs = verbs,
};

int
main(int argc, char **argv)
{
	return program_verb(&program, argc, argv);
}
