/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/memory.h"
#include "bus/dir/writer.h"

#define SEGMENT_MAX (INT64_C(64) << 20)
/* a line of some length is to fit */
#define CHECK_ROOM 4096

static int
writer_read_max(struct dir_writer *w, struct fault *fault)
{
	const char *text = getenv("MFX_BUS_SEGMENT");
	int64_t max = SEGMENT_MAX;

	if (text != NULL && *text != '\0' &&
	    !number_parse(text, 1, INT64_C(1) << 40, &max))
		return fault_set(fault, EX_CONFIG,
		    "MFX_BUS_SEGMENT: '%s': not a number of bytes", text);
	w->segment_max = (uint64_t)max;
	return 0;
}

static int
writer_open_files(struct dir_writer *w, struct fault *fault)
{
	int r;

	if (lock_open(w, fault) < 0 ||
	    sync_open(w, fault) < 0 ||
	    writer_read_max(w, fault) < 0 ||
	    lock_take(w, fault) < 0)
		return -1;
	r = segment_recover(w, fault);
	lock_drop(w);
	return r;
}

static void
dir_writer_close(struct bus_writer *head)
{
	struct dir_writer *w = (struct dir_writer *)head;
	struct fault ignored;

	sync_later_end(w);
	if (w->fd >= 0) {
		if (w->sync == BUS_SYNC_INTERVAL && w->dirty)
			sync_segment(w, &ignored);
		close(w->fd);
	}
	lock_close(w);
	sync_close(w);
	stream_close(&w->stream);
	free(w);
}

static int
dir_writer_open(struct bus_writer **out, struct bus *bus, const char *stream,
    enum bus_sync sync, struct fault *fault)
{
	struct dir_writer *w = memory_zero(1, sizeof *w);

	*w = (struct dir_writer){
		.head.bus = bus, .sync = sync, .lock = -1, .own = { .fd = -1 },
		.synced = -1, .fd = -1
	};
	memcpy(w->head.stream, stream, strlen(stream));
	if (stream_open(&w->stream, bus, stream, true, fault) < 0 ||
	    writer_open_files(w, fault) < 0) {
		dir_writer_close(&w->head);
		return -1;
	}
	*out = &w->head;
	return 0;
}

/* All of them or none. */
static int
writer_put(struct dir_writer *w, struct str lines, struct fault *fault)
{
	size_t done = 0;

	while (done < lines.n) {
		ssize_t n = pwrite(w->fd, lines.p + done, lines.n - done,
		    (off_t)(w->size + done));

		if (n > 0) {
			done += (size_t)n;
		} else if (n == 0 || errno != EINTR) {
			if (n == 0)
				errno = EIO;
			stream_fault(&w->stream, "append", fault);
			if (done > 0)
				segment_take_back(w, done);
			return -1;
		}
	}
	w->size += done;
	w->dirty = true;
	return 0;
}

static int
dir_append(struct bus_writer *head, struct str lines,
    struct bus_source *source, uint64_t *seq, struct fault *fault)
{
	struct dir_writer *w = (struct dir_writer *)head;
	int r;

	if (lock_take(w, fault) < 0)
		return -1;
	r = segment_ready(w, lines.n, fault);
	if (r == 0 && source != NULL)
		r = source_intend(source, lines, fault);
	if (r == 0)
		r = writer_put(w, lines, fault);
	*seq = w->first + w->size;
	lock_drop(w);
	return r;
}

/* a write for each, under one lock */
static int
dir_append_each(struct bus_writer *head, struct str *lines,
    struct fault *fault)
{
	struct dir_writer *w = (struct dir_writer *)head;
	struct str rest = *lines, line;
	int r = lock_take(w, fault);

	if (r < 0)
		return -1;
	while (r == 0 && str_take_line(&rest, &line)) {
		line.n++;
		r = segment_ready(w, line.n, fault);
		if (r == 0)
			r = writer_put(w, line, fault);
		if (r == 0)
			*lines = rest;
	}
	lock_drop(w);
	return r;
}

static int
dir_check(struct bus_writer *head, struct fault *fault)
{
	struct dir_writer *w = (struct dir_writer *)head;
	int r;

	if (lock_take(w, fault) < 0)
		return -1;
	r = segment_ready(w, CHECK_ROOM, fault);
	lock_drop(w);
	return r;
}

const struct bus_writer_ops dir_writer_ops = {
	.open = dir_writer_open, .close = dir_writer_close,
	.append = dir_append, .append_each = dir_append_each,
	.commit = dir_commit, .check = dir_check
};
