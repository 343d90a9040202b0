/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cmd/doctor/doctor.h"

#define FILES_DEPTH 6
#define FILES_MAX 100000	/* looked at */
#define FILES_TOLD 20		/* of one kind */

void
doctor_home(struct doctor *d)
{
	char mend[DOCTOR_MEND];
	struct stat st;

	if (stat(d->home, &st) < 0 && errno == ENOENT)
		doctor_trouble(d, DOCTOR_CRITICAL, "mfx-users create EMAIL",
		    "%s: there is no site", d->home);
	else if (access(d->home, R_OK | X_OK) < 0)
		doctor_trouble(d, DOCTOR_CRITICAL,
		    doctor_mend(mend, "sudo -u '#UID' mfx-doctor; ls -ld",
		    d->home), "%s: %s", d->home, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		doctor_trouble(d, DOCTOR_CRITICAL, "export MFX_HOME=DIRECTORY",
		    "%s: not a directory", d->home);
}

/* ---- all files of the site ---- */

struct walk {
	struct doctor *d;
	void (*see)(struct walk *, const char *path, const struct stat *,
	    int depth);
	uid_t owner;
	int seen, told;
};

static void
files_walk(struct walk *w, const char *dir, int depth)
{
	char path[PATH_MAX];
	struct dirent *e;
	struct stat st;
	DIR *open = opendir(dir);

	while (open != NULL && (e = readdir(open)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 ||
		    (size_t)snprintf(path, sizeof path, "%s/%s", dir,
		    e->d_name) >= sizeof path || lstat(path, &st) < 0)
			continue;
		if (++w->seen > FILES_MAX || w->told >= FILES_TOLD)
			break;
		w->see(w, path, &st, depth);
		if (S_ISDIR(st.st_mode) && depth < FILES_DEPTH)
			files_walk(w, path, depth + 1);
	}
	if (open != NULL)
		closedir(open);
}

static bool
files_is_secret(const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	return strcmp(name, "master.key") == 0 ||
	    strncmp(name, "registry.db", 11) == 0;
}

static void
files_see_mode(struct walk *w, const char *path, const struct stat *st,
    int depth)
{
	unsigned mode = (unsigned)st->st_mode & 0777;
	bool secret = depth == 0 || files_is_secret(path);
	char mend[DOCTOR_MEND];

	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return;
	if ((mode & (secret ? 077 : 022)) == 0)
		return;
	w->told++;
	doctor_trouble(w->d, secret ? DOCTOR_CRITICAL : DOCTOR_WARNING,
	    doctor_mend(mend, secret ? "chmod go=" : "chmod go-w", path),
	    "%s: mode %04o: others may %s it", path, mode,
	    mode & 022 ? "write" : "read");
}

void
doctor_modes(struct doctor *d)
{
	struct walk w = { .d = d, .see = files_see_mode };
	struct stat st;

	if (stat(d->home, &st) < 0)
		return;
	files_see_mode(&w, d->home, &st, 0);
	files_walk(&w, d->home, 1);
}

static void
files_user(uid_t uid, char *to, size_t size)
{
	struct passwd *user = getpwuid(uid);

	if (user != NULL)
		snprintf(to, size, "%s", user->pw_name);
	else
		snprintf(to, size, "%u", (unsigned)uid);
}

static void
files_see_owner(struct walk *w, const char *path, const struct stat *st,
    int depth)
{
	char command[128], mend[DOCTOR_MEND], has[64], wants[64];

	(void)depth;
	if (st->st_uid == w->owner)
		return;
	w->told++;
	files_user(st->st_uid, has, sizeof has);
	files_user(w->owner, wants, sizeof wants);
	snprintf(command, sizeof command, "chown -h %s:", wants);
	doctor_trouble(w->d, DOCTOR_CRITICAL, doctor_mend(mend, command, path),
	    "%s: belongs to %s, and the site to %s", path, has, wants);
}

void
doctor_owners(struct doctor *d)
{
	struct walk w = { .d = d, .see = files_see_owner };
	struct stat st;

	if (stat(d->home, &st) < 0)
		return;
	w.owner = st.st_uid;
	files_walk(&w, d->home, 1);
}

/* ---- room ---- */

static void
files_room(struct doctor *d, const char *what, double free, double all)
{
	double percent = all > 0 ? 100 * free / all : 100;
	double least = (double)d->set->min_free;

	if (percent < least)
		doctor_trouble(d, percent < least / 2 ? DOCTOR_CRITICAL :
		    DOCTOR_WARNING, "mfx-bus prune --keep-age 7d raw",
		    "%s: %.1f %% of the %s of its file system are free",
		    d->home, percent, what);
	if (strcmp(what, "space") == 0)
		doctor_measure(d, "disk_free", (double)(int)percent, "%");
}

void
doctor_disk(struct doctor *d)
{
	struct statvfs fs;

	if (statvfs(d->home, &fs) < 0)
		return;
	/* as df(1): of what others than root can have */
	files_room(d, "space", (double)fs.f_bavail,
	    (double)(fs.f_blocks - fs.f_bfree + fs.f_bavail));
	files_room(d, "inodes", (double)fs.f_favail, (double)fs.f_files);
}

/* ---- backups ---- */

#define FILES_BACKUP_DAYS 2

void
doctor_backup(struct doctor *d)
{
	int64_t newest = 0, now = stamp_now().ns / STAMP_SECOND;
	const char *dir = d->set->backup;
	char mend[DOCTOR_MEND];
	struct dirent *e;
	struct stat st;
	DIR *open;

	if (dir == NULL)
		return;
	doctor_mend(mend, "mfx-site backup", dir);
	if ((open = opendir(dir)) == NULL) {
		doctor_trouble(d, DOCTOR_WARNING, mend, "%s: %s", dir,
		    strerror(errno));
		return;
	}
	while ((e = readdir(open)) != NULL)
		if (e->d_name[0] != '.' && fstatat(dirfd(open), e->d_name, &st,
		    0) == 0 && st.st_mtime > newest)
			newest = st.st_mtime;
	closedir(open);
	if (newest == 0)
		doctor_trouble(d, DOCTOR_WARNING, mend, "%s: no backup", dir);
	else if (now - newest > FILES_BACKUP_DAYS * 86400)
		doctor_trouble(d, DOCTOR_WARNING, mend,
		    "%s: the last backup is %lld days old", dir,
		    (long long)((now - newest) / 86400));
}
