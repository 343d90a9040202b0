/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "store/sqlite/series.h"

#define APPLICATION_ID 0x6d667873	/* "mfxs" */
#define VERSION 3	/* 2 was never released */
#define BUSY_MS 5000

/*
 * Labels stand once, in what sqlite_series.h has; a reading is a row of
 * numbers.  A table WITHOUT ROWID is its own index: against one with an
 * index beside it, it takes 60 % of the space and no more time to fill.
 * nth tells readings of one series and time apart.
 */
static const char sqlite_schema[] =
    "CREATE TABLE readings (\n"
    "  series INTEGER NOT NULL,\n"	/* series_keys.id */
    "  time INTEGER NOT NULL,\n"	/* ns since 1970 */
    "  nth INTEGER NOT NULL,\n"
    "  value,\n"
    "  sum,\n"
    "  update_time,\n"			/* seconds, as SenML's ut */
    "  PRIMARY KEY (series, time, nth)\n"
    ") WITHOUT ROWID;\n"
    "CREATE TABLE progress (\n"
    "  source TEXT PRIMARY KEY,\n"	/* STREAM/GROUP */
    "  seq INTEGER NOT NULL,\n"		/* struct progress */
    "  open_seq INTEGER NOT NULL DEFAULT 0,\n"
    "  part INTEGER NOT NULL DEFAULT 0\n"
    ") WITHOUT ROWID;\n";

/* A text from its last piece, `alias`.text, on: nearly all have just it. */
#define WHOLE_TEXT(alias) \
    "CASE " alias ".parent WHEN 0 THEN " alias ".text ELSE (" \
    "SELECT group_concat(text, '') FROM (WITH RECURSIVE" \
    " piece (parent, text, depth) AS (" \
    "SELECT " alias ".parent, " alias ".text, 0 UNION ALL" \
    " SELECT x.parent, x.text, depth + 1 FROM piece" \
    " JOIN texts x ON x.id = piece.parent WHERE piece.parent <> 0)" \
    " SELECT text FROM piece ORDER BY depth DESC)) END"

const char sqlite_schema_series[] =
    "CREATE TABLE routes (\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  channel TEXT NOT NULL,\n"
    "  publisher TEXT NOT NULL,\n"
    "  protocol TEXT NOT NULL,\n"
    "  subtopic TEXT NOT NULL,\n"
    "  UNIQUE (channel, publisher, subtopic, protocol)\n"
    ");\n"
    "CREATE TABLE texts (\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  parent INTEGER NOT NULL,\n"	/* the piece before it, or 0 */
    "  text TEXT NOT NULL,\n"
    "  UNIQUE (parent, text)\n"
    ");\n"
    "INSERT INTO texts VALUES (0, 0, '');\n"
    "CREATE TABLE series_keys (\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  route INTEGER NOT NULL,\n"
    "  name INTEGER NOT NULL,\n"	/* these three: texts.id */
    "  unit INTEGER NOT NULL,\n"
    "  content_type INTEGER NOT NULL,\n"	/* of data */
    "  kind INTEGER NOT NULL,\n"	/* of value: sqlite_kinds */
    "  version INTEGER NOT NULL,\n"	/* bver */
    "  UNIQUE (route, name, unit, content_type, kind, version)\n"
    ");\n"
    "CREATE VIEW series AS SELECT\n"
    "  k.id, s.channel, s.publisher, s.protocol, s.subtopic,\n"
    "  " WHOLE_TEXT("n") " AS name,\n"
    "  " WHOLE_TEXT("u") " AS unit,\n"
    "  CASE k.kind WHEN 0 THEN 'none' WHEN 1 THEN 'number'\n"
    "    WHEN 2 THEN 'string' WHEN 3 THEN 'bool' ELSE 'data' END AS kind,\n"
    "  " WHOLE_TEXT("c") " AS content_type,\n"
    "  k.version\n"
    "FROM routes s JOIN series_keys k ON k.route = s.id\n"
    "  JOIN texts n ON n.id = k.name JOIN texts u ON u.id = k.unit\n"
    "  JOIN texts c ON c.id = k.content_type;\n"
    "CREATE VIEW messages AS SELECT\n"
    "  s.channel, nullif(s.subtopic, '') AS subtopic, s.publisher,\n"
    "  s.protocol, s.name, nullif(s.unit, '') AS unit,\n"
    "  r.time / 1e9 AS time, r.time AS time_ns,\n"
    "  CASE s.kind WHEN 'number' THEN r.value END AS value,\n"
    "  CASE s.kind WHEN 'string' THEN r.value END AS string_value,\n"
    "  CASE s.kind WHEN 'bool' THEN r.value END AS bool_value,\n"
    "  CASE s.kind WHEN 'data' THEN r.value END AS data_value,\n"
    "  nullif(s.content_type, '') AS content_type,\n"
    "  r.sum, r.update_time\n"
    "FROM readings r JOIN series s ON s.id = r.series;\n";

const char *const sqlite_kinds[5] = {
	"none", "number", "string", "bool", "data"
};

int
sqlite_db_fault(sqlite3 *db, int rc, struct fault *fault)
{
	const char *path = sqlite3_db_filename(db, "main");
	int status = EX_IOERR;

	switch (rc & 0xff) {
	case SQLITE_FULL:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_INTERRUPT:
		status = EX_TEMPFAIL;
		break;
	case SQLITE_NOMEM:
		status = EX_OSERR;
		break;
	case SQLITE_NOTADB:
		status = EX_CONFIG;
		break;
	/* the file itself could be opened, but not what is beside it */
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_READONLY:
		status = EX_NOPERM;
		break;
	case SQLITE_INTERNAL:
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
	case SQLITE_ERROR:
		status = EX_SOFTWARE;
		break;
	}
	return fault_set(fault, status, "%s: %s", path ? path : "sqlite",
	    sqlite3_errcode(db) == rc ? sqlite3_errmsg(db) :
	    sqlite3_errstr(rc));
}

int
sqlite_db_run(sqlite3 *db, const char *sql, struct fault *fault)
{
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : sqlite_db_fault(db, rc, fault);
}

int
sqlite_db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **stmt,
    struct fault *fault)
{
	int rc = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT,
	    stmt, NULL);

	return rc == SQLITE_OK ? 0 : sqlite_db_fault(db, rc, fault);
}

static int
ask_number(sqlite3 *db, const char *sql, int64_t *out, struct fault *fault)
{
	sqlite3_stmt *stmt;
	int rc;

	if (sqlite_db_prepare(db, sql, &stmt, fault) < 0)
		return -1;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(stmt, 0);
	else
		sqlite_db_fault(db, rc, fault);
	sqlite3_finalize(stmt);
	return rc == SQLITE_ROW ? 0 : -1;
}

/* its version, 0: it is new, -1: neither; asked in one transaction, as
 * another writer may be making it */
static int
whose(sqlite3 *db, const char *path, struct fault *fault)
{
	int64_t id, version, things;

	if (ask_number(db, "PRAGMA application_id", &id, fault) < 0 ||
	    ask_number(db, "PRAGMA user_version", &version, fault) < 0 ||
	    ask_number(db, "SELECT count(*) FROM sqlite_schema", &things,
	    fault) < 0)
		return -1;
	if (id == 0 && version == 0 && things == 0)
		return 0;
	if (id != APPLICATION_ID)
		return fault_set(fault, EX_CONFIG,
		    "%s: a database of another application", path);
	if (version != 1 && version != VERSION)
		return fault_set(fault, EX_CONFIG,
		    "%s: made by another version (%lld)", path,
		    (long long)version);
	return (int)version;
}

static int
whose_now(sqlite3 *db, const char *path, struct fault *fault)
{
	int is;

	if (sqlite_db_run(db, "BEGIN", fault) < 0)
		return -1;
	is = whose(db, path, fault);
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return is;
}

/* From version 1. */
static int
migrate(sqlite3 *db, struct fault *fault)
{
	if (sqlite_db_run(db,
	    "ALTER TABLE progress ADD open_seq INTEGER NOT NULL DEFAULT 0;"
	    "ALTER TABLE progress ADD part INTEGER NOT NULL DEFAULT 0",
	    fault) < 0)
		return -1;
	return sqlite_series_migrate(db, fault);
}

/* All tables of a new file; those of an older version become ours. */
static int
make_ours(sqlite3 *db, int version, struct fault *fault)
{
	char sql[96];

	if (version == 0) {
		if (sqlite_db_run(db, sqlite_schema, fault) < 0 ||
		    sqlite_db_run(db, sqlite_schema_series, fault) < 0)
			return -1;
	} else if (migrate(db, fault) < 0) {
		return -1;
	}
	snprintf(sql, sizeof sql, "PRAGMA application_id = %d;"
	    "PRAGMA user_version = %d", APPLICATION_ID, VERSION);
	return sqlite_db_run(db, sql, fault);
}

static int
make_tables(sqlite3 *db, const char *path, struct fault *fault)
{
	int is;

	if (sqlite_db_run(db, "BEGIN IMMEDIATE", fault) < 0)
		return -1;
	/* another writer may have come first */
	is = whose(db, path, fault);
	if (is < 0 || (is < VERSION && make_ours(db, is, fault) < 0) ||
	    sqlite_db_run(db, "COMMIT", fault) < 0) {
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
		return -1;
	}
	return 0;
}

/* The file to be made by one writer.  The lock is on its directory, as
 * SQLite's own do not cover the change to WAL; who waited finds it done. */
static int
set_up(sqlite3 *db, const char *path, struct fault *fault)
{
	char *home = memory_strdup(path), *slash = strrchr(home, '/');
	int fd, r;

	if (slash != NULL)
		slash[1] = '\0';
	fd = open(slash ? home : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(home);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		r = fault_errno(fault, EX_IOERR, "%s", path);
	else if ((r = sqlite_db_run(db, "PRAGMA journal_mode = WAL",
	    fault)) == 0)
		r = make_tables(db, path, fault);
	if (fd >= 0)
		close(fd);
	return r;
}

static int
check(sqlite3 *db, const char *path, bool writer, struct fault *fault)
{
	int is;

	sqlite3_busy_timeout(db, BUSY_MS);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
	if ((is = whose_now(db, path, fault)) < 0)
		return -1;
	if (!writer)
		return is > 0 ? 0 : fault_set(fault, EX_CONFIG,
		    "%s: an empty file, no store", path);
	if (is < VERSION && set_up(db, path, fault) < 0)
		return -1;
	/* FULL: a commit is on disk before it is acknowledged.  A cache for
	 * the newest page of each of many series, and a log in which those
	 * change several times before they are copied to their place. */
	return sqlite_db_run(db, "PRAGMA journal_mode = WAL;"
	    "PRAGMA synchronous = FULL; PRAGMA cache_size = -32000;"
	    "PRAGMA wal_autocheckpoint = 8000", fault);
}

/* What open(2) says is better than SQLite's "unable to open", and it gives
 * the file its mode. */
static int
look_at_file(const char *path, bool writer, struct fault *fault)
{
	int status = writer ? EX_CONFIG : EX_NOINPUT;
	int fd = writer ? file_open(path, O_RDWR) :
	    open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
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

int
sqlite_db_open(sqlite3 **db, const char *path, bool writer,
    struct fault *fault)
{
	size_t n = strlen(path) + 3;
	char *plain;
	int rc;

	if (look_at_file(path, writer, fault) < 0)
		return -1;
	/* nobody asks how much memory SQLite has, so it need not count */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	/* no name is special: not ":memory:", not "file:" */
	plain = memory_get(n);
	snprintf(plain, n, "%s%s", path[0] == '/' ? "" : "./", path);
	rc = sqlite3_open_v2(plain, db,
	    (writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
	    SQLITE_OPEN_NOMUTEX, NULL);
	free(plain);
	if (rc != SQLITE_OK)
		sqlite_db_fault(*db, rc, fault);
	else if (check(*db, path, writer, fault) == 0)
		return 0;
	sqlite3_close(*db);
	*db = NULL;
	return -1;
}
