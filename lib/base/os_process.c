/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os_process.h"

#include "base/os.h"

#if OS_LINUX

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

/* The fields after the name, which may hold anything. */
static bool
os_process_stat(uint64_t pid, char text[512], char **fields)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%llu/stat",
	    (unsigned long long)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return false;
	n = read(fd, text, 511);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	*fields = strrchr(text, ')');
	return *fields != NULL && (*fields)[1] == ' ';
}

bool
os_process_usage(uint64_t pid, struct os_usage *u)
{
	unsigned long long user, system;
	long long pages;
	char text[512], *fields;

	/* fields 3, 14, 15 and 24 */
	if (!os_process_stat(pid, text, &fields) || sscanf(fields + 2,
	    "%c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu "
	    "%*s %*s %*s %*s %*s %*s %*s %*s %lld", &u->state, &user,
	    &system, &pages) != 4)
		return false;
	u->cpu = (int64_t)((user + system) * (uint64_t)CLOCK_SECOND /
	    (uint64_t)sysconf(_SC_CLK_TCK));
	u->resident = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return true;
}

bool
os_process_pipe(uint64_t pid, uint64_t *held, uint64_t *room)
{
	char path[64];
	struct stat st;
	int fd, n, size;
	bool done;

	snprintf(path, sizeof path, "/proc/%llu/fd/0",
	    (unsigned long long)pid);
	/* one that is no pipe is not opened: it might be a device */
	if (stat(path, &st) < 0 || !S_ISFIFO(st.st_mode) ||
	    (fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) < 0)
		return false;
	size = fcntl(fd, F_GETPIPE_SZ);
	done = ioctl(fd, FIONREAD, &n) == 0 && n >= 0 && size > 0;
	close(fd);
	if (!done)
		return false;
	*held = (uint64_t)n;
	*room = (uint64_t)size;
	return true;
}

bool
os_process_directory(uint64_t pid, char to[PATH_MAX])
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%llu/cwd",
	    (unsigned long long)pid);
	n = readlink(path, to, PATH_MAX - 1);
	if (n <= 0)
		return false;
	to[n] = '\0';
	return true;
}

#else

bool
os_process_usage(uint64_t pid, struct os_usage *u)
{
	(void)pid;
	(void)u;
	return false;
}

bool
os_process_pipe(uint64_t pid, uint64_t *held, uint64_t *room)
{
	(void)pid;
	(void)held;
	(void)room;
	return false;
}

bool
os_process_directory(uint64_t pid, char to[PATH_MAX])
{
	(void)pid;
	(void)to;
	return false;
}

#endif
