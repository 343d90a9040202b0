/* SPDX-License-Identifier: Apache-2.0 */
#include "base/run_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* files looked at in one go: a start costs no more than that */
#define RUN_CLEAN_MAX 256

int
run_file_alive(int fd, bool exclusive)
{
	if (flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? 1 : -1;
}

/* A directory that is a link to another one must not cost the files there. */
static bool
run_file_is_ours(int fd, const char *name)
{
	char magic[sizeof RUN_MAGIC];
	struct stat st;

	if (strncmp(name, "mfx", 3) != 0 || fstat(fd, &st) < 0 ||
	    !S_ISREG(st.st_mode))
		return false;
	/* killed before it wrote the header */
	return st.st_size == 0 || (read(fd, magic, sizeof magic) ==
	    sizeof magic && memcmp(magic, RUN_MAGIC, sizeof magic) == 0);
}

static void
run_file_clean_one(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);

	if (fd < 0)
		return;
	if (run_file_is_ours(fd, name) && run_file_alive(fd, true) == 0)
		unlinkat(dir, name, 0);
	close(fd);
}

void
run_file_clean(int dir)
{
	int i, fd = dup(dir);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (d == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	rewinddir(d);
	for (i = 0; i < RUN_CLEAN_MAX && (e = readdir(d)) != NULL; i++)
		if (e->d_name[0] != '.')
			run_file_clean_one(dir, e->d_name);
	closedir(d);
}
