/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/dir/stream.h"
#include "bus/times.h"

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
		r = times_start_before(bus, stream, first, t, fault);
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
		got = times_find(r, false, &t, seq, fault);
	else
		*seq = bus_reader_position(r);
	bus_reader_close(r);
	return got < 0 ? -1 : 0;
}
