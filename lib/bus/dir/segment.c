/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which file a writer appends to.  A file that was cut is never appended
 * to again: it is sealed and a new one begins, so no reader can see old
 * and new bytes of one place mixed, and no position means two things.
 */
#include <errno.h>
#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/os.h"
#include "bus/dir/writer.h"

/* disk space is asked for in steps of this, ahead of the need */
#define ROOM_STEP (UINT64_C(1) << 20)

static void
segment_forget(struct dir_writer *w)
{
	if (w->fd >= 0)
		close(w->fd);
	if (w->first + w->size > w->end)
		w->end = w->first + w->size;
	w->fd = -1;
	w->size = w->room = 0;
}

/* Leaves a segment that another writer has sealed. */
static int
segment_leave(struct dir_writer *w, struct fault *fault)
{
	int r = w->dirty ? sync_segment(w, fault) : 0;

	segment_forget(w);
	return r;
}

/* The segment is full or torn.  The mark comes first: killed after it, we
 * leave a torn tail that readers pass over, but never a file that was cut
 * and would be appended to.  ftruncate gives spare disk space back too. */
static int
segment_seal(struct dir_writer *w, struct fault *fault)
{
	w->looked = false;
	if (fchmod(w->fd, 0400) < 0)
		return stream_fault(&w->stream, "seal", fault);
	if (ftruncate(w->fd, (off_t)w->size) < 0)
		return stream_fault(&w->stream, "cut", fault);
	if (sync_segment(w, fault) < 0)
		return -1;
	segment_forget(w);
	return 0;
}

static int
segment_start(struct dir_writer *w, uint64_t first, struct fault *fault)
{
	int fd;

	if (first > POSITION_MAX)
		return fault_set(fault, EX_IOERR,
		    "%s: no positions left", w->stream.name);
	fd = segment_open(&w->stream, first, O_RDWR | O_CREAT | O_EXCL);
	if (fd < 0)
		return stream_fault(&w->stream, "new segment", fault);
	segment_forget(w);
	w->fd = fd;
	w->first = first;
	w->looked = true;
	if (file_own_as_dir(w->stream.fd, fd) < 0)
		return stream_fault(&w->stream, "new segment", fault);
	return w->sync == BUS_SYNC_NONE ? 0 : sync_directory(w, fault);
}

/* Where an empty stream begins: groups may remember a former life, and so
 * may we when somebody has removed the files. */
static int
segment_start_stream(struct dir_writer *w, struct fault *fault)
{
	uint64_t furthest;

	if (groups_furthest(&w->stream, &furthest, fault) < 0)
		return -1;
	if (furthest < w->end)
		furthest = w->end;
	sync_tell(w, 0, 0);
	if (w->sync != BUS_SYNC_NONE && sync_names(w, fault) < 0)
		return -1;
	return segment_start(w, furthest ? position_jump(furthest) : 0,
	    fault);
}

/*
 * The bytes after the last line are what a killed writer left, or zeros
 * where a loss of power left room and no bytes.  With no whole line
 * before them the name is used up and the stream jumps.
 */
static int
segment_cut_tail(struct dir_writer *w, uint64_t size, struct fault *fault)
{
	int64_t whole = segment_whole(w->fd, size);
	uint64_t next;

	if (whole < 0)
		return stream_fault(&w->stream, "torn tail", fault);
	w->size = (uint64_t)whole;
	next = whole > 0 ? w->first + w->size : position_jump(w->first);
	if (segment_seal(w, fault) < 0)
		return -1;
	return segment_start(w, next, fault);
}

/* The file has grown since we looked: by whole lines, or not. */
static int
segment_take_size(struct dir_writer *w, uint64_t size, struct fault *fault)
{
	char last = '\n';

	if (size > 0 && pread(w->fd, &last, 1, (off_t)size - 1) < 0)
		return stream_fault(&w->stream, "newest segment", fault);
	if (last != '\n')
		return segment_cut_tail(w, size, fault);
	w->size = size;
	return 0;
}

/* Opens the newest segment; a stream without one gets its first. */
static int
segment_find(struct dir_writer *w, struct fault *fault)
{
	struct stat st;
	int r = segment_pick(&w->stream, 0, POSITION_MAX, true, &w->first,
	    fault);

	if (r <= 0)
		return r < 0 ? -1 : segment_start_stream(w, fault);
	/* for reading first: a sealed one may not be written */
	w->fd = segment_open(&w->stream, w->first, O_RDONLY);
	if (w->fd < 0 || fstat(w->fd, &st) < 0)
		return stream_fault(&w->stream, "newest segment", fault);
	if (segment_sealed(&st)) {
		uint64_t end = w->first + (uint64_t)st.st_size;

		segment_forget(w);
		return segment_start(w, st.st_size > 0 ? end :
		    position_jump(end), fault);
	}
	segment_forget(w);
	w->fd = segment_open(&w->stream, w->first, O_RDWR);
	if (w->fd < 0)
		return stream_fault(&w->stream, "newest segment", fault);
	return segment_take_size(w, (uint64_t)st.st_size, fault);
}

static int
segment_look_again(struct dir_writer *w, struct fault *fault)
{
	struct stat st;

	if (w->fd >= 0) {
		if (fstat(w->fd, &st) < 0)
			return stream_fault(&w->stream, "segment", fault);
		if (!segment_sealed(&st) && st.st_nlink > 0)
			return (uint64_t)st.st_size == w->size ? 0 :
			    segment_take_size(w, (uint64_t)st.st_size, fault);
		if (segment_leave(w, fault) < 0)
			return -1;
	}
	return segment_find(w, fault);
}

/* What others have done to the stream since we last held the lock. */
static int
segment_look(struct dir_writer *w, struct fault *fault)
{
	if (!w->looked || w->fd < 0) {
		w->looked = false;
		if (segment_look_again(w, fault) < 0)
			return -1;
		w->looked = true;
	}
	return 0;
}

/*
 * Disk space for n more bytes, so that a full disk is known before the
 * first of them is written and not in their middle.
 */
static int
segment_make_room(struct dir_writer *w, size_t n, struct fault *fault)
{
	uint64_t need = w->size + n, want = need + ROOM_STEP;

	if (need <= w->room || w->no_room)
		return 0;
	if (want > w->segment_max)
		want = need > w->segment_max ? need : w->segment_max;
	for (;;) {
		if (os_reserve(w->fd, (off_t)w->size, (off_t)(want - w->size))
		    == 0) {
			w->room = want;
			return 0;
		}
		if (errno == EOPNOTSUPP || errno == ENOSYS) {
			w->no_room = true;
			return 0;
		}
		if ((errno == ENOSPC || errno == EDQUOT) && want > need)
			want = need;
		else if (errno != EINTR)
			return stream_fault(&w->stream, "append", fault);
	}
}

int
segment_ready(struct dir_writer *w, size_t n, struct fault *fault)
{
	uint64_t next;

	if (segment_look(w, fault) < 0)
		return -1;
	if (w->size > 0 && w->size + n > w->segment_max) {
		next = w->first + w->size;
		if (segment_seal(w, fault) < 0 ||
		    segment_start(w, next, fault) < 0)
			return -1;
	}
	return segment_make_room(w, n, fault);
}

/*
 * A reader may have seen whole lines of what was written, so the positions
 * are used up and the stream jumps.  When there is no room for even a new
 * file the bytes stay: lines that come twice are better than lost ones.
 */
void
segment_take_back(struct dir_writer *w, size_t written)
{
	struct dir_writer cut = *w;
	struct fault ignored;

	w->looked = false;
	if (fchmod(w->fd, 0400) < 0)
		return;
	w->fd = -1;
	w->end = w->first + w->size + written;
	if (segment_start(w, position_jump(w->end), &ignored) == 0)
		segment_seal(&cut, &ignored);
	else
		segment_leave(&cut, &ignored);
	w->dirty = false;
	w->broken = cut.broken;
}

/* Leaves what positions a former run of the machine may have given to
 * lines that are lost now. */
static int
segment_jump(struct dir_writer *w, uint64_t furthest, struct fault *fault)
{
	uint64_t next = w->first + w->size;

	next = position_jump(next > furthest ? next : furthest);
	if (segment_seal(w, fault) < 0)
		return -1;
	return segment_start(w, next, fault);
}

static int
segment_find_end(struct dir_writer *w, bool same_run, struct fault *fault)
{
	uint64_t furthest;

	if (segment_look(w, fault) < 0 ||
	    groups_furthest(&w->stream, &furthest, fault) < 0)
		return -1;
	/* a group beyond the end: it has seen what a power loss took */
	if (w->first + w->size < furthest ||
	    (!same_run && w->first + w->size > 0))
		return segment_jump(w, furthest, fault);
	return 0;
}

int
segment_recover(struct dir_writer *w, struct fault *fault)
{
	char now[BOOT_TEXT], then[BOOT_TEXT];
	size_t n = os_boot_id(now, sizeof now);
	int fd = stream_file(&w->stream, "boot", fault), r;
	bool same;

	if (fd < 0)
		return -1;
	same = pread(fd, then, sizeof then, 0) == (ssize_t)n &&
	    memcmp(now, then, n) == 0;
	r = segment_find_end(w, same, fault);
	if (r == 0 && !same && (ftruncate(fd, 0) < 0 ||
	    pwrite(fd, now, n, 0) != (ssize_t)n))
		r = stream_fault(&w->stream, "boot", fault);
	close(fd);
	return r;
}
