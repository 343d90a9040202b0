/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that storing readings can cost: the lines of a file are read
 * and resolved first, into an array, and only the loop of prepared inserts
 * into the same tables, in transactions of the same size, is timed.
 *
 *	sqlite_bare BATCH LINES DATABASE	prints seconds
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/filter.h"
#include "base/memory.h"
#include "base/number.h"
#include "json/number.h"
#include "line/records.h"
#include "store/series.h"
#include "store/sqlite/schema.h"

struct row {
	int64_t series, time;
	double value;
};

static struct row *rows;
static size_t n, cap;
static struct series_cache cache;
static int64_t series;
static sqlite3 *db;

static void
run(const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "sqlite_bare: %s\n", sqlite3_errmsg(db));
		exit(1);
	}
}

static sqlite3_stmt *
prepare(const char *sql)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		exit(1);
	return s;
}

static void
keep(const struct route *route, const struct record *r, struct buf *key)
{
	int64_t id;

	if (n == cap) {
		cap = cap ? cap * 2 : 4096;
		rows = memory_resize(rows, cap * sizeof *rows);
	}
	series_key(key, route, r);
	if ((id = series_find(&cache, buf_str(key))) == 0)
		series_add(&cache, buf_str(key), id = ++series);
	rows[n++] = (struct row){ id, r->time.ns, number_value(r->value) };
}

static void
load(char **files)
{
	struct filter f;
	struct pack pack;
	struct route route;
	struct str line;
	struct buf key;
	size_t i;

	series_init(&cache);
	buf_init(&key, SERIES_KEY_MAX);
	pack_init(&pack);
	filter_init(&f, files, NULL, NULL);
	while (filter_next(&f, &line))
		if (pack_parse_line(&pack, line, (struct stamp){ 1 },
		    &route) == NULL)
			for (i = 0; i < pack.n; i++)
				keep(&route, &pack.records[i], &key);
}

static void
insert(size_t batch)
{
	sqlite3_stmt *s = prepare("INSERT INTO readings VALUES"
	    " (?1, ?2, 0, ?3, NULL, NULL)");
	size_t i;

	for (i = 0; i < n; i++) {
		if (i % batch == 0)
			run("BEGIN IMMEDIATE");
		sqlite3_bind_int64(s, 1, rows[i].series);
		sqlite3_bind_int64(s, 2, rows[i].time);
		sqlite3_bind_double(s, 3, rows[i].value);
		if (sqlite3_step(s) != SQLITE_DONE)
			exit(1);
		sqlite3_reset(s);
		if (i % batch == batch - 1 || i == n - 1)
			run("COMMIT");
	}
	sqlite3_finalize(s);
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	char *files[] = { argc == 4 ? argv[2] : NULL, NULL };
	struct db file;
	struct fault fault;
	int64_t batch;
	double start;

	if (argc != 4 || !number_parse(argv[1], 1, INT32_MAX, &batch))
		return 64;
	load(files);
	start = now();
	if (db_open(&file, argv[3], DB_MAKE, &sqlite_kind, NULL, &fault) < 0) {
		fprintf(stderr, "sqlite_bare: %s\n", fault.text);
		return 1;
	}
	db = file.sql;
	insert((size_t)batch);
	db_close(&file);
	printf("%.3f %zu %lld\n", now() - start, n, (long long)series);
	return 0;
}
