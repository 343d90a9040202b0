/* SPDX-License-Identifier: Apache-2.0 */
#include "base/budget.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

/* as much as it gets, in steps */
static size_t
budget_take_all(struct budget *b, uint64_t key, size_t step)
{
	size_t n = 0;

	while (budget_keep(b, key, step)) {
		budget_hold(b, step);
		n += step;
	}
	return n;
}

static void
test_one(void)
{
	struct budget *b = malloc(sizeof *b);
	uint64_t slow, other;

	budget_init(b, 1000000);
	slow = budget_key(b, STR("slow"));
	other = budget_key(b, STR("other"));
	CHECK(slow != other && slow == budget_key(b, STR("slow")));
	CHECK(budget_take_all(b, slow, 1000) == 500000);
	CHECK(!budget_is_easy(b, slow) && budget_is_easy(b, other));
	CHECK(budget_take_all(b, other, 1000) == 250000);
	/* what is given back is there for both */
	budget_drop(b, slow, 400000);
	budget_free(b, 400000);
	CHECK(b->held == 350000 && budget_is_easy(b, slow));
	CHECK(budget_keep(b, other, 400000));
	CHECK(!budget_keep(b, slow, 600000) && b->refused == 3);
	free(b);
}

static void
test_many(void)
{
	enum { N = 500, MAX = 64 << 20 };
	struct budget *b = malloc(sizeof *b);
	uint64_t keys[N], key;
	char name[32];
	size_t least;
	int i, full = 0;

	budget_init(b, MAX);
	for (i = 0; i < N; i++) {
		snprintf(name, sizeof name, "thing-%d", i);
		keys[i] = budget_key(b, str_z(name));
	}
	/* slow ones that take in turns: nobody gets it all */
	while (full < N)
		for (i = full = 0; i < N; i++) {
			if (budget_keep(b, keys[i], 4096))
				budget_hold(b, 4096);
			else
				full++;
		}
	CHECK(b->held < MAX && MAX - b->held > MAX / N / 4);
	/* and there is a place for others, though a few are taken for one of
	 * those */
	least = 2048;
	for (i = full = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "other-%d", i);
		key = budget_key(b, str_z(name));
		if (!budget_keep(b, key, least))
			full++;
		else
			budget_drop(b, key, least);
	}
	CHECK(full < 60);
	free(b);
}

int
main(void)
{
	TEST("one gets a half, the next half of the rest")
		test_one();
	TEST("many slow ones leave room for the next one")
		test_many();
	TEST("none has no limit") {
		CHECK(budget_keep(NULL, 1, SIZE_MAX));
		CHECK(budget_is_easy(NULL, 1));
		budget_hold(NULL, 1);
		budget_drop(NULL, 1, 1);
		budget_free(NULL, 1);
	}
	return unit_end();
}
