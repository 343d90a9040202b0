/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sysexits.h>
#include <unistd.h>

#include "bus/stream.h"

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
		if (segment_bytes(s, firsts[i], false, &bytes, fault) < 0)
			return -1;
		total += bytes;
	}
	p->first = n > 0 ? firsts[0] : 0;
	for (i = 0; i + 1 < n; i++) {
		if (segment_bytes(s, firsts[i], false, &bytes, fault) < 0)
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
