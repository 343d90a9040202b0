/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/registry.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "registry/capture.h"
#include "registry/event.h"
#include "registry/log.h"
#include "registry/names.h"
#include "registry/schema.h"
#include "registry/statement.h"

/* busy timeout: longer than any change of many takes */
#define BUSY_MS 30000
#define BUSY_PAUSE_MS 5
/* of SQLite's virtual machine, between two calls of `stop` */
#define WATCH_STEPS 2000
/* bytes of pages that are kept between two changes */
#define CACHE_KEPT (8 << 20)

const struct keyring *
registry_keyring(const struct registry *r)
{
	return &r->keys;
}

/* ---- transactions ---- */

/* a statement without values or rows */
static int
registry_exec(struct registry *r, const char *sql,
    struct fault *fault)
{
	return statement_step(r, statement_get(r, sql, fault), fault);
}

static int
registry_stops(void *arg)
{
	struct registry *r = arg;

	return r->stop(r->stop_arg);
}

void
registry_watch(struct registry *r, bool (*stop)(void *), void *arg)
{
	r->stop = stop;
	r->stop_arg = arg;
	sqlite3_progress_handler(r->db.sql, WATCH_STEPS,
	    stop != NULL ? registry_stops : NULL, r);
}

void
registry_patience(struct registry *r, int ms)
{
	sqlite3_busy_timeout(r->db.sql, ms);
}

/* SQLite asks this after each try: again? */
static int
registry_wait_more(void *arg, int tries)
{
	struct registry *r = arg;
	const struct timespec pause = { .tv_nsec = BUSY_PAUSE_MS * 1000000 };

	if (tries >= BUSY_MS / BUSY_PAUSE_MS || r->over(r->over_arg))
		return 0;
	nanosleep(&pause, NULL);
	return 1;
}

void
registry_wait(struct registry *r, bool (*over)(void *), void *arg)
{
	r->over = over;
	r->over_arg = arg;
	sqlite3_busy_handler(r->db.sql, registry_wait_more, r);
}

/* the pages of a large change */
static void
registry_shrink(struct registry *r)
{
	int used, highest;

	if (sqlite3_db_status(r->db.sql, SQLITE_DBSTATUS_CACHE_USED, &used,
	    &highest, 0) == SQLITE_OK && used > CACHE_KEPT)
		sqlite3_db_release_memory(r->db.sql);
}

int
registry_commit(struct registry *r, struct fault *fault)
{
	if (names_write(r, fault) < 0 || log_commit(r, fault) < 0 ||
	    registry_exec(r, "COMMIT", fault) < 0)
		return -1;
	log_end(r, true);
	registry_shrink(r);
	return 0;
}

void
registry_rollback(struct registry *r)
{
	db_rollback(&r->db);
	log_end(r, false);
	registry_shrink(r);
	names_forget(r);
}

int
registry_begin(struct registry *r, struct fault *fault)
{
	if (log_begin(r, fault) == 0)
		return 0;
	registry_rollback(r);
	return -1;
}

int
registry_read_begin(struct registry *r, struct fault *fault)
{
	return registry_exec(r, "BEGIN", fault);
}

void
registry_read_end(struct registry *r)
{
	struct fault ignored;

	/* without memory for the one, the other ends it too */
	if (!sqlite3_get_autocommit(r->db.sql) &&
	    registry_exec(r, "COMMIT", &ignored) < 0)
		db_rollback(&r->db);
}

int
registry_probe(struct registry *r, struct fault *fault)
{
	return registry_exec(r,
	    "UPDATE meta SET value = value WHERE name = 'master'", fault);
}

int
registry_changed(struct registry *r)
{
	int64_t version;
	struct fault fault;
	bool changed;

	if (db_number(&r->db, "PRAGMA data_version", &version, &fault) < 0)
		return -1;
	changed = version != r->version;
	r->version = version;
	return changed;
}

bool
registry_writable(const struct registry *r)
{
	return access(r->path, W_OK) == 0;
}

bool
registry_replaced(const struct registry *r)
{
	struct stat st;

	return stat(r->path, &st) < 0 || st.st_ino != r->file.st_ino ||
	    st.st_dev != r->file.st_dev;
}

/* ---- opening ---- */

static int
registry_write_mark(struct db *db, const struct keyring *keys,
    struct fault *fault)
{
	sqlite3_stmt *st = db_statement(db,
	    "INSERT OR IGNORE INTO meta VALUES('master', ?1)", fault);

	if (st == NULL)
		return -1;
	sqlite3_bind_blob(st, 1, keys->mark, sizeof keys->mark,
	    SQLITE_STATIC);
	return db_change(db, st, fault) < 0 ? -1 : 0;
}

/* `db` may be another handle than the registry's */
static int
registry_migrate(struct db *db, int version, struct fault *fault)
{
	struct registry *r = db->arg;

	if (keyring_load(&r->keys, r->home, version == 0, fault) < 0)
		return -1;
	for (; version < SCHEMA_VERSION; version++)
		if (db_exec(db->sql, schema_steps[version], fault) < 0)
			return -1;
	return registry_write_mark(db, &r->keys, fault);
}

static const struct db_kind registry_kind = {
	.name = "registry",
	.hint = "; 'mfx-users create' makes one",
	.application_id = SCHEMA_APPLICATION_ID,
	.version = SCHEMA_VERSION,
	.oldest_read = SCHEMA_VERSION,
	.busy_ms = BUSY_MS,
	.pragmas = "PRAGMA foreign_keys = ON;"
	    "PRAGMA temp_store = MEMORY",
	/* A large change writes each page once when it has room for them;
	 * registry_commit gives it back. */
	.write_pragmas = "PRAGMA wal_autocheckpoint = 4000;"
	    "PRAGMA cache_size = -98304",
	.migrate = registry_migrate,
};

/* Ties the file to its master key: with another one no key of a thing
 * would be found, which would look as if all had been revoked. */
static int
registry_check_keys(struct registry *r, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r,
	    "SELECT value FROM meta WHERE name = 'master'", fault);
	struct str mark;
	bool same;
	int got;

	if ((got = statement_step(r, st, fault)) < 0)
		return -1;
	mark = got ? db_column(st, 0) : STR_NONE;
	same = mark.n == sizeof r->keys.mark &&
	    sodium_memcmp(mark.p, r->keys.mark, mark.n) == 0;
	db_reset(st);
	if (!same)
		return fault_set(fault, EX_CONFIG,
		    "%s/master.key: not the master key of this registry",
		    r->home);
	return 0;
}

static int
registry_open_file(struct registry *r, enum db_mode mode, struct fault *fault)
{
	if (mode == DB_MAKE && dir_make(r->home, fault) < 0)
		return -1;
	/* before it is opened, so that one put in its place is noticed */
	if (stat(r->path, &r->file) < 0 && errno == ENOENT && mode != DB_MAKE)
		return fault_set(fault, EX_CONFIG, "no registry at %s%s",
		    r->path, registry_kind.hint);
	if (db_open(&r->db, r->path, mode, &registry_kind, r, fault) < 0)
		return -1;
	if (r->file.st_ino == 0 && stat(r->path, &r->file) < 0)
		return fault_errno(fault, 0, "%s", r->path);
	sqlite3_extended_result_codes(r->db.sql, 1);
	if (rowset_attach(&r->rowset, r->db.sql) != SQLITE_OK)
		return db_fault(r->db.sql, sqlite3_errcode(r->db.sql), fault);
	if (keyring_load(&r->keys, r->home, false, fault) < 0)
		return -1;
	return registry_check_keys(r, fault);
}

bool
registry_exists(const char *home, struct fault *fault)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/registry.db", home);
	if (access(path, F_OK) == 0)
		return true;
	fault_errno(fault, 0, "%s", path);
	return false;
}

int
registry_open(struct registry **out, const char *home,
    enum registry_mode mode, struct fault *fault)
{
	struct registry *r = memory_zero(1, sizeof *r);
	int result;

	r->home = home ? memory_strdup(home) : home_path("");
	buf_init(&r->event.fields, EVENT_MAX);
	buf_init(&r->names.notes, NAMES_MAX);
	rowset_init(&r->rowset);
	capture_open(r);
	if ((size_t)snprintf(r->path, sizeof r->path, "%s/registry.db",
	    r->home) >= sizeof r->path)
		result = fault_set(fault, EX_CONFIG, "%s: path too long",
		    r->home);
	else
		result = registry_open_file(r, mode == REGISTRY_READ ? DB_READ :
		    mode == REGISTRY_MAKE ? DB_MAKE : DB_WRITE, fault);
	if (result == 0 && registry_changed(r) < 0)
		result = db_fault(r->db.sql, sqlite3_errcode(r->db.sql),
		    fault);
	if (result < 0) {
		registry_close(r);
		return -1;
	}
	*out = r;
	return 0;
}

void
registry_close(struct registry *r)
{
	if (r == NULL)
		return;
	log_close(r->log);
	capture_close(r);
	db_close(&r->db);
	rowset_release(&r->rowset);
	buf_release(&r->event.fields);
	buf_release(&r->names.notes);
	keyring_wipe(&r->keys);
	free(r->home);
	free(r);
}
