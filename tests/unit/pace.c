/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that are given at the distances of their times. */
#include "base/pace.h"

#include "tests/unit/unit.h"

static struct pace p;

/* how many milliseconds a line of this time waits at that time */
static int
left(double t, double now)
{
	return pace_left(&p, (struct stamp){ (int64_t)(t * 1e9) },
	    (struct stamp){ (int64_t)(now * 1e9) });
}

static bool
refused(const char *text)
{
	struct pace other;

	return !pace_parse(text, &other);
}

int
main(void)
{
	TEST("a factor is a positive number, with or without an x") {
		CHECK(pace_parse("10x", &p) && p.factor == 10);
		CHECK(pace_parse("0.5", &p) && p.factor == 0.5);
		CHECK(refused("") && refused("x") && refused("0"));
		CHECK(refused("-1") && refused("inf") && refused("1y"));
	}
	TEST("the first line goes at once, the others at their distances") {
		CHECK(pace_parse("1", &p));
		CHECK(left(1000, 50) == 0);
		CHECK(left(1000.25, 50) == 250);
		CHECK(left(1000.25, 50.125) == 125);
		CHECK(left(1000.25, 50.25) == 0);
		/* one that is late does not move those after it */
		CHECK(left(1001, 50.5) == 500);
		CHECK(left(1001, 52) == 0 && left(1002, 52) == 0);
	}
	TEST("a line that is older than the first does not wait")
		CHECK(left(900, 50) == 0);
	TEST("a factor shortens the distances, or lengthens them") {
		CHECK(pace_parse("1000x", &p));
		CHECK(left(2000, 50) == 0 && left(2060, 50) == 60);
		CHECK(pace_parse("0.5", &p));
		CHECK(left(2000, 50) == 0 && left(2001, 50) == 2000);
	}
	TEST("a wait is an hour at most, and then it is asked again") {
		CHECK(pace_parse("0.001", &p));
		CHECK(left(1000, 50) == 0 && left(2000, 50) == 3600000);
	}
	return unit_end();
}
