/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/cut.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/memory.h"
#include "bus/dir/writer.h"

_Static_assert(BUS_SEGMENT_NAME == SEGMENT_NAME, "one form of names");

/* streams of which all locks are held at once */
#define CUT_STREAMS_MAX 1024
#define CUT_FILES_MAX 4096	/* of one stream */

/* the locks, which writers hold one at a time: so ours can't cross theirs */
struct cut_locks {
	struct dir_writer *writers;
	size_t n, cap;
	size_t held;
	struct bus *bus;
};

void
bus_cut_segment_name(char to[BUS_SEGMENT_NAME], uint64_t first)
{
	segment_name(to, first);
}

static int
cut_add_lock(void *arg, const char *stream, struct fault *fault)
{
	struct cut_locks *l = arg;
	struct dir_writer *w;
	int there;

	if (l->n == CUT_STREAMS_MAX)
		return fault_set(fault, EX_SOFTWARE, "%s: over %d streams",
		    l->bus->name, CUT_STREAMS_MAX);
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->writers = memory_resize(l->writers,
		    l->cap * sizeof *l->writers);
	}
	w = &l->writers[l->n];
	*w = (struct dir_writer){
		.head.bus = l->bus, .lock = -1, .own = { .fd = -1 },
		.synced = -1, .fd = -1
	};
	there = stream_find(&w->stream, l->bus, stream, fault);
	if (there <= 0)
		return there;
	if (lock_open(w, fault) < 0) {
		lock_close(w);
		stream_close(&w->stream);
		return -1;
	}
	l->n++;
	return 0;
}

static void
cut_unlock(struct cut_locks *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (i < l->held)
			lock_drop(&l->writers[i]);
		lock_close(&l->writers[i]);
		stream_close(&l->writers[i].stream);
	}
	free(l->writers);
}

static int
cut_lock(struct cut_locks *l, struct fault *fault)
{
	if (bus_streams(l->bus, cut_add_lock, l, fault) < 0)
		return -1;
	for (; l->held < l->n; l->held++)
		if (lock_take(&l->writers[l->held], fault) < 0)
			return -1;
	return 0;
}

/* ---- a stream, whose lock is held ---- */

/* 1; 0 when it has just been pruned, which takes no lock; -1 */
static int
cut_segment(struct bus_cut_segment *to, const struct stream *s, uint64_t first,
    bool newest, struct fault *fault)
{
	int fd = segment_open(s, first, O_RDONLY), r = -1;
	struct stat st;
	int64_t whole;

	if (fd < 0)
		return errno == ENOENT ? 0 : stream_fault(s, "segment", fault);
	if (fstat(fd, &st) == 0 && (whole = newest ?
	    segment_whole(fd, (uint64_t)st.st_size) : st.st_size) >= 0) {
		*to = (struct bus_cut_segment){
			.first = first, .bytes = (uint64_t)whole,
			.sealed = segment_sealed(&st),
			.changed = { st.st_mtim.tv_sec * STAMP_SECOND +
			    st.st_mtim.tv_nsec }
		};
		r = 1;
	} else {
		stream_fault(s, "segment", fault);
	}
	close(fd);
	return r;
}

static int
cut_segments(struct bus_cut_stream *to, const struct stream *s,
    struct fault *fault)
{
	uint64_t *firsts;
	size_t n, i;
	int r = segment_list(s, &firsts, &n, fault);

	to->segments = memory_zero(n + 1, sizeof *to->segments);
	for (i = 0; r >= 0 && i < n; i++) {
		struct bus_cut_segment *x = &to->segments[to->n_segments];

		r = cut_segment(x, s, firsts[i], i + 1 == n, fault);
		if (r > 0) {
			to->n_segments++;
			to->end = x->first + x->bytes;
		}
	}
	free(firsts);
	return r < 0 ? -1 : 0;
}

/* what belongs to a group and outlives its processes */
static bool
cut_wants(const char *name)
{
	size_t n = strlen(name);
	static const char *const kinds[] = { ".intent", ".sought" };
	size_t i, k;

	if (*name != '.')
		return n < 4 || strcmp(name + n - 4, ".new") != 0;
	for (i = 0; i < 2; i++) {
		k = strlen(kinds[i]);
		if (n > k && strcmp(name + n - k, kinds[i]) == 0)
			return true;
	}
	return false;
}

static int
cut_add_file(struct bus_cut_stream *to, int dir, const char *under,
    const char *name, struct fault *fault)
{
	struct bus_cut_file *f;
	size_t n = to->n_files;
	int length;

	if (n == CUT_FILES_MAX)
		return fault_set(fault, EX_DATAERR, "%s/%s: too many files",
		    to->name, under);
	if ((n & (n - 1)) == 0)
		to->files = memory_resize(to->files,
		    (n ? 2 * n : 1) * sizeof *to->files);
	f = &to->files[n];
	*f = (struct bus_cut_file){ .fd = -1 };
	length = snprintf(f->name, sizeof f->name, "%s/%s", under, name);
	if (length < 0 || (size_t)length >= sizeof f->name)
		return fault_set(fault, EX_DATAERR, "%s/%s: a name is too long",
		    to->name, under);
	f->fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (f->fd < 0)
		return errno == ENOENT ? 0 : fault_errno(fault, 0, "%s/%s",
		    to->name, f->name);
	f->is_group = strcmp(under, "groups") == 0 && *name != '.';
	to->n_files++;
	return 0;
}

static int
cut_files(struct bus_cut_stream *to, const struct stream *s,
    const char *under, struct fault *fault)
{
	int fd = openat(s->fd, under, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int r = 0;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return errno == ENOENT ? 0 : stream_fault(s, under, fault);
	}
	while (r == 0 && (e = readdir(dir)) != NULL)
		if (cut_wants(e->d_name))
			r = cut_add_file(to, dirfd(dir), under, e->d_name,
			    fault);
	closedir(dir);
	return r;
}

static int
cut_position(const struct bus_cut_stream *s, struct bus_cut_file *f,
    struct fault *fault)
{
	char text[25];
	ssize_t n = pread(f->fd, text, sizeof text, 0);

	if (n > 0 && text[n - 1] == '\n')
		n--;
	if (n < 0 || !position_parse((struct str){ text, (size_t)n }, &f->seq))
		return fault_set(fault, EX_DATAERR, "%s/%s: not a position; "
		    "set it with mfx-bus seek", s->name, f->name);
	return 0;
}

/* was it put there by hand? */
static bool
cut_is_sought(const struct bus_cut_stream *s, const struct bus_cut_file *f)
{
	char name[sizeof f->name + 8];
	struct fault ignored;
	struct bus_cut_file x;
	size_t i;

	snprintf(name, sizeof name, "groups/.%s.sought", f->name + 7);
	for (i = 0; i < s->n_files; i++) {
		x = s->files[i];
		if (strcmp(x.name, name) == 0)
			return cut_position(s, &x, &ignored) == 0 &&
			    x.seq == f->seq;
	}
	return false;
}

static int
cut_groups(struct bus_cut_stream *s, struct fault *fault)
{
	size_t i;

	for (i = 0; i < s->n_files; i++) {
		if (!s->files[i].is_group)
			continue;
		if (cut_position(s, &s->files[i], fault) < 0)
			return -1;
		s->files[i].sought = cut_is_sought(s, &s->files[i]);
	}
	return 0;
}

static int
cut_stream(struct bus_cut_stream *to, const struct stream *s,
    struct fault *fault)
{
	memcpy(to->name, s->name, sizeof to->name);
	if (cut_segments(to, s, fault) < 0 ||
	    cut_files(to, s, "groups", fault) < 0 ||
	    cut_files(to, s, "origins", fault) < 0)
		return -1;
	return cut_groups(to, fault);
}

int
bus_cut(struct bus_cut *c, struct bus *bus, struct fault *fault)
{
	struct cut_locks locks = { .bus = bus };
	int r = cut_lock(&locks, fault);
	size_t i;

	*c = (struct bus_cut){ .streams = memory_zero(locks.n + 1,
	    sizeof *c->streams) };
	for (i = 0; r == 0 && i < locks.n; i++) {
		c->n++;
		r = cut_stream(&c->streams[i], &locks.writers[i].stream, fault);
	}
	cut_unlock(&locks);
	if (r < 0)
		bus_cut_release(c);
	return r;
}

void
bus_cut_release(struct bus_cut *c)
{
	size_t i, k;

	for (i = 0; i < c->n; i++) {
		for (k = 0; k < c->streams[i].n_files; k++)
			close(c->streams[i].files[k].fd);
		free(c->streams[i].files);
		free(c->streams[i].segments);
	}
	free(c->streams);
	*c = (struct bus_cut){ .n = 0 };
}
