/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/publish_queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

static unsigned written, refused;

static void
publish_queue_said(void *owner, bool done, void *arg)
{
	(void)owner;
	(void)arg;
	*(done ? &written : &refused) += 1;
}

static enum publish_taken
publish_queue_give(struct publish_queue *q, struct str thing, size_t n)
{
	static char bytes[1 << 20];
	struct route r = { .channel = STR("7"), .publisher = thing,
	    .protocol = STR("http") };

	return publish_queue_take(q, &r, (struct str){ bytes, n },
	    STR("application/octet-stream"), &written);
}

static void
test_budget(struct bus *bus)
{
	struct publish_queue q;
	struct budget *budget = malloc(sizeof *budget);
	struct publish_queue_options o = {
		.stream = "raw", .sync = BUS_SYNC_NONE, .bus = bus,
		.budget = budget, .answer = publish_queue_said
	};
	struct fault fault;
	unsigned n = 0;

	budget_init(budget, 1 << 20);
	CHECK(publish_queue_open(&q, &o, &fault) == 0);
	while (publish_queue_give(&q, STR("greedy"), 50000) == PUBLISH_TAKEN)
		n++;
	/* half of the budget, as what is not text takes a third more */
	CHECK(n == 8 && budget->refused == 1);
	CHECK(publish_queue_give(&q, STR("greedy"), 50000) == PUBLISH_AWAY);
	CHECK(publish_queue_give(&q, STR("modest"), 50000) == PUBLISH_TAKEN);
	CHECK(publish_queue_give(&q, STR("modest"), 800000) == PUBLISH_AWAY);
	CHECK(written == 0 && refused == 0 && budget->held > 8 * 50000);
	publish_queue_turn(&q);
	CHECK(written == n + 1 && refused == 0 && budget->held == 0);
	CHECK(publish_queue_give(&q, STR("greedy"), 50000) == PUBLISH_TAKEN);
	CHECK(publish_queue_give(&q, STR("modest"), 1 << 19) ==
	    PUBLISH_TAKEN);
	publish_queue_finish(&q);
	CHECK(written == n + 3 && budget->held == 0);
	publish_queue_close(&q);
	free(budget);
}

/* what a server is waited for with: here a commit does not wait */
static void
test_collected(struct bus *bus)
{
	struct publish_queue q;
	struct budget *budget = malloc(sizeof *budget);
	struct publish_queue_options o = {
		.stream = "raw", .sync = BUS_SYNC_NONE, .bus = bus,
		.budget = budget, .answer = publish_queue_said
	};
	struct fault fault;
	unsigned n = 0;
	size_t lines;

	written = refused = 0;
	budget_init(budget, 64 << 20);
	CHECK(publish_queue_open(&q, &o, &fault) == 0);
	q.collected = malloc(sizeof *q.collected);
	budget_init(q.collected, 1 << 20);
	while (publish_queue_give(&q, STR("greedy"), 50000) == PUBLISH_TAKEN)
		n++;
	lines = q.publisher.lines.n;
	CHECK(n == 8 && lines > 8 * 66000 && lines < 9 * 66000);
	CHECK(publish_queue_give(&q, STR("greedy"), 100000) == PUBLISH_AWAY);
	CHECK(q.publisher.lines.n == lines);
	CHECK(publish_queue_give(&q, STR("modest"), 50000) == PUBLISH_TAKEN);
	publish_queue_turn(&q);
	CHECK(written == n + 1 && refused == 0);
	CHECK(q.collected->held == 0 && budget->held == 0);
	/* there is as much room as before */
	while (publish_queue_give(&q, STR("greedy"), 50000) == PUBLISH_TAKEN)
		n--;
	CHECK(n == 0);
	publish_queue_finish(&q);
	publish_queue_close(&q);
	free(budget);
}

int
main(void)
{
	char dir[] = "/tmp/mfx-queue-XXXXXX", command[64];
	struct fault fault;
	struct bus *bus;

	if (mkdtemp(dir) == NULL)
		return 1;
	setenv("MFX_BUS", dir, 1);
	CHECK(bus_open(&bus, NULL, &fault) == 0);
	TEST("one thing can't take all that may wait")
		test_budget(bus);
	TEST("nor all that goes to a server next")
		test_collected(bus);
	bus_close(bus);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	CHECK(system(command) == 0);
	return unit_end();
}
