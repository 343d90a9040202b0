/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/os.h"
#include "base/out.h"
#include "base/signal.h"

static char *
file_join(const char *a, const char *b, const char *c)
{
	const char *parts[] = { a, b, c };
	char *path = memory_get(strlen(a) + strlen(b) + strlen(c) + 3);
	char *to = path;
	size_t i, n;

	for (i = 0; i < 3; i++) {
		if (i > 0 && *parts[i] != '\0')
			*to++ = '/';
		n = strlen(parts[i]);
		memcpy(to, parts[i], n);
		to += n;
	}
	*to = '\0';
	return path;
}

static const char *file_home;

void
home_set(const char *dir)
{
	file_home = dir;
}

char *
home_path(const char *under)
{
	const char *dir = file_home ? file_home : getenv("MFX_HOME");

	if (dir != NULL && *dir != '\0')
		return file_join(dir, "", under);
	if (geteuid() == 0)
		return file_join("/var/lib/mfx", "", under);
	dir = getenv("XDG_STATE_HOME");
	if (dir != NULL && *dir != '\0')
		return file_join(dir, "mfx", under);
	dir = getenv("HOME");
	return file_join(dir ? dir : ".", ".local/state/mfx", under);
}

/* the directory that `path` is in */
static int
file_open_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 1;
	char dir[PATH_MAX];

	if (n >= sizeof dir) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(dir, slash ? path : ".", n);
	dir[n] = '\0';
	return open(*dir ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int
file_own_as_dir(int dir, int fd)
{
	struct stat of_dir, of_file;

	if (geteuid() != 0)
		return 0;
	if (fstat(dir, &of_dir) < 0 || fstat(fd, &of_file) < 0)
		return -1;
	if (of_file.st_uid == of_dir.st_uid &&
	    of_file.st_gid == of_dir.st_gid)
		return 0;
	return fchown(fd, of_dir.st_uid, of_dir.st_gid);
}

int
file_own_as_parent(const char *path, int fd)
{
	int dir, r;

	if (geteuid() != 0)
		return 0;
	if ((dir = file_open_parent(path)) < 0)
		return -1;
	r = file_own_as_dir(dir, fd);
	close(dir);
	return r;
}

int
file_open(const char *path, int flags)
{
	int err, fd = open(path, flags | O_CLOEXEC);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	flags |= O_CLOEXEC | O_CREAT;
	fd = open(path, flags | O_EXCL, 0600);
	/* A link to a file that does not exist: its directory is not known
	 * here, so the file stays root's. */
	if (fd < 0 && errno == EEXIST)
		return open(path, flags, 0600);
	if (fd >= 0 && file_own_as_parent(path, fd) < 0) {
		err = errno;
		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

static int
file_sync_parent(const char *path)
{
	int fd = file_open_parent(path), r;

	if (fd < 0)
		return -1;
	r = fsync(fd);
	close(fd);
	return r;
}

/* one directory, which may exist */
static int
file_make_dir(const char *path)
{
	int fd, r;

	if (mkdir(path, 0700) < 0)
		return errno == EEXIST ? 0 : -1;
	/* a directory that may not be read can't be synced */
	if (file_sync_parent(path) < 0 && errno != EACCES && errno != EINVAL)
		return -1;
	if (geteuid() != 0)
		return 0;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	r = file_own_as_parent(path, fd);
	close(fd);
	return r;
}

int
dir_make(const char *path, struct fault *fault)
{
	char *part = memory_strdup(path), *at = part;
	int r = 0;

	do {
		at = strchr(at + 1, '/');
		if (at != NULL)
			*at = '\0';
		if (file_make_dir(part) < 0) {
			r = fault_errno(fault, 0, "%s", part);
			break;
		}
		if (at != NULL)
			*at = '/';
	} while (at != NULL);
	free(part);
	return r;
}

/* a leftover of a killed process that had our pid is in the way */
static int
file_open_new(int dir, const char *name, unsigned mode)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
	int fd = openat(dir, name, flags, mode);

	if (fd < 0 && errno == EEXIST && unlinkat(dir, name, 0) == 0)
		fd = openat(dir, name, flags, mode);
	return fd;
}

int
file_replace_at(int dir, const char *name, struct str bytes, unsigned mode,
    bool durable)
{
	char temp[PATH_MAX];
	int fd, err, n;

	n = snprintf(temp, sizeof temp, "%s.%ld.new", name, (long)getpid());
	if (n < 0 || (size_t)n >= sizeof temp) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if ((fd = file_open_new(dir, temp, mode)) < 0)
		return -1;
	if ((dir == AT_FDCWD ? file_own_as_parent(temp, fd) :
	    file_own_as_dir(dir, fd)) < 0 ||
	    write_all(fd, bytes.p, bytes.n) < 0 ||
	    (durable && fsync(fd) < 0)) {
		err = errno;
		close(fd);
	} else if (close(fd) == 0 && renameat(dir, temp, dir, name) == 0) {
		return 0;
	} else {
		err = errno;
	}
	unlinkat(dir, temp, 0);
	errno = err;
	return -1;
}

int
file_replace(const char *path, struct str bytes, unsigned mode, bool durable,
    struct fault *fault)
{
	if (file_replace_at(AT_FDCWD, path, bytes, mode, durable) < 0 ||
	    (durable && file_sync_parent(path) < 0))
		return fault_errno(fault, 0, "%s", path);
	return 0;
}

int
file_read_fd(int fd, const char *name, struct buf *b, struct fault *fault)
{
	for (;;) {
		size_t room = b->cap > b->n ? b->cap - b->n : 4096;
		ssize_t n;

		if (b->n == b->max)
			return fault_set(fault, EX_DATAERR,
			    "%s: over %zu bytes", name, b->max);
		if (room > b->max - b->n)
			room = b->max - b->n;
		if (signal_wait_input(fd, -1, -1) < 0)
			return fault_set(fault, EX_TEMPFAIL, "stopped");
		n = read(fd, buf_room(b, room), room);
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return fault_errno(fault, EX_IOERR, "%s", name);
		if (n > 0)
			b->n += (size_t)n;
	}
}

int
file_read(const char *path, struct buf *b, struct fault *fault)
{
	int fd, r;

	if (strcmp(path, "-") == 0)
		return file_read_fd(STDIN_FILENO, "<stdin>", b, fault);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fault_input(fault, path);
	r = file_read_fd(fd, path, b, fault);
	close(fd);
	return r;
}

/* One line from the terminal, with echo off. */
static int
file_prompt(const char *what, struct buf *b, struct fault *fault)
{
	struct termios old, quiet;
	char c;
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	ssize_t n;

	if (fd < 0 || tcgetattr(fd, &old) < 0) {
		if (fd >= 0)
			close(fd);
		return fault_set(fault, EX_USAGE,
		    "no %s: give it in a file ('-' is stdin)", what);
	}
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fd, TCSAFLUSH, &quiet);
	dprintf(fd, "%s: ", what);
	while ((n = signal_wait_input(fd, -1, -1)) > 0 &&
	    (n = read(fd, &c, 1)) == 1 && c != '\n')
		buf_putc(b, c);
	dprintf(fd, "\n");
	tcsetattr(fd, TCSAFLUSH, &old);
	close(fd);
	if (signal_stop())
		return fault_set(fault, EX_TEMPFAIL, "stopped");
	if (n < 0 || b->n == 0)
		return fault_set(fault, EX_USAGE, "no %s given", what);
	return 0;
}

int
secret_read(const char *path, const char *what, struct buf *b,
    struct fault *fault)
{
	/* a growing buffer would leave copies: allocate it all at once */
	buf_room(b, b->max);
	if (path == NULL)
		return file_prompt(what, b, fault);
	if (file_read(path, b, fault) < 0)
		return -1;
	if (b->n > 0 && b->p[b->n - 1] == '\n')
		b->n--;
	if (b->n > 0 && b->p[b->n - 1] == '\r')
		b->n--;
	return 0;
}

void
secret_release(struct buf *b)
{
	if (b->p != NULL)
		os_wipe(b->p, b->cap);
	buf_release(b);
}
