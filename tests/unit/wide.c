/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wide.h"

#include "unit.h"

/* a fixed sequence of numbers of all lengths */
static uint64_t
next(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return *state >> (*state >> 58);
}

static bool
wide_same(struct wide a, uint64_t high, uint64_t low)
{
	return a.high == high && a.low == low;
}

/* one bit at a time, as it is taught */
static struct wide
product_by_bits(uint64_t a, uint64_t b)
{
	struct wide sum = wide_of(0);
	int i;

	for (i = 63; i >= 0; i--) {
		sum = wide_add(sum, sum);
		if (b >> i & 1)
			sum = wide_add(sum, wide_of(a));
	}
	return sum;
}

static void
test_sums(void)
{
	struct wide most = { UINT64_MAX, UINT64_MAX };

	CHECK(wide_same(wide_add(wide_of(UINT64_MAX), wide_of(1)), 1, 0));
	CHECK(wide_same(wide_add(most, wide_of(1)), 0, 0));
	CHECK(wide_same(wide_subtract((struct wide){ 1, 0 }, wide_of(1)), 0,
	    UINT64_MAX));
	CHECK(wide_same(wide_subtract(wide_of(0), wide_of(1)), UINT64_MAX,
	    UINT64_MAX));
	CHECK(wide_is_zero(wide_subtract(most, most)));
	CHECK(!wide_is_zero((struct wide){ 1, 0 }));
	CHECK(wide_less(wide_of(UINT64_MAX), (struct wide){ 1, 0 }));
	CHECK(wide_less((struct wide){ 1, 1 }, (struct wide){ 1, 2 }));
	CHECK(!wide_less(most, most));
}

static void
test_products(void)
{
	uint64_t state = 1, a, b;
	struct wide p, q;
	bool same = true;
	int i;

	CHECK(wide_same(wide_product(UINT64_MAX, UINT64_MAX), UINT64_MAX - 1,
	    1));
	CHECK(wide_same(wide_product(UINT32_MAX, UINT32_MAX), 0,
	    UINT64_C(0xfffffffe00000001)));
	CHECK(wide_same(wide_product(UINT64_C(10000000000000000000), 10), 5,
	    UINT64_C(7766279631452241920)));
	CHECK(wide_same(wide_multiply((struct wide){ 3, UINT64_MAX }, 10), 39,
	    UINT64_MAX - 9));
	for (i = 0; i < 100000; i++) {
		a = next(&state);
		b = next(&state);
		p = wide_product(a, b);
		q = product_by_bits(a, b);
		same &= wide_same(p, q.high, q.low);
	}
	CHECK(same);
}

/* quotient and remainder give the number again, and the remainder is less */
static void
test_quotients(void)
{
	struct wide a = { UINT64_MAX, UINT64_MAX }, quotient;
	uint64_t state = 1;
	bool same = true;
	uint32_t by, rest;
	int i;

	CHECK(wide_divide(&a, UINT32_MAX) == 0);
	CHECK(wide_same(a, UINT64_C(0x100000001), UINT64_C(0x100000001)));
	for (i = 0; i < 100000; i++) {
		a.high = i % 4 == 0 ? 0 : next(&state);
		a.low = next(&state);
		by = (uint32_t)next(&state) | 1;
		quotient = a;
		rest = wide_divide(&quotient, by);
		same &= rest < by && !wide_less(a, quotient);
		quotient = wide_add(wide_multiply(quotient, by),
		    wide_of(rest));
		same &= wide_same(quotient, a.high, a.low);
	}
	CHECK(same);
}

int
main(void)
{
	TEST("sums of 128 bits")
		test_sums();
	TEST("products of 128 bits")
		test_products();
	TEST("quotients and remainders of 128 bits")
		test_quotients();
	return unit_end();
}
