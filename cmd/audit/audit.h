/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_AUDIT_AUDIT_H
#define MFX_CMD_AUDIT_AUDIT_H

#include "base/hash.h"
#include "bus/bus.h"
#include "cmd/audit/sketch.h"
#include "line/decoded.h"
#include "store/store.h"

/*
 * Is each reading of a stream in the store that its groups feed?  What the
 * stream has and what the store has cancel out in a sketch, in the order in
 * which each of them gives it; only differences are kept.
 *
 * Order of these files: sketch, channels < source, report < audit.
 */
#define AUDIT_GROUPS_MAX 16

/* ---- channels.c ---- */

/* in + extra = stored + rejected + filtered + flight + missing */
struct audit_counts {
	uint64_t in;		/* readings on the stream; a line that can't be
				 * read is one */
	uint64_t stored, rejected, filtered;
	uint64_t flight;	/* after the group, and not in the store */
	uint64_t missing;	/* before it, and not in the store */
	uint64_t extra;		/* in the store, but not, or not as often, on
				 * the stream */
};

struct audit_channel {
	struct hash_node node;
	struct audit_counts n;
	char *name;		/* "(others)" for those beyond the maximum */
};

#define AUDIT_CHANNELS_MAX ((size_t)1 << 18)
struct audit_channels {
	struct hash_table table;
	uint64_t seed;
	struct audit_channel *others;
};

void audit_channels_init(struct audit_channels *);
void audit_channels_release(struct audit_channels *);
struct audit_counts *audit_counts_of(struct audit_channels *, struct str name);
/* by name, NULL at the end; to be freed */
struct audit_channel **audit_channels_sorted(const struct audit_channels *);

/* ---- audit.c ---- */

struct audit_group {
	char stream[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];
	struct bus_shard shard;
	uint64_t seq;		/* where the group was at the beginning */
	uint64_t last;		/* the end of the stream then */
};

struct audit;
struct audit_settings {
	char **groups;		/* STREAM/GROUP …, NULL-terminated */
	const char *store, *dead;
	struct query *query;	/* what is compared */
	int64_t list;		/* so many differences are named */
	bool sharded, lax, primary;
	bool json;
};

/* what an audit is about, and what it has found */
struct audit {
	const struct audit_settings *set;
	struct bus *bus;
	struct audit_group groups[AUDIT_GROUPS_MAX];
	int n;
	bool whole;		/* the streams have all lines ever written */
	struct audit_channels channels;
	struct sketch *sketch;
	struct hash_table found;	/* struct audit_difference */
	bool too_many;		/* differences */
	uint64_t older;		/* readings in the store, from before what the
				 * streams still have */
	struct decoded decoded;
	struct buf scratch;
	struct report *report;
};

/* 0, 1 when there is a difference, or -1 */
int audit_run(const struct audit_settings *, struct fault *);

/* ---- source.c ---- */

struct audit_line {
	struct audit_group *group;	/* NULL: of the stream of dead lines */
	uint64_t seq;
	struct route route;
	struct record *record;	/* NULL: the line can't be read */
	size_t part, parts;	/* which record of the line, from 1 on */
};

typedef void audit_line_fn(struct audit *, const struct audit_line *);

/* Calls it for each reading of a group's stream after `from`, up to `to`, that
 * is within the times asked for. */
int audit_stream(struct audit *, struct audit_group *, uint64_t from,
    uint64_t to, audit_line_fn *, struct fault *);
/* the same for the refused lines of these streams */
int audit_dead(struct audit *, audit_line_fn *, struct fault *);

/* the same for those of the store, which match as well */
typedef void audit_stored_fn(struct audit *, const struct route *,
    const struct record *);
int audit_store(struct audit *, audit_stored_fn *, struct fault *);

/* ---- report.c ---- */

struct report;
struct report *report_begin(const struct audit_settings *);
/* line: where it is on a stream, or NULL */
void report_difference(struct report *, const char *what,
    const struct route *, const struct record *, const struct audit_line *);
/* 0, or an exit status that was reported */
int report_end(struct report *, const struct audit *, uint64_t differences);

#endif
