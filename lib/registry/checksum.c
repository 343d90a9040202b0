/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checksum.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/file.h"
#include "registry/log.h"
#include "registry/registry.h"
#include "registry/statement.h"

/* ---- checksums ---- */

static void
checksum_text(struct checksum_table *t, const unsigned char *hash, size_t n)
{
	*base64_write(t->text, (struct str){ (const char *)hash, n }) = '\0';
}

/* a column, so that no two rows give the same bytes */
static void
checksum_add(crypto_generichash_state *h, sqlite3_stmt *st, int column)
{
	struct str s = db_column(st, column);
	char head[32];
	int n = snprintf(head, sizeof head, "%d:%zu:",
	    sqlite3_column_type(st, column), s.n);

	crypto_generichash_update(h, (const unsigned char *)head, (size_t)n);
	if (s.n > 0)
		crypto_generichash_update(h, (const unsigned char *)s.p, s.n);
}

static int
checksum_rows(struct registry *r, struct checksum_table *t, const char *sql,
    struct fault *fault)
{
	unsigned char hash[ENTRY_HASH_BYTES];
	crypto_generichash_state h;
	sqlite3_stmt *st;
	int got, i;

	if (db_prepare(r->db.sql, sql, &st, fault) < 0)
		return -1;
	crypto_generichash_init(&h, NULL, 0, sizeof hash);
	while ((got = db_step(&r->db, st, fault)) > 0) {
		t->rows++;
		for (i = 0; i < sqlite3_column_count(st); i++)
			checksum_add(&h, st, i);
	}
	sqlite3_finalize(st);
	crypto_generichash_final(&h, hash, sizeof hash);
	checksum_text(t, hash, sizeof hash);
	return got;
}

static struct checksum_table *
checksum_new(struct checksum *c, const char *name, struct fault *fault)
{
	struct checksum_table *t = &c->tables[c->n];

	if (c->n == CHECKSUM_TABLES || strlen(name) >= sizeof t->name) {
		fault_set(fault, EX_SOFTWARE, "too many tables");
		return NULL;
	}
	c->n++;
	memset(t, 0, sizeof *t);
	snprintf(t->name, sizeof t->name, "%s", name);
	return t;
}

static int
checksum_log(struct registry *r, struct checksum *c, struct fault *fault)
{
	struct log_state s;
	struct checksum_table *t;
	int got = log_state_get(r, &s, fault);

	if (got <= 0)
		return got;
	if ((t = checksum_new(c, "log", fault)) == NULL)
		return -1;
	t->rows = (uint64_t)s.entry;
	checksum_text(t, s.head, sizeof s.head);
	return 0;
}

/* what is of one machine alone is left out */
static int
checksum_tables(struct registry *r, struct checksum *c, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "SELECT name, (SELECT"
	    " group_concat(name) FROM (SELECT name FROM"
	    " pragma_table_info(l.name) WHERE pk > 0 ORDER BY pk))"
	    " FROM pragma_table_list l WHERE schema = 'main'"
	    " AND type = 'table' AND name NOT IN ('meta', 'named', 'log')"
	    " AND name NOT LIKE 'sqlite%' ORDER BY name", fault);
	struct checksum_table *t;
	char sql[256];
	int got;

	while ((got = statement_step(r, st, fault)) > 0) {
		snprintf(sql, sizeof sql, "SELECT * FROM %.*s ORDER BY %.*s",
		    STR_ARG(db_column(st, 0)), STR_ARG(db_column(st, 1)));
		t = checksum_new(c, (const char *)sqlite3_column_text(st, 0),
		    fault);
		if (t == NULL || checksum_rows(r, t, sql, fault) < 0) {
			db_reset(st);
			return -1;
		}
	}
	return got;
}

int
checksum_registry(struct registry *r, struct checksum *c, struct fault *fault)
{
	int result;

	c->n = 0;
	if (registry_read_begin(r, fault) < 0)
		return -1;
	result = checksum_log(r, c, fault) < 0 ||
	    checksum_tables(r, c, fault) < 0 ? -1 : 0;
	registry_read_end(r);
	return result;
}

bool
checksum_compare(const struct checksum *a, const struct checksum *b,
    struct fault *fault)
{
	const struct checksum_table *t = a->tables, *u = b->tables;
	int i;

	for (i = 0; i < a->n && i < b->n; i++, t++, u++) {
		if (strcmp(t->name, u->name) != 0)
			break;
		if (t->rows == u->rows && strcmp(t->text, u->text) == 0)
			continue;
		fault_set(fault, 1, "%s: not the same here and there (%" PRIu64
		    " and %" PRIu64 "%s)", t->name, t->rows, u->rows,
		    strcmp(t->name, "log") == 0 ? " entries" : " rows");
		return false;
	}
	if (a->n == b->n && i == a->n)
		return true;
	fault_set(fault, 1, "not the same tables");
	return false;
}

/* ---- snapshot ---- */

/* the copy has no name in the log */
static int
checksum_copy(struct registry *r, const char *temp, struct fault *fault)
{
	sqlite3_stmt *st;
	sqlite3 *copy;
	int result;

	if (db_prepare(r->db.sql, "VACUUM INTO ?1", &st, fault) < 0)
		return -1;
	db_bind_str(st, 1, str_z(temp));
	result = db_step(&r->db, st, fault);
	sqlite3_finalize(st);
	if (result < 0)
		return -1;
	result = sqlite3_open_v2(temp, &copy, SQLITE_OPEN_READWRITE, NULL);
	result = result != SQLITE_OK ? db_fault(copy, result, fault) :
	    db_exec(copy, "UPDATE log SET node = ''", fault);
	sqlite3_close(copy);
	return result;
}

static int
checksum_sync(const char *path, struct fault *fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return fault_errno(fault, 0, "%s", path);
	r = fsync(fd) < 0 ? fault_errno(fault, 0, "%s", path) : 0;
	close(fd);
	return r;
}

int
checksum_snapshot(struct registry *r, const char *path, struct fault *fault)
{
	char temp[PATH_MAX];
	int fd, result;

	if ((size_t)snprintf(temp, sizeof temp, "%s.new", path) >=
	    sizeof temp)
		return fault_set(fault, EX_USAGE, "%s: path too long", path);
	if (access(path, F_OK) == 0) {
		errno = EEXIST;
		return fault_errno(fault, EX_NOPERM, "%s", path);
	}
	unlink(temp);
	if ((fd = file_open(temp, O_RDWR)) < 0)
		return fault_errno(fault, 0, "%s", temp);
	close(fd);
	result = checksum_copy(r, temp, fault) < 0 ||
	    checksum_sync(temp, fault) < 0 ? -1 : 0;
	if (result == 0 && rename(temp, path) < 0)
		result = fault_errno(fault, 0, "%s", path);
	if (result < 0)
		unlink(temp);
	return result;
}
