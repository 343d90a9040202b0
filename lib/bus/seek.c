/* SPDX-License-Identifier: Apache-2.0 */
#include <sysexits.h>

#include "bus/driver.h"
#include "line/message.h"

/* how much farther back each look for the last lines goes */
#define LAST_STEP 8

const struct bus_where bus_where_end = { .seq = UINT64_MAX };

bool
bus_line_time(struct str line, struct stamp *t)
{
	struct route r;
	size_t rest;

	if (!route_scan(line, &r, &rest))
		return false;
	*t = r.received;
	return r.has_received || line_record_time(line, t);
}

bool
bus_where_parse(const char *text, struct bus_where *w)
{
	struct str s = str_z(text);

	*w = (struct bus_where){ .by_time = false };
	if (str_eq(s, STR("start")) || position_parse(s, &w->seq))
		return true;
	if (str_eq(s, STR("end"))) {
		w->seq = UINT64_MAX;
		return true;
	}
	w->by_time = true;
	/* "-5" might be lines, or seconds */
	if (s.n > 0 && (*s.p == '-' || *s.p == '+') &&
	    !duration_has_unit(str_from(s, 1)))
		return false;
	return stamp_parse(s, stamp_now(), &w->time);
}

/* takes lines off the run, at most `most` in all and none after `end` */
static void
seek_take(struct bus_lines *run, uint64_t end, uint64_t most, uint64_t *n,
    uint64_t *seq)
{
	struct bus_line line;

	while (*n < most && bus_lines_next(run, &line) && line.seq <= end) {
		*seq = line.seq;
		++*n;
	}
}

/* Reads at most *n lines after `from`, up to `end`: their number, and where the
 * last one is. */
static int
seek_count(struct bus *bus, const char *stream, uint64_t from, uint64_t end,
    uint64_t *n, uint64_t *seq, struct fault *fault)
{
	uint64_t most = *n;
	struct bus_reader *r;
	struct bus_lines run;
	int got = 1;

	*n = 0;
	if (bus_reader_open(&r, bus, stream, from, fault) < 0)
		return -1;
	while (got > 0 && *n < most && bus_reader_position(r) < end) {
		got = bus_read(r, &run, fault);
		if (got > 0)
			seek_take(&run, end, most, n, seq);
		/* a damaged line is passed over */
		else if (got < 0 && fault->status == EX_DATAERR)
			got = 1;
	}
	bus_reader_close(r);
	return got < 0 ? -1 : 0;
}

int
bus_last(struct bus *bus, const char *stream, uint64_t n, uint64_t end,
    uint64_t *seq, struct fault *fault)
{
	uint64_t back = n, from, count;

	do {
		back = back < POSITION_MAX / LAST_STEP ? back * LAST_STEP :
		    POSITION_MAX;
		from = back < end >> bus->driver->unit_bits ?
		    end - (back << bus->driver->unit_bits) : 0;
		count = UINT64_MAX;
		if (seek_count(bus, stream, from, end, &count, seq, fault) < 0)
			return -1;
	} while (count <= n && from > 0);
	if (count <= n) {
		*seq = 0;
		return 0;
	}
	/* one at least is passed over, so it is the position of a line */
	count -= n;
	return seek_count(bus, stream, from, end, &count, seq, fault);
}
