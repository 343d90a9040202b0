/* SPDX-License-Identifier: Apache-2.0 */
/* One pool for all kinds of work: what is begun, and what has to wait. */
#include "net/thread_pool.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <time.h>

#include "api/work.h"
#include "tests/unit/unit.h"

enum { TASKS = 10, MANY = 2000 };

struct held {
	struct task task;
	char name;
	bool begun;		/* with `lock` */
};

static struct completions completions;
static struct held all[TASKS], many[MANY];
static sem_t begun, go;
static unsigned n_done;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char order[TASKS + 1];

static void
pool_done_one(struct task *t)
{
	order[n_done++ % TASKS] = ((struct held *)t)->name;
}

/* until it may end */
static void
pool_run_held(struct task *t)
{
	pthread_mutex_lock(&lock);
	((struct held *)t)->begun = true;
	pthread_mutex_unlock(&lock);
	sem_post(&begun);
	sem_wait(&go);
}

static void
pool_run_nothing(struct task *t)
{
	(void)t;
}

static bool
pool_is_begun(int i)
{
	bool is;

	pthread_mutex_lock(&lock);
	is = all[i].begun;
	pthread_mutex_unlock(&lock);
	return is;
}

static void
pool_await(unsigned n)
{
	struct pollfd p = { completions.told[0], POLLIN, 0 };

	while (n_done < n) {
		poll(&p, 1, -1);
		completions_run(&completions);
	}
}

static void
test_kinds(struct thread_pool *pool)
{
	static const struct { char name; enum pool_kind kind;
	    const char *user; } given[TASKS] = {
		{ 'a', POOL_PAGES, "ann" }, { 'b', POOL_PAGES, "ann" },
		{ 'c', POOL_PAGES, "ann" }, { 'd', POOL_PAGES, "bob" },
		{ 'e', POOL_EXPORTS, "ann" }, { 'f', POOL_EXPORTS, "bob" },
		{ 'g', POOL_PASSWORDS, NULL }, { 'h', POOL_PASSWORDS, NULL },
		{ 'i', POOL_PASSWORDS, NULL }, { 'j', POOL_STORES, NULL },
	};
	/* three pages of which two are one user's, an export, two passwords
	 * and a look at a store are at work */
	static const bool first[TASKS] = { true, true, false, true, true,
	    false, true, true, false, true };
	int i, wrong = 0;

	for (i = 0; i < TASKS; i++) {
		all[i] = (struct held){ { .run = pool_run_held,
		    .done = pool_done_one, .user = given[i].user },
		    given[i].name, false };
		CHECK(pool_add(pool, given[i].kind, &all[i].task));
	}
	for (i = 0; i < 7; i++)
		sem_wait(&begun);
	for (i = 0; i < TASKS; i++)
		wrong += pool_is_begun(i) != first[i];
	CHECK(wrong == 0);
	for (i = 0; i < TASKS; i++)
		sem_post(&go);
	pool_await(TASKS);
	CHECK(strlen(order) == TASKS);
	for (i = 0; i < 3; i++)
		sem_wait(&begun);
	CHECK(sem_trywait(&begun) < 0);
}

/* The end of one lets two begin: its user has a page less at work, and so has
 * its thing. */
static void
test_two(struct thread_pool *pool)
{
	static const struct { const char *user, *thing; } given[] = {
		{ "ann", "pump" }, { "ann", "valve" }, { "bob", "pump" }
	};
	struct timespec end;
	int i;

	n_done = 0;
	for (i = 0; i < 3; i++) {
		all[i] = (struct held){ { .run = pool_run_held,
		    .done = pool_done_one, .user = given[i].user,
		    .thing = given[i].thing }, (char)('a' + i), false };
		CHECK(pool_add(pool, POOL_PAGES, &all[i].task));
	}
	sem_wait(&begun);
	CHECK(pool_is_begun(0) && sem_trywait(&begun) < 0);
	sem_post(&go);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 60;
	CHECK(sem_timedwait(&begun, &end) == 0);
	CHECK(sem_timedwait(&begun, &end) == 0);
	sem_post(&go);
	sem_post(&go);
	pool_await(3);
}

static void
test_many(struct thread_pool *pool)
{
	int i;

	n_done = 0;
	for (i = 0; i < MANY; i++) {
		many[i] = (struct held){ { .run = pool_run_nothing,
		    .done = pool_done_one }, 'm', false };
		if (!pool_add(pool, i % POOL_KINDS, &many[i].task)) {
			/* as many as may are waiting */
			CHECK(i >= 4 * POOL_KINDS);
			if (i < 4 * POOL_KINDS)
				return;
			pool_await(n_done + 1);
			i--;
		}
	}
	pool_await(MANY);
	CHECK(n_done == MANY);
}

int
main(void)
{
	static const struct pool_limits limits[POOL_KINDS] = {
		[POOL_PASSWORDS] = { 2, 4, 0, 0 },
		[POOL_STORES] = { 1, 4, 0, 0 },
		[POOL_SIGNATURES] = { 1, 4, 0, 0 },
		[POOL_KEYS] = { 1, 4, 0, 0 },
		[POOL_FORWARDS] = { 1, 4, 0, 0 },
		[POOL_PAGES] = { 3, 4, 2, 0 },
		[POOL_EXPORTS] = { 1, 4, 0, 0 },
	};
	static const struct pool_limits narrow[POOL_KINDS] = {
		[POOL_PAGES] = { 3, 4, 1, 1 },
	};
	struct thread_pool *pool;
	struct fault fault;

	sem_init(&begun, 0, 0);
	sem_init(&go, 0, 0);
	CHECK(completions_open(&completions, &fault) == 0);
	CHECK(pool_open(&pool, limits, POOL_KINDS, &completions,
	    &fault) == 0);
	TEST("no kind waits for another, and a user has a part of one")
		test_kinds(pool);
	TEST("none is forgotten")
		test_many(pool);
	TEST("what is left at the end is done, and told") {
		n_done = 0;
		many[0].task.user = many[1].task.user = many[2].task.user =
		    "ann";
		CHECK(pool_add(pool, POOL_PAGES, &many[0].task));
		CHECK(pool_add(pool, POOL_PAGES, &many[1].task));
		CHECK(pool_add(pool, POOL_PAGES, &many[2].task));
		pool_close(pool);
		completions_run(&completions);
		CHECK(n_done == 3);
	}
	CHECK(pool_open(&pool, narrow, POOL_KINDS, &completions,
	    &fault) == 0);
	TEST("what one that ends has held up is begun, be it two")
		test_two(pool);
	pool_close(pool);
	completions_close(&completions);
	return unit_end();
}
