/* SPDX-License-Identifier: Apache-2.0 */
#include "base/backoff.h"
#include "base/hash.h"
#include "base/number.h"
#include "unit.h"

static bool
number_is(const char *text, int64_t want)
{
	int64_t v;

	return number_parse(text, -9, 65535, &v) && v == want;
}

static bool
number_refused(const char *text)
{
	int64_t v;

	return !number_parse(text, -9, 65535, &v);
}

static void
test_numbers(void)
{
	CHECK(number_is("0", 0) && number_is("65535", 65535));
	CHECK(number_is("-9", -9) && number_is("007", 7));
	CHECK(number_refused("") && number_refused(" 1"));
	CHECK(number_refused("1 ") && number_refused("\t1"));
	CHECK(number_refused("+1") && number_refused("0x1"));
	CHECK(number_refused("1-2") && number_refused("--1"));
	CHECK(number_refused("65536") && number_refused("-10"));
	CHECK(number_refused("99999999999999999999"));
	CHECK(number_refused("-") && number_refused("--"));
}

static bool
parses(const char *text, int64_t min, int64_t max, int64_t want)
{
	int64_t v;

	return number_parse(text, min, max, &v) && v == want;
}

/* all that fits, and nothing more */
static void
test_limits(void)
{
	int64_t v = 7;

	CHECK(parses("9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX));
	CHECK(parses("-9223372036854775808", INT64_MIN, INT64_MAX,
	    INT64_MIN));
	CHECK(parses("-0", INT64_MIN, INT64_MAX, 0));
	CHECK(!number_parse("9223372036854775808", 0, INT64_MAX, &v));
	CHECK(!number_parse("-9223372036854775809", INT64_MIN, 0, &v));
	CHECK(!number_parse("8", 0, 7, &v) && v == 7);
}

static bool
digits_are(const char *text, uint64_t max, uint64_t want)
{
	uint64_t v;

	return number_digits(str_z(text), max, &v) && v == want;
}

static bool
digits_refused(const char *text, uint64_t max)
{
	uint64_t v = 7;

	return !number_digits(str_z(text), max, &v) && v == 7;
}

static void
test_digits(void)
{
	CHECK(digits_are("0", 0, 0));
	CHECK(digits_are("00000000000000000012", 12, 12));
	CHECK(digits_are("18446744073709551615", UINT64_MAX, UINT64_MAX));
	CHECK(digits_refused("18446744073709551616", UINT64_MAX));
	CHECK(digits_refused("99999999999999999999", UINT64_MAX));
	CHECK(digits_refused("000000000000000000012", UINT64_MAX));
	CHECK(digits_refused("13", 12) && digits_refused("", 12));
	CHECK(digits_refused("-1", 12) && digits_refused("1 ", 12));
	CHECK(digits_refused("1/", 99) && digits_refused("1:", 99));
}

/* Shards and session ids live by these values. */
static void
test_hash(void)
{
	CHECK(hash_add(HASH_START, STR("")) == UINT64_C(0xcbf29ce484222325));
	CHECK(hash_add(HASH_START, STR("a")) == UINT64_C(0xaf63dc4c8601ec8c));
	CHECK(hash_add(HASH_START, STR("foobar")) ==
	    UINT64_C(0x85944171f73967e8));
	CHECK(hash_fold(STR("a")) == (UINT64_C(0xaf63dc4c8601ec8c) ^
	    UINT64_C(0xaf63dc4c)));
	CHECK(hash_seeded(1, STR("")) == UINT64_C(0x48df870119138187));
	CHECK(hash_seeded(1, STR("sixteen bytes ..")) ==
	    UINT64_C(0x263205905b814ea3));
	CHECK(hash_seeded(7, STR("foobar foobar foobar")) ==
	    UINT64_C(0x8d762dbeeb2567c9));
}

#define N 1000

/* of the nodes from `from` on, which are those that are there? */
static bool
table_has(const struct hash_table *t, struct hash_node *nodes, size_t from)
{
	const struct hash_node *node = NULL;
	size_t i, n = 0;

	for (i = 0; i < N; i++) {
		/* two have each hash */
		for (node = hash_first(t, i / 2); node != NULL &&
		    node != &nodes[i]; node = hash_next(node))
			;
		if ((node != NULL) != (i >= from))
			return false;
	}
	for (node = NULL; (node = hash_table_after(t, node)) != NULL; n++)
		if (node < nodes + from || node >= nodes + N)
			return false;
	return n == N - from && t->n == n;
}

static void
test_hash_table(void)
{
	static struct hash_node nodes[N];
	struct hash_table t;
	size_t i;

	hash_table_init(&t, 4);
	CHECK(hash_table_after(&t, NULL) == NULL && hash_first(&t, 0) == NULL);
	for (i = 0; i < N; i++)
		hash_table_add(&t, &nodes[i], i / 2);
	CHECK(t.size == 1024 && table_has(&t, nodes, 0));
	for (i = 0; i < 501; i++)
		hash_table_remove(&t, &nodes[i]);
	CHECK(table_has(&t, nodes, 501));
	for (; i < N; i++)
		hash_table_remove(&t, &nodes[i]);
	CHECK(table_has(&t, nodes, N));
	hash_table_release(&t);
}

static void
test_backoff(void)
{
	static const int64_t want[] = { 50, 100, 150, 150 };
	struct backoff pause = { .first = 50, .last = 150 };
	size_t i;

	for (i = 0; i < sizeof want / sizeof *want; i++)
		CHECK(backoff_next(&pause) == want[i]);
	backoff_reset(&pause);
	CHECK(backoff_next(&pause) == 50);
	pause = (struct backoff){ .first = 5, .last = 5 };
	CHECK(backoff_next(&pause) == 5 && backoff_next(&pause) == 5);
}

int
main(void)
{
	TEST("decimal integers within limits, without blanks or a plus")
		test_numbers();
	TEST("all 64 bits of a number, and nothing beyond")
		test_limits();
	TEST("unsigned digits up to a maximum")
		test_digits();
	TEST("hash values stay what they have always been")
		test_hash();
	TEST("a hash table finds all that is in it, and nothing else")
		test_hash_table();
	TEST("pauses grow up to the last, and begin again after a reset")
		test_backoff();
	return unit_end();
}
