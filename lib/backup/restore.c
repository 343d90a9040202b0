/* SPDX-License-Identifier: Apache-2.0 */
#include "backup/restore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "backup/living.h"
#include "backup/under.h"
#include "base/file.h"

/* where it goes, in the open directory that it is in */
struct restoring {
	int parent, stage;
	char dir[PATH_MAX];		/* the parent's path */
	char name[NAME_MAX + 1], temp[NAME_MAX + 1];
};

/* ---- is there a site? ---- */

/* 1: there is nothing in it, or no such directory; 0; -1 */
static int
restore_is_free(const char *home, struct fault *fault)
{
	DIR *dir = opendir(home);
	struct dirent *e;
	int free = 1;

	if (dir == NULL)
		return errno == ENOENT ? 1 : fault_errno(fault, 0, "%s", home);
	while (free && (e = readdir(dir)) != NULL)
		free = strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0;
	closedir(dir);
	return free;
}

static int
restore_check(const char *home, struct fault *fault)
{
	int r = restore_is_free(home, fault);

	if (r != 0)
		return r < 0 ? -1 : 0;
	if (living_site(home, fault) != 0)
		return -1;
	return fault_set(fault, EX_CANTCREAT, "%s: it is not empty: move what "
	    "is there away, or restore --to another directory", home);
}

/* ---- the directory ---- */

static int
restore_split(struct restoring *x, const char *home, struct fault *fault)
{
	size_t n = strlen(home);
	const char *slash;

	while (n > 1 && home[n - 1] == '/')
		n--;
	snprintf(x->dir, sizeof x->dir, "%.*s", (int)n, home);
	slash = strrchr(x->dir, '/');
	if (n >= sizeof x->dir || (size_t)snprintf(x->name, sizeof x->name,
	    "%s", slash ? slash + 1 : x->dir) >= sizeof x->name ||
	    (size_t)snprintf(x->temp, sizeof x->temp, ".%s.restore",
	    x->name) >= sizeof x->temp || *x->name == '\0' ||
	    strcmp(x->name, ".") == 0 || strcmp(x->name, "..") == 0)
		return fault_set(fault, EX_USAGE, "%s: a site needs a "
		    "directory with a name of its own", home);
	if (slash == NULL)
		snprintf(x->dir, sizeof x->dir, ".");
	else
		x->dir[slash == x->dir ? 1 : slash - x->dir] = '\0';
	return 0;
}

/* made by root it gets the owner of the site's directory or the one above */
static int
restore_own(const struct restoring *x)
{
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (fstatat(x->parent, x->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return fchown(x->stage, st.st_uid, st.st_gid);
	return file_own_as_dir(x->parent, x->stage);
}

/* What a killed process has left there goes; one that is alive has a lock. */
static int
restore_stage(struct restoring *x, struct fault *fault)
{
	if (mkdirat(x->parent, x->temp, 0700) < 0 && errno != EEXIST)
		return fault_errno(fault, 0, "%s/%s", x->dir, x->temp);
	x->stage = openat(x->parent, x->temp, O_RDONLY | O_DIRECTORY |
	    O_NOFOLLOW | O_CLOEXEC);
	if (x->stage < 0)
		return fault_errno(fault, 0, "%s/%s", x->dir, x->temp);
	if (flock(x->stage, LOCK_EX | LOCK_NB) < 0)
		return fault_set(fault, EX_TEMPFAIL, "%s/%s: another restore "
		    "is at work there", x->dir, x->temp);
	if (under_clear(x->stage) < 0 || fchmod(x->stage, 0700) < 0 ||
	    restore_own(x) < 0)
		return fault_errno(fault, 0, "%s/%s", x->dir, x->temp);
	return 0;
}

static int
restore_open(struct restoring *x, const char *home, struct fault *fault)
{
	*x = (struct restoring){ .parent = -1, .stage = -1 };
	if (restore_split(x, home, fault) < 0 ||
	    dir_make(x->dir, fault) < 0)
		return -1;
	x->parent = open(x->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (x->parent < 0)
		return fault_errno(fault, 0, "%s", x->dir);
	return restore_stage(x, fault);
}

/* The name, once everything is on the disk.  An empty directory that has it is
 * replaced, one that is not any more is not. */
static int
restore_name(const struct restoring *x, const char *home,
    struct fault *fault)
{
	if (under_sync(x->stage) < 0)
		return fault_errno(fault, 0, "%s/%s", x->dir, x->temp);
	if (renameat(x->parent, x->temp, x->parent, x->name) < 0)
		return fault_errno(fault, errno == ENOTEMPTY ||
		    errno == EEXIST ? EX_CANTCREAT : 0, "%s", home);
	return fsync(x->parent) < 0 ? fault_errno(fault, 0, "%s", x->dir) : 0;
}

static void
restore_close(struct restoring *x, bool failed)
{
	struct fault ignored;

	if (failed && x->stage >= 0 && flock(x->stage, LOCK_EX | LOCK_NB) == 0)
		under_remove(x->parent, x->temp, &ignored);
	if (x->stage >= 0)
		close(x->stage);
	if (x->parent >= 0)
		close(x->parent);
}

static bool
restore_wants(void *until, const char *name)
{
	return until_wants(until, name);
}

/* lines of the next backup, and then what came after that moment goes */
static int
restore_until(struct restore *r, const struct restoring *x,
    struct fault *fault)
{
	struct receive next = {
		.from = r->next, .key = r->from.key, .dir = x->stage,
		.wants = restore_wants, .arg = r->until
	};
	char site[PATH_MAX];
	int result = 0;

	if (r->until == NULL)
		return 0;
	if ((size_t)snprintf(site, sizeof site, "%s/%s", x->dir, x->temp) >=
	    sizeof site)
		return fault_set(fault, EX_USAGE, "%s: path too long",
		    r->home);
	if (until_look(r->until, site, fault) < 0)
		return -1;
	if (r->next != NULL) {
		result = receive_backup(&next, fault);
		manifest_release(&next.manifest);
	}
	return result < 0 ? -1 : until_cut(r->until, site,
	    &r->from.manifest, fault);
}

int
restore_site(struct restore *r, struct fault *fault)
{
	struct restoring x;
	int result;

	manifest_init(&r->from.manifest);
	if (restore_check(r->home, fault) < 0)
		return -1;
	result = restore_open(&x, r->home, fault);
	if (result == 0) {
		manifest_release(&r->from.manifest);
		r->from.dir = x.stage;
		result = receive_backup(&r->from, fault);
	}
	if (result == 0)
		result = restore_until(r, &x, fault);
	if (result == 0)
		result = restore_name(&x, r->home, fault);
	restore_close(&x, result < 0);
	return result;
}
