/* SPDX-License-Identifier: Apache-2.0 */
#include "backup/database.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "sqlite/db.h"

#define BUSY_MS 30000
/* fileformat2.html, "The Database Header"; and of os_unix.c the bytes that all
 * who have a file open hold a shared lock on, with a WAL for as long as it is
 * open */
#define MAGIC "SQLite format 3"
#define SHARED_FIRST 0x40000002
#define SHARED_BYTES 510
/* of our stores, store/sqlite */
#define STORE_ID 0x6d667873

bool
database_is(int fd)
{
	char head[sizeof MAGIC];

	return pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head &&
	    memcmp(head, MAGIC, sizeof head) == 0;
}

static int
database_open(sqlite3 **sql, const char *path, int flags, struct fault *fault)
{
	int code = sqlite3_open_v2(path, sql, flags | SQLITE_OPEN_NOMUTEX,
	    NULL);

	if (code != SQLITE_OK) {
		db_fault(*sql, code, fault);
		sqlite3_close(*sql);
		*sql = NULL;
		return -1;
	}
	sqlite3_busy_timeout(*sql, BUSY_MS);
	sqlite3_db_config(*sql, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
	sqlite3_db_config(*sql, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0,
	    (int *)NULL);
	return 0;
}

/* ---- copies ---- */

static int
database_run_copy(sqlite3 *from, sqlite3 *to, struct fault *fault)
{
	sqlite3_backup *b;
	int code;

	/* nobody else has it, and it is synced when it is whole */
	if (db_exec(to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
	    "PRAGMA locking_mode = EXCLUSIVE", fault) < 0)
		return -1;
	if ((b = sqlite3_backup_init(to, "main", from, "main")) == NULL)
		return db_fault(to, sqlite3_errcode(to), fault);
	do
		code = sqlite3_backup_step(b, -1);
	while (code == SQLITE_OK);
	sqlite3_backup_finish(b);
	return code == SQLITE_DONE ? 0 :
	    db_fault(code == SQLITE_BUSY ? from : to, code, fault);
}

static int
database_copy_to(sqlite3 *from, const char *to, struct fault *fault)
{
	sqlite3 *sql;
	int fd = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), r;

	if (fd < 0)
		return fault_errno(fault, 0, "%s", to);
	r = file_own_as_parent(to, fd) < 0 ? fault_errno(fault, 0, "%s", to) :
	    0;
	close(fd);
	if (r == 0 && (r = database_open(&sql, to, SQLITE_OPEN_READWRITE,
	    fault)) == 0) {
		r = database_run_copy(from, sql, fault);
		sqlite3_close(sql);
	}
	if (r < 0)
		unlink(to);
	return r;
}

struct database_hold {
	sqlite3 *writer, *reader;
};

int
database_hold(struct database_hold **out, const char *path,
    struct fault *fault)
{
	struct database_hold *h = memory_zero(1, sizeof *h);

	/* the reader's view begins with its first SELECT */
	if (database_open(&h->writer, path, SQLITE_OPEN_READWRITE, fault) < 0 ||
	    database_open(&h->reader, path, SQLITE_OPEN_READWRITE, fault) < 0 ||
	    db_exec(h->writer, "BEGIN IMMEDIATE", fault) < 0 ||
	    db_exec(h->reader, "BEGIN; SELECT count(*) FROM sqlite_schema",
	    fault) < 0) {
		database_hold_end(h);
		return -1;
	}
	*out = h;
	return 0;
}

int
database_hold_free(struct database_hold *h, struct fault *fault)
{
	return db_exec(h->writer, "ROLLBACK", fault);
}

int
database_hold_copy(struct database_hold *h, const char *to,
    struct fault *fault)
{
	return database_copy_to(h->reader, to, fault);
}

void
database_hold_end(struct database_hold *h)
{
	if (h == NULL)
		return;
	sqlite3_close(h->reader);
	sqlite3_close(h->writer);
	free(h);
}

int
database_in_use(int fd, pid_t *pid)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET,
		.l_start = SHARED_FIRST, .l_len = SHARED_BYTES
	};

	if (fcntl(fd, F_GETLK, &lock) < 0)
		return -1;
	*pid = lock.l_pid;
	return lock.l_type != F_UNLCK;
}

/* ---- positions ---- */

const struct database_position *
database_position_find(const struct database_positions *p, const char *source)
{
	const struct database_position *best = NULL;
	size_t i;

	for (i = 0; i < p->n; i++)
		if (strcmp(p->v[i].source, source) == 0 &&
		    (best == NULL || p->v[i].seq > best->seq))
			best = &p->v[i];
	return best;
}

static void
database_add_row(struct database_positions *p, sqlite3_stmt *st,
    const char *store)
{
	struct database_position *x;
	const unsigned char *source = sqlite3_column_text(st, 0);
	int64_t seq = sqlite3_column_int64(st, 1);

	if (source == NULL || seq < 0 ||
	    strlen((const char *)source) >= sizeof x->source)
		return;
	if ((p->n & (p->n - 1)) == 0)
		p->v = memory_resize(p->v, (p->n ? 2 * p->n : 1) *
		    sizeof *p->v);
	x = &p->v[p->n++];
	*x = (struct database_position){
		.seq = (uint64_t)seq, .store = memory_strdup(store)
	};
	snprintf(x->source, sizeof x->source, "%s", (const char *)source);
}

static int
database_add_rows(struct database_positions *p, sqlite3 *sql,
    const char *store, struct fault *fault)
{
	sqlite3_stmt *st;
	int code;

	if (db_prepare(sql, "SELECT source, seq FROM progress", &st, fault) < 0)
		return -1;
	while ((code = sqlite3_step(st)) == SQLITE_ROW)
		database_add_row(p, st, store);
	sqlite3_finalize(st);
	return code == SQLITE_DONE ? 0 : db_fault(sql, code, fault);
}

static bool
database_is_store(sqlite3 *sql)
{
	sqlite3_stmt *st;
	bool is = false;

	if (sqlite3_prepare_v2(sql, "PRAGMA application_id", -1, &st,
	    NULL) == SQLITE_OK) {
		is = sqlite3_step(st) == SQLITE_ROW &&
		    sqlite3_column_int(st, 0) == STORE_ID;
		sqlite3_finalize(st);
	}
	return is;
}

/* positions and pages are of one transaction */
int
database_copy(const char *path, const char *to,
    struct database_positions *positions, const char *store,
    struct fault *fault)
{
	sqlite3 *sql;
	int r;

	if (database_open(&sql, path, SQLITE_OPEN_READONLY, fault) < 0)
		return -1;
	r = db_exec(sql, "BEGIN", fault);
	if (r == 0 && database_is_store(sql))
		r = database_add_rows(positions, sql, store, fault);
	if (r == 0)
		r = database_copy_to(sql, to, fault);
	sqlite3_close(sql);
	return r;
}

/* "file:" and the path as a URI */
static char *
database_uri(const char *path)
{
	static const char more[] = "?immutable=1";
	char *uri = memory_get(3 * strlen(path) + sizeof "file:" +
	    sizeof more), *to = uri;

	to += snprintf(to, sizeof "file:", "file:");
	for (; *path != '\0'; path++)
		if (*path == '?' || *path == '#' || *path == '%')
			to += snprintf(to, 4, "%%%02X",
			    (unsigned)(unsigned char)*path);
		else
			*to++ = *path;
	memcpy(to, more, sizeof more);
	return uri;
}

int
database_positions_of(struct database_positions *p, const char *path,
    const char *store, struct fault *fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;
	sqlite3 *sql;
	char *uri;
	bool is = fd >= 0 && database_is(fd);

	if (fd >= 0)
		close(fd);
	if (!is)
		return 0;
	uri = database_uri(path);
	r = database_open(&sql, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
	    fault);
	free(uri);
	if (r == 0 && database_is_store(sql))
		r = database_add_rows(p, sql, store, fault);
	if (sql != NULL)
		sqlite3_close(sql);
	return r;
}

void
database_positions_release(struct database_positions *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		free(p->v[i].store);
	free(p->v);
	*p = (struct database_positions){ .n = 0 };
}
