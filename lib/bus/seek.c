/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/stream.h"
#include "line/message.h"

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

/*
 * The first line of not less than t, from where the reader is: 1, and its
 * position; 0 at the end, and that; -1.  With `any`, the first line that
 * has a time at all, and *t becomes that.
 */
static int
scan_time(struct bus_reader *r, bool any, struct stamp *t, uint64_t *seq,
    struct fault *fault)
{
	struct str lines, line;
	struct stamp at;
	int got;

	while ((got = bus_read(r, &lines, seq, fault)) > 0) {
		while (bus_line_next(&lines, &line)) {
			if (bus_line_time(line, &at) &&
			    (any || at.ns >= t->ns)) {
				*t = at;
				return 1;
			}
			*seq += line.n + 1;
		}
	}
	return got;
}

/* whether the first line with a time behind `first` was before t */
static int
starts_before(const char *stream, uint64_t first, struct stamp t,
    struct fault *fault)
{
	struct bus_reader *r;
	struct stamp at;
	uint64_t seq;
	int got;

	if (bus_reader_open(&r, stream, first, fault) < 0)
		return -1;
	got = scan_time(r, true, &at, &seq, fault);
	bus_reader_close(r);
	return got > 0 ? at.ns < t.ns : got;
}

/* The newest segment that starts before t, or else the oldest. */
static int
find_start(const char *stream, struct stamp t, uint64_t *start,
    struct fault *fault)
{
	struct stream s;
	uint64_t hi = POSITION_MAX, first;
	int r;

	*start = 0;
	if ((r = stream_find(&s, stream, fault)) <= 0) {
		stream_close(&s);
		return r;
	}
	while ((r = segment_pick(&s, 0, hi, true, &first, fault)) > 0) {
		*start = first;
		r = starts_before(stream, first, t, fault);
		if (r != 0 || first == 0)
			break;
		hi = first - 1;
	}
	stream_close(&s);
	return r < 0 ? -1 : 0;
}

int
bus_seek_time(const char *stream, struct stamp t, uint64_t *seq,
    struct fault *fault)
{
	struct bus_reader *r;
	int got;

	if (find_start(stream, t, seq, fault) < 0 ||
	    bus_reader_open(&r, stream, *seq, fault) < 0)
		return -1;
	got = scan_time(r, false, &t, seq, fault);
	bus_reader_close(r);
	return got < 0 ? -1 : 0;
}

int
bus_where_find(const char *stream, const struct bus_where *w, uint64_t *seq,
    struct fault *fault)
{
	struct bus_reader *r;

	*seq = w->seq;
	if (w->by_time)
		return bus_seek_time(stream, w->time, seq, fault);
	if (w->seq != UINT64_MAX)
		return 0;
	if (bus_reader_open(&r, stream, UINT64_MAX, fault) < 0)
		return -1;
	*seq = bus_reader_position(r);
	bus_reader_close(r);
	return 0;
}
