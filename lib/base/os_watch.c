/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/signal.h"

#if OS_LINUX
#include <sys/inotify.h>
#endif

int
os_watch_clear(int watch)
{
	/* several changes between two reads are mostly one event */
	char events[4096];

	return read(watch, events, sizeof events) < 0 && errno != EAGAIN ?
	    -1 : 0;
}

/* ---- a pipe that is written to, tick by tick ---- */

/* how often the watcher is woken */
#define TICK_MS 20
#define STACK ((size_t)64 * 1024)

/* Writes a byte a tick, until the reading end is closed. */
static void *
os_watch_run(void *arg)
{
	int fd = (int)(intptr_t)arg;
	struct pollfd gone = { .fd = fd, .events = 0 };

	/* a full pipe is enough */
	while (poll(&gone, 1, TICK_MS) <= 0 &&
	    (write(fd, "", 1) == 1 || errno == EAGAIN))
		continue;
	close(fd);
	return NULL;
}

/* No signal of the program is for the thread, SIGPIPE least of all. */
static int
os_watch_begin(int fd)
{
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	r = signal_start_thread(&thread, &attr, os_watch_run,
	    (void *)(intptr_t)fd);
	pthread_attr_destroy(&attr);
	return r;
}

static int
os_watch_open_ticking(void)
{
	int fds[2], i, error;

	if (pipe(fds) < 0)
		return -1;
	for (i = 0; i < 2; i++) {
		fcntl(fds[i], F_SETFD, FD_CLOEXEC);
		fcntl(fds[i], F_SETFL, O_NONBLOCK);
	}
	if ((error = os_watch_begin(fds[1])) == 0)
		return fds[0];
	close(fds[0]);
	close(fds[1]);
	errno = error;
	return -1;
}

/* any change wakes the caller, who then looks at all watches; the number says
 * which directory it was */
static int
os_watch_move_ticking(const char *directory)
{
	struct stat st;

	return stat(directory, &st) < 0 ? -1 : (int)(st.st_ino & INT32_MAX);
}

/* ---- what the system reports ---- */

#if OS_LINUX

/* A user can have only so many of these, 128 as a rule. */
int
os_watch_open(void)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	return fd < 0 && errno == EMFILE ? os_watch_open_ticking() : fd;
}

/* A descriptor that watches nothing yet, so that nobody waits for it so far,
 * becomes such a pipe. */
static int
os_watch_tick(int watch, const char *directory)
{
	int fd = os_watch_open_ticking(), r;

	if (fd < 0)
		return -1;
	r = dup3(fd, watch, O_CLOEXEC);
	close(fd);
	return r < 0 ? -1 : os_watch_move_ticking(directory);
}

static int
os_watch_add(int watch, const char *directory, bool growth)
{
	return inotify_add_watch(watch, directory, IN_CREATE | IN_MOVED_TO |
	    (growth ? IN_MODIFY | IN_ATTRIB : 0));
}

int
os_watch_move(int watch, int was, const char *directory, bool growth)
{
	int n = os_watch_add(watch, directory, growth);

	/* it is such a pipe */
	if (n < 0 && errno == EINVAL)
		return os_watch_move_ticking(directory);
	/* a user has a limit for watches, too */
	if (n < 0 && errno == ENOSPC && was < 0)
		return os_watch_tick(watch, directory);
	if (n < 0 && errno == ENOSPC) {
		/* the caller looks again, so nothing is missed */
		inotify_rm_watch(watch, was);
		return os_watch_add(watch, directory, growth);
	}
	if (n >= 0 && was >= 0 && n != was)
		inotify_rm_watch(watch, was);
	return n;
}

#else

int
os_watch_open(void)
{
	return os_watch_open_ticking();
}

int
os_watch_move(int watch, int was, const char *directory, bool growth)
{
	(void)watch;
	(void)was;
	(void)growth;
	return os_watch_move_ticking(directory);
}

#endif
