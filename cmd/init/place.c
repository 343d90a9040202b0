/* SPDX-License-Identifier: Apache-2.0 */
/* Files put into their places, and what an administrator made of them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/hash.h"
#include "cmd/init/init.h"

#define RECORD "/etc/mfx/init.files"

/* what was written where; the text of the record in lines */
struct place_record {
	struct {
		uint64_t hash;
		char path[256];
	} rows[INIT_FILES_MAX];
	size_t n;
};

static int
place_record_read(struct place_record *r, struct fault *fault)
{
	char path[PATH_MAX];
	struct buf b;
	char *line, *end;
	int ok = 0;

	r->n = 0;
	if (init_path(path, RECORD, fault) < 0)
		return -1;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	buf_init(&b, INIT_TEXT_MAX);
	ok = file_read(path, &b, fault);
	buf_putc(&b, '\0');
	for (line = b.p; ok == 0 && *line != '\0'; line = end + 1) {
		uint64_t hash;

		if ((end = strchr(line, '\n')) == NULL)
			break;
		*end = '\0';
		if (r->n < INIT_FILES_MAX && end - line > 17 &&
		    end - line - 17 < (int)sizeof r->rows[0].path &&
		    line[17] == '/' &&
		    sscanf(line, "%16" SCNx64, &hash) == 1) {
			r->rows[r->n].hash = hash;
			snprintf(r->rows[r->n].path, sizeof r->rows[0].path,
			    "%s", line + 17);
			r->n++;
		}
	}
	buf_release(&b);
	return ok;
}

static int
place_record_write(const struct place_record *r, struct fault *fault)
{
	char path[PATH_MAX];
	struct buf b;
	size_t i;
	int ok;

	if (init_path(path, RECORD, fault) < 0)
		return -1;
	buf_init(&b, INIT_TEXT_MAX);
	for (i = 0; i < r->n; i++)
		buf_printf(&b, "%016" PRIx64 " %s\n", r->rows[i].hash,
		    r->rows[i].path);
	ok = file_replace(path, buf_str(&b), 0644, true, fault);
	buf_release(&b);
	return ok;
}

/* what was written there, or 0 */
static uint64_t
place_recorded(const struct place_record *r, const char *path)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (strcmp(r->rows[i].path, path) == 0)
			return r->rows[i].hash;
	return 0;
}

/* true when that is news */
static bool
place_record_set(struct place_record *r, const char *path, uint64_t hash)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (strcmp(r->rows[i].path, path) == 0)
			break;
	if (i == INIT_FILES_MAX || (i < r->n && r->rows[i].hash == hash))
		return false;
	if (i == r->n) {
		r->n++;
		snprintf(r->rows[i].path, sizeof r->rows[i].path, "%s", path);
	}
	r->rows[i].hash = hash;
	return true;
}

/* The hash of the file that is there, 0 for none. */
static int
place_hash(const char *path, uint64_t *hash, struct fault *fault)
{
	struct buf b;
	int r = 0;

	*hash = 0;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	/* what is longer was not ours */
	buf_init(&b, 4 * INIT_TEXT_MAX);
	r = file_read(path, &b, fault);
	*hash = hash_add(HASH_START, buf_str(&b));
	buf_release(&b);
	return r;
}

static int
place_parents(char *path, struct fault *fault)
{
	char *slash;

	for (slash = path; (slash = strchr(slash + 1, '/')) != NULL;
	    *slash = '/') {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return fault_errno(fault, 0, "%s", path);
	}
	return 0;
}

static bool
place_may_replace(const char *path)
{
	int i;

	for (i = 0; i < init_opt.replace.n; i++)
		if (strcmp(init_opt.replace.v[i], path) == 0)
			return true;
	return false;
}

static int
place_write(const struct init_file *f, char *path, struct out *out,
    struct fault *fault)
{
	buf_printf(&out->b, "write %s\n", path);
	if (init_opt.dry_run) {
		if (diag_shows(DIAG_INFO))
			buf_put_str(&out->b, buf_str(&f->text));
		out_end(out);
		return 0;
	}
	out_end(out);
	if (place_parents(path, fault) < 0)
		return -1;
	return file_replace(path, buf_str(&f->text), f->mode, true, fault);
}

/* One that somebody changed: the new text goes beside it, or, when that was
 * asked for, the old. */
static int
place_edited(const struct init_file *f, char path[PATH_MAX], struct out *out,
    bool *kept, struct fault *fault)
{
	char beside[PATH_MAX + 8];
	uint64_t hash, want = hash_add(HASH_START, buf_str(&f->text));

	*kept = !place_may_replace(f->to);
	snprintf(beside, sizeof beside, "%s.%s", path, *kept ? "new" : "old");
	if (!*kept) {
		buf_printf(&out->b, "keep the former %s as %s\n", path, beside);
		out_end(out);
		if (!init_opt.dry_run && rename(path, beside) < 0)
			return fault_errno(fault, 0, "%s", beside);
		return place_write(f, path, out, fault);
	}
	diag_warning("%s: was edited and is kept; what it would be is in %s",
	    path, beside);
	if (place_hash(beside, &hash, fault) < 0)
		return -1;
	return hash == want ? 0 : place_write(f, beside, out, fault);
}

/* What runs with this file, if anything does, is to be started again. */
static void
place_note_changed(struct init_placed *placed, const char *path)
{
	static const struct {
		const char *dir, *before;
	} dirs[] = {
		{ "/etc/systemd/system/", "" }, { "/etc/sv/", "" },
		{ "/etc/mfx/pipes/", "mfx-pipe@" },
	};
	size_t i, n = strlen(placed->changed), word;
	const char *name;

	for (i = 0; i < sizeof dirs / sizeof *dirs; i++)
		if (strncmp(path, dirs[i].dir, strlen(dirs[i].dir)) == 0)
			break;
	if (i == sizeof dirs / sizeof *dirs)
		return;
	name = path + strlen(dirs[i].dir);
	word = (size_t)snprintf(placed->changed + n, sizeof placed->changed -
	    n, " %s%.*s", dirs[i].before, (int)strcspn(name, "/"), name);
	/* the files of one service follow each other */
	if (n >= word && memcmp(placed->changed + n - word,
	    placed->changed + n, word) == 0)
		placed->changed[n] = '\0';
}

/* 1: it is ours, and as it should be; 0: it is another's, and kept */
static int
place_one(const struct init_file *f, struct place_record *r, struct out *out,
    struct init_placed *placed, struct fault *fault)
{
	uint64_t want = hash_add(HASH_START, buf_str(&f->text)), is;
	char path[PATH_MAX];
	bool kept = false;
	int ok = 0;

	if (init_path(path, f->to, fault) < 0 ||
	    place_hash(path, &is, fault) < 0)
		return -1;
	if (is == want)
		return 1;
	if (is == 0 || is == place_recorded(r, f->to))
		ok = place_write(f, path, out, fault);
	else
		ok = place_edited(f, path, out, &kept, fault);
	placed->kept += kept;
	placed->written += !kept;
	if (is != 0 && !kept)
		place_note_changed(placed, f->to);
	if (kept && strcmp(f->to, "/etc/nginx/nginx.conf") == 0)
		placed->nginx = false;
	return ok < 0 ? -1 : !kept;
}

int
init_place(const struct init_plan *p, struct out *out,
    struct init_placed *placed, struct fault *fault)
{
	static struct place_record r;
	size_t i;
	int ok;

	*placed = (struct init_placed){ .nginx = p->nginx };
	if (place_record_read(&r, fault) < 0)
		return -1;
	for (i = 0; i < p->n; i++) {
		const struct init_file *f = &p->files[i];
		char path[PATH_MAX];

		if ((ok = place_one(f, &r, out, placed, fault)) < 0)
			return -1;
		if (ok == 0 || init_opt.dry_run || !place_record_set(&r, f->to,
		    hash_add(HASH_START, buf_str(&f->text))))
			continue;
		if (init_path(path, RECORD, fault) < 0 ||
		    place_parents(path, fault) < 0 ||
		    place_record_write(&r, fault) < 0)
			return -1;
	}
	return 0;
}

/* the directories that are empty now, below those that every system has */
static void
place_prune(char *path)
{
	static const char *const ours[] = {
		"/etc/sv/", "/etc/mfx/pipes/", "/etc/nginx/mfx/",
	};
	char *slash;
	size_t i;

	for (i = 0; i < sizeof ours / sizeof *ours; i++)
		if (strstr(path, ours[i]) != NULL)
			break;
	if (i == sizeof ours / sizeof *ours)
		return;
	while ((slash = strrchr(path, '/')) != NULL) {
		*slash = '\0';
		if (rmdir(path) < 0)
			return;
	}
}

int
init_unplace(struct out *out, struct init_placed *placed, struct fault *fault)
{
	static struct place_record r;
	char path[PATH_MAX];
	uint64_t is;
	size_t i;

	*placed = (struct init_placed){ 0 };
	if (place_record_read(&r, fault) < 0)
		return -1;
	for (i = r.n; i-- > 0; ) {
		if (init_path(path, r.rows[i].path, fault) < 0 ||
		    place_hash(path, &is, fault) < 0)
			return -1;
		if (is == 0)
			continue;
		if (is != r.rows[i].hash) {
			diag_warning("%s: was edited and is kept", path);
			placed->kept++;
			continue;
		}
		buf_printf(&out->b, "remove %s\n", path);
		out_end(out);
		placed->written++;
		if (init_opt.dry_run)
			continue;
		if (unlink(path) < 0)
			return fault_errno(fault, 0, "%s", path);
		place_prune(path);
	}
	if (init_opt.dry_run || init_path(path, RECORD, fault) < 0)
		return init_opt.dry_run ? 0 : -1;
	if (unlink(path) < 0 && errno != ENOENT)
		return fault_errno(fault, 0, "%s", path);
	return 0;
}
