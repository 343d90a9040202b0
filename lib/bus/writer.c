/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "bus/writer.h"

#define SEGMENT_MAX (INT64_C(64) << 20)
/* a line of some length is to fit */
#define CHECK_ROOM 4096

static int
read_segment_max(struct bus_writer *w, struct fault *fault)
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
open_files(struct bus_writer *w, struct fault *fault)
{
	int r;

	if (lock_open(w, fault) < 0 ||
	    sync_open(w, fault) < 0 ||
	    read_segment_max(w, fault) < 0 ||
	    lock_take(w, fault) < 0)
		return -1;
	r = segment_recover(w, fault);
	lock_drop(w);
	return r;
}

int
bus_writer_open(struct bus_writer **out, const char *stream,
    enum bus_sync sync, struct fault *fault)
{
	struct bus_writer *w = memory_zero(1, sizeof *w);

	*w = (struct bus_writer){
		.sync = sync, .lock = -1, .own = { .fd = -1 }, .synced = -1,
		.fd = -1
	};
	if (stream_open(&w->stream, stream, true, fault) < 0 ||
	    open_files(w, fault) < 0) {
		bus_writer_close(w);
		return -1;
	}
	*out = w;
	return 0;
}

void
bus_writer_close(struct bus_writer *w)
{
	struct fault ignored;

	if (w == NULL)
		return;
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

int
writer_put(struct bus_writer *w, struct str lines, struct fault *fault)
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

int
bus_hold(struct bus_writer *w, struct fault *fault)
{
	if (lock_take(w, fault) < 0)
		return -1;
	w->held = true;
	return 0;
}

void
bus_release(struct bus_writer *w)
{
	w->held = false;
	lock_drop(w);
}

int
bus_append(struct bus_writer *w, struct str lines, uint64_t *seq,
    struct fault *fault)
{
	int r;

	if (lines.n == 0 || lines.p[lines.n - 1] != '\n')
		return fault_set(fault, EX_SOFTWARE,
		    "%s: only whole lines go on the bus", w->stream.name);
	if (!w->held && lock_take(w, fault) < 0)
		return -1;
	r = segment_ready(w, lines.n, fault);
	if (r == 0)
		r = writer_put(w, lines, fault);
	*seq = w->first + w->size;
	if (!w->held)
		lock_drop(w);
	return r;
}

int
bus_check(struct bus_writer *w, struct fault *fault)
{
	int r;

	if (lock_take(w, fault) < 0)
		return -1;
	r = segment_ready(w, CHECK_ROOM, fault);
	lock_drop(w);
	return r;
}
