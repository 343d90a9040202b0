/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/dir/stream.h"

/*
 * The first line that is not earlier than t, from where the reader is: 1, and
 * the position before it; 0 at the end, and that; -1.  With `any`, the first
 * line that has a time at all, and *t becomes that.
 */
static int
find_time(struct bus_reader *r, bool any, struct stamp *t, uint64_t *seq,
    struct fault *fault)
{
	struct bus_lines run;
	struct bus_line line;
	struct stamp at;
	int got;

	while ((got = bus_read(r, &run, fault)) > 0) {
		for (*seq = run.seq; bus_lines_next(&run, &line);
		    *seq = line.seq) {
			if (bus_line_time(line.text, &at) &&
			    (any || at.ns >= t->ns)) {
				*t = at;
				return 1;
			}
		}
	}
	*seq = run.seq;
	return got;
}

/* was the first line with a time after `first` before t? */
static int
find_starts_before(struct bus *bus, const char *stream, uint64_t first,
    struct stamp t, struct fault *fault)
{
	struct bus_reader *r;
	struct stamp at;
	uint64_t seq;
	int got;

	if (bus_reader_open(&r, bus, stream, first, fault) < 0)
		return -1;
	got = find_time(r, true, &at, &seq, fault);
	bus_reader_close(r);
	return got > 0 ? at.ns < t.ns : got;
}

/* The newest segment that starts before t, or else the oldest. */
static int
find_segment(struct bus *bus, const char *stream, struct stamp t,
    uint64_t *start, struct fault *fault)
{
	struct stream s;
	uint64_t hi = POSITION_MAX, first;
	int r;

	*start = 0;
	if ((r = stream_find(&s, bus, stream, fault)) < 0)
		return -1;
	if (r == 0) {
		stream_close(&s);
		return 0;
	}
	while ((r = segment_pick(&s, 0, hi, true, &first, fault)) > 0) {
		*start = first;
		r = find_starts_before(bus, stream, first, t, fault);
		if (r != 0 || first == 0)
			break;
		hi = first - 1;
	}
	stream_close(&s);
	return r < 0 ? -1 : 0;
}

int
dir_find(struct bus *bus, const char *stream, const struct bus_where *w,
    uint64_t *seq, struct fault *fault)
{
	struct bus_reader *r;
	struct stamp t = w->time;
	int got = 0;

	*seq = UINT64_MAX;
	if ((w->by_time && find_segment(bus, stream, t, seq, fault) < 0) ||
	    bus_reader_open(&r, bus, stream, *seq, fault) < 0)
		return -1;
	if (w->by_time)
		got = find_time(r, false, &t, seq, fault);
	else
		*seq = bus_reader_position(r);
	bus_reader_close(r);
	return got < 0 ? -1 : 0;
}
