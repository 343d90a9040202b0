/* SPDX-License-Identifier: Apache-2.0 */
/* How often somebody may try, with a clock of the test's own. */
#include "net/rate_limit.h"

#include "base/stamp.h"
#include "tests/unit/unit.h"

#define ANN STR("ann@example.com")
#define BOB STR("bob@example.com")

static struct rate_limit *a;
static const struct rate ten = { 10, 60 * STAMP_SECOND };

static unsigned
take(struct str name, int64_t seconds)
{
	return rate_limit_take(a, 'a', name, ten, seconds * STAMP_SECOND);
}

static void
give_back(struct str name, int64_t seconds)
{
	rate_limit_give_back(a, 'a', name, ten, seconds * STAMP_SECOND);
}

/* how many until one is refused */
static int
left(struct str name, int64_t seconds)
{
	int n = 0;

	while (take(name, seconds) == 0)
		n++;
	return n;
}

static const int64_t day = 24 * 3600;

/* twice the rate, for ten minutes */
static int
refused_steadily(void)
{
	int i, refused = 0;

	for (i = 0; i < 100; i++) {
		take(STR("steady"), 2000 + day + 6 * i);
		refused += take(STR("steady"), 2000 + day + 6 * i) != 0;
	}
	return refused;
}

/* a flood of names, and one that goes on failing all the time */
static int
let_through_in_a_flood(void)
{
	char name[32];
	int i, passed = 0;

	for (i = 0; i < 100000; i++) {
		snprintf(name, sizeof name, "%d", i);
		take(str_z(name), 9000 + day);
		if (i % 100 == 0)
			passed += take(ANN, 9000 + day) == 0;
	}
	return passed;
}

int
main(void)
{
	int i;

	a = rate_limit_open(4096);
	TEST("ten at once, then one every 6 s") {
		CHECK(left(ANN, 1000) == 10);
		/* rounded up */
		CHECK(take(ANN, 1000) == 7);
		CHECK(left(ANN, 1005) == 0);
		CHECK(left(ANN, 1006) == 1);
		CHECK(left(ANN, 1036) == 5);
	}
	TEST("another name has its own, and so has one of another kind") {
		CHECK(left(BOB, 1036) == 10);
		CHECK(rate_limit_take(a, 'n', ANN, ten,
		    1036 * STAMP_SECOND) == 0);
	}
	TEST("never more than ten, however long nobody tried")
		CHECK(left(ANN, 1036 + day) == 10);
	TEST("an attempt that succeeds is given back, and no more than that") {
		give_back(ANN, 1036 + day);
		give_back(ANN, 1036 + day);
		CHECK(left(ANN, 1036 + day) == 2);
		for (i = 0; i < 20; i++)
			give_back(BOB, 1036 + day);
		CHECK(left(BOB, 1036 + day) == 10);
	}
	TEST("twice the rate is refused half of the time")
		CHECK(refused_steadily() > 85);
	TEST("a flood of names lets a name through now and then, not always")
		CHECK(let_through_in_a_flood() < 700);
	rate_limit_close(a);
	return unit_end();
}
