/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing is kept between two reads but the position: what follows the
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
#include "bus/dir/stream.h"

#define CHUNK ((size_t)256 * 1024)
/* what a line that is too long is told by */
#define CHUNK_MAX (LINE_LIMIT + 1)

struct dir_reader {
	struct bus_reader head;
	struct stream stream;	/* its fd is -1 until there is one */
	int watch;		/* os_watch.h */
	int watched;		/* the stream, or what is above it */
	int fd;			/* the segment that holds the position, or -1 */
	uint64_t first;		/* its first position */
	bool aligned;		/* the position is known to follow a newline */
	bool sealed;		/* the segment will not grow */
	bool listed;		/* no other followed it at its end */
	/* something was read since the last sync, from this segment on */
	bool unsynced;
	uint64_t unsynced_first;
	char *buf;
	size_t cap;
};

static void
reader_leave(struct dir_reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	r->sealed = r->listed = false;
}

/* All from pos to `to` has been pruned, unless the stream jumped. */
static void
reader_note_gone(struct dir_reader *r, uint64_t to)
{
	if (to == position_jump(r->head.pos))
		return;
	if (r->head.gone_from == r->head.gone_to)
		r->head.gone_from = r->head.pos;
	r->head.gone_to = to;
}

/* 1, 0 when it has been pruned in the meantime, -1 */
static int
reader_enter(struct dir_reader *r, uint64_t first, struct fault *fault)
{
	reader_leave(r);
	r->fd = segment_open(&r->stream, first, O_RDONLY);
	if (r->fd < 0)
		return errno == ENOENT ? 0 :
		    stream_fault(&r->stream, "segment", fault);
	r->first = first;
	if (r->head.pos < first)
		r->head.pos = first;
	r->aligned = r->head.pos == first;
	return 1;
}

/* Finds the segment that pos is in, or else the next: 1, 0, -1. */
static int
reader_enter_first(struct dir_reader *r, struct fault *fault)
{
	uint64_t first;
	int found, entered;

	do {
		found = segment_pick(&r->stream, 0, r->head.pos, true, &first,
		    fault);
		if (found == 0) {
			found = segment_pick(&r->stream, r->head.pos,
			    POSITION_MAX, false, &first, fault);
			if (found > 0 && r->head.pos > 0)
				reader_note_gone(r, first);
		}
		if (found <= 0)
			return found;
	} while ((entered = reader_enter(r, first, fault)) == 0);
	return entered;
}

/* At the end of a sealed segment: 1, 0 when there is no other yet, -1. */
static int
reader_enter_next(struct dir_reader *r, struct fault *fault)
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
		if (first > r->head.pos && (r->fd < 0 ||
		    (fstat(r->fd, &st) == 0 && st.st_nlink == 0)))
			reader_note_gone(r, first);
	} while ((entered = reader_enter(r, first, fault)) == 0);
	return entered;
}

/* The end of the newest whole line. */
static int
reader_find_end(struct dir_reader *r, struct fault *fault)
{
	struct stat st;
	int64_t whole;
	int entered;

	r->head.pos = POSITION_MAX;
	if ((entered = reader_enter_first(r, fault)) <= 0) {
		r->head.pos = 0;
		return entered;
	}
	whole = fstat(r->fd, &st) < 0 ? -1 :
	    segment_whole(r->fd, (uint64_t)st.st_size);
	if (whole < 0)
		return stream_fault(&r->stream, "segment", fault);
	r->head.pos = r->first + (uint64_t)whole;
	r->aligned = true;
	return 0;
}

static void
dir_reader_close(struct bus_reader *head)
{
	struct dir_reader *r = (struct dir_reader *)head;

	reader_leave(r);
	if (r->watch >= 0)
		close(r->watch);
	stream_close(&r->stream);
	free(r->buf);
	free(r);
}

static int
dir_reader_open(struct bus_reader **out, struct bus *bus, const char *stream,
    uint64_t from, struct fault *fault)
{
	struct dir_reader *r = memory_zero(1, sizeof *r);
	int found;

	*r = (struct dir_reader){
		.head = { .bus = bus, .pos = from, .watch = -1 },
		.fd = -1, .watch = -1, .watched = -1
	};
	memcpy(r->head.stream, stream, strlen(stream));
	if ((found = stream_find(&r->stream, bus, stream, fault)) < 0)
		goto failed;
	if (found == 0)
		r->head.pos = from == UINT64_MAX ? 0 : from;
	else if (from == UINT64_MAX ? reader_find_end(r, fault) < 0 :
	    reader_enter_first(r, fault) < 0)
		goto failed;
	r->cap = CHUNK;
	r->buf = memory_get(r->cap);
	*out = &r->head;
	return 0;
failed:
	dir_reader_close(&r->head);
	return -1;
}

/*
 * Moves a position inside a line to the line's end: 1 when it is there, 0
 * when that end has not been written yet.
 */
static int
reader_align(struct dir_reader *r, struct fault *fault)
{
	const char *nl;
	ssize_t n;

	while (!r->aligned) {
		n = pread(r->fd, r->buf, CHUNK,
		    (off_t)(r->head.pos - 1 - r->first));
		if (n < 0)
			return stream_fault(&r->stream, "read", fault);
		if (n == 0)
			return 0;
		nl = memchr(r->buf, '\n', (size_t)n);
		if (nl == NULL) {
			r->head.pos += (uint64_t)n;
			continue;
		}
		r->head.pos += (uint64_t)(nl - r->buf);
		r->aligned = true;
	}
	return 1;
}

/* A line that no writer of ours made; it is passed over. */
static int
reader_too_long(struct dir_reader *r, size_t n, struct fault *fault)
{
	fault_set(fault, EX_DATAERR, "%s: line at %llu is over 1 MiB",
	    r->stream.name, (unsigned long long)r->head.pos);
	r->head.pos += n;
	r->aligned = false;
	return -1;
}

/* The whole lines at pos in this segment: 1, 0, -1. */
static int
reader_read_lines(struct dir_reader *r, struct str *lines,
    struct fault *fault)
{
	int aligned = reader_align(r, fault);

	if (aligned <= 0)
		return aligned;
	for (;;) {
		ssize_t n = pread(r->fd, r->buf, r->cap,
		    (off_t)(r->head.pos - r->first));
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
			return reader_too_long(r, (size_t)n, fault);
		r->cap = r->cap * 2 < CHUNK_MAX ? r->cap * 2 : CHUNK_MAX;
		r->buf = memory_resize(r->buf, r->cap);
	}
}

/* Whether the segment grows no more.  The mode tells; where a copy has
 * lost the modes, that another one follows it. */
static int
reader_look_sealed(struct dir_reader *r, struct fault *fault)
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
reader_watch(struct dir_reader *r)
{
	char *path = memory_strdup(r->stream.path), *slash;
	bool growth = true;
	int was = r->watched;

	if (r->watch < 0)
		r->watch = os_watch_open();
	while ((r->watched = os_watch_move(r->watch, was, *path ? path : "/",
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
reader_appear(struct dir_reader *r, struct fault *fault)
{
	int found = stream_look(&r->stream, fault);

	if (found > 0 && r->watch >= 0 && reader_watch(r) < 0)
		return stream_fault(&r->stream, "watch", fault);
	return found;
}

/* past lines that are returned */
static void
reader_advance(struct dir_reader *r, size_t n)
{
	r->head.pos += n;
	if (!r->unsynced)
		r->unsynced_first = r->first;
	r->unsynced = true;
}

static int
dir_read(struct bus_reader *head, struct bus_lines *run, struct fault *fault)
{
	struct dir_reader *r = (struct dir_reader *)head;
	int got;

	*run = (struct bus_lines){ .seq = r->head.pos };
	if (r->stream.fd < 0 && (got = reader_appear(r, fault)) <= 0)
		return got;
	for (;;) {
		bool sealed = r->sealed;

		if (r->fd < 0 && (got = reader_enter_first(r, fault)) <= 0)
			return got;
		got = reader_read_lines(r, &run->rest, fault);
		run->seq = r->head.pos;
		if (got > 0)
			reader_advance(r, run->rest.n);
		if (got != 0)
			return got;
		/* lines may have come between our read and the seal, so
		 * that one is believed which was there before the read */
		if (!sealed) {
			if (reader_look_sealed(r, fault) < 0)
				return -1;
			if (!r->sealed)
				return 0;
		} else if ((got = reader_enter_next(r, fault)) <= 0) {
			return got;
		}
	}
}

static int
reader_sync_fd(struct dir_reader *r, int fd, struct fault *fault)
{
	return fdatasync(fd) == 0 ? 0 : fault_errno(fault, EX_IOERR,
	    "%s: fdatasync", r->stream.name);
}

/* The segments before the open one; of those that were pruned nothing is left
 * to be lost. */
static int
reader_sync_left(struct dir_reader *r, struct fault *fault)
{
	uint64_t first = r->unsynced_first;
	int fd, got = 1;

	while (got > 0 && first < r->first) {
		fd = segment_open(&r->stream, first, O_RDONLY);
		if (fd < 0 && errno != ENOENT)
			return stream_fault(&r->stream, "segment", fault);
		if (fd >= 0) {
			got = reader_sync_fd(r, fd, fault);
			close(fd);
		}
		if (got >= 0)
			got = segment_pick(&r->stream, first + 1, POSITION_MAX,
			    false, &first, fault);
	}
	return got < 0 ? -1 : 0;
}

static int
dir_reader_sync(struct bus_reader *head, struct fault *fault)
{
	struct dir_reader *r = (struct dir_reader *)head;

	if (!r->unsynced)
		return 0;
	if (reader_sync_left(r, fault) < 0 ||
	    (r->fd >= 0 && reader_sync_fd(r, r->fd, fault) < 0))
		return -1;
	r->unsynced = false;
	return 0;
}

static int
dir_watch(struct bus_reader *head)
{
	struct dir_reader *r = (struct dir_reader *)head;

	return reader_watch(r) < 0 ? -1 : r->watch;
}

static int
dir_woken(struct bus_reader *head)
{
	struct dir_reader *r = (struct dir_reader *)head;

	if (os_watch_clear(r->watch) < 0)
		return -1;
	return r->stream.fd < 0 ? reader_watch(r) : 0;
}

const struct bus_reader_ops dir_reader_ops = {
	.open = dir_reader_open, .close = dir_reader_close,
	.read = dir_read, .sync = dir_reader_sync,
	.watch = dir_watch, .woken = dir_woken
};
