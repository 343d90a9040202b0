/* SPDX-License-Identifier: Apache-2.0 */
/* Owners take turns, whatever each of them has waiting. */
#include "api/fair_queue.h"

#include <poll.h>
#include <string.h>

#include "api/work.h"
#include "tests/unit/unit.h"

#define TASKS 12

struct named {
	struct task task;
	char name;
};

static struct fair_queue *queue;
static struct completions completions;
static char order[TASKS + 1];
static size_t n_done;

static void
run(struct task *t)
{
	(void)t;
}

static void
done(struct task *t)
{
	fair_queue_done(queue);
	order[n_done++] = ((struct named *)t)->name;
}

static bool
add(struct named *n, char name)
{
	const char owner[] = { name };

	*n = (struct named){ { .run = run, .done = done }, name };
	return fair_queue_add(queue, (struct str){ owner, 1 }, &n->task);
}

static void
wait_for(size_t n)
{
	struct pollfd p = { completions.told[0], POLLIN, 0 };

	while (n_done < n) {
		poll(&p, 1, -1);
		completions_run(&completions);
	}
}

static struct named all[TASKS];

static void
test_order(void)
{
	int i;

	/* the first goes at once, four of an owner wait */
	for (i = 0; i < 5; i++)
		CHECK(add(&all[i], 'a'));
	CHECK(!add(&all[5], 'a'));
	CHECK(add(&all[5], 'b') && add(&all[6], 'b') && add(&all[7], 'c'));
	CHECK(add(&all[8], 'd'));
	/* and eight of all */
	CHECK(!add(&all[9], 'e'));
	wait_for(9);
	CHECK(strcmp(order, "aabcdabaa") == 0);
}

static void
test_drop(void)
{
	int i;

	for (i = 0; i < 3; i++)
		CHECK(add(&all[i], 'a'));
	CHECK(fair_queue_drop(queue) == &all[1].task);
	CHECK(fair_queue_drop(queue) == &all[2].task);
	CHECK(fair_queue_drop(queue) == NULL);
	wait_for(10);
}

int
main(void)
{
	struct fault fault;
	struct thread_pool *pool;
	static const struct pool_limits limits[POOL_KINDS] = {
		[POOL_PASSWORDS] = { .at_once = 1, .most = 1 }
	};

	CHECK(completions_open(&completions, &fault) == 0);
	CHECK(pool_open(&pool, limits, POOL_KINDS, &completions,
	    &fault) == 0);
	queue = fair_queue_open(pool, POOL_PASSWORDS, 1, 4, 8);
	TEST("owners take turns, and each has a maximum, and all together")
		test_order();
	TEST("what waits can be taken back, and the rest comes to its end")
		test_drop();
	fair_queue_close(queue);
	pool_close(pool);
	completions_close(&completions);
	return unit_end();
}
