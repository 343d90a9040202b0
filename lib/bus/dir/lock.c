/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writers' lock (os_lock.h), and a page that all of them map, which has
 * its mutex.  The page also says what the last holder knew of the newest
 * segment; while the lock is held it says nothing, so a killed holder's
 * successor looks for itself.
 *
 * Each writer has a shared flock(2) on the page's file for as long as it
 * lives.  Who gets an exclusive one is alone and makes the page again, so
 * nothing is believed that a loss of power or a copy of the directory has
 * left in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"
#include "bus/dir/writer.h"

/* for as long what the page says is believed without a look at the file,
 * which somebody may have removed */
#define TRUST_NS 100000000
/* a program that makes the page may be killed at it */
#define TRIES 5

/* whose page it is: a lock has its meaning for those of one kind, in one run
 * of the machine */
struct maker {
	char kind[8];
	uint64_t word;
	char boot[BOOT_TEXT];
};

struct lock_page {
	struct maker maker;
	pthread_mutex_t mutex;
	/* as its last holder says: the newest segment, and its
	 * bytes, all of them whole lines */
	uint64_t first, size;
	bool known;
};

static int
lock_make_page(int fd, const struct maker *maker, bool mutex)
{
	struct lock_page page = { .maker = *maker };
	int r = mutex ? os_lock_init(&page.mutex) : 0;

	if (r != 0) {
		errno = r;
		return -1;
	}
	/* written and not only made longer: the mapping needs its space */
	return pwrite(fd, &page, sizeof page, 0) == sizeof page ? 0 : -1;
}

/* Joins those who have the file: 1, 0 when the page is not good for us,
 * -1 with errno. */
static int
lock_join(int fd, const struct maker *ours, bool mutex)
{
	struct lock_page page;
	int r;

	if (flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    lock_make_page(fd, ours, mutex) < 0)
		return -1;
	do
		r = flock(fd, LOCK_SH);
	while (r < 0 && errno == EINTR);
	if (r == 0 && pread(fd, &page, sizeof page, 0) == sizeof page &&
	    memcmp(&page.maker, ours, sizeof *ours) == 0)
		return 1;
	if (r == 0)
		r = flock(fd, LOCK_UN);
	return r;
}

static int
lock_map_page(struct dir_writer *w, bool mutex)
{
	void *p = mmap(NULL, sizeof(struct lock_page), PROT_READ | PROT_WRITE,
	    MAP_SHARED, w->lock, 0);

	if (p == MAP_FAILED)
		return -1;
	w->page = p;
	if (mutex) {
		w->own.mutex = &w->page->mutex;
		return 0;
	}
	/* opened again, as the lock is that of an open file */
	w->own.fd = openat(w->stream.fd, ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return w->own.fd < 0 ? -1 : 0;
}

int
lock_open(struct dir_writer *w, struct fault *fault)
{
	struct maker ours = { .word = sizeof(void *) };
	bool mutex = os_lock_has_mutex();
	int r = 0, i;

	if ((w->lock = stream_file(&w->stream, "lock", fault)) < 0)
		return -1;
	snprintf(ours.kind, sizeof ours.kind, "%s", os_lock_kind(mutex));
	os_boot_id(ours.boot, sizeof ours.boot);
	for (i = 0; r == 0 && i < TRIES; i++)
		r = lock_join(w->lock, &ours, mutex);
	if (r == 0)
		return fault_set(fault, EX_TEMPFAIL, "%s: lock: held by "
		    "programs of another kind", w->stream.name);
	if (r < 0 || lock_map_page(w, mutex) < 0)
		return stream_fault(&w->stream, "lock", fault);
	return 0;
}

void
lock_close(struct dir_writer *w)
{
	if (w->page != NULL)
		munmap(w->page, sizeof *w->page);
	if (w->own.fd >= 0)
		close(w->own.fd);
	if (w->lock >= 0)
		close(w->lock);
}

/* takes over what who held it before us has done, when that was to the
 * segment that we have as well */
static void
lock_take_over(struct dir_writer *w)
{
	int64_t now = clock_coarse_ns();

	w->looked = w->fd >= 0 && w->page->known &&
	    w->page->first == w->first && now - w->looked_at < TRUST_NS;
	if (w->looked)
		w->size = w->page->size;
	else
		w->looked_at = now;
	w->page->known = false;
}

int
lock_take(struct dir_writer *w, struct fault *fault)
{
	int r = os_lock_take(&w->own);

	if (r != 0) {
		errno = r;
		return stream_fault(&w->stream, "lock", fault);
	}
	lock_take_over(w);
	return 0;
}

void
lock_drop(struct dir_writer *w)
{
	w->page->first = w->first;
	w->page->size = w->size;
	w->page->known = w->looked && w->fd >= 0;
	os_lock_drop(&w->own);
}
