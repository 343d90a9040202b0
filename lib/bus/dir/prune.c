/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "bus/dir/stream.h"

static bool
prune_is_old(const struct stream *s, uint64_t first, struct stamp older)
{
	char name[SEGMENT_NAME];
	struct stat st;

	segment_name(name, first);
	return older.ns != 0 && fstatat(s->fd, name, &st, 0) == 0 &&
	    st.st_mtim.tv_sec < older.ns / STAMP_SECOND;
}

static int
prune_remove(const struct stream *s, uint64_t first, struct fault *fault)
{
	char name[SEGMENT_NAME];

	segment_name(name, first);
	if (unlinkat(s->fd, name, 0) < 0 && errno != ENOENT)
		return stream_fault(s, name, fault);
	return 0;
}

static int
prune_segments(const struct stream *s, struct bus_prune *p,
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
		    !prune_is_old(s, firsts[i], p->older))
			return 0;
		total -= bytes;
		if (p->needed < firsts[i] + bytes) {
			p->held++;
			continue;
		}
		if (!p->dry_run && prune_remove(s, firsts[i], fault) < 0)
			return -1;
		p->segments++;
		p->bytes += bytes;
		p->first = firsts[i + 1];
	}
	return 0;
}

int
dir_prune(struct bus *bus, const char *stream, struct bus_prune *p,
    struct fault *fault)
{
	struct stream s;
	uint64_t *firsts;
	size_t n;
	int r;

	if (stream_open(&s, bus, stream, false, fault) < 0)
		return -1;
	r = segment_list(&s, &firsts, &n, fault);
	if (r == 0) {
		r = prune_segments(&s, p, firsts, n, fault);
		free(firsts);
	}
	stream_close(&s);
	return r;
}
