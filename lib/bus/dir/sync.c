/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group commit.  The file "synced", mapped by all who sync, says how far
 * which segment is known to be on disk.  Of those who find their lines not
 * covered, the one who gets the file's lock syncs for all; the others sleep
 * until its count of turns moves (os_turn.h), which lets them go.  So
 * however many writers wait, at most two turns of the disk pass.  The file
 * need not survive anything: what it says is never more than is true.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os_turn.h"
#include "bus/dir/writer.h"

/* two halves, the lower one first, as not every machine has atomic words of
 * 64 bits without a lock */
struct halves {
	_Atomic uint32_t half[2];
};

/* `turns` is odd while the others change, or if their writer was killed */
struct synced {
	_Atomic uint32_t turns;
	uint32_t unused;
	struct halves first, size;
};

/* What failed to get to the disk is gone from memory as well: trying
 * again would succeed and mean nothing. */
static int
sync_failed(struct dir_writer *w, struct fault *fault)
{
	w->broken = true;
	return fault_errno(fault, EX_IOERR, "%s: fdatasync", w->stream.name);
}

int
sync_directory(struct dir_writer *w, struct fault *fault)
{
	return fsync(w->stream.fd) == 0 ? 0 : sync_failed(w, fault);
}

int
sync_names(struct dir_writer *w, struct fault *fault)
{
	static const char *const above[] = { "..", "../.." };
	size_t i;
	int fd, r;

	for (i = 0; i < sizeof above / sizeof *above; i++) {
		fd = openat(w->stream.fd, above[i],
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		/* what is above the site may not be ours to look at */
		if (fd < 0 && errno == EACCES)
			continue;
		r = fd < 0 ? -1 : fsync(fd);
		if (r < 0)
			sync_failed(w, fault);
		if (fd >= 0)
			close(fd);
		if (r < 0)
			return -1;
	}
	return 0;
}

int
sync_segment(struct dir_writer *w, struct fault *fault)
{
	if (w->sync != BUS_SYNC_NONE && fdatasync(w->fd) < 0)
		return sync_failed(w, fault);
	w->dirty = false;
	w->synced_at = clock_ns();
	return 0;
}

int
sync_open(struct dir_writer *w, struct fault *fault)
{
	static const struct synced none;
	struct stat st;
	int fd = stream_file(&w->stream, "synced", fault);
	void *p;

	if (fd < 0)
		return -1;
	w->synced = fd;
	/* written and not only made longer: the mapping needs its space.
	 * Two who do it at once write the same. */
	if (fstat(fd, &st) < 0 || (st.st_size < (off_t)sizeof none &&
	    pwrite(fd, &none, sizeof none, 0) != sizeof none))
		return stream_fault(&w->stream, "synced", fault);
	p = mmap(NULL, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return stream_fault(&w->stream, "synced", fault);
	w->map = p;
	return 0;
}

void
sync_close(struct dir_writer *w)
{
	if (w->map != NULL)
		munmap(w->map, sizeof *w->map);
	if (w->synced >= 0)
		close(w->synced);
}

static void
halves_store(struct halves *to, uint64_t v)
{
	atomic_store(&to->half[0], (uint32_t)v);
	atomic_store(&to->half[1], (uint32_t)(v >> 32));
}

static uint64_t
halves_load(struct halves *from)
{
	return atomic_load(&from->half[0]) |
	    (uint64_t)atomic_load(&from->half[1]) << 32;
}

/* Called with the lock of "synced" held, or for a new stream. */
void
sync_tell(struct dir_writer *w, uint64_t first, uint64_t size)
{
	struct synced *s = w->map;
	uint32_t turns = atomic_load(&s->turns) | 1;

	atomic_store(&s->turns, turns);
	halves_store(&s->first, first);
	halves_store(&s->size, size);
	atomic_store(&s->turns, turns + 1);
}

/* *turns becomes what to sleep on when it is not. */
static bool
sync_is_covered(struct dir_writer *w, uint32_t *turns)
{
	struct synced *s = w->map;
	uint64_t first, size;

	*turns = atomic_load(&s->turns);
	first = halves_load(&s->first);
	size = halves_load(&s->size);
	if (*turns % 2 != 0 || *turns != atomic_load(&s->turns) ||
	    first != w->first || size < w->size)
		return false;
	w->dirty = false;
	w->synced_at = clock_ns();
	return true;
}

/* Those whom the last turn let go are about to append again: while they
 * do, and for a fraction of what a turn takes, this one is worth waiting. */
static int
sync_gather(struct dir_writer *w, uint64_t *size)
{
	int64_t end = clock_ns() + w->sync_takes / 8;
	struct stat st;

	if (fstat(w->fd, &st) < 0)
		return -1;
	do {
		*size = (uint64_t)st.st_size;
		sched_yield();
		if (fstat(w->fd, &st) < 0)
			return -1;
	} while ((uint64_t)st.st_size > *size && clock_ns() < end);
	*size = (uint64_t)st.st_size;
	return 0;
}

/* Called with the lock of "synced". */
static int
sync_for_all(struct dir_writer *w, struct fault *fault)
{
	uint64_t size;
	uint32_t turns;
	int64_t start;

	if (sync_is_covered(w, &turns))
		return 0;
	if (sync_gather(w, &size) < 0)
		return sync_failed(w, fault);
	start = clock_ns();
	if (sync_segment(w, fault) < 0)
		return -1;
	w->sync_takes = w->synced_at - start;
	/* a segment is left for good: what is said of its successor stays */
	if (halves_load(&w->map->first) <= w->first)
		sync_tell(w, w->first, size);
	return 0;
}

int
sync_in_turn(struct dir_writer *w, struct fault *fault)
{
	uint32_t turns;
	int r;

	while (!sync_is_covered(w, &turns)) {
		if (flock(w->synced, LOCK_EX | LOCK_NB) == 0) {
			r = sync_for_all(w, fault);
			os_turn_end(w->synced, &w->map->turns);
			return r;
		}
		if (errno != EWOULDBLOCK && errno != EINTR)
			return stream_fault(&w->stream, "synced", fault);
		os_turn_wait(w->synced, &w->map->turns, turns);
	}
	return 0;
}

int
dir_commit(struct bus_writer *head, struct fault *fault)
{
	struct dir_writer *w = (struct dir_writer *)head;

	if (w->broken)
		return fault_set(fault, EX_IOERR,
		    "%s: lines may not be on disk", w->stream.name);
	if (sync_later_failed(w, fault)) {
		w->broken = true;
		return -1;
	}
	if (w->sync == BUS_SYNC_NONE || !w->dirty)
		return 0;
	if (w->sync == BUS_SYNC_INTERVAL) {
		if (clock_ns() - w->synced_at < STAMP_SECOND)
			return 0;
		w->synced_at = clock_ns();
		if (sync_later(w))
			return 0;
	}
	return sync_in_turn(w, fault);
}
