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
	uint32_t part;		/* of seq, from 1; 0: its end */
	bool has_received, has_seq;
	bool joined;		/* made of several lines: its records have no
				 * positions of their own */
};

/* largest `part` */
#define PART_MAX INT32_MAX
/* longest: "seq":9223372036854775807,"part":2147483647, */
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
 * Reads only the labels at the beginning of a line: fast, and enough for
 * routing. *rest is the offset after them (after the comma).  False when the
 * line starts with neither {" nor [{".  Escapes are not decoded, as the values
 * of our labels never need any.
 */
bool route_scan(struct str line, struct route *, size_t *rest);

/* `"channel":"…",…,` : the labels, each followed by a comma */
void route_put(struct buf *, const struct route *);

/* `"seq":N` or `"seq":N,"part":I`, without a comma after it */
void position_put(struct buf *, uint64_t seq, uint32_t part);

/* {"seq":N} or {"seq":N,"part":I}: once a sink has this, all lines up to it
 * count as stored */
void mark_put(struct buf *, uint64_t seq, uint32_t part);

/* is the line only a position?  It is put into the route.  For a mark,
 * pack_parse_line returns no records and no error. */
bool line_is_mark(struct str line, struct route *);

#endif
