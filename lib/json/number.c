/* SPDX-License-Identifier: Apache-2.0 */
#include "json/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/digits.h"
#include "base/wide.h"
#include "json/span.h"

/* what a wide holds and still has room for a sum: two words of 18 digits
 * each */
#define WORD_DIGITS 18
#define DIGITS_MAX (2 * WORD_DIGITS)
/* powers of ten that a word holds */
#define WORD_POWERS 20
/* exponents beyond this are out of any range; also keeps sums of
 * exponents far from overflow */
#define EXPONENT_MAX 100000

/* m * 10^e, or its negative; zero is never negative */
struct decimal {
	struct wide m;
	bool negative;
	int e;
	int digits;		/* of m */
};

static const double powers[] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
	1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
};

/* n < WORD_POWERS */
static uint64_t
number_ten_to(int n)
{
	uint64_t v = 1;

	while (n-- > 0)
		v *= 10;
	return v;
}

/* m * 10^n, which a wide must hold */
static struct wide
number_times_ten_to(struct wide m, int n)
{
	for (; n >= WORD_POWERS; n -= WORD_POWERS - 1)
		m = wide_multiply(m, number_ten_to(WORD_POWERS - 1));
	return wide_multiply(m, number_ten_to(n));
}

/* m / 10^n */
static struct wide
number_divide_by_ten_to(struct wide m, int n)
{
	for (; n >= 9; n -= 9)
		wide_divide(&m, 1000000000);
	wide_divide(&m, (uint32_t)number_ten_to(n));
	return m;
}

/* divides by ten when there is no remainder */
static bool
number_drop_zero(struct wide *m)
{
	struct wide quotient = *m;

	if (wide_is_zero(*m) || wide_divide(&quotient, 10) != 0)
		return false;
	*m = quotient;
	return true;
}

/* false when int64_t does not hold it */
static bool
number_to_int64(uint64_t magnitude, bool negative, int64_t *out)
{
	if (magnitude > (uint64_t)INT64_MAX + negative)
		return false;
	/* the magnitude of INT64_MIN is not an int64_t */
	*out = negative && magnitude > 0 ? -(int64_t)(magnitude - 1) - 1 :
	    (int64_t)magnitude;
	return true;
}

static int
number_exponent_of(const char *p, const char *end)
{
	bool negative = *p == '-';
	int e = 0;

	if (*p == '-' || *p == '+')
		p++;
	for (; p < end; p++)
		if (e < EXPONENT_MAX)
			e = e * 10 + (*p - '0');
	return negative ? -e : e;
}

/* False when it has more digits than a decimal holds. */
static bool
decimal_parse(struct str s, struct decimal *d)
{
	const char *p = s.p, *end = s.p + s.n;
	bool negative = *p == '-', point = false;
	/* the first 18 digits, those that follow, and 10^their number */
	uint64_t first = 0, second = 0, scale = 1;
	int digits = 0, e = 0;

	for (p += negative; p < end; p++) {
		unsigned c = (unsigned char)*p - (unsigned)'0';

		if (c <= 9) {
			if (digits < WORD_DIGITS) {
				first = first * 10 + c;
			} else if (digits < DIGITS_MAX) {
				second = second * 10 + c;
				scale *= 10;
			} else {
				return false;
			}
			digits += digits > 0 || c > 0;
			e -= point;
		} else if (*p == '.') {
			point = true;
		} else {
			e += number_exponent_of(p + 1, end);
			break;
		}
	}
	d->m = wide_of(first);
	if (digits > WORD_DIGITS)
		d->m = wide_add(wide_product(first, scale), wide_of(second));
	d->negative = negative && digits > 0;
	d->e = digits == 0 ? 0 : e;
	d->digits = digits;
	return true;
}

double
number_value(struct str s)
{
	struct decimal d;
	double v;

	/* both factors are exact, so there is one rounding: the nearest
	 * double */
	if (decimal_parse(s, &d) && d.digits <= 15 && d.e >= -22 && d.e <= 22) {
		v = (double)(int64_t)d.m.low;
		v = d.e < 0 ? v / powers[-d.e] : v * powers[d.e];
		return s.p[0] == '-' ? -v : v;
	}
	return strtod(s.p, NULL);
}

bool
number_in_range(struct str s)
{
	/* without an exponent it takes 308 digits to leave the range */
	if (s.n < 300 && memchr(s.p, 'e', s.n) == NULL &&
	    memchr(s.p, 'E', s.n) == NULL)
		return true;
	return isfinite(number_value(s));
}

/* Up to ten digits, and perhaps up to nine after a point: nearly all times. */
static bool
number_plain_seconds(struct str s, int64_t *ns)
{
	static const int32_t scale[] = {
		1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000,
		100, 10, 1
	};
	const char *p = s.p, *end = s.p + s.n, *start;
	bool negative = *p == '-';
	int64_t v = 0, fraction = 0;

	start = p += negative;
	/* a time has at most ten digits, and eleven do not overflow */
	for (; p < end && p - start < 11 && span_is_digit((unsigned char)*p);
	    p++)
		v = v * 10 + (*p - '0');
	if (v > 8999999999)
		return false;
	if (p < end) {
		if (*p != '.' || end - p > 10)
			return false;
		start = ++p;
		for (; p < end && span_is_digit((unsigned char)*p); p++)
			fraction = fraction * 10 + (*p - '0');
		if (p < end)
			return false;
		fraction *= scale[p - start];
	}
	v = v * STAMP_SECOND + fraction;
	*ns = negative ? -v : v;
	return true;
}

/* d * 10^e, rounded, where the result has at most 19 digits */
static uint64_t
decimal_round(const struct decimal *d, int e)
{
	struct wide half;

	if (e >= 0)
		return d->m.low * number_ten_to(e);
	half = number_times_ten_to(wide_of(5), -e - 1);
	return number_divide_by_ten_to(wide_add(d->m, half), -e).low;
}

/* what plain_seconds does not take, apart so that the usual path is short */
static __attribute__((noinline)) bool
number_other_seconds(struct str s, int64_t *ns)
{
	struct decimal d;
	int e;

	if (!decimal_parse(s, &d)) {
		/* a cut after 30 characters changes no nanosecond, unless
		 * those are needed to know the magnitude */
		if (s.n <= DIGITS_MAX || memchr(s.p, '.', 20) == NULL ||
		    memchr(s.p, 'e', s.n) || memchr(s.p, 'E', s.n))
			return false;
		return number_ns((struct str){ s.p, 30 }, ns);
	}
	e = d.e + 9;
	if (d.digits == 0 || d.digits + e < 0) {
		*ns = 0;
		return true;
	}
	return d.digits + e <= 19 &&
	    number_to_int64(decimal_round(&d, e), d.negative, ns);
}

bool
number_ns(struct str s, int64_t *ns)
{
	return number_plain_seconds(s, ns) || number_other_seconds(s, ns);
}

bool
number_ns_plain(struct str s, int64_t *ns)
{
	size_t i, start = s.n > 0 && s.p[0] == '-', digits = 0;
	bool point = false;

	for (i = start; i < s.n; i++) {
		if (s.p[i] >= '0' && s.p[i] <= '9') {
			digits++;
		} else if (s.p[i] == '.' && !point && digits > 0) {
			point = true;
			digits = 0;
		} else {
			return false;
		}
	}
	return digits > 0 && number_ns(s, ns);
}

bool
number_integer(struct str s, int64_t *out)
{
	struct decimal d;

	if (!decimal_parse(s, &d))
		return false;
	while (d.e < 0 && number_drop_zero(&d.m)) {
		d.e++;
		d.digits--;
	}
	return d.e >= 0 && d.digits + d.e <= 19 &&
	    number_to_int64(d.m.low * number_ten_to(d.e), d.negative, out);
}

bool
number_decimal(struct str s, bool *negative, uint64_t *m, int *e)
{
	struct decimal d;

	if (!decimal_parse(s, &d))
		return false;
	while (number_drop_zero(&d.m))
		d.e++;
	*negative = d.negative;
	*m = d.m.low;
	*e = d.e;
	return d.m.high == 0;
}

/* The digits of m, last one first, at least one; returns their number. */
static int
number_digits_reversed(char *to, struct wide m)
{
	int n = 0, i;

	while (m.high > 0) {
		uint32_t part = wide_divide(&m, 1000000000);

		for (i = 0; i < 9; i++, part /= 10)
			to[n++] = (char)('0' + part % 10);
	}
	do
		to[n++] = (char)('0' + m.low % 10);
	while ((m.low /= 10) > 0);
	return n;
}

/* Writes d without an exponent, for -20 < d.e; returns the length. */
static int
number_print_plain(char *to, size_t room, struct decimal d)
{
	char digits[64];
	int n = number_digits_reversed(digits, d.m), e = d.e, i, k = 0;

	while (n <= -e)
		digits[n++] = '0';
	if (room < (size_t)(n + (e > 0 ? e : 0) + 3))
		return -1;
	if (d.negative)
		to[k++] = '-';
	for (i = n - 1; i >= 0; i--) {
		if (i == -e - 1)
			to[k++] = '.';
		to[k++] = digits[i];
	}
	for (; e > 0; e--)
		to[k++] = '0';
	to[k] = '\0';
	return k;
}

/*
 * Sensors mostly send at most six decimals: v = m / 10^6 for an m below 10^15.
 * Both are exact, so v is the double nearest to the quotient; and the error of
 * v * 10^6 is below a half, so there is no other m.  Without its trailing zeros
 * the text is the shortest.
 */
#define MILLION 1000000
#define MILLIONTHS_BELOW 1e9

static inline size_t
number_print_millionths(char *to, double v)
{
	double scaled = v * MILLION;
	int64_t m;
	uint64_t abs, low;
	size_t n, decimals;

	m = (int64_t)(scaled + (scaled < 0 ? -0.5 : 0.5));
	if ((double)m / MILLION != v)
		return 0;
	abs = m < 0 ? -(uint64_t)m : (uint64_t)m;
	*to = '-';
	n = m < 0;
	if (abs < 100 * MILLION) {
		/* one or two digits, and six */
		low = digits_eight((uint32_t)abs);
		to[n] = (char)('0' + (low & 0xff));
		n += (low & 0xff) != 0;
		low >>= 8;
		to[n++] = (char)('0' + (low & 0xff));
		low >>= 8;
	} else {
		n += digits_print(to + n, abs / MILLION);
		low = digits_eight((uint32_t)(abs % MILLION)) >> 16;
	}
	to[n] = '.';
	digits_store(to + n + 1, low);
	/* the decimals that are left; without any, no point */
	decimals = low == 0 ? 0 : 8 - (unsigned)__builtin_clzll(low) / 8;
	n += decimals + (decimals > 0);
	to[n] = '\0';
	return n;
}

/* The same for larger ones, which have fewer decimals: the first k of
 * m / 10^k that gives v back gives the shortest text. */
static size_t
number_print_few_decimals(char *to, double v)
{
	char digits[DIGITS_TEXT];
	double scaled;
	size_t n = 0, whole;
	int64_t m;
	int k;

	for (k = 0; k <= 6; k++) {
		scaled = v * powers[k];
		if (!(scaled > -1e15 && scaled < 1e15))
			return 0;
		m = (int64_t)(scaled + (scaled < 0 ? -0.5 : 0.5));
		if ((double)m / powers[k] == v)
			break;
	}
	if (k > 6)
		return 0;
	if (m < 0)
		to[n++] = '-';
	whole = digits_print(digits, m < 0 ? -(uint64_t)m : (uint64_t)m) -
	    (size_t)k;
	memcpy(to + n, digits, whole);
	n += whole;
	if (k > 0) {
		to[n++] = '.';
		memcpy(to + n, digits + whole, (size_t)k);
		n += (size_t)k;
	}
	to[n] = '\0';
	return n;
}

size_t
number_print(char *to, double v)
{
	size_t n = fabs(v) < MILLIONTHS_BELOW ? number_print_millionths(to, v) :
	    number_print_few_decimals(to, v);
	int precision;

	if (n > 0)
		return n;
	for (precision = 15; precision <= 17; precision++) {
		n = (size_t)snprintf(to, NUMBER_TEXT, "%.*g", precision, v);
		if (strtod(to, NULL) == v)
			break;
	}
	return n;
}

static int
number_digits_of(struct wide m)
{
	char digits[64];

	return wide_is_zero(m) ? 0 : number_digits_reversed(digits, m);
}

/* The exact sum; false when it has more digits than a decimal holds.  Its
 * own are not counted. */
static bool
decimal_add(struct decimal x, struct decimal y, struct decimal *sum)
{
	struct decimal t;

	if (x.digits == 0 || (y.digits > 0 && y.e > x.e)) {
		t = x;
		x = y;
		y = t;
	}
	/* x has the larger exponent: bring it down to y's */
	if (y.digits == 0)
		y.e = x.e;
	if (x.digits == 0)
		x.e = y.e;
	if (x.digits + (x.e - y.e) > DIGITS_MAX)
		return false;
	x.m = number_times_ten_to(x.m, x.e - y.e);
	*sum = wide_less(x.m, y.m) ? y : x;
	if (x.negative == y.negative)
		sum->m = wide_add(x.m, y.m);
	else if (wide_less(x.m, y.m))
		sum->m = wide_subtract(y.m, x.m);
	else
		sum->m = wide_subtract(x.m, y.m);
	sum->e = y.e;
	if (wide_is_zero(sum->m)) {
		sum->e = 0;
		sum->negative = false;
	}
	return true;
}

static int
number_print_double(char *to, double v)
{
	return isfinite(v) ? (int)number_print(to, v) : -1;
}

/* an integer below 2^64, or few digits with a point among them */
static bool
number_is_plain(const struct decimal *d)
{
	if (d->m.high != 0)
		return false;
	if (d->e > -18 && d->e <= 0 && d->m.low < UINT64_C(100000000000000000))
		return true;
	return d->e >= 0 && d->e < 19 &&
	    d->m.low <= UINT64_MAX / number_ten_to(d->e);
}

/* All digits where the header promises that, else the nearest double; -1 when
 * it is out of range. */
static int
decimal_print(char *to, size_t room, struct decimal d)
{
	char exact[64];
	int e;

	while (d.e < 0 && number_drop_zero(&d.m))
		d.e++;
	if (number_is_plain(&d))
		return number_print_plain(to, room, d);
	e = d.e;
	d.e = 0;
	if (number_print_plain(exact, sizeof exact - 8, d) < 0)
		return -1;
	snprintf(exact + strlen(exact), 16, "e%d", e);
	return number_print_double(to, strtod(exact, NULL));
}

static struct str
number_in_arena(struct arena *arena, const char *text, int n)
{
	if (n < 0)
		return STR_NONE;
	return arena_str(arena, (struct str){ text, (size_t)n });
}

struct str
number_sum(struct arena *arena, struct str a, struct str b)
{
	struct decimal x, y, sum;
	char text[64];
	int n;

	if (decimal_parse(a, &x) && decimal_parse(b, &y) &&
	    decimal_add(x, y, &sum))
		n = decimal_print(text, sizeof text, sum);
	else
		n = number_print_double(text,
		    number_value(a) + number_value(b));
	return number_in_arena(arena, text, n);
}

/*
 * The double nearest to d / den.  With that many digits written out, no
 * number halfway between two doubles (they have at most 767) can lie
 * between those and the quotient.
 */
#define QUOTIENT_DIGITS 800
/* integers below it are exact as doubles */
#define EXACT_BELOW (UINT64_C(1) << 53)

static double
number_divide(struct decimal d, uint32_t den)
{
	char text[QUOTIENT_DIGITS + 64];
	double v;
	uint64_t rest, m = d.m.low;
	int n, i, e = d.e;

	/* both factors exact, so one rounding */
	if (d.m.high == 0 && m < EXACT_BELOW && e <= 0 && e > -16 &&
	    den <= (EXACT_BELOW - 1) / number_ten_to(-e)) {
		v = (double)(int64_t)m /
		    (double)(int64_t)(den * number_ten_to(-e));
		return d.negative ? -v : v;
	}
	rest = wide_divide(&d.m, den);
	d.e = 0;
	n = number_print_plain(text, sizeof text, d);
	for (i = 0; i < QUOTIENT_DIGITS; i++) {
		rest *= 10;
		text[n++] = (char)('0' + (int)(rest / den));
		rest %= den;
	}
	/* one last digit for all that would follow */
	snprintf(text + n, sizeof text - (size_t)n, "%de%d", rest != 0,
	    e - QUOTIENT_DIGITS - 1);
	return strtod(text, NULL);
}

/* num/den as num/den * 10^e where only 3, 7 … divide the new den */
static int
number_take_tens(uint64_t *num, uint64_t *den)
{
	int e = 0;

	for (; *num % 10 == 0; *num /= 10)
		e++;
	for (; *den % 10 == 0; *den /= 10)
		e--;
	for (; *den % 2 == 0; *den /= 2, *num *= 5)
		e--;
	for (; *den % 5 == 0; *den /= 5, *num *= 2)
		e--;
	return e;
}

/* More digits than this count as the nearest double's: with a scale and an
 * offset they are more than a decimal holds. */
#define SCALED_DIGITS 24

struct str
number_convert(struct arena *arena, struct str a, uint64_t num, uint64_t den,
    int offset)
{
	/* the offset, also times den */
	struct decimal d, whole, o = { .negative = offset < 0 };
	char text[64];
	int n, e = number_take_tens(&num, &den);

	if (!decimal_parse(a, &d) || d.digits > SCALED_DIGITS) {
		n = number_print_double(text, number_value(a));
		if (n < 0)
			return STR_NONE;
		decimal_parse((struct str){ text, (size_t)n }, &d);
	}
	d.m = wide_multiply(d.m, num);
	d.e = d.digits == 0 ? 0 : d.e + e;
	d.digits = number_digits_of(d.m);
	o.m = wide_product(offset < 0 ? -(uint64_t)offset : (uint64_t)offset,
	    den);
	o.digits = number_digits_of(o.m);
	if (!decimal_add(d, o, &d)) {
		n = number_print_double(text,
		    number_divide(d, (uint32_t)den) + offset);
		return number_in_arena(arena, text, n);
	}
	whole = d;
	if (wide_divide(&whole.m, (uint32_t)den) == 0)
		n = decimal_print(text, sizeof text, whole);
	else
		n = number_print_double(text, number_divide(d, (uint32_t)den));
	return number_in_arena(arena, text, n);
}

void
number_put(struct buf *b, double v)
{
	char text[NUMBER_TEXT];

	buf_put(b, text, number_print(text, v));
}
