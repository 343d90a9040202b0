/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing is kept between two reads but the position: what is behind the
 * last whole line is read again, as a torn tail may have been cut there.
 */
#include <errno.h>
#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/line.h"
#include "base/memory.h"
#include "base/os.h"
#include "base/os_watch.h"
#include "base/signal.h"
#include "bus/stream.h"

#define CHUNK ((size_t)256 * 1024)
/* what a line that is too long is told by */
#define CHUNK_MAX (LINE_LIMIT + 1)

struct bus_reader {
	struct stream stream;	/* its fd is -1 until there is one */
	int watch;		/* os_watch.h */
	int watched;		/* the stream, or what is above it */
	int fd;			/* the segment that holds pos, or -1 */
	uint64_t first;		/* its first position */
	uint64_t pos;		/* of the next line */
	bool aligned;		/* pos is known to be behind a newline */
	bool sealed;		/* the segment will not grow */
	bool listed;		/* no other stood behind it at its end */
	uint64_t gone_from, gone_to;
	char *buf;
	size_t cap;
};

static void
leave(struct bus_reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	r->sealed = r->listed = false;
}

/* All from pos to `to` has been pruned, unless the stream jumped. */
static void
note_gone(struct bus_reader *r, uint64_t to)
{
	if (to == position_jump(r->pos))
		return;
	if (r->gone_from == r->gone_to)
		r->gone_from = r->pos;
	r->gone_to = to;
}

/* 1, 0 when it has been pruned in the meantime, -1 */
static int
enter(struct bus_reader *r, uint64_t first, struct fault *fault)
{
	leave(r);
	r->fd = segment_open(&r->stream, first, O_RDONLY);
	if (r->fd < 0)
		return errno == ENOENT ? 0 :
		    stream_fault(&r->stream, "segment", fault);
	r->first = first;
	if (r->pos < first)
		r->pos = first;
	r->aligned = r->pos == first;
	return 1;
}

/* Finds the segment that pos is in, or else the next: 1, 0, -1. */
static int
enter_first(struct bus_reader *r, struct fault *fault)
{
	uint64_t first;
	int found, entered;

	do {
		found = segment_pick(&r->stream, 0, r->pos, true, &first,
		    fault);
		if (found == 0) {
			found = segment_pick(&r->stream, r->pos,
			    POSITION_MAX, false, &first, fault);
			if (found > 0 && r->pos > 0)
				note_gone(r, first);
		}
		if (found <= 0)
			return found;
	} while ((entered = enter(r, first, fault)) == 0);
	return entered;
}

/* At the end of a sealed segment: 1, 0 when there is no other yet, -1. */
static int
enter_next(struct bus_reader *r, struct fault *fault)
{
	struct stat st;
	uint64_t first;
	int found, entered;

	do {
		found = segment_pick(&r->stream, r->first + 1, POSITION_MAX,
		    false, &first, fault);
		if (found <= 0)
			return found;
		/* while ours stands, the next one is next to it */
		if (first > r->pos && (r->fd < 0 ||
		    (fstat(r->fd, &st) == 0 && st.st_nlink == 0)))
			note_gone(r, first);
	} while ((entered = enter(r, first, fault)) == 0);
	return entered;
}

/* The end of the newest whole line. */
static int
find_end(struct bus_reader *r, struct fault *fault)
{
	struct stat st;
	int64_t whole;
	int entered;

	r->pos = POSITION_MAX;
	if ((entered = enter_first(r, fault)) <= 0) {
		r->pos = 0;
		return entered;
	}
	whole = fstat(r->fd, &st) < 0 ? -1 :
	    segment_whole(r->fd, (uint64_t)st.st_size);
	if (whole < 0)
		return stream_fault(&r->stream, "segment", fault);
	r->pos = r->first + (uint64_t)whole;
	r->aligned = true;
	return 0;
}

int
bus_reader_open(struct bus_reader **out, const char *stream, uint64_t from,
    struct fault *fault)
{
	struct bus_reader *r = memory_zero(1, sizeof *r);
	int found;

	*r = (struct bus_reader){ .fd = -1, .watch = -1, .watched = -1,
		.pos = from };
	if ((found = stream_find(&r->stream, stream, fault)) < 0)
		goto failed;
	if (found == 0)
		r->pos = from == UINT64_MAX ? 0 : from;
	else if (from == UINT64_MAX ? find_end(r, fault) < 0 :
	    enter_first(r, fault) < 0)
		goto failed;
	r->cap = CHUNK;
	r->buf = memory_get(r->cap);
	*out = r;
	return 0;
failed:
	bus_reader_close(r);
	return -1;
}

void
bus_reader_close(struct bus_reader *r)
{
	if (r == NULL)
		return;
	leave(r);
	if (r->watch >= 0)
		close(r->watch);
	stream_close(&r->stream);
	free(r->buf);
	free(r);
}

uint64_t
bus_reader_position(const struct bus_reader *r)
{
	return r->pos;
}

bool
bus_reader_gone(struct bus_reader *r, uint64_t *from, uint64_t *to)
{
	*from = r->gone_from;
	*to = r->gone_to;
	r->gone_from = r->gone_to = 0;
	return *from != *to;
}

/*
 * Moves a position inside a line to the line's end: 1 when it is there, 0
 * when that end has not been written yet.
 */
static int
align(struct bus_reader *r, struct fault *fault)
{
	const char *nl;
	ssize_t n;

	while (!r->aligned) {
		n = pread(r->fd, r->buf, CHUNK,
		    (off_t)(r->pos - 1 - r->first));
		if (n < 0)
			return stream_fault(&r->stream, "read", fault);
		if (n == 0)
			return 0;
		nl = memchr(r->buf, '\n', (size_t)n);
		if (nl == NULL) {
			r->pos += (uint64_t)n;
			continue;
		}
		r->pos += (uint64_t)(nl - r->buf);
		r->aligned = true;
	}
	return 1;
}

/* A line that no writer of ours made; it is passed over. */
static int
too_long(struct bus_reader *r, size_t n, struct fault *fault)
{
	fault_set(fault, EX_DATAERR, "%s: line at %llu is over 1 MiB",
	    r->stream.name, (unsigned long long)r->pos);
	r->pos += n;
	r->aligned = false;
	return -1;
}

/* The whole lines at pos in this segment: 1, 0, -1. */
static int
read_lines(struct bus_reader *r, struct str *lines, struct fault *fault)
{
	int aligned = align(r, fault);

	if (aligned <= 0)
		return aligned;
	for (;;) {
		ssize_t n = pread(r->fd, r->buf, r->cap,
		    (off_t)(r->pos - r->first));
		const char *nl;

		if (n < 0)
			return stream_fault(&r->stream, "read", fault);
		nl = os_find_last(r->buf, '\n', (size_t)n);
		if (nl != NULL) {
			*lines = (struct str){ r->buf,
			    (size_t)(nl + 1 - r->buf) };
			return 1;
		}
		if ((size_t)n < r->cap)
			return 0;
		if (r->cap == CHUNK_MAX)
			return too_long(r, (size_t)n, fault);
		r->cap = r->cap * 2 < CHUNK_MAX ? r->cap * 2 : CHUNK_MAX;
		r->buf = memory_resize(r->buf, r->cap);
	}
}

/* Whether the segment grows no more.  The mode tells; where a copy has
 * lost the modes, that there is another behind it. */
static int
look_sealed(struct bus_reader *r, struct fault *fault)
{
	struct stat st;
	uint64_t first;
	int next;

	if (fstat(r->fd, &st) < 0)
		return stream_fault(&r->stream, "segment", fault);
	r->sealed = segment_sealed(&st);
	if (r->sealed || r->listed)
		return 0;
	next = segment_pick(&r->stream, r->first + 1, POSITION_MAX, false,
	    &first, fault);
	r->sealed = next > 0;
	r->listed = true;
	return next < 0 ? -1 : 0;
}

/*
 * What has to be watched: the stream, or, while there is none, the
 * nearest directory above it that there is.  1 when that has changed, and so
 * anything may have come before the watch was there; 0; -1 with errno.
 */
static int
watch(struct bus_reader *r)
{
	char *path = memory_strdup(r->stream.path), *slash;
	bool growth = true;
	int was = r->watched;

	if (r->watch < 0)
		r->watch = os_watch_open();
	while ((r->watched = os_watch_add(r->watch, *path ? path : "/",
	    growth)) < 0 && errno == ENOENT && r->stream.fd < 0 &&
	    *path != '\0') {
		if ((slash = strrchr(path, '/')) != NULL)
			*slash = '\0';
		else
			memcpy(path, ".", 2);
		growth = false;
	}
	free(path);
	return r->watched < 0 ? -1 : r->watched != was;
}

/* Has the stream been made by now?  1, 0, -1. */
static int
appear(struct bus_reader *r, struct fault *fault)
{
	int found = stream_look(&r->stream, fault);

	if (found > 0 && r->watch >= 0 && watch(r) < 0)
		return stream_fault(&r->stream, "watch", fault);
	return found;
}

int
bus_read(struct bus_reader *r, struct str *lines, uint64_t *before,
    struct fault *fault)
{
	int got;

	*before = r->pos;
	if (r->stream.fd < 0 && (got = appear(r, fault)) <= 0)
		return got;
	for (;;) {
		bool sealed = r->sealed;

		if (r->fd < 0 && (got = enter_first(r, fault)) <= 0)
			return got;
		got = read_lines(r, lines, fault);
		*before = r->pos;
		if (got > 0)
			r->pos += lines->n;
		if (got != 0)
			return got;
		/* lines may have come between our read and the seal, so
		 * that one is believed which was there before the read */
		if (!sealed) {
			if (look_sealed(r, fault) < 0)
				return -1;
			if (!r->sealed)
				return 0;
		} else if ((got = enter_next(r, fault)) <= 0) {
			return got;
		}
	}
}

int
bus_reader_watch(struct bus_reader *r)
{
	if (r->watch < 0 && watch(r) < 0)
		return -1;
	return r->watch;
}

int
bus_wait(struct bus_reader *r, int out, int timeout)
{
	struct pollfd fds[2] = {
		{ .events = POLLIN }, { .fd = out, .events = 0 },
	};
	int n;

	/* what came before the watch was there is still to be looked for */
	if (r->watch < 0)
		return watch(r) < 0 ? -1 : 1;
	fds[0].fd = r->watch;
	n = signal_poll(fds, 2, timeout);
	if (n <= 0)
		return n;
	if (fds[1].revents != 0) {
		errno = EPIPE;
		return -1;
	}
	if (os_watch_clear(r->watch) < 0 ||
	    (r->stream.fd < 0 && watch(r) < 0))
		return -1;
	return 1;
}

int
bus_await(const char *stream, int out, struct fault *fault)
{
	struct bus_reader *r;
	int there = 0, error = 0;

	if (bus_reader_open(&r, stream, 0, fault) < 0)
		return -1;
	while (r->stream.fd < 0 && (there = appear(r, fault)) == 0) {
		if (bus_wait(r, out, -1) >= 0)
			continue;
		error = errno;
		if (error != EINTR)
			there = stream_fault(&r->stream, "watch", fault);
		break;
	}
	if (r->stream.fd >= 0)
		there = 1;
	bus_reader_close(r);
	errno = error;
	return there;
}
