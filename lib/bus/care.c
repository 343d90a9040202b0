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

/* The bytes of whole lines in a segment, 1; 0 when it has just been
 * pruned.  Only the newest can have others. */
static int
measure(const struct stream *s, uint64_t first, bool newest, uint64_t *bytes,
    struct fault *fault)
{
	struct stat st;
	int64_t whole;
	int fd = segment_open(s, first, O_RDONLY);

	if (fd < 0)
		return errno == ENOENT ? 0 : stream_fault(s, "segment", fault);
	whole = fstat(fd, &st) < 0 ? -1 : st.st_size;
	if (newest && whole > 0)
		whole = segment_whole(fd, (uint64_t)whole);
	if (whole < 0)
		stream_fault(s, "segment", fault);
	close(fd);
	*bytes = (uint64_t)whole;
	return whole < 0 ? -1 : 1;
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
		r = measure(&s, firsts[i], i + 1 == n, &bytes, fault);
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
		r = measure(&s, firsts[i - 1], i == n, &bytes, fault);
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

/* ---- pruning ---- */

struct slowest {
	struct bus_prune *p;
	uint64_t seq;
	const char *bad;
	char text[256];
};

static void
find_slowest(void *arg, const char *group, uint64_t seq, const char *bad)
{
	struct slowest *s = arg;

	if (bad != NULL && s->bad == NULL) {
		snprintf(s->text, sizeof s->text, "%s", bad);
		s->bad = s->text;
	}
	if (bad == NULL && seq < s->seq) {
		s->seq = seq;
		snprintf(s->p->group, sizeof s->p->group, "%s", group);
	}
}

static bool
is_old(const struct stream *s, uint64_t first, struct stamp older)
{
	char name[SEGMENT_NAME];
	struct stat st;

	segment_name(name, first);
	return older.ns != 0 && fstatat(s->fd, name, &st, 0) == 0 &&
	    st.st_mtim.tv_sec < older.ns / STAMP_SECOND;
}

static int
remove_segment(const struct stream *s, uint64_t first, struct fault *fault)
{
	char name[SEGMENT_NAME];

	segment_name(name, first);
	if (unlinkat(s->fd, name, 0) < 0 && errno != ENOENT)
		return stream_fault(s, name, fault);
	return 0;
}

static int
prune(const struct stream *s, struct bus_prune *p, uint64_t slowest,
    const uint64_t *firsts, size_t n, struct fault *fault)
{
	uint64_t total = 0, bytes = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (measure(s, firsts[i], false, &bytes, fault) < 0)
			return -1;
		total += bytes;
	}
	p->first = n > 0 ? firsts[0] : 0;
	for (i = 0; i + 1 < n; i++) {
		if (measure(s, firsts[i], false, &bytes, fault) < 0)
			return -1;
		if (!(p->keep_bytes >= 0 && total > (uint64_t)p->keep_bytes) &&
		    !is_old(s, firsts[i], p->older))
			return 0;
		total -= bytes;
		if (!p->past_groups && firsts[i] + bytes > slowest) {
			p->held++;
			continue;
		}
		if (!p->dry_run && remove_segment(s, firsts[i], fault) < 0)
			return -1;
		p->segments++;
		p->bytes += bytes;
		p->first = firsts[i + 1];
	}
	return 0;
}

int
bus_prune(const char *stream, struct bus_prune *p, struct fault *fault)
{
	struct slowest slow = { .p = p, .seq = UINT64_MAX };
	struct stream s;
	uint64_t *firsts;
	size_t n;
	int r;

	p->segments = p->bytes = p->first = p->held = 0;
	p->group[0] = '\0';
	if (bus_groups(stream, find_slowest, &slow, fault) < 0)
		return -1;
	if (slow.bad != NULL && !p->past_groups)
		return fault_set(fault, EX_DATAERR, "%s", slow.bad);
	if (stream_open(&s, stream, false, fault) < 0)
		return -1;
	r = segment_list(&s, &firsts, &n, fault);
	if (r == 0) {
		r = prune(&s, p, slow.seq, firsts, n, fault);
		free(firsts);
	}
	stream_close(&s);
	return r;
}
