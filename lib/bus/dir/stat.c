/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "bus/dir/stream.h"
#include "bus/times.h"

/* Both ends' times: of the newest lines only the last few are looked at. */
static int
stat_times(struct bus *bus, const char *stream, struct bus_stat *x,
    struct fault *fault)
{
	uint64_t from = x->last - x->first > 64 * 1024 ?
	    x->last - 64 * 1024 : x->first;

	if (times_of(bus, stream, 0, false, &x->oldest, &x->has_oldest,
	    fault) < 0)
		return -1;
	return times_of(bus, stream, from, true, &x->newest, &x->has_newest,
	    fault);
}

static int
stat_segment(void *arg, const struct stream *s, uint64_t first, bool newest,
    struct fault *fault)
{
	struct bus_stat *x = arg;
	uint64_t bytes;
	int r = segment_bytes(s, first, newest, &bytes, fault);

	if (r <= 0)
		return r;
	if (x->segments++ == 0)
		x->first = first;
	x->bytes += bytes;
	x->last = first + bytes;
	return 0;
}

int
dir_stat(struct bus *bus, const char *stream, struct bus_stat *x,
    struct fault *fault)
{
	if (segments_each(bus, stream, stat_segment, x, fault) < 0)
		return -1;
	return x->bytes > 0 ? stat_times(bus, stream, x, fault) : 0;
}

/* from the newest on, as most of a stream has been read */
int
dir_lag(struct bus *bus, const char *stream, uint64_t seq, uint64_t *lag,
    struct fault *fault)
{
	struct stream s;
	uint64_t *firsts, bytes = 0;
	size_t n, i;
	int r;

	if (stream_open(&s, bus, stream, false, fault) < 0)
		return -1;
	r = segment_list(&s, &firsts, &n, fault);
	for (i = r < 0 ? 0 : n; i > 0 && r >= 0; i--) {
		r = segment_bytes(&s, firsts[i - 1], i == n, &bytes, fault);
		if (r <= 0)
			continue;
		if (firsts[i - 1] + bytes <= seq)
			break;
		*lag += firsts[i - 1] < seq ?
		    firsts[i - 1] + bytes - seq : bytes;
	}
	free(firsts);
	stream_close(&s);
	return r < 0 ? -1 : 0;
}
