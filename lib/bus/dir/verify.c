/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/line.h"
#include "base/memory.h"
#include "base/os.h"
#include "bus/damage.h"
#include "bus/dir/stream.h"

#define CHUNK (LINE_LIMIT + 1)
/* how long a writer may be in the middle of a line: a second */
#define TAIL_PAUSE_NS 10000000
#define TAIL_PAUSES 100

struct check {
	struct bus_check common;	/* a segment is a part */
	uint64_t end;		/* of the segments so far */
	char *buf;
};

static void
verify_lines(struct check *c, struct str text, uint64_t at)
{
	struct bus_lines run = { .rest = text, .seq = at };
	struct bus_line line;
	const char *why;

	while (bus_lines_next(&run, &line)) {
		why = bus_line_check(line.text);
		if (why != NULL)
			bus_damage(&c->common, "line at %llu: %s",
			    (unsigned long long)at, why);
		c->common.health->lines++;
		at = line.seq;
	}
}

/* Gives the number of bytes of whole lines among the first `size`; all of
 * them are checked but those that are too long to be held. */
static int64_t
verify_bytes(struct check *c, int fd, uint64_t first, uint64_t size)
{
	uint64_t at = 0;
	ssize_t n = 0;

	while (at < size) {
		size_t want = size - at < CHUNK ? (size_t)(size - at) : CHUNK;
		const char *nl;
		size_t whole;

		n = pread(fd, c->buf, want, (off_t)at);
		if (n <= 0)
			break;
		nl = os_find_last(c->buf, '\n', (size_t)n);
		whole = nl ? (size_t)(nl + 1 - c->buf) : 0;
		if (whole == 0 && (size_t)n < CHUNK)
			break;
		if (whole == 0) {
			bus_damage(&c->common, "line at %llu is over 1 MiB",
			    (unsigned long long)(first + at));
			whole = (size_t)n;
		} else {
			verify_lines(c, (struct str){ c->buf, whole },
			    first + at);
		}
		at += whole;
	}
	return n < 0 ? -1 : (int64_t)at;
}

/* Of the segment that grows, the size when no writer is in the middle of a
 * line: what follows the last line this long was left by a killed one. */
static int
verify_measure(int fd, bool newest, struct stat *st)
{
	static const struct timespec pause = { .tv_nsec = TAIL_PAUSE_NS };
	char last = '\n';
	int i;

	for (i = 0; i < TAIL_PAUSES; i++) {
		if (fstat(fd, st) < 0 || (newest && st->st_size > 0 &&
		    pread(fd, &last, 1, st->st_size - 1) < 0))
			return -1;
		if (last == '\n')
			break;
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int
verify_segment(void *arg, const struct stream *s, uint64_t first, bool newest,
    struct fault *fault)
{
	struct check *c = arg;
	struct stat st;
	int64_t whole = -1;
	int fd = segment_open(s, first, O_RDONLY);

	if (fd < 0 && errno == ENOENT)
		return 0;	/* pruned just now */
	c->common.told = 0;
	if (c->common.health->segments++ > 0 && first != c->end &&
	    first % SEGMENT_JUMP != 0)
		bus_damage(&c->common, "segment at %llu: the one before it "
		    "ends at %llu", (unsigned long long)first,
		    (unsigned long long)c->end);
	if (fd >= 0 && verify_measure(fd, newest, &st) == 0)
		whole = verify_bytes(c, fd, first, (uint64_t)st.st_size);
	if (whole >= 0)
		c->common.health->torn += (uint64_t)(st.st_size - whole);
	if (whole < 0)
		stream_fault(s, "segment", fault);
	if (fd >= 0)
		close(fd);
	c->common.health->bytes += whole > 0 ? (uint64_t)whole : 0;
	c->end = first + (whole >= 0 ? (uint64_t)st.st_size : 0);
	return whole < 0 ? -1 : 0;
}

static void
verify_group(void *arg, const char *group, uint64_t seq, const char *bad)
{
	struct check *c = arg;

	bus_check_group(&c->common, group, seq, bad, c->end);
}

int
dir_verify(struct bus *bus, const char *stream, struct bus_health *health,
    bus_tell_fn *tell, void *arg, struct fault *fault)
{
	struct check c = {
		.common = {
			.stream = stream, .health = health, .tell = tell,
			.arg = arg
		},
		.buf = memory_get(CHUNK)
	};
	int r = segments_each(bus, stream, verify_segment, &c, fault);

	free(c.buf);
	return r < 0 ? -1 : bus_groups(bus, stream, verify_group, &c, fault);
}
