/* SPDX-License-Identifier: Apache-2.0 */
#include "backup/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "backup/database.h"
#include "backup/tar.h"
#include "base/diag.h"
#include "base/memory.h"

#define FILES_MAX 100000
#define DEPTH_MAX 32

void
files_leave_out(struct files *f, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && f->n_not < 2)
		f->not[f->n_not++] = (struct files_place){
			st.st_dev, st.st_ino
		};
}

static bool
files_is_left_out(const struct files *f, const struct stat *st)
{
	size_t i;

	for (i = 0; i < f->n_not; i++)
		if (st->st_dev == f->not[i].dev && st->st_ino == f->not[i].ino)
			return true;
	return false;
}

bool
files_ends(const char *name, const char *with)
{
	size_t n = strlen(name), k = strlen(with);

	return n > k && strcmp(name + n - k, with) == 0;
}

/* beside a database "x" these are its own */
static bool
files_is_beside(const char *path)
{
	static const char *const suffixes[] = { "-wal", "-shm", "-journal" };
	char of[PATH_MAX];
	size_t i;
	bool is;
	int fd;

	for (i = 0; i < 3; i++) {
		if (!files_ends(path, suffixes[i]))
			continue;
		snprintf(of, sizeof of, "%.*s",
		    (int)(strlen(path) - strlen(suffixes[i])), path);
		if ((fd = open(of, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) < 0)
			return false;
		is = database_is(fd);
		close(fd);
		return is;
	}
	return false;
}

static int
files_add(struct files *f, const char *name, const char *path, bool database,
    struct fault *fault)
{
	char member[MEMBER_NAME_MAX + 1];
	int fd, n;

	n = snprintf(member, sizeof member, "site/%s", name);
	if (n < 0 || (size_t)n >= sizeof member ||
	    !member_name_valid(str_z(member)) || f->n == FILES_MAX)
		return fault_set(fault, EX_DATAERR, "%s: %s", path,
		    f->n == FILES_MAX ? "too many files" :
		    "a name that can't be in a backup");
	if ((fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) < 0)
		return errno == ENOENT ? 0 : fault_errno(fault, 0, "%s", path);
	if (!database && !(database = database_is(fd)) &&
	    files_is_beside(path)) {
		close(fd);
		return 0;
	}
	close(fd);
	if ((f->n & (f->n - 1)) == 0)
		f->v = memory_resize(f->v, (f->n ? 2 * f->n : 1) *
		    sizeof *f->v);
	f->v[f->n++] = (struct files_one){
		.name = memory_strdup(name), .path = memory_strdup(path),
		.kind = database ? FILES_DATABASE : FILES_PLAIN
	};
	return 0;
}

static void
files_omit(struct files *f, const char *name)
{
	if ((f->n_omitted & (f->n_omitted - 1)) == 0)
		f->omitted = memory_resize(f->omitted,
		    (f->n_omitted ? 2 * f->n_omitted : 1) *
		    sizeof *f->omitted);
	f->omitted[f->n_omitted++] = memory_strdup(name);
}

static int files_walk(struct files *, const char *name, const char *path,
    int depth, struct fault *);

static int
files_visit(struct files *f, const char *name, const char *path, int depth,
    struct fault *fault)
{
	const char *last = strrchr(path, '/');
	struct stat st, to;

	last = last ? last + 1 : path;
	if (files_ends(last, ".new") ||
	    strncmp(last, FILES_OWN, strlen(FILES_OWN)) == 0)
		return 0;
	if (lstat(path, &st) < 0 || stat(path, &to) < 0)
		return errno == ENOENT ? 0 : fault_errno(fault, 0, "%s", path);
	if (files_is_left_out(f, &to) || strcmp(name, "run") == 0)
		return 0;
	if (S_ISDIR(st.st_mode))
		return files_walk(f, name, path, depth + 1, fault);
	if (S_ISDIR(to.st_mode))
		diag_warning("%s: a link to a directory is not in the backup: "
		    "name the directory with --config", path);
	if (!S_ISREG(to.st_mode))
		return 0;
	if (!f->sealed && files_ends(last, ".key")) {
		files_omit(f, name);
		return 0;
	}
	return files_add(f, name, path, false, fault);
}

static int
files_walk(struct files *f, const char *name, const char *path, int depth,
    struct fault *fault)
{
	DIR *dir = depth > DEPTH_MAX ? NULL : opendir(path);
	char below[PATH_MAX], as[PATH_MAX];
	struct dirent *e;
	int r = 0;

	if (dir == NULL)
		return depth > DEPTH_MAX ? fault_set(fault, EX_DATAERR,
		    "%s: over %d directories deep", path, DEPTH_MAX) :
		    fault_errno(fault, 0, "%s", path);
	while (r == 0 && (e = readdir(dir)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if ((size_t)snprintf(below, sizeof below, "%s/%s", path,
		    e->d_name) >= sizeof below ||
		    (size_t)snprintf(as, sizeof as, "%s%s%s", name,
		    *name ? "/" : "", e->d_name) >= sizeof as)
			r = fault_set(fault, EX_DATAERR, "%s: path too long",
			    path);
		else
			r = files_visit(f, as, below, depth, fault);
	}
	closedir(dir);
	return r;
}

int
files_of_site(struct files *f, const char *home, struct fault *fault)
{
	return files_walk(f, "", home, 0, fault);
}

int
files_of_path(struct files *f, const char *path, bool database,
    struct fault *fault)
{
	char *real = realpath(path, NULL), as[PATH_MAX + 16];
	struct stat st;
	int fd, r;

	if (real == NULL || stat(real, &st) < 0) {
		free(real);
		return fault_input(fault, path);
	}
	snprintf(as, sizeof as, FILES_ELSEWHERE "%s", real);
	if (database && (fd = open(real, O_RDONLY | O_NONBLOCK |
	    O_CLOEXEC)) >= 0) {
		database = database_is(fd);
		close(fd);
		r = database ? files_add(f, as, real, true, fault) :
		    fault_set(fault, EX_CONFIG, "--store '%s': not an SQLite "
		    "file", path);
	} else {
		r = database ? fault_input(fault, path) :
		    files_visit(f, as, real, 0, fault);
	}
	free(real);
	return r;
}

static int
files_compare(const void *a, const void *b)
{
	const struct files_one *x = a, *y = b;

	return strcmp(x->name, y->name);
}

void
files_sort(struct files *f)
{
	size_t i, kept = 0;

	if (f->n == 0)
		return;
	qsort(f->v, f->n, sizeof *f->v, files_compare);
	/* one that was named twice */
	for (i = 0; i < f->n; i++)
		if (kept > 0 && strcmp(f->v[kept - 1].name,
		    f->v[i].name) == 0) {
			free(f->v[i].name);
			free(f->v[i].path);
		} else {
			f->v[kept++] = f->v[i];
		}
	f->n = kept;
}

void
files_release(struct files *f)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		free(f->v[i].name);
		free(f->v[i].path);
	}
	for (i = 0; i < f->n_omitted; i++)
		free(f->omitted[i]);
	free(f->v);
	free(f->omitted);
	*f = (struct files){ .n = 0 };
}
