/* SPDX-License-Identifier: Apache-2.0 */
#include "json/number.h"

#include <inttypes.h>

#include "unit.h"

static struct arena arena;

static bool
sum_is(const char *a, const char *b, const char *want)
{
	struct str got = number_sum(&arena, str_z(a), str_z(b));

	if (want == NULL)
		return got.p == NULL;
	if (got.p != NULL && str_eq(got, str_z(want)))
		return true;
	printf("# %s + %s = %.*s, not %s\n", a, b, STR_ARG(got), want);
	return false;
}

static bool
converts(const char *a, int64_t num, int64_t den, int offset,
    const char *want)
{
	struct str got = number_convert(&arena, str_z(a), num, den, offset);

	if (want == NULL)
		return got.p == NULL;
	if (got.p != NULL && str_eq(got, str_z(want)))
		return true;
	printf("# %s = %.*s, not %s\n", a, STR_ARG(got), want);
	return false;
}

static bool
ns_is(const char *text, int64_t want)
{
	int64_t ns;

	return number_ns(str_z(text), &ns) && ns == want;
}

static bool
no_ns(const char *text)
{
	int64_t ns;

	return !number_ns(str_z(text), &ns);
}

static bool
put_is(double v, const char *want)
{
	struct buf b;
	bool same;

	buf_init(&b, 100);
	number_put(&b, v);
	same = str_eq(buf_str(&b), str_z(want));
	buf_release(&b);
	return same;
}

static void
test_sums(void)
{
	CHECK(sum_is("0.1", "0.2", "0.3"));
	CHECK(sum_is("1", "2", "3"));
	CHECK(sum_is("-1", "1", "0"));
	CHECK(sum_is("0", "21.50", "21.5"));
	CHECK(sum_is("1e2", "1", "101"));
	CHECK(sum_is("1e-3", "0.25", "0.251"));
	CHECK(sum_is("-0.05", "0.1", "0.05"));
	CHECK(sum_is("18446744073709551614", "1", "18446744073709551615"));
	CHECK(sum_is("9007199254740993", "0", "9007199254740993"));
	/* exact sum 123456789012345678901.5: nearest double */
	CHECK(sum_is("123456789012345678901", "0.5",
	    "1.2345678901234568e+20"));
	CHECK(sum_is("1e308", "1e308", NULL));
	CHECK(sum_is("1e300", "1e-300", "1e+300"));
	CHECK(sum_is("1e-400", "1", "1"));
	CHECK(sum_is("0e99999999999", "5", "5"));
}

static void
test_conversions(void)
{
	CHECK(converts("100", 1, 1000, 0, "0.1"));
	CHECK(converts("1.10", 1, 1, 0, "1.1"));
	CHECK(converts("10", 1, 1, -30, "-20"));
	CHECK(converts("-30.5", 1, 1, -30, "-60.5"));
	CHECK(converts("1e2", 8000000, 1, 0, "800000000"));
	CHECK(converts("-0", 1, 1000, 0, "0"));
	CHECK(converts("0e999999999", 1, 1, -30, "-30"));
	/* a quotient that ends, and those that do not */
	CHECK(converts("90", 10, 36, 0, "25"));
	CHECK(converts("1.8", 10, 36, 0, "0.5"));
	CHECK(converts("100", 10, 36, 0, "27.77777777777778"));
	CHECK(converts("-100", 10, 36, 0, "-27.77777777777778"));
	CHECK(converts("1", 1, 3600000, 0, "2.7777777777777776e-07"));
	CHECK(converts("1e-320", 10, 36, 0, "2.77664892962781e-321"));
	CHECK(converts("123456789012345678901", 10, 36, 0,
	    "3.4293552503429353e+19"));
	CHECK(converts("1e300", 10, 36, 0, "2.777777777777778e+299"));
	/* 17 digits and integers below 2^64 stay exact */
	CHECK(converts("12345678901234567", 1, 1000, 0,
	    "12345678901234.567"));
	CHECK(converts("18446744073709551.615", 1000, 1, 0,
	    "18446744073709551615"));
	CHECK(converts("18446744073709551.616", 1000, 1, 0,
	    "1.8446744073709552e+19"));
	CHECK(converts("0.1234567890123456789", 1000, 1, 0,
	    "123.45678901234568"));
	/* more digits than are counted with */
	CHECK(converts("1.0000000000000000000000000000000000000000001",
	    1000, 1, 0, "1000"));
	CHECK(converts("1e-300", 1, 1, -30, "-30"));
	CHECK(converts("1e300", 1, 1, -30, "1e+300"));
	CHECK(converts("1e308", 1000, 1, 0, NULL));
	CHECK(converts("1.7976931348623157e308", 10, 36, 0,
	    "4.99359204128421e+307"));
}

static void
test_times(void)
{
	CHECK(ns_is("0", 0));
	CHECK(ns_is("-5", -5000000000));
	CHECK(ns_is("1276020076.001", 1276020076001000000));
	CHECK(ns_is("1.276020076001e+09", 1276020076001000000));
	CHECK(ns_is("1700000000.123456789", 1700000000123456789));
	CHECK(ns_is("0.0000000005", 1));
	CHECK(ns_is("0.0000000004", 0));
	CHECK(ns_is("-0.0000000006", -1));
	CHECK(ns_is("8999999999", 8999999999000000000));
	CHECK(ns_is("1e-999999999999", 0));
	CHECK(ns_is("1.000000000000000000000000000000000000000000",
	    1000000000));
	CHECK(no_ns("1e300"));
	CHECK(no_ns("1e999999999999"));
	CHECK(no_ns("9223372037"));
	CHECK(no_ns("10000000000000000000000000000000000000000000"));
}

static void
test_plain_times(void)
{
	static const char *const none[] = {
		"", "-", ".", ".5", "5.", "1e3", "1.2.3", "--1", "+1", "1x",
		"1r$$$$$$$$$$$$$$$$$$$$", "9223372037"
	};
	int64_t ns;
	size_t i;

	CHECK(number_ns_plain(STR("1700000000.5"), &ns) &&
	    ns == 1700000000500000000);
	CHECK(number_ns_plain(STR("-7"), &ns) && ns == -7000000000);
	for (i = 0; i < sizeof none / sizeof *none; i++)
		CHECK(!number_ns_plain(str_z(none[i]), &ns));
}

static void
test_doubles(void)
{
	int64_t n;

	CHECK(number_value(STR("21.5")) == 21.5);
	CHECK(number_value(STR("-1e22")) == -1e22);
	CHECK(number_value(STR("4.9e-324")) == 4.9e-324);
	CHECK(number_value(STR("9007199254740993")) == 9007199254740992.0);
	CHECK(number_in_range(STR("1.7976931348623157e308")));
	CHECK(!number_in_range(STR("1e309")));
	CHECK(number_in_range(STR("1e-9999")));
	CHECK(number_integer(STR("10.0"), &n) && n == 10);
	CHECK(number_integer(STR("1e1"), &n) && n == 10);
	CHECK(number_integer(STR("-9223372036854775808"), &n) &&
	    n == INT64_MIN);
	CHECK(!number_integer(STR("9223372036854775808"), &n));
	CHECK(!number_integer(STR("10.5"), &n));
	CHECK(put_is(0.1, "0.1"));
	CHECK(put_is(21.5, "21.5"));
	CHECK(put_is(1e22, "1e+22"));
	CHECK(put_is(0.30000000000000004, "0.30000000000000004"));
}

/*
 * Random numbers of all forms through all functions: the digest of what
 * came out was the same with integers of 128 bits from the compiler, and is
 * on every machine.
 */
static uint64_t
next(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return *state >> 33;
}

static struct str
random_number(char *to, uint64_t *state)
{
	uint64_t form = next(state), k = next(state) % (form % 3 ? 12 : 40);
	size_t n = 0;

	if (form & 8)
		to[n++] = '-';
	to[n++] = (char)('1' + next(state) % 9);
	while (k-- > 0)
		to[n++] = (char)(form & 16 ? '0' + next(state) % 10 : '9');
	if (form & 32) {
		to[n++] = '.';
		for (k = next(state) % (form % 3 ? 10 : 40) + 1; k > 0; k--)
			to[n++] = (char)(form & 64 && k > 3 ? '0' :
			    '0' + next(state) % 10);
	}
	if (form & 128)
		n += (size_t)snprintf(to + n, 8, "e%d",
		    (int)(next(state) % 60) - 30);
	to[n] = '\0';
	return (struct str){ to, n };
}

static uint64_t
digest_add(uint64_t digest, const void *from, size_t n)
{
	const unsigned char *p = from;

	for (; n > 0; n--)
		digest = (digest ^ *p++) * UINT64_C(1099511628211);
	return digest;
}

static uint64_t
digest_of(struct str a, struct str b, uint64_t digest)
{
	static const struct { int64_t num, den; int offset; } scales[] = {
		{ 3600, 1, 0 }, { 1, 1000, 0 }, { 1, 1, -30 }, { 36, 10, 0 },
		{ 10, 36, 0 }, { 999999999999, 1, 7 }, { 1, 4294967291, 3 },
	};
	struct str texts[1 + sizeof scales / sizeof *scales];
	int64_t ns = 0, integer = 0;
	uint64_t m = 0;
	bool negative = false;
	char line[256];
	size_t i;
	int e = 0, n;

	arena_reset(&arena);
	if (!number_ns(a, &ns))
		ns = 1;
	if (!number_integer(a, &integer))
		integer = 1;
	if (!number_decimal(a, &negative, &m, &e))
		m = 1, e = 0, negative = false;
	n = snprintf(line, sizeof line, "%a %" PRId64 " %" PRId64
	    " %d %" PRIu64 " %d\n", number_value(a), ns, integer, negative, m,
	    e);
	digest = digest_add(digest, line, (size_t)n);
	texts[0] = number_sum(&arena, a, b);
	for (i = 0; i < sizeof scales / sizeof *scales; i++)
		texts[1 + i] = number_convert(&arena, a, scales[i].num,
		    scales[i].den, scales[i].offset);
	for (i = 0; i < sizeof texts / sizeof *texts; i++) {
		digest = digest_add(digest, texts[i].p, texts[i].n);
		digest = digest_add(digest, "\n", 1);
	}
	return digest;
}

static void
test_digest(void)
{
	uint64_t digest = UINT64_C(14695981039346656037), state = 1;
	char a[128], b[128];
	int i;

	for (i = 0; i < 20000; i++) {
		struct str x = random_number(a, &state);

		digest = digest_of(x, random_number(b, &state), digest);
	}
	CHECK(digest == UINT64_C(0xeaec50fc903b4d35));
}

int
main(void)
{
	arena_init(&arena, 1 << 20);
	TEST("random numbers have the same digest on every machine")
		test_digest();
	TEST("sums are exact, or the nearest double")
		test_sums();
	TEST("units are converted exactly where that is possible")
		test_conversions();
	TEST("seconds become nanoseconds, rounded")
		test_times();
	TEST("times without an exponent")
		test_plain_times();
	TEST("doubles, their range, and integers among them")
		test_doubles();
	arena_release(&arena);
	return unit_end();
}
