/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_LINE_ROUTE_H
#define MFX_LINE_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/stamp.h"
#include "base/str.h"

/*
 * The routing labels of a line, mfx-line(5).  Absent ones are empty; a
 * message without `received` has received.ns 0 and has_received false.
 * With has_seq it has a position: line/position.h.
 */
struct route {
	struct str channel, publisher, protocol, subtopic;
	struct stamp received;
	uint64_t seq;
	uint32_t part;		/* of seq, from 1; 0: the end of it */
	bool has_received, has_seq;
	bool joined;		/* of several lines: its records have no
				 * positions of their own */
};

/* of `part` */
#define PART_MAX INT32_MAX
/* "seq":9223372036854775807,"part":2147483647, */
#define POSITION_MAX_TEXT 48

static inline void
route_clear(struct route *r)
{
	r->channel = STR_NONE;
	r->publisher = STR_NONE;
	r->protocol = STR_NONE;
	r->subtopic = STR_NONE;
	r->received = (struct stamp){ 0 };
	r->seq = 0;
	r->part = 0;
	r->has_received = r->has_seq = r->joined = false;
}

/*
 * The labels in front of a line, without looking at the rest: fast, and
 * enough for routing.  *rest is the offset behind them (behind the comma).
 * False when the line starts with neither {" nor [{".  Label values with
 * escapes are not decoded, as none of ours have any.
 */
bool route_scan(struct str line, struct route *, size_t *rest);

/* `"channel":"…",…,` : the labels, a comma behind each */
void route_put(struct buf *, const struct route *);

/* `"seq":N` or `"seq":N,"part":I`, without a comma after it */
void position_put(struct buf *, uint64_t seq, uint32_t part);

/* {"seq":N} or {"seq":N,"part":I}: all up to here is stored once this is */
void mark_put(struct buf *, uint64_t seq, uint32_t part);

/* a line of a position alone, which is then the route's; pack_parse_line
 * gives such a line no records and no error */
bool line_is_mark(struct str line, struct route *);

#endif
