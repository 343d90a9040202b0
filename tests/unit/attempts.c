/* SPDX-License-Identifier: Apache-2.0 */
/* How often somebody may try, with a clock of the test's own. */
#include "api/attempts.h"

#include "base/stamp.h"
#include "tests/unit/unit.h"

#define ANN STR("ann@example.com")
#define BOB STR("bob@example.com")

static struct attempts *a;
static const struct rate ten = { 10, 60 * STAMP_SECOND };

static unsigned
take(struct str name, int64_t seconds)
{
	return attempts_take(a, 'a', name, ten, seconds * STAMP_SECOND);
}

static void
give_back(struct str name, int64_t seconds)
{
	attempts_give_back(a, 'a', name, ten, seconds * STAMP_SECOND);
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

int
main(void)
{
	const int64_t day = 24 * 3600;
	char name[32];
	int i, other = 0;

	a = attempts_open();
	/* so many at once */
	CHECK(left(ANN, 1000) == 10);
	/* then one is to wait for: 6 s, rounded up */
	CHECK(take(ANN, 1000) == 7);
	/* not before */
	CHECK(left(ANN, 1005) == 0);
	/* one comes back after that */
	CHECK(left(ANN, 1006) == 1);
	/* and as many again in a minute */
	CHECK(left(ANN, 1036) == 5);
	/* another name has its own */
	CHECK(left(BOB, 1036) == 10);
	/* and so has the same name of another kind */
	CHECK(attempts_take(a, 'n', ANN, ten, 1036 * STAMP_SECOND) == 0);
	/* never more than that at once */
	CHECK(left(ANN, 1036 + day) == 10);
	give_back(ANN, 1036 + day);
	give_back(ANN, 1036 + day);
	/* what succeeded is given back */
	CHECK(left(ANN, 1036 + day) == 2);
	for (i = 0; i < 20; i++)
		give_back(BOB, 1036 + day);
	/* but nothing that was not taken */
	CHECK(left(BOB, 1036 + day) == 10);
	for (i = 0; i < 100; i++) {
		take(STR("steady"), 2000 + day + 6 * i);
		other += take(STR("steady"), 2000 + day + 6 * i) != 0;
	}
	/* twice the rate is refused half of the time */
	CHECK(other > 85);
	/* a flood of names, and one that goes on failing all the time */
	for (i = 0, other = 0; i < 100000; i++) {
		snprintf(name, sizeof name, "%d", i);
		take(str_z(name), 9000 + day);
		if (i % 100 == 0)
			other += take(ANN, 9000 + day) == 0;
	}
	/* a flood of names lets one through now and then */
	CHECK(other < 700);
	attempts_close(a);
	return unit_end();
}
