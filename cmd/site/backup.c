/* SPDX-License-Identifier: Apache-2.0 */
/* A site as a file or a directory, and back. */
#include "cmd/site/backup.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "backup/restore.h"
#include "backup/shelf.h"
#include "backup/take.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/listing.h"
#include "base/program.h"
#include "json/json.h"

static struct {
	const char *key, *since, *temp, *to, *until;
	struct opt_list stores, config;
	int64_t keep;
	bool human, compress;
} opt;

#define OPT_KEY { 0, "key", "FILE", "key of 32 bytes that seals the backup", \
	OPT_STRING(&opt.key) }

const struct opt backup_options[] = {
	OPT_KEY,
	{ 0, "since", "BACKUP", "leave out the segments that this backup has",
	    OPT_STRING(&opt.since) },
	{ 0, "compress", NULL, "compress it with zstd, as FILE.tar.zst always "
	    "is", OPT_FLAG(&opt.compress) },
	{ 0, "keep", "N", "remove all but the newest N backups of DIR",
	    OPT_INT(&opt.keep, 1, 100000) },
	{ 0, "store", "FILE", "an SQLite file outside of the site, too",
	    OPT_LIST(&opt.stores) },
	{ 0, "config", "PATH", "a file or directory outside of the site, too",
	    OPT_LIST(&opt.config) },
	{ 0, "temp", "DIR", "where copies of databases are made (default: "
	    "beside the backup)", OPT_STRING(&opt.temp) },
	OPT_END
};

const struct opt backup_verify_options[] = { OPT_KEY, OPT_END };

const struct opt backup_list_options[] = {
	OPT_KEY, OPT_ROW_HUMAN(&opt.human), OPT_END
};

const struct opt backup_restore_options[] = {
	OPT_KEY,
	{ 0, "to", "HOME", "the new site (default: MFX_HOME)",
	    OPT_STRING(&opt.to) },
	{ 0, "until", "WHERE", "as it was at a time, a position of raw, or "
	    "STREAM@POSITION", OPT_STRING(&opt.until) },
	OPT_END
};

static struct seal_key key;
static struct fault fault;

/* NULL: none was given */
static int
backup_key(const struct seal_key **out)
{
	*out = NULL;
	if (opt.key == NULL)
		return 0;
	if (seal_key_load(&key, opt.key, &fault) < 0)
		return -1;
	*out = &key;
	return 0;
}

static int
backup_end(int result)
{
	seal_key_wipe(&key);
	return result < 0 ? diag_fault(&fault) : result;
}

/* ---- backup ---- */

static int
backup_say(const struct take *t)
{
	static const char *const heads[] = { "backup", "files", "bytes",
	    "written", NULL };
	struct listing l;

	listing_begin(&l, false, heads);
	listing_text(&l, "backup", t->id);
	listing_number(&l, "files", t->files);
	listing_number(&l, "bytes", t->bytes);
	listing_number(&l, "written", t->new_bytes);
	listing_end(&l);
	return listing_finish(&l);
}

int
backup_verb_backup(char **operands)
{
	struct take t = {
		.to = operands[0], .since = opt.since, .temp = opt.temp,
		.stores = &opt.stores, .config = &opt.config, .keep = opt.keep,
		.compressed = opt.compress
	};
	bool out = strcmp(t.to, "-") == 0;

	if (opt.keep > 0 && take_is_tar(t.to))
		program_misuse("--keep: only for a directory of backups");
	if (opt.compress && !take_is_tar(t.to))
		program_misuse("--compress: only for a tar: FILE.tar.zst, "
		    "FILE.tar or '-'");
	if (out && isatty(STDOUT_FILENO))
		program_misuse("a backup is not for a terminal: give a file, "
		    "or a pipe");
	if (backup_key(&t.key) < 0 || take_backup(&t, &fault) < 0)
		return backup_end(-1);
	backup_end(0);
	/* stdout has the backup */
	return out ? 0 : backup_say(&t);
}

/* ---- verify and restore ---- */

/* of a directory of backups, the newest; which the caller frees */
static char *
backup_newest(const char *path)
{
	struct shelf s;
	char *newest = NULL;

	if (shelf_open(&s, path, false, &fault) < 0)
		return NULL;
	if (s.n > 0)
		newest = shelf_path(&s, s.n - 1);
	else
		fault_set(&fault, EX_NOINPUT, "%s: no backup there", path);
	shelf_close(&s);
	return newest;
}

static int
backup_say_received(const struct receive *r, const char *site)
{
	static const char *const heads[] = { "backup", "site", "files",
	    "bytes", "elsewhere", NULL };
	struct listing l;

	listing_begin(&l, false, heads);
	listing_text(&l, "backup", r->manifest.id);
	if (site != NULL)
		listing_text(&l, "site", site);
	listing_number(&l, "files", r->manifest.n);
	listing_number(&l, "bytes", r->manifest.bytes);
	if (r->elsewhere > 0)
		listing_number(&l, "elsewhere", r->elsewhere);
	listing_end(&l);
	return listing_finish(&l);
}

static int
backup_receive(char **operands, int (*what)(struct receive *))
{
	struct receive r = { .from = operands[0], .bases = operands + 1,
	    .dir = -1 };
	char *newest = NULL;
	int result;

	if (shelf_is(r.from) && (r.from = newest =
	    backup_newest(operands[0])) == NULL)
		return backup_end(-1);
	result = backup_key(&r.key) < 0 ? -1 : what(&r);
	manifest_release(&r.manifest);
	free(newest);
	return backup_end(result);
}

static int
backup_verify(struct receive *r)
{
	if (receive_backup(r, &fault) < 0)
		return -1;
	if (r->elsewhere > 0)
		diag_warning("%zu files are in backups that it is based on",
		    r->elsewhere);
	return backup_say_received(r, NULL);
}

int
backup_verb_verify(char **operands)
{
	return backup_receive(operands, backup_verify);
}

/* what is left to do by hand */
static void
backup_advise(const struct manifest *m, const char *home)
{
	struct str rest = buf_str(&m->notes), line;
	size_t i, elsewhere = 0;

	while (str_take_line(&rest, &line))
		if (str_starts(line, STR("{\"omitted\":\"")))
			diag_warning("%.*s was not in the backup: put it into "
			    "%s", (int)line.n - 14, line.p + 12, home);
	for (i = 0; i < m->n; i++)
		elsewhere += strncmp(m->files[i]->name, "elsewhere/", 10) == 0;
	if (elsewhere > 0)
		diag_warning("%zu files were outside of the site: they are in "
		    "%s/elsewhere", elsewhere, home);
}

/* --until: of the backup that is restored, the one after it */
static struct until until;
static char *backup_next;

static int
backup_restore(struct receive *from)
{
	struct restore r = {
		.from = *from, .home = opt.to, .next = backup_next,
		.until = opt.until != NULL ? &until : NULL
	};
	char *home = opt.to ? NULL : home_path("");
	int result;

	if (home != NULL)
		r.home = home;
	result = restore_site(&r, &fault);
	if (result == 0) {
		backup_advise(&r.from.manifest, r.home);
		result = backup_say_received(&r.from, r.home);
	}
	from->manifest = r.from.manifest;
	free(home);
	return result;
}

/* which backup of the directory: its path, which the caller frees, or NULL */
static char *
backup_choose(const char *path)
{
	const struct seal_key *with;
	struct shelf s = { .fd = -1 };
	char *chosen = NULL;
	size_t base, next;

	if (backup_key(&with) == 0 &&
	    shelf_open(&s, path, false, &fault) == 0 &&
	    until_choose(&until, &s, with, &base, &next, &fault) == 0) {
		chosen = shelf_path(&s, base);
		if (next != SIZE_MAX)
			backup_next = shelf_path(&s, next);
	}
	shelf_close(&s);
	return chosen;
}

int
backup_verb_restore(char **operands)
{
	char *one[] = { NULL, NULL };
	int status;

	if (opt.until == NULL)
		return backup_receive(operands, backup_restore);
	if (!until_parse(opt.until, &until))
		program_misuse("--until '%s': not a time, a position, or "
		    "STREAM@POSITION", opt.until);
	if (!shelf_is(operands[0])) {
		status = backup_receive(operands, backup_restore);
	} else if ((one[0] = backup_choose(operands[0])) == NULL) {
		status = backup_end(-1);
	} else {
		status = backup_receive(one, backup_restore);
		free(one[0]);
		free(backup_next);
	}
	until_release(&until);
	return status;
}

/* ---- list ---- */

static int
backup_list_one(struct listing *l, const char *path,
    const struct seal_key *with)
{
	struct archive_in in;
	struct manifest m;
	int r;

	if (archive_in_open(&in, path, with, &fault) < 0)
		return -1;
	manifest_init(&m);
	r = archive_manifest(&in, &m, &fault);
	if (r == 0) {
		listing_text(l, "backup", m.id);
		listing_time(l, "time", m.time, true);
		listing_number(l, "files", m.n);
		listing_size(l, "bytes", m.bytes);
		listing_text(l, "sealed", in.sealed ? "yes" : "no");
		listing_end(l);
	}
	manifest_release(&m);
	archive_in_close(&in);
	return r;
}

/* One that can't be read is said, and the others are listed. */
static int
backup_list_shelf(const char *path, const struct seal_key *with)
{
	static const char *const heads[] = { "backup", "time", "files",
	    "bytes", "sealed", NULL };
	int status = 0, written;
	struct listing l;
	struct shelf s;
	char *one;
	size_t i;

	if (shelf_open(&s, path, false, &fault) < 0)
		return -1;
	listing_begin(&l, opt.human, heads);
	for (i = 0; i < s.n; i++) {
		one = shelf_path(&s, i);
		if (backup_list_one(&l, one, with) < 0)
			status = diag_fault(&fault);
		free(one);
	}
	shelf_close(&s);
	written = listing_finish(&l);
	return status ? status : written;
}

/* the manifest of one, as lines */
static int
backup_list_files(const char *path, const struct seal_key *with)
{
	struct archive_in in;
	struct manifest m;
	struct out out;
	size_t i;
	int r;

	if (archive_in_open(&in, path, with, &fault) < 0)
		return -1;
	manifest_init(&m);
	out_init(&out, STDOUT_FILENO, "<stdout>", MANIFEST_MAX);
	r = archive_manifest(&in, &m, &fault);
	archive_in_close(&in);
	if (r == 0) {
		manifest_put_head(&m, &out.b);
		buf_put_str(&out.b, buf_str(&m.notes));
		for (i = 0; i < m.n; i++) {
			manifest_put_file(&out.b, m.files[i]);
			out_end(&out);
		}
		out_end(&out);
		r = out_finish(&out, 0);
	}
	out_release(&out);
	manifest_release(&m);
	return r;
}

int
backup_verb_list(char **operands)
{
	const struct seal_key *with;

	if (backup_key(&with) < 0)
		return backup_end(-1);
	return backup_end(shelf_is(operands[0]) ?
	    backup_list_shelf(operands[0], with) :
	    backup_list_files(operands[0], with));
}
