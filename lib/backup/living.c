/* SPDX-License-Identifier: Apache-2.0 */
#include "backup/living.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "backup/database.h"

/* $MFX_HOME/bus/raw/groups/.store.reader, and databases in directories */
#define DEPTH_MAX 4

struct living {
	char path[PATH_MAX];
	struct fault *fault;
};

static int
living_say(const struct living *l, pid_t pid)
{
	char holder[32] = "";

	if (pid > 0)
		snprintf(holder, sizeof holder, " by pid %ld", (long)pid);
	fault_set(l->fault, EX_TEMPFAIL, "%s: in use%s: a site that runs is "
	    "not replaced", l->path, holder);
	return 1;
}

static bool
living_ends(const char *name, const char *with)
{
	size_t n = strlen(name), k = strlen(with);

	return n >= k && strcmp(name + n - k, with) == 0;
}

/* a lock that is held as long as its process lives */
static int
living_try_lock(const struct living *l, int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return 0;
	return living_say(l, 0);
}

static int
living_file(const struct living *l, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW |
	    O_CLOEXEC), r = 0;
	struct stat st;
	pid_t pid;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		if (strcmp(name, "lock") == 0 || (*name == '.' &&
		    (living_ends(name, ".reader") ||
		    living_ends(name, ".relay"))))
			r = living_try_lock(l, fd);
		else if (database_is(fd) && database_in_use(fd, &pid) > 0)
			r = living_say(l, pid);
	}
	close(fd);
	return r;
}

static int
living_directory(struct living *l, int depth)
{
	DIR *dir = opendir(l->path);
	size_t n = strlen(l->path);
	struct dirent *e;
	int r = 0;

	if (dir == NULL)
		return errno == ENOENT || errno == ENOTDIR ? 0 :
		    fault_errno(l->fault, 0, "%s", l->path);
	while (r == 0 && (e = readdir(dir)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 ||
		    (size_t)snprintf(l->path + n, sizeof l->path - n, "/%s",
		    e->d_name) >= sizeof l->path - n)
			continue;
		r = living_file(l, dirfd(dir), e->d_name);
		if (r == 0 && depth < DEPTH_MAX && (e->d_type == DT_DIR ||
		    e->d_type == DT_UNKNOWN))
			r = living_directory(l, depth + 1);
	}
	closedir(dir);
	l->path[n] = '\0';
	return r;
}

int
living_site(const char *home, struct fault *fault)
{
	struct living l = { .fault = fault };

	snprintf(l.path, sizeof l.path, "%s", home);
	return living_directory(&l, 0);
}
