/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

#include "bus/stream.h"

static int
is_stream(const struct dirent *e)
{
	return bus_name_valid(str_z(e->d_name)) &&
	    (e->d_type == DT_DIR || e->d_type == DT_UNKNOWN);
}

int
bus_streams(bus_stream_fn *fn, void *arg, struct fault *fault)
{
	char *path = bus_path(fault);
	struct dirent **names;
	int i, n, r = 0;

	if (path == NULL)
		return -1;
	n = scandir(path, &names, is_stream, alphasort);
	if (n < 0 && errno != ENOENT)
		r = fault_errno(fault, errno == EACCES ? EX_NOPERM :
		    EX_NOINPUT, "%s", path);
	for (i = 0; i < n; i++) {
		if (r >= 0)
			r = fn(arg, names[i]->d_name, fault);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	free(path);
	return r < 0 ? -1 : 0;
}

/* The time of the first line that has one, or else of the last. */
static int
time_at(const char *stream, uint64_t from, bool last, struct stamp *t,
    bool *found, struct fault *fault)
{
	struct bus_reader *r;
	struct str lines, line;
	uint64_t seq;
	int got = 0;

	*found = false;
	if (bus_reader_open(&r, stream, from, fault) < 0)
		return -1;
	while ((last || !*found) &&
	    (got = bus_read(r, &lines, &seq, fault)) > 0)
		while ((last || !*found) && bus_line_next(&lines, &line))
			*found |= bus_line_time(line, t);
	bus_reader_close(r);
	return got < 0 ? -1 : 0;
}

/* Both ends' times: of the newest lines only the last few are looked at. */
static int
find_times(const char *stream, struct bus_extent *x, uint64_t newest,
    struct fault *fault)
{
	uint64_t from = newest;

	if (x->last - newest > 64 * 1024)
		from = x->last - 64 * 1024;
	if (time_at(stream, 0, false, &x->oldest, &x->has_oldest, fault) < 0)
		return -1;
	return time_at(stream, from, true, &x->newest, &x->has_newest, fault);
}

int
bus_extent(const char *stream, struct bus_extent *x, struct fault *fault)
{
	struct stream s;
	uint64_t *firsts, bytes = 0;
	size_t n, i;
	int r = 0;

	*x = (struct bus_extent){ .segments = 0 };
	if (stream_open(&s, stream, false, fault) < 0)
		return -1;
	if (segment_list(&s, &firsts, &n, fault) < 0) {
		stream_close(&s);
		return -1;
	}
	for (i = 0; i < n && r >= 0; i++) {
		r = segment_bytes(&s, firsts[i], i + 1 == n, &bytes, fault);
		if (r <= 0)
			continue;
		if (x->segments++ == 0)
			x->first = firsts[i];
		x->bytes += bytes;
		x->last = firsts[i] + bytes;
	}
	if (r >= 0 && x->bytes > 0)
		r = find_times(stream, x, firsts[n - 1], fault);
	free(firsts);
	stream_close(&s);
	return r < 0 ? -1 : 0;
}

int
bus_lag(const char *stream, uint64_t seq, uint64_t *lag, struct fault *fault)
{
	struct stream s;
	uint64_t *firsts, bytes = 0;
	size_t n, i;
	int r;

	*lag = 0;
	if (stream_open(&s, stream, false, fault) < 0)
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
