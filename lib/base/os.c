/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* the content of a small file, or what there is of it */
static size_t
os_read_file(const char *path, void *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, to, size);

	if (fd >= 0)
		close(fd);
	return n > 0 ? (size_t)n : 0;
}

bool
os_has_ipv6(void)
{
	int fd = os_socket(AF_INET6, SOCK_DGRAM, 0, false);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

#if OS_LINUX

#include <sys/prctl.h>
#include <sys/random.h>

int
os_socket(int domain, int type, int protocol, bool nonblocking)
{
	return socket(domain, type | SOCK_CLOEXEC |
	    (nonblocking ? SOCK_NONBLOCK : 0), protocol);
}

int
os_poll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const sigset_t *mask)
{
	return ppoll(fds, n, timeout, mask);
}

bool
os_from_process(const siginfo_t *info)
{
	return info->si_code != SI_KERNEL;
}

size_t
os_boot_id(char *to, size_t size)
{
	return os_read_file("/proc/sys/kernel/random/boot_id", to, size);
}

size_t
os_program_path(const char *argv0, char *to, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", to, size);

	(void)argv0;
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

void
os_hide_memory(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

bool
os_random(void *to, size_t n)
{
	return getrandom(to, n, GRND_NONBLOCK) == (ssize_t)n;
}

int
os_reserve(int fd, off_t from, off_t n)
{
	return fallocate(fd, FALLOC_FL_KEEP_SIZE, from, n);
}

void *
os_find(const void *in, size_t n, const void *what, size_t what_n)
{
	return memmem(in, n, what, what_n);
}

void *
os_find_last(const void *in, int c, size_t n)
{
	return (void *)(uintptr_t)memrchr(in, c, n);
}

void
os_wipe(void *p, size_t n)
{
	explicit_bzero(p, n);
}

int
os_sync_all(int fd)
{
	return syncfs(fd);
}

#else

#include <stdio.h>
#include <sys/select.h>
#include <utmpx.h>

#include "base/clock.h"

int
os_socket(int domain, int type, int protocol, bool nonblocking)
{
	int fd = socket(domain, type, protocol);

	if (fd < 0)
		return -1;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (nonblocking)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* pselect(2) can't wait for errors alone: how often to check for them */
#define LOOK_NS 100000000

struct poll_sets {
	fd_set in, out;
	int most;
	bool silent;		/* some descriptors wait for errors alone */
};

static bool
os_poll_sets_fill(struct poll_sets *sets, const struct pollfd *fds, nfds_t n)
{
	nfds_t i;

	*sets = (struct poll_sets){ .most = -1 };
	FD_ZERO(&sets->in);
	FD_ZERO(&sets->out);
	for (i = 0; i < n; i++) {
		if (fds[i].fd < 0)
			continue;
		if (fds[i].fd >= FD_SETSIZE) {
			errno = EINVAL;
			return false;
		}
		if (fds[i].events & POLLIN)
			FD_SET(fds[i].fd, &sets->in);
		if (fds[i].events & POLLOUT)
			FD_SET(fds[i].fd, &sets->out);
		sets->silent |= fds[i].events == 0;
		if (fds[i].fd > sets->most)
			sets->most = fds[i].fd;
	}
	return true;
}

int
os_poll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const sigset_t *mask)
{
	int64_t left = timeout == NULL ? INT64_MAX :
	    (int64_t)timeout->tv_sec * CLOCK_SECOND + timeout->tv_nsec;
	int64_t end = timeout == NULL ? INT64_MAX : clock_ns() + left;
	struct poll_sets sets;
	struct timespec step;
	int r;

	for (;;) {
		if (!os_poll_sets_fill(&sets, fds, n))
			return -1;
		if (sets.silent && left > LOOK_NS)
			left = LOOK_NS;
		step.tv_sec = (time_t)(left / CLOCK_SECOND);
		step.tv_nsec = (long)(left % CLOCK_SECOND);
		if (pselect(sets.most + 1, &sets.in, &sets.out, NULL,
		    left == INT64_MAX ? NULL : &step, mask) < 0)
			return -1;
		if ((r = poll(fds, n, 0)) != 0)
			return r;
		left = end == INT64_MAX ? INT64_MAX : end - clock_ns();
		if (left <= 0)
			return 0;
	}
}

bool
os_from_process(const siginfo_t *info)
{
	return info->si_code == SI_USER || info->si_code == SI_QUEUE;
}

/* the time of the boot, if the machine records it */
size_t
os_boot_id(char *to, size_t size)
{
	struct utmpx want = { .ut_type = BOOT_TIME }, *found;
	int n = 0;

	setutxent();
	found = getutxid(&want);
	if (found != NULL)
		n = snprintf(to, size, "%lld.%06ld\n",
		    (long long)found->ut_tv.tv_sec,
		    (long)found->ut_tv.tv_usec);
	endutxent();
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

/* a name without a slash was found in PATH */
size_t
os_program_path(const char *argv0, char *to, size_t size)
{
	size_t n = strlen(argv0);

	if (strchr(argv0, '/') == NULL || n >= size)
		return 0;
	memcpy(to, argv0, n);
	return n;
}

void
os_hide_memory(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
}

bool
os_random(void *to, size_t n)
{
	return os_read_file("/dev/urandom", to, n) == n;
}

int
os_reserve(int fd, off_t from, off_t n)
{
	(void)fd;
	(void)from;
	(void)n;
	errno = EOPNOTSUPP;
	return -1;
}

void *
os_find(const void *in, size_t n, const void *what, size_t what_n)
{
	const char *p = in, *end = p + n;
	const char *first = what;

	if (what_n == 0)
		return (void *)(uintptr_t)in;
	while ((size_t)(end - p) >= what_n) {
		p = memchr(p, *first, (size_t)(end - p) - what_n + 1);
		if (p == NULL)
			return NULL;
		if (memcmp(p, what, what_n) == 0)
			return (void *)(uintptr_t)p;
		p++;
	}
	return NULL;
}

void *
os_find_last(const void *in, int c, size_t n)
{
	const unsigned char *p = in;

	while (n > 0)
		if (p[--n] == (unsigned char)c)
			return (void *)(uintptr_t)(p + n);
	return NULL;
}

/* through a volatile pointer, so that the compiler can't drop the call */
void
os_wipe(void *p, size_t n)
{
	static void *(*const volatile set)(void *, int, size_t) = memset;

	set(p, 0, n);
}

/* of all file systems, and on some systems it only begins */
int
os_sync_all(int fd)
{
	(void)fd;
	sync();
	return 0;
}

#endif

int
os_terminal_width(int fd, int *rows)
{
	struct winsize size;

	if (fd < 0 || ioctl(fd, TIOCGWINSZ, &size) < 0)
		return 0;
	if (rows != NULL && size.ws_row > 0)
		*rows = size.ws_row;
	return size.ws_col;
}
