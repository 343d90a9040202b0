/* SPDX-License-Identifier: Apache-2.0 */
/* A reader's labels: each series has its own, also when there are far more
 * of them than are kept at once, and those of a text as long as a line. */
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "store/sqlite/labels.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/series.h"
#include "tests/unit/unit.h"

#define SERIES 40000	/* 2 MiB are for 16384 */
#define LONGEST ((size_t)1000 << 10)

static char home[] = "/tmp/mfx-labels.XXXXXX";
static struct fault fault;
static char unit[LONGEST];

/* The series with this number. */
static void
make(int64_t id, struct buf *text, struct route *route, struct record *r)
{
	size_t start = text->n;

	buf_printf(text, "dev:%0*lld", (int)(id % 150), (long long)id);
	*route = (struct route){ .channel = STR("c"), .protocol = STR("p"),
	    .publisher = id % 2 ? STR("t1") : STR("t2") };
	*r = (struct record){ .name = { text->p + start, text->n - start },
	    .kind = id % 3 ? VALUE_NUMBER : VALUE_DATA, .version = 10,
	    .ct = id % 3 ? STR_NONE : STR("text/plain"),
	    .unit = id % 9999 == 0 ? (struct str){ unit, sizeof unit } :
	    STR("Cel") };
}

static void
fill(sqlite3 *db)
{
	struct sqlite_series series;
	struct route route;
	struct record record;
	struct buf text;
	int64_t id, got;

	buf_init(&text, 1024);
	CHECK(sqlite_series_open(&series, db, &fault) == 0);
	CHECK(db_exec(db, "BEGIN", &fault) == 0);
	for (id = 1; id <= SERIES; id++) {
		buf_clear(&text);
		make(id, &text, &route, &record);
		got = id;
		CHECK(sqlite_series_get(&series, &route, &record, &got) ==
		    SQLITE_OK && got == id);
	}
	CHECK(db_exec(db, "COMMIT", &fault) == 0);
	sqlite_series_close(&series);
	buf_release(&text);
}

static void
check(struct sqlite_labels *labels, int64_t id)
{
	struct route route, want_route;
	struct record got, want;
	struct buf text;

	buf_init(&text, 1024);
	make(id, &text, &want_route, &want);
	CHECK(sqlite_labels_get(labels, id, &route, &got) == SQLITE_OK);
	CHECK(str_eq(route.channel, want_route.channel));
	CHECK(str_eq(route.publisher, want_route.publisher));
	CHECK(str_eq(route.protocol, want_route.protocol));
	CHECK(route.subtopic.n == 0 && !route.has_seq);
	CHECK(str_eq(got.name, want.name) && str_eq(got.unit, want.unit));
	CHECK(str_eq(got.ct, want.ct) && (got.ct.p == NULL) ==
	    (want.ct.p == NULL));
	CHECK(got.kind == want.kind && got.version == want.version);
	CHECK(got.value.p == NULL && got.time.ns == 0);
	buf_release(&text);
}

static void
test_labels(sqlite3 *db, size_t max)
{
	struct sqlite_labels labels;
	struct route route;
	struct record record;
	int64_t id;

	CHECK(sqlite_labels_open(&labels, db, max, &fault) == 0);
	for (id = 1; id <= SERIES; id++) {
		check(&labels, id);
		check(&labels, 1 + id * 7919 % SERIES);
	}
	CHECK(sqlite_labels_get(&labels, SERIES + 1, &route, &record) ==
	    SQLITE_CORRUPT);
	CHECK(sqlite_labels_get(&labels, -1, &route, &record) ==
	    SQLITE_CORRUPT);
	check(&labels, 1);
	sqlite_labels_close(&labels);
}

int
main(void)
{
	char path[64];
	struct db db;

	memset(unit, 'u', sizeof unit);
	if (mkdtemp(home) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/m.db", home);
	CHECK(db_open(&db, path, DB_MAKE, &sqlite_kind, NULL, &fault) == 0);
	fill(db.sql);
	TEST("labels of 40,000 series, with the least memory")
		test_labels(db.sql, SQLITE_LABELS_MIN);
	TEST("labels of 40,000 series, with 16 times as much")
		test_labels(db.sql, SQLITE_LABELS_MIN * 16);
	db_close(&db);
	unlink(path);
	CHECK(rmdir(home) == 0);
	return unit_end();
}
