/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_access: in a registry of 10,000 things, how long a decision
 * about access takes, and how many things one process creates one by one,
 * each on disk before the next.  Prints rows for tests/bench/registry.
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "registry/access.h"
#include "registry/item.h"

#define THINGS 10000
#define HOT 1000		/* that speak again and again */
#define ASKED 1000000
#define CREATED 1000

static struct registry *registry;
static struct user owner;
static struct fault fault;
static struct changes changes;
static char channel[ID_TEXT + 1];
static double times[ASKED];

static void
must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "registry_access: %s: %s\n", what, fault.text);
	exit(1);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
rank(double *v, size_t n, double part)
{
	qsort(v, n, sizeof *v, compare);
	return v[(size_t)((double)(n - 1) * part)];
}

static void
create(struct change *change)
{
	change_make_id(&changes, change);
	change_make_key(&changes, change);
	must(item_create(registry, ITEM_THING, &owner, change, &fault) == 0,
	    "thing");
}

static void
fill(void)
{
	struct change c = { .given = MEMBER_ID, .id = { channel, ID_TEXT } };
	int i;

	changes_init(&changes);
	must(registry_open(&registry, NULL, REGISTRY_MAKE, &fault) == 0,
	    "open");
	uuid_make(channel);
	must(registry_begin(registry, &fault) == 0, "begin");
	must(user_create(registry, STR("b@example.com"), "none", STR_NONE,
	    &owner, &fault) == 0, "user");
	must(item_create(registry, ITEM_CHANNEL, &owner, &c, &fault) == 0,
	    "channel");
	for (i = 0; i < THINGS; i++)
		create(changes_add(&changes));
	for (i = 0; i < THINGS; i++)
		must(item_connect(registry, &owner, c.id, changes.v[i].id, 0,
		    &fault) == 1, "connect");
	must(registry_commit(registry, &fault) == 0, "commit");
}

/* nanoseconds that reading the clock takes */
static double
clock_cost(void)
{
	size_t i;

	for (i = 0; i < 10000; i++) {
		double t = now();

		times[i] = now() - t;
	}
	return rank(times, 10000, 0.5);
}

/* as an adapter asks: a refresh, then the question */
static void
ask(struct access *a, size_t n, size_t among)
{
	struct str ch = { channel, ID_TEXT }, who;
	size_t i;

	for (i = 0; i < n; i++) {
		/* 7919 is prime: not in the order of creation */
		struct change *change = &changes.v[i * 7919 % among];
		double t = now();

		access_refresh(a);
		must(access_check(a, change->key, ch, DIRECTION_PUBLISH,
		    &who) == ACCESS_YES, "access");
		times[i] = now() - t;
	}
}

static void
bench_access(void)
{
	double first, cached, worst, cost = clock_cost();
	struct access *a;

	must(access_open(&a, NULL, &fault) == 0, "access");
	ask(a, THINGS, THINGS);
	first = rank(times, THINGS, 0.5) - cost;
	ask(a, ASKED, HOT);
	cached = rank(times, ASKED, 0.5) - cost;
	worst = rank(times, ASKED, 0.99) - cost;
	access_close(a);
	printf("access decision, cached\t%.0f\tns\tmedian; 99 %% under "
	    "%.0f ns; %.1f M/s\n", cached, worst, 1e3 / cached);
	printf("access decision, first time\t%.1f\tus\tmedian, from SQLite "
	    "with 10,000 things; %.0f times the cached one\n", first / 1e3,
	    first / cached);
}

/* a bare row in a transaction of its own, in the same kind of file */
static double
bare_rate(void)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	double begin;
	int i;

	must(sqlite3_open("bare.db", &db) == SQLITE_OK &&
	    sqlite3_exec(db, "PRAGMA journal_mode = WAL;"
	    "PRAGMA synchronous = FULL; CREATE TABLE t(x)", NULL, NULL,
	    NULL) == SQLITE_OK && sqlite3_prepare_v2(db,
	    "INSERT INTO t VALUES(?1)", -1, &st, NULL) == SQLITE_OK, "bare");
	begin = now();
	for (i = 0; i < CREATED; i++) {
		sqlite3_bind_int(st, 1, i);
		must(sqlite3_step(st) == SQLITE_DONE, "bare row");
		sqlite3_reset(st);
	}
	begin = CREATED / ((now() - begin) / 1e9);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return begin;
}

static void
bench_create(void)
{
	double begin = now(), ours, bare;
	int i;

	for (i = 0; i < CREATED; i++) {
		must(registry_begin(registry, &fault) == 0, "begin");
		create(changes_add(&changes));
		must(registry_commit(registry, &fault) == 0, "commit");
	}
	ours = CREATED / ((now() - begin) / 1e9);
	bare = bare_rate();
	printf("things one by one, durable\t%.0f\t/s\t%.2f of bare one-row "
	    "transactions on this disk (%.0f/s)\n", ours, ours / bare, bare);
}

int
main(void)
{
	fill();
	bench_access();
	bench_create();
	registry_close(registry);
	changes_release(&changes);
	return 0;
}
