/* SPDX-License-Identifier: Apache-2.0 */
#include "backup/under.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
/* directories in one another */
#define DEPTH_MAX 64

static int
under_step(int dir, const char *part, bool make)
{
	int fd = openat(dir, part, DIR_FLAGS);

	if (fd >= 0 || !make || errno != ENOENT)
		return fd;
	if (mkdirat(dir, part, 0700) < 0 && errno != EEXIST)
		return -1;
	fd = openat(dir, part, DIR_FLAGS);
	if (fd >= 0 && file_own_as_dir(dir, fd) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int
under_parent(int dir, const char *name, bool make, const char **last)
{
	int at = openat(dir, ".", DIR_FLAGS), next, err;
	char part[NAME_MAX + 1];
	const char *slash;

	for (; at >= 0 && (slash = strchr(name, '/')) != NULL;
	    name = slash + 1) {
		size_t n = (size_t)(slash - name);

		if (n == 0 || n >= sizeof part) {
			close(at);
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(part, name, n);
		part[n] = '\0';
		next = under_step(at, part, make);
		err = errno;
		close(at);
		errno = err;
		at = next;
	}
	*last = name;
	return at;
}

int
under_open(int dir, const char *name)
{
	const char *last;
	int at = under_parent(dir, name, false, &last), fd, err;

	if (at < 0)
		return -1;
	/* a FIFO would wait */
	fd = openat(at, last, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	err = errno;
	close(at);
	errno = err;
	return fd;
}

int
under_make(int dir, const char *name)
{
	const char *last;
	int at = under_parent(dir, name, true, &last), fd, err;

	if (at < 0)
		return -1;
	fd = openat(at, last, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd >= 0 && file_own_as_dir(at, fd) < 0) {
		close(fd);
		fd = -1;
	}
	err = errno;
	close(at);
	errno = err;
	return fd;
}

/* calls it for each name in a directory until it does not return 0 */
typedef int under_fn(int dir, const char *name, int depth);

static int
under_each(int dir, under_fn *fn, int depth)
{
	int fd = openat(dir, ".", DIR_FLAGS), r = 0, err;
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (list == NULL) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while (r == 0 && (e = readdir(list)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = fn(dirfd(list), e->d_name, depth);
	err = errno;
	closedir(list);
	errno = err;
	return r;
}

static int
under_remove_one(int dir, const char *name, int depth)
{
	int fd, r, err;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if ((errno != EISDIR && errno != EPERM) || depth == 0 ||
	    (fd = openat(dir, name, DIR_FLAGS)) < 0)
		return -1;
	r = under_each(fd, under_remove_one, depth - 1);
	err = errno;
	close(fd);
	errno = err;
	return r < 0 ? -1 : unlinkat(dir, name, AT_REMOVEDIR);
}

int
under_remove(int dir, const char *name, struct fault *fault)
{
	return under_remove_one(dir, name, DEPTH_MAX) < 0 ?
	    fault_errno(fault, 0, "%s", name) : 0;
}

int
under_clear(int dir)
{
	return under_each(dir, under_remove_one, DEPTH_MAX);
}

static int
under_sync_one(int dir, const char *name, int depth)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r, err;

	if (fd < 0)
		return -1;
	r = fstat(fd, &st);
	if (r == 0 && S_ISDIR(st.st_mode) && depth > 0)
		r = under_each(fd, under_sync_one, depth - 1);
	if (r == 0)
		r = fsync(fd);
	err = errno;
	close(fd);
	errno = err;
	return r;
}

int
under_sync(int dir)
{
	return under_each(dir, under_sync_one, DEPTH_MAX) < 0 ? -1 :
	    fsync(dir);
}
