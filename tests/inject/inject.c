/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a program, makes its Nth call of one kind fail, once:
 *
 *	INJECT_CALL=KIND	malloc, write, pwrite, read, pread, open, sync,
 *				rename, ftruncate, mmap or unlink
 *	INJECT_ERRNO=NUMBER	what errno is then; -9: it is killed instead
 *	INJECT_NTH=N		which call, from 1; 0 for none
 *	INJECT_COUNT=FILE	8 bytes, which become the number of such calls
 *				of the process and its children, as it runs
 *	INJECT_IN=NAME...	only calls made in libraries whose file names
 *				contain one of these; unset: all calls
 *
 * Calls made before main() do not count, nor what is written to stderr: a
 * failure has to be told there.
 */
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *inject_kind;		/* NULL before main() */
static uint64_t inject_nth;
static int inject_errno;
static uint64_t *inject_count;
static char inject_in[4][64];		/* "" after the last */

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

__attribute__((constructor)) static void
inject_begin(void)
{
	const char *kind = getenv("INJECT_CALL"), *nth = getenv("INJECT_NTH"),
	    *error = getenv("INJECT_ERRNO"), *count = getenv("INJECT_COUNT"),
	    *in = getenv("INJECT_IN");
	void *map;
	int fd;

	if (kind == NULL || nth == NULL || error == NULL || count == NULL)
		return;
	fd = open(count, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		_exit(99);
	map = mmap(NULL, sizeof *inject_count, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		_exit(99);
	close(fd);
	inject_count = map;
	if (in != NULL)
		sscanf(in, "%63s %63s %63s", inject_in[0], inject_in[1],
		    inject_in[2]);
	inject_nth = strtoull(nth, NULL, 10);
	inject_errno = atoi(error);
	inject_kind = kind;
}

static bool
inject_counts(const void *caller)
{
	Dl_info info;
	int i;

	if (inject_in[0][0] == '\0')
		return true;
	if (dladdr(caller, &info) == 0)
		return false;
	for (i = 0; inject_in[i][0] != '\0'; i++)
		if (strstr(info.dli_fname, inject_in[i]) != NULL)
			return true;
	return false;
}

/* Is it this call's turn to fail?  Then errno is set. */
static bool
inject(const char *kind, const void *caller)
{
	if (inject_kind == NULL || strcmp(kind, inject_kind) != 0 ||
	    !inject_counts(caller))
		return false;
	if (__atomic_add_fetch(inject_count, 1, __ATOMIC_RELAXED) !=
	    inject_nth)
		return false;
	if (inject_errno < 0)
		raise(-inject_errno);
	errno = inject_errno;
	return true;
}

/* For files, pipes and sockets: what a kernel makes up does not fail. */
static bool
inject_fd(const char *kind, int fd, const void *caller)
{
	struct stat st;

	if (inject_kind == NULL || strcmp(kind, inject_kind) != 0)
		return false;
	if (fd == STDERR_FILENO || fstat(fd, &st) != 0 ||
	    (st.st_mode & S_IFMT) == 0)
		return false;
	return inject(kind, caller);
}

#define CALLER __builtin_return_address(0)

#define NEXT(name) do {							\
	if (next == NULL)						\
		*(void **)&next = dlsym(RTLD_NEXT, name);		\
} while (0)

void *
malloc(size_t n)
{
	return inject("malloc", CALLER) ? NULL : __libc_malloc(n);
}

void *
calloc(size_t count, size_t size)
{
	return inject("malloc", CALLER) ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *old, size_t n)
{
	return inject("malloc", CALLER) ? NULL : __libc_realloc(old, n);
}

/* One function with a descriptor and any other arguments, which fails with
 * -1.  Those with _chk are what _FORTIFY_SOURCE makes of them. */
#define ON_FD(kind, type, name, parameters, arguments)			\
type name parameters;							\
type									\
name parameters								\
{									\
	static type (*next) parameters;					\
									\
	if (inject_fd(kind, fd, CALLER))				\
		return -1;						\
	NEXT(#name);							\
	return next arguments;						\
}

ON_FD("write", ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n))
ON_FD("write", ssize_t, writev, (int fd, const struct iovec *v, int n),
    (fd, v, n))
ON_FD("pwrite", ssize_t, pwrite, (int fd, const void *p, size_t n, off_t at),
    (fd, p, n, at))
ON_FD("pwrite", ssize_t, pwrite64,
    (int fd, const void *p, size_t n, off64_t at), (fd, p, n, at))
ON_FD("read", ssize_t, read, (int fd, void *p, size_t n), (fd, p, n))
ON_FD("read", ssize_t, __read_chk, (int fd, void *p, size_t n, size_t max),
    (fd, p, n, max))
ON_FD("pread", ssize_t, pread, (int fd, void *p, size_t n, off_t at),
    (fd, p, n, at))
ON_FD("pread", ssize_t, pread64, (int fd, void *p, size_t n, off64_t at),
    (fd, p, n, at))
ON_FD("pread", ssize_t, __pread_chk,
    (int fd, void *p, size_t n, off_t at, size_t max), (fd, p, n, at, max))
ON_FD("pread", ssize_t, __pread64_chk,
    (int fd, void *p, size_t n, off64_t at, size_t max), (fd, p, n, at, max))
ON_FD("sync", int, fsync, (int fd), (fd))
ON_FD("sync", int, fdatasync, (int fd), (fd))
ON_FD("ftruncate", int, ftruncate, (int fd, off_t n), (fd, n))
ON_FD("ftruncate", int, ftruncate64, (int fd, off64_t n), (fd, n))

#define ON_NAME(kind, type, failure, name, parameters, arguments)	\
type name parameters;							\
type									\
name parameters								\
{									\
	static type (*next) parameters;					\
									\
	if (inject(kind, CALLER))					\
		return failure;						\
	NEXT(#name);							\
	return next arguments;						\
}

ON_NAME("rename", int, -1, rename, (const char *a, const char *b), (a, b))
ON_NAME("rename", int, -1, renameat,
    (int d, const char *a, int e, const char *b), (d, a, e, b))
ON_NAME("unlink", int, -1, unlink, (const char *name), (name))
ON_NAME("unlink", int, -1, unlinkat, (int d, const char *name, int flags),
    (d, name, flags))
ON_NAME("mmap", void *, MAP_FAILED, mmap,
    (void *at, size_t n, int mode, int flags, int fd, off_t from),
    (at, n, mode, flags, fd, from))
ON_NAME("mmap", void *, MAP_FAILED, mmap64,
    (void *at, size_t n, int mode, int flags, int fd, off64_t from),
    (at, n, mode, flags, fd, from))
ON_NAME("open", int, -1, __open_2, (const char *name, int flags),
    (name, flags))
ON_NAME("open", int, -1, __open64_2, (const char *name, int flags),
    (name, flags))
ON_NAME("open", int, -1, __openat_2, (int d, const char *name, int flags),
    (d, name, flags))
ON_NAME("open", int, -1, __openat64_2, (int d, const char *name, int flags),
    (d, name, flags))

#define OPEN(name, parameters, arguments)				\
int									\
name parameters								\
{									\
	static int (*next) parameters;					\
	va_list ap;							\
	mode_t mode = 0;						\
									\
	if (flags & (O_CREAT | O_TMPFILE)) {				\
		va_start(ap, flags);					\
		mode = va_arg(ap, mode_t);				\
		va_end(ap);						\
	}								\
	if (inject("open", CALLER))					\
		return -1;						\
	NEXT(#name);							\
	return next arguments;						\
}

OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
OPEN(openat, (int d, const char *path, int flags, ...),
    (d, path, flags, mode))
OPEN(openat64, (int d, const char *path, int flags, ...),
    (d, path, flags, mode))
