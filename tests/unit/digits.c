/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digits.h"

#include <inttypes.h>
#include <stdlib.h>

#include "json/number.h"
#include "unit.h"

/* a fixed sequence of numbers of all lengths */
static uint64_t
next(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return *state >> (*state >> 58);
}

static bool
prints(uint64_t v)
{
	char got[DIGITS_TEXT + 1], want[32];
	size_t n = digits_print(got, v);

	got[n] = '\0';
	snprintf(want, sizeof want, "%" PRIu64, v);
	return strcmp(got, want) == 0;
}

static void
test_integers(void)
{
	uint64_t v = 1, state = 1;
	bool same = true;
	int i;

	CHECK(prints(0));
	CHECK(prints(UINT64_MAX));
	for (i = 0; i < 19; i++, v *= 10)
		same &= prints(v - 1) && prints(v) && prints(v + 1);
	CHECK(same);
	for (i = 0; i < 1000000; i++)
		same &= prints((uint64_t)i);
	CHECK(same);
	for (i = 0; i < 1000000; i++)
		same &= prints(next(&state));
	CHECK(same);
}

/* the shortest text there is, as printf finds it by trying */
static bool
shortest(double v)
{
	char got[NUMBER_TEXT], want[NUMBER_TEXT];
	int precision;

	got[number_print(got, v)] = '\0';
	for (precision = 1; precision <= 17; precision++) {
		snprintf(want, sizeof want, "%.*g", precision, v);
		if (strtod(want, NULL) == v)
			break;
	}
	/* 1e+05 may be 100000, and no zero is less than nothing */
	return strtod(got, NULL) == v && (strcmp(got, want) == 0 || v == 0 ||
	    strchr(want, 'e') != NULL);
}

static void
test_doubles(void)
{
	static const double tens[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7 };
	uint64_t state = 7;
	bool same = true;
	double v;
	int i;

	for (i = 0; i < 200000; i++) {
		v = (double)(int64_t)(next(&state) >> 14) / tens[i % 8];
		same &= shortest(v) && shortest(-v);
	}
	CHECK(same);
	CHECK(shortest(0.1 + 0.2));
	CHECK(shortest(99.999999));
	CHECK(shortest(99.9999999));
	CHECK(shortest(999999999.999999));
	CHECK(shortest(1700000000.01));
	CHECK(shortest(1e9));
	CHECK(shortest(0.000001));
	CHECK(shortest(-0.0000005));
}

int
main(void)
{
	TEST("integers are printed as printf does")
		test_integers();
	TEST("doubles are printed in the fewest digits")
		test_doubles();
	return unit_end();
}
