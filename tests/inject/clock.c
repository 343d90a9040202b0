/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a program, moves its wall clock while it runs:
 *
 *	CLOCK_FILE=FILE		8 bytes: how many seconds it is fast
 *
 * Clocks that can't be set are left alone.
 */
#include <sys/mman.h>
#include <sys/time.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const int64_t *clock_fast;
static int (*clock_next)(clockid_t, struct timespec *);

__attribute__((constructor)) static void
clock_begin(void)
{
	const char *file = getenv("CLOCK_FILE");
	int fd = file != NULL ? open(file, O_RDONLY | O_CLOEXEC) : -1;
	void *map;

	if (fd < 0)
		_exit(99);
	map = mmap(NULL, sizeof *clock_fast, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		_exit(99);
	close(fd);
	clock_fast = map;
}

int
clock_gettime(clockid_t id, struct timespec *t)
{
	int r;

	if (clock_next == NULL)
		*(void **)&clock_next = dlsym(RTLD_NEXT, "clock_gettime");
	r = clock_next(id, t);
	if (r == 0 && clock_fast != NULL &&
	    (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		t->tv_sec += *clock_fast;
	return r;
}

int
gettimeofday(struct timeval *restrict t, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	t->tv_sec = now.tv_sec;
	t->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *t)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (t != NULL)
		*t = now.tv_sec;
	return now.tv_sec;
}
