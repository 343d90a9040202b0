/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/dir/stream.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/os.h"

static int
stream_make(const struct stream *s, struct fault *fault)
{
	char *groups = memory_get(strlen(s->path) + sizeof "/groups");
	int r;

	memcpy(groups, s->path, strlen(s->path));
	memcpy(groups + strlen(s->path), "/groups", sizeof "/groups");
	r = dir_make(groups, fault);
	free(groups);
	return r;
}

static void
stream_name(struct stream *s, struct bus *bus, const char *name)
{
	size_t n = strlen(bus->name) + strlen(name) + 2;

	*s = (struct stream){ .fd = -1 };
	memcpy(s->name, name, strlen(name) + 1);
	s->path = memory_get(n);
	snprintf(s->path, n, "%s/%s", bus->name, name);
}

int
stream_look(struct stream *s, struct fault *fault)
{
	s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->fd >= 0 || errno == ENOENT)
		return s->fd >= 0;
	return fault_errno(fault, errno == EACCES ? EX_NOPERM : EX_NOINPUT,
	    "%s", s->path);
}

int
stream_find(struct stream *s, struct bus *bus, const char *name,
    struct fault *fault)
{
	int r;

	stream_name(s, bus, name);
	if ((r = stream_look(s, fault)) < 0)
		stream_close(s);
	return r;
}

int
stream_open(struct stream *s, struct bus *bus, const char *name, bool make,
    struct fault *fault)
{
	int r;

	stream_name(s, bus, name);
	r = make ? stream_make(s, fault) : 0;
	if (r == 0 && (r = stream_look(s, fault)) == 0)
		r = bus_no_stream(bus, name, fault);
	if (r > 0)
		return 0;
	stream_close(s);
	return -1;
}

void
stream_close(struct stream *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->path);
	*s = (struct stream){ .fd = -1 };
}

int
stream_fault(const struct stream *s, const char *what, struct fault *fault)
{
	return fault_errno(fault, 0, "%s: %s", s->name, what);
}

static int
stream_new_file(const struct stream *s, const char *name, int flags)
{
	int fd = openat(s->fd, name, flags | O_CREAT | O_EXCL, 0600);

	if (fd >= 0 && file_own_as_dir(s->fd, fd) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

int
stream_file(const struct stream *s, const char *name, struct fault *fault)
{
	const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
	int fd;

	/* another may make or remove it between the two */
	do
		fd = openat(s->fd, name, flags);
	while (fd < 0 && errno == ENOENT &&
	    (fd = stream_new_file(s, name, flags)) < 0 && errno == EEXIST);
	return fd >= 0 ? fd : stream_fault(s, name, fault);
}

void
segment_name(char to[SEGMENT_NAME], uint64_t first)
{
	snprintf(to, SEGMENT_NAME, "%020llu.ndjson",
	    (unsigned long long)first);
}

/* false when it is not the name of a segment */
static bool
stream_segment_parse(const char *name, uint64_t *first)
{
	return strlen(name) == SEGMENT_NAME - 1 &&
	    strcmp(name + 20, ".ndjson") == 0 &&
	    position_parse((struct str){ name, 20 }, first);
}

/* Calls fn for each segment, in no order. */
static int
segment_each(const struct stream *s, void (*fn)(void *, uint64_t),
    void *arg, struct fault *fault)
{
	/* opened again, as a dup would share its place in the directory */
	int fd = openat(s->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	uint64_t first;

	if (dir == NULL) {
		stream_fault(s, "segments", fault);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((e = readdir(dir)) != NULL)
		if (stream_segment_parse(e->d_name, &first))
			fn(arg, first);
	closedir(dir);
	return 0;
}

struct pick {
	uint64_t lo, hi, first;
	bool last, found;
};

static void
segment_pick_one(void *arg, uint64_t first)
{
	struct pick *p = arg;

	if (first < p->lo || first > p->hi)
		return;
	if (!p->found || (p->last ? first > p->first : first < p->first))
		p->first = first;
	p->found = true;
}

int
segment_pick(const struct stream *s, uint64_t lo, uint64_t hi, bool last,
    uint64_t *first, struct fault *fault)
{
	struct pick p = { .lo = lo, .hi = hi, .last = last };

	if (segment_each(s, segment_pick_one, &p, fault) < 0)
		return -1;
	if (p.found)
		*first = p.first;
	return p.found;
}

struct list {
	uint64_t *v;
	size_t n, cap;
};

static void
segment_list_one(void *arg, uint64_t first)
{
	struct list *l = arg;

	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->v = memory_resize(l->v, l->cap * sizeof *l->v);
	}
	l->v[l->n++] = first;
}

static int
segment_compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int
segment_list(const struct stream *s, uint64_t **firsts, size_t *n,
    struct fault *fault)
{
	struct list l = { .n = 0 };

	*firsts = NULL;
	*n = 0;
	if (segment_each(s, segment_list_one, &l, fault) < 0) {
		free(l.v);
		return -1;
	}
	if (l.n > 0)
		qsort(l.v, l.n, sizeof *l.v, segment_compare);
	*firsts = l.v;
	*n = l.n;
	return 0;
}

int
segment_open(const struct stream *s, uint64_t first, int flags)
{
	char name[SEGMENT_NAME];

	segment_name(name, first);
	return openat(s->fd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

int64_t
segment_whole(int fd, uint64_t size)
{
	char chunk[16 * 1024];

	while (size > 0) {
		size_t n = size < sizeof chunk ? (size_t)size : sizeof chunk;
		ssize_t got = pread(fd, chunk, n, (off_t)(size - n));
		const char *nl;

		if (got != (ssize_t)n) {
			errno = got < 0 ? errno : EIO;
			return -1;
		}
		nl = os_find_last(chunk, '\n', n);
		if (nl != NULL)
			return (int64_t)(size - n) + (nl + 1 - chunk);
		size -= n;
	}
	return 0;
}

int
segment_bytes(const struct stream *s, uint64_t first, bool newest,
    uint64_t *bytes, struct fault *fault)
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

int
segments_each(struct bus *bus, const char *stream, segments_fn *fn, void *arg,
    struct fault *fault)
{
	struct stream s;
	uint64_t *firsts;
	size_t n, i;
	int r;

	if (stream_open(&s, bus, stream, false, fault) < 0)
		return -1;
	r = segment_list(&s, &firsts, &n, fault);
	for (i = 0; i < n && r == 0; i++)
		r = fn(arg, &s, firsts[i], i + 1 == n, fault);
	free(firsts);
	stream_close(&s);
	return r < 0 ? -1 : 0;
}
