/* SPDX-License-Identifier: Apache-2.0 */
#include "backup/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "backup/archive.h"
#include "backup/under.h"
#include "base/file.h"
#include "base/memory.h"

#define SHELF_NAME (MANIFEST_ID_TEXT + 8)

static void
shelf_name(char to[SHELF_NAME], const char *id, const char *suffix)
{
	snprintf(to, SHELF_NAME, ".%s.%s", id, suffix);
}

bool
shelf_is(const char *path)
{
	struct stat st;
	char *manifest;
	size_t n = strlen(path) + sizeof "/" ARCHIVE_MANIFEST;
	bool is;

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return false;
	manifest = memory_get(n);
	snprintf(manifest, n, "%s/" ARCHIVE_MANIFEST, path);
	is = stat(manifest, &st) < 0;
	free(manifest);
	return is;
}

static int
shelf_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
shelf_add(struct shelf *s, const char *id)
{
	if ((s->n & (s->n - 1)) == 0)
		s->ids = memory_resize(s->ids,
		    (s->n ? 2 * s->n : 1) * sizeof *s->ids);
	snprintf(s->ids[s->n++], sizeof *s->ids, "%s", id);
}

/* ".ID.new" and ".ID.old" */
static bool
shelf_is_left(const char *name)
{
	size_t n = strlen(name), id = MANIFEST_ID_TEXT - 4;

	return n == id + 5 && *name == '.' &&
	    manifest_id_valid((struct str){ name + 1, id }) &&
	    (strcmp(name + id + 1, ".new") == 0 ||
	    strcmp(name + id + 1, ".old") == 0);
}

static int
shelf_read(struct shelf *s, bool clean, struct fault *fault)
{
	int fd = openat(s->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return fault_errno(fault, 0, "%s", s->path);
	}
	while (r == 0 && (e = readdir(dir)) != NULL)
		if (manifest_id_valid(str_z(e->d_name)))
			shelf_add(s, e->d_name);
		else if (clean && shelf_is_left(e->d_name))
			r = under_remove(s->fd, e->d_name, fault);
	closedir(dir);
	if (s->n > 0)
		qsort(s->ids, s->n, sizeof *s->ids, shelf_compare);
	return r;
}

int
shelf_open(struct shelf *s, const char *path, bool make, struct fault *fault)
{
	*s = (struct shelf){ .fd = -1, .path = path };
	if (make && dir_make(path, fault) < 0)
		return -1;
	s->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->fd < 0)
		return fault_input(fault, path);
	if (make && flock(s->fd, LOCK_EX | LOCK_NB) < 0) {
		fault_set(fault, EX_TEMPFAIL, "%s: another backup is being "
		    "made there", path);
		shelf_close(s);
		return -1;
	}
	if (shelf_read(s, make, fault) < 0) {
		shelf_close(s);
		return -1;
	}
	return 0;
}

void
shelf_close(struct shelf *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->ids);
	*s = (struct shelf){ .fd = -1 };
}

int
shelf_stage(const struct shelf *s, const char *id, struct fault *fault)
{
	char name[SHELF_NAME];
	int fd = -1;

	shelf_name(name, id, "new");
	if (mkdirat(s->fd, name, 0700) == 0)
		fd = openat(s->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || file_own_as_dir(s->fd, fd) < 0) {
		fault_errno(fault, 0, "%s/%s", s->path, name);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

int
shelf_put(struct shelf *s, const char *id, struct fault *fault)
{
	char name[SHELF_NAME];

	shelf_name(name, id, "new");
	if (renameat(s->fd, name, s->fd, id) < 0 || fsync(s->fd) < 0)
		return fault_errno(fault, 0, "%s/%s", s->path, id);
	shelf_add(s, id);
	return 0;
}

void
shelf_drop(const struct shelf *s, const char *id)
{
	char name[SHELF_NAME];
	struct fault ignored;

	shelf_name(name, id, "new");
	under_remove(s->fd, name, &ignored);
}

/* under another name first, so that what has its name is whole */
static int
shelf_remove(const struct shelf *s, const char *id, struct fault *fault)
{
	char name[SHELF_NAME];

	shelf_name(name, id, "old");
	if (renameat(s->fd, id, s->fd, name) < 0)
		return fault_errno(fault, 0, "%s/%s", s->path, id);
	return under_remove(s->fd, name, fault);
}

int
shelf_keep(const struct shelf *s, size_t n, struct fault *fault)
{
	size_t i;

	for (i = 0; i + n < s->n; i++)
		if (shelf_remove(s, s->ids[i], fault) < 0)
			return -1;
	return 0;
}

char *
shelf_path(const struct shelf *s, size_t i)
{
	size_t n = strlen(s->path) + MANIFEST_ID_TEXT + 2;
	char *path = memory_get(n);

	snprintf(path, n, "%s/%s", s->path, s->ids[i]);
	return path;
}
