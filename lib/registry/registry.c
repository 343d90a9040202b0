/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "registry/rowset.h"
#include "registry/event.h"
#include "registry/names.h"
#include "registry/schema.h"
#include "registry/statement.h"

/* how long a change waits for another's: longer than any bulk takes */
#define BUSY_MS 30000
#define BUSY_PAUSE_MS 5
/* of SQLite's own, between two looks whether to stop */
#define WATCH_STEPS 2000
#define STATEMENTS_MAX 96
/* bytes of pages that are kept between two changes */
#define CACHE_KEPT (8 << 20)

struct registry {
	sqlite3 *db;
	char *home;
	char path[PATH_MAX];
	struct keyring keys;
	struct stat file;
	sqlite3_int64 version;		/* data_version seen last */
	bool (*over)(void *);		/* registry_wait */
	void *over_arg;
	bool (*stop)(void *);		/* registry_watch */
	void *stop_arg;
	struct buf event;
	struct names names;
	struct rowset *rowset;
	struct {
		const char *sql;
		sqlite3_stmt *st;
	} statements[STATEMENTS_MAX];
};

sqlite3 *
registry_db(struct registry *r)
{
	return r->db;
}

struct buf *
registry_event(struct registry *r)
{
	return &r->event;
}

struct names *
registry_names(struct registry *r)
{
	return &r->names;
}

struct rowset *
registry_rowset(struct registry *r)
{
	return r->rowset;
}

const struct keyring *
registry_keyring(const struct registry *r)
{
	return &r->keys;
}

static int
status_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_FULL:
	case SQLITE_INTERRUPT:
		return EX_TEMPFAIL;
	case SQLITE_NOMEM:
		return EX_OSERR;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return EX_NOPERM;
	case SQLITE_NOTADB:
		return EX_CONFIG;
	case SQLITE_CONSTRAINT:
		return EX_DATAERR;
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
	case SQLITE_CORRUPT:
	case SQLITE_PROTOCOL:
		return EX_IOERR;
	default:
		return EX_SOFTWARE;
	}
}

int
registry_fault(struct registry *r, struct fault *fault)
{
	return fault_set(fault, status_of(sqlite3_errcode(r->db)), "%s: %s",
	    r->path, sqlite3_errmsg(r->db));
}

/* ---- statements ---- */

sqlite3_stmt *
statement_get(struct registry *r, const char *sql, struct fault *fault)
{
	size_t i;

	for (i = 0; i < STATEMENTS_MAX && r->statements[i].sql != NULL; i++)
		if (r->statements[i].sql == sql) {
			sqlite3_reset(r->statements[i].st);
			sqlite3_clear_bindings(r->statements[i].st);
			return r->statements[i].st;
		}
	if (i == STATEMENTS_MAX) {
		fault_set(fault, EX_SOFTWARE, "too many statements");
		return NULL;
	}
	if (sqlite3_prepare_v3(r->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
	    &r->statements[i].st, NULL) != SQLITE_OK) {
		registry_fault(r, fault);
		return NULL;
	}
	r->statements[i].sql = sql;
	return r->statements[i].st;
}

void
statement_str(sqlite3_stmt *st, int i, struct str s)
{
	sqlite3_bind_text64(st, i, s.p ? s.p : "", s.n, SQLITE_STATIC,
	    SQLITE_UTF8);
}

void
statement_end(sqlite3_stmt *st)
{
	sqlite3_reset(st);
}

int
statement_step(struct registry *r, sqlite3_stmt *st, struct fault *fault)
{
	int code = sqlite3_step(st);

	if (code == SQLITE_ROW)
		return 1;
	if (code != SQLITE_DONE)
		registry_fault(r, fault);
	sqlite3_reset(st);
	return code == SQLITE_DONE ? 0 : -1;
}

int
statement_run(struct registry *r, sqlite3_stmt *st, struct fault *fault)
{
	return statement_step(r, st, fault) < 0 ? -1 : sqlite3_changes(r->db);
}

struct str
statement_column(sqlite3_stmt *st, int i)
{
	const void *p = sqlite3_column_blob(st, i);

	return (struct str){ p, (size_t)sqlite3_column_bytes(st, i) };
}

static int
execute(struct registry *r, const char *sql, struct fault *fault)
{
	if (sqlite3_exec(r->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return registry_fault(r, fault);
	return 0;
}

/* the number that a statement gives, for pragmas */
static int
number(struct registry *r, const char *sql, sqlite3_int64 *out,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, sql, fault);
	int got;

	if (st == NULL || (got = statement_step(r, st, fault)) < 0)
		return -1;
	*out = got > 0 ? sqlite3_column_int64(st, 0) : 0;
	statement_end(st);
	return 0;
}

/* ---- transactions ---- */

/* a statement without values or rows */
static int
statement_run_alone(struct registry *r, const char *sql,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, sql, fault);

	return st == NULL || statement_step(r, st, fault) < 0 ? -1 : 0;
}

static int
asked_to_stop(void *arg)
{
	struct registry *r = arg;

	return r->stop(r->stop_arg);
}

void
registry_watch(struct registry *r, bool (*stop)(void *), void *arg)
{
	r->stop = stop;
	r->stop_arg = arg;
	sqlite3_progress_handler(r->db, WATCH_STEPS,
	    stop != NULL ? asked_to_stop : NULL, r);
}

void
registry_patience(struct registry *r, int ms)
{
	sqlite3_busy_timeout(r->db, ms);
}

/* SQLite: shall it be tried again, after so many times? */
static int
wait_more(void *arg, int tries)
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
	sqlite3_busy_handler(r->db, wait_more, r);
}

int
registry_begin(struct registry *r, struct fault *fault)
{
	/* immediate: a change that begins by reading can't fail half way
	 * because another one came between */
	names_forget(&r->names);
	return statement_run_alone(r, "BEGIN IMMEDIATE", fault);
}

/* the pages of one that was large */
static void
give_back(struct registry *r)
{
	int used, highest;

	if (sqlite3_db_status(r->db, SQLITE_DBSTATUS_CACHE_USED, &used,
	    &highest, 0) == SQLITE_OK && used > CACHE_KEPT)
		sqlite3_db_release_memory(r->db);
}

int
registry_commit(struct registry *r, struct fault *fault)
{
	if (names_write(r, fault) < 0 ||
	    statement_run_alone(r, "COMMIT", fault) < 0)
		return -1;
	give_back(r);
	return 0;
}

void
registry_rollback(struct registry *r)
{
	if (!sqlite3_get_autocommit(r->db))
		sqlite3_exec(r->db, "ROLLBACK", NULL, NULL, NULL);
	give_back(r);
	names_forget(&r->names);
}

int
registry_look(struct registry *r, struct fault *fault)
{
	return statement_run_alone(r, "BEGIN", fault);
}

void
registry_look_away(struct registry *r)
{
	struct fault ignored;

	if (!sqlite3_get_autocommit(r->db))
		statement_run_alone(r, "COMMIT", &ignored);
}

int
registry_probe(struct registry *r, struct fault *fault)
{
	return statement_run_alone(r,
	    "UPDATE meta SET value = value WHERE name = 'master'", fault);
}

int
registry_changed(struct registry *r)
{
	sqlite3_int64 version;
	struct fault fault;
	bool changed;

	if (number(r, "PRAGMA data_version", &version, &fault) < 0)
		return -1;
	changed = version != r->version;
	r->version = version;
	return changed;
}

bool
registry_replaced(const struct registry *r)
{
	struct stat st;

	return stat(r->path, &st) < 0 || st.st_ino != r->file.st_ino ||
	    st.st_dev != r->file.st_dev;
}

/* ---- opening ---- */

/*
 * SQLite would make the file with the umask's mode.  With O_EXCL it is not
 * there yet, so closing it can't drop a lock that this process holds on it
 * through another handle.
 */
static int
make_file(const struct registry *r, struct fault *fault)
{
	int fd = open(r->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int result = 0;

	if (fd < 0 && errno == EEXIST)
		return 0;
	/* SQLite gives the files beside it the owner that this one has */
	if (fd < 0 || file_own_as_parent(r->path, fd) < 0)
		result = fault_errno(fault, 0, "%s", r->path);
	if (fd >= 0)
		close(fd);
	return result;
}

static int
none(const struct registry *r, struct fault *fault)
{
	return fault_set(fault, EX_CONFIG, "no registry at %s; "
	    "'mfx-users create' makes one", r->path);
}

static int
open_file(struct registry *r, int flags, struct fault *fault)
{
	if (stat(r->path, &r->file) < 0)
		return errno == ENOENT ? none(r, fault) :
		    fault_errno(fault, 0, "%s", r->path);
	/* nobody asks how much memory SQLite has, so it need not count; and
	 * one thread at a time uses a handle */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (sqlite3_open_v2(r->path, &r->db, flags | SQLITE_OPEN_NOMUTEX,
	    NULL) != SQLITE_OK)
		return registry_fault(r, fault);
	sqlite3_busy_timeout(r->db, BUSY_MS);
	sqlite3_extended_result_codes(r->db, 1);
	if (rowset_attach(r->rowset, r->db) != SQLITE_OK)
		return registry_fault(r, fault);
	return execute(r, "PRAGMA foreign_keys = ON;"
	    "PRAGMA synchronous = FULL;"
	    "PRAGMA wal_autocheckpoint = 4000;"
	    "PRAGMA temp_store = MEMORY;"
	    "PRAGMA trusted_schema = OFF;", fault);
}

/* Who changes much at once writes each page once, when it has room for them;
 * it is given back by registry_commit. */
static int
set_cache(struct registry *r, struct fault *fault)
{
	return execute(r, "PRAGMA cache_size = -98304", fault);
}

/* the version of its schema, 0 for an empty file; -1 when it isn't ours */
static int
check_file(struct registry *r, struct fault *fault)
{
	sqlite3_int64 application, version, tables;

	/* as of one moment: another process may be about to set it up */
	if (execute(r, "BEGIN", fault) < 0 ||
	    number(r, "PRAGMA application_id", &application, fault) < 0 ||
	    number(r, "PRAGMA user_version", &version, fault) < 0 ||
	    number(r, "SELECT count(*) FROM sqlite_schema", &tables,
	    fault) < 0 || execute(r, "COMMIT", fault) < 0)
		return -1;
	if (application != SCHEMA_APPLICATION_ID &&
	    (application != 0 || tables != 0))
		return fault_set(fault, EX_CONFIG,
		    "%s: a database, but no registry", r->path);
	if (version > SCHEMA_VERSION)
		return fault_set(fault, EX_CONFIG, "%s: made by a newer "
		    "version (its schema is %lld, ours %d)", r->path,
		    (long long)version, SCHEMA_VERSION);
	return (int)version;
}

/* Ties the file to its master key: with another one no key of a thing
 * would be found, which would look as if all had been revoked. */
static int
check_keys(struct registry *r, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r,
	    "SELECT value FROM meta WHERE name = 'master'", fault);
	struct str mark;
	bool same;
	int got;

	if (st == NULL || (got = statement_step(r, st, fault)) < 0)
		return -1;
	mark = got ? statement_column(st, 0) : STR_NONE;
	same = mark.n == sizeof r->keys.mark &&
	    sodium_memcmp(mark.p, r->keys.mark, mark.n) == 0;
	statement_end(st);
	if (!same)
		return fault_set(fault, EX_CONFIG,
		    "%s/master.key: not the master key of this registry",
		    r->home);
	return 0;
}

static int
write_mark(struct registry *r, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r,
	    "INSERT OR IGNORE INTO meta VALUES('master', ?1)", fault);

	if (st == NULL)
		return -1;
	sqlite3_bind_blob(st, 1, r->keys.mark, sizeof r->keys.mark,
	    SQLITE_STATIC);
	return statement_run(r, st, fault);
}

static int
migrate(struct registry *r, int version, struct fault *fault)
{
	char pragma[128];

	if (registry_begin(r, fault) < 0)
		return -1;
	for (; version < SCHEMA_VERSION; version++)
		if (execute(r, schema_steps[version], fault) < 0)
			return -1;
	snprintf(pragma, sizeof pragma,
	    "PRAGMA application_id = %d; PRAGMA user_version = %d;",
	    SCHEMA_APPLICATION_ID, SCHEMA_VERSION);
	if (execute(r, pragma, fault) < 0 || write_mark(r, fault) < 0)
		return -1;
	return registry_commit(r, fault);
}

/*
 * Brings a new or old file to today's schema.  The lock is on the
 * directory, as SQLite's own do not cover the change to WAL; who waited for
 * it finds the work done.
 */
static int
set_up(struct registry *r, bool make, struct fault *fault)
{
	int dir = open(r->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int version, result = -1;

	if (dir < 0 || flock(dir, LOCK_EX) < 0) {
		fault_errno(fault, 0, "%s", r->home);
	} else if ((version = check_file(r, fault)) >= 0) {
		if (version == 0 && !make)
			result = none(r, fault);
		else if (version == SCHEMA_VERSION)
			result = keyring_load(&r->keys, r->home, false,
			    fault);
		else if (keyring_load(&r->keys, r->home, version == 0,
		    fault) == 0 &&
		    execute(r, "PRAGMA journal_mode = WAL", fault) == 0)
			result = migrate(r, version, fault);
		if (result == 0 && fsync(dir) < 0)
			result = fault_errno(fault, 0, "%s", r->home);
	}
	registry_rollback(r);
	if (dir >= 0)
		close(dir);
	return result;
}

static int
open_write(struct registry *r, bool make, struct fault *fault)
{
	int version;

	if (make && (dir_make(r->home, fault) < 0 || make_file(r, fault) < 0))
		return -1;
	if (open_file(r, SQLITE_OPEN_READWRITE, fault) < 0 ||
	    set_cache(r, fault) < 0 || (version = check_file(r, fault)) < 0)
		return -1;
	if (version < SCHEMA_VERSION ? set_up(r, make, fault) < 0 :
	    keyring_load(&r->keys, r->home, false, fault) < 0)
		return -1;
	return check_keys(r, fault);
}

/* The ordinary path first: it brings the file up to date, or says what is
 * wrong. */
static int
open_read(struct registry *r, struct fault *fault)
{
	struct registry *made;

	if (registry_open(&made, r->home, REGISTRY_WRITE, fault) < 0)
		return -1;
	r->keys = made->keys;
	registry_close(made);
	return open_file(r, SQLITE_OPEN_READONLY, fault);
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
	buf_init(&r->event, EVENT_MAX);
	buf_init(&r->names.notes, NAMES_MAX);
	r->rowset = memory_get(sizeof *r->rowset);
	rowset_init(r->rowset);
	if ((size_t)snprintf(r->path, sizeof r->path, "%s/registry.db",
	    r->home) >= sizeof r->path)
		result = fault_set(fault, EX_CONFIG, "%s: path too long",
		    r->home);
	else
		result = mode == REGISTRY_READ ? open_read(r, fault) :
		    open_write(r, mode == REGISTRY_MAKE, fault);
	if (result == 0 && registry_changed(r) < 0)
		result = registry_fault(r, fault);
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
	size_t i;

	if (r == NULL)
		return;
	for (i = 0; i < STATEMENTS_MAX; i++)
		sqlite3_finalize(r->statements[i].st);
	sqlite3_close(r->db);
	rowset_release(r->rowset);
	free(r->rowset);
	buf_release(&r->event);
	buf_release(&r->names.notes);
	keyring_wipe(&r->keys);
	free(r->home);
	free(r);
}
