/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

/* Does not open the file, as closing it would drop the locks that this process
 * holds on it through another handle. */
static int
db_check_access(const char *path, enum db_mode mode)
{
	struct stat st;

	if (access(path, mode == DB_READ ? R_OK : R_OK | W_OK) < 0 ||
	    stat(path, &st) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode))
		return 0;
	errno = EISDIR;
	return -1;
}

/* The system's message is better than SQLite's "unable to open".  SQLite would
 * create the file with the mode of the umask; it gives the files beside it the
 * mode and the owner of this one. */
static int
db_check_path(const char *path, enum db_mode mode, struct fault *fault)
{
	int status = mode == DB_READ ? EX_NOINPUT : EX_CONFIG, fd;

	if (db_check_access(path, mode) == 0)
		return 0;
	if (mode == DB_MAKE && errno == ENOENT &&
	    (fd = file_open(path, O_RDWR)) >= 0) {
		close(fd);
		return 0;
	}
	if (errno == EACCES || errno == EPERM || errno == EROFS)
		status = EX_NOPERM;
	else if (errno == ENOSPC || errno == EDQUOT || errno == EMFILE ||
	    errno == ENFILE)
		status = EX_TEMPFAIL;
	return fault_errno(fault, status, "%s", path);
}

/* its version; 0: it is empty; -1: a fault */
static int
db_check_kind(struct db *db, const char *path, const struct db_kind *kind,
    struct fault *fault)
{
	int64_t id, version, tables;

	if (db_number(db, "PRAGMA application_id", &id, fault) < 0 ||
	    db_number(db, "PRAGMA user_version", &version, fault) < 0 ||
	    db_number(db, "SELECT count(*) FROM sqlite_schema", &tables,
	    fault) < 0)
		return -1;
	if (id == 0 && version == 0 && tables == 0)
		return 0;
	if (id != kind->application_id)
		return fault_set(fault, EX_CONFIG, "%s: not a %s, but a "
		    "database of another application", path, kind->name);
	if (version < 1 || version > kind->version)
		return fault_set(fault, EX_CONFIG, "%s: made by %s version "
		    "(its schema is %lld, ours %d)", path,
		    version < 1 ? "another" : "a newer", (long long)version,
		    kind->version);
	return (int)version;
}

/* the same, as of one moment: another process may be setting it up */
static int
db_check_file(struct db *db, const char *path, const struct db_kind *kind,
    struct fault *fault)
{
	struct fault ignored;
	int version;

	if (db_exec(db->sql, "BEGIN", fault) < 0)
		return -1;
	version = db_check_kind(db, path, kind, fault);
	/* a transaction that stays open would be noticed much later */
	if (db_exec(db->sql, "ROLLBACK", version < 0 ? &ignored : fault) < 0)
		return -1;
	return version;
}

static int
db_migrate(struct db *db, const char *path, const struct db_kind *kind,
    struct fault *fault)
{
	char sql[96];
	int version;

	if (db_exec(db->sql, "PRAGMA journal_mode = WAL;"
	    "BEGIN IMMEDIATE", fault) < 0)
		return -1;
	/* another process may have come first */
	version = db_check_kind(db, path, kind, fault);
	snprintf(sql, sizeof sql, "PRAGMA application_id = %d;"
	    "PRAGMA user_version = %d", kind->application_id, kind->version);
	if (version < 0 || (version < kind->version &&
	    (kind->migrate(db, version, fault) < 0 ||
	    db_exec(db->sql, sql, fault) < 0)) ||
	    db_exec(db->sql, "COMMIT", fault) < 0) {
		sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
		return -1;
	}
	return 0;
}

/* The lock is on the directory, as SQLite's own do not cover the change to
 * WAL; a process that waited for it finds the work done. */
static int
db_set_up(struct db *db, const char *path, const struct db_kind *kind,
    struct fault *fault)
{
	char *dir = memory_strdup(path), *slash = strrchr(dir, '/');
	int fd, result;

	if (slash != NULL)
		slash[1] = '\0';
	fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		result = fault_errno(fault, 0, "%s", path);
	else if ((result = db_migrate(db, path, kind, fault)) == 0 &&
	    fsync(fd) < 0)
		result = fault_errno(fault, 0, "%s", path);
	if (fd >= 0)
		close(fd);
	return result;
}

static int
db_open_handle(struct db *db, const char *path, enum db_mode mode,
    const struct db_kind *kind, struct fault *fault)
{
	size_t n = strlen(path) + 3;
	char *plain = memory_get(n);
	int code;

	/* nobody asks how much memory SQLite uses, so it need not count it */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	snprintf(plain, n, "%s%s", path[0] == '/' ? "" : "./", path);
	code = sqlite3_open_v2(plain, &db->sql, SQLITE_OPEN_NOMUTEX |
	    (mode == DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE),
	    NULL);
	free(plain);
	if (code != SQLITE_OK)
		return db_fault(db->sql, code, fault);
	sqlite3_busy_timeout(db->sql, kind->busy_ms);
	sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
	sqlite3_db_config(db->sql, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0,
	    (int *)NULL);
	return db_exec(db->sql, kind->pragmas, fault);
}

/* migrates a file that is too old to be read as it is */
static int
db_bring_up(const char *path, const struct db_kind *kind, void *arg,
    struct fault *fault)
{
	struct db db;

	if (db_open(&db, path, DB_WRITE, kind, arg, fault) < 0)
		return -1;
	db_close(&db);
	return 0;
}

static int
db_check_version(struct db *db, const char *path, enum db_mode mode,
    const struct db_kind *kind, struct fault *fault)
{
	int version = db_check_file(db, path, kind, fault);

	if (version < 0)
		return -1;
	if (version == 0 && mode != DB_MAKE)
		return fault_set(fault, EX_CONFIG, "no %s at %s%s",
		    kind->name, path, kind->hint);
	if (mode == DB_READ)
		return version >= kind->oldest_read ? 0 :
		    db_bring_up(path, kind, db->arg, fault);
	/* FULL: a commit is on disk before it is acknowledged */
	if ((version < kind->version && db_set_up(db, path, kind, fault) < 0) ||
	    db_exec(db->sql, "PRAGMA journal_mode = WAL;"
	    "PRAGMA synchronous = FULL", fault) < 0)
		return -1;
	return db_exec(db->sql, kind->write_pragmas, fault);
}

static const char db_rollback_sql[] = "ROLLBACK";

int
db_open(struct db *db, const char *path, enum db_mode mode,
    const struct db_kind *kind, void *arg, struct fault *fault)
{
	*db = (struct db){ .arg = arg };
	if (db_check_path(path, mode, fault) == 0 &&
	    db_open_handle(db, path, mode, kind, fault) == 0 &&
	    db_check_version(db, path, mode, kind, fault) == 0 &&
	    db_statement(db, db_rollback_sql, fault) != NULL)
		return 0;
	db_close(db);
	return -1;
}

static void
db_finalize_all(struct db *db)
{
	size_t i;

	for (i = 0; i < DB_STATEMENTS_MAX; i++)
		sqlite3_finalize(db->statements[i].st);
}

void
db_close(struct db *db)
{
	db_finalize_all(db);
	sqlite3_close(db->sql);
	*db = (struct db){ .sql = NULL };
}
void
db_rollback(struct db *db)
{
	struct fault ignored;
	sqlite3_stmt *st;

	if (sqlite3_get_autocommit(db->sql))
		return;
	st = db_statement(db, db_rollback_sql, &ignored);
	sqlite3_step(st);
	sqlite3_reset(st);
}

