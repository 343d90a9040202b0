/* SPDX-License-Identifier: Apache-2.0 */
#include "base/stamp.h"

#include <limits.h>
#include <stdio.h>
#include <time.h>

#include "base/digits.h"
#include "base/number.h"

struct stamp
stamp_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (struct stamp){ ts.tv_sec * STAMP_SECOND + ts.tv_nsec };
}

static size_t
stamp_put_fraction(char *to, uint32_t ns)
{
	size_t n = 9, i;

	if (ns == 0)
		return 0;
	while (ns % 10 == 0) {
		ns /= 10;
		n--;
	}
	to[0] = '.';
	for (i = n; i > 0; i--) {
		to[i] = (char)('0' + ns % 10);
		ns /= 10;
	}
	return n + 1;
}

size_t
stamp_print(char *to, struct stamp t)
{
	/* the magnitude is taken unsigned, as INT64_MIN has no negative */
	uint64_t abs = t.ns < 0 ? -(uint64_t)t.ns : (uint64_t)t.ns;
	size_t n = 0;

	if (t.ns < 0)
		to[n++] = '-';
	n += digits_print(to + n, abs / STAMP_SECOND);
	return n + stamp_put_fraction(to + n, (uint32_t)(abs % STAMP_SECOND));
}

size_t
stamp_print_utc(char *to, struct stamp t)
{
	time_t s = t.ns / STAMP_SECOND;
	int64_t ns = t.ns % STAMP_SECOND;
	struct tm tm;
	size_t n;

	if (ns < 0) {
		ns += STAMP_SECOND;
		s--;
	}
	gmtime_r(&s, &tm);
	n = strftime(to, STAMP_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	n += stamp_put_fraction(to + n, (uint32_t)ns);
	to[n++] = 'Z';
	return n;
}

/* A cursor over the text of an option, which is short: clarity before speed. */
struct scan {
	const char *p, *end;
};

static bool
stamp_scan_is(struct scan *s, char c)
{
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

/* exactly `width` digits */
static bool
stamp_scan_fixed(struct scan *s, int width, int *out)
{
	const struct str digits = { s->p, (size_t)width };
	uint64_t n;

	if (s->end - s->p < width || !number_digits(digits, INT_MAX, &n))
		return false;
	*out = (int)n;
	s->p += width;
	return true;
}

/* *sum += digit * unit; false when it overflows */
static bool
stamp_scan_add(int64_t *sum, char digit, int64_t unit)
{
	return !__builtin_add_overflow(*sum, (digit - '0') * unit, sum);
}

/* digits, perhaps with a fraction, times `unit`, that of a duration; truncated
 * below 1 ns */
static bool
stamp_scan_decimal(struct scan *s, int64_t unit, int64_t *out)
{
	const char *start = s->p;
	int64_t sum = 0, part = unit;

	for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++)
		if (__builtin_mul_overflow(sum, 10, &sum) ||
		    !stamp_scan_add(&sum, *s->p, unit))
			return false;
	if (s->p == start)
		return false;
	if (stamp_scan_is(s, '.')) {
		start = s->p;
		for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++)
			if (!stamp_scan_add(&sum, *s->p, part /= 10))
				return false;
		if (s->p == start)
			return false;
	}
	*out = sum;
	return true;
}

/* the largest first */
static const struct duration_unit {
	const char *name;
	int64_t ns;
} duration_units[] = {
	{ "w", 604800 * STAMP_SECOND }, { "d", 86400 * STAMP_SECOND },
	{ "h", 3600 * STAMP_SECOND }, { "m", 60 * STAMP_SECOND },
	{ "s", STAMP_SECOND }, { "ms", 1000000 }, { "us", 1000 },
	{ "ns", 1 }, { "min", 60 * STAMP_SECOND }, { "", STAMP_SECOND },
};

#define UNITS (sizeof duration_units / sizeof *duration_units)

static int64_t
duration_unit_ns(struct str u)
{
	size_t i;

	for (i = 0; i < UNITS; i++)
		if (str_eq(u, str_z(duration_units[i].name)))
			return duration_units[i].ns;
	return 0;
}

static size_t
duration_span(struct str s, bool digits)
{
	size_t n = 0;

	while (n < s.n && ((s.p[n] >= '0' && s.p[n] <= '9') ||
	    s.p[n] == '.') == digits)
		n++;
	return n;
}

bool
duration_parse(struct str text, int64_t *ns_out)
{
	int64_t last = INT64_MAX, sum = 0, part, unit;

	do {
		size_t digits = duration_span(text, true);
		struct str rest = str_from(text, digits);
		size_t letters = duration_span(rest, false);
		struct scan s = { text.p, text.p + digits };

		unit = duration_unit_ns((struct str){ rest.p, letters });
		/* "1h30" is ambiguous */
		if (unit == 0 || unit >= last ||
		    (letters == 0 && last != INT64_MAX) ||
		    !stamp_scan_decimal(&s, unit, &part) || s.p != s.end ||
		    __builtin_add_overflow(sum, part, &sum))
			return false;
		last = unit;
		text = str_from(rest, letters);
	} while (text.n > 0);
	*ns_out = sum;
	return true;
}

bool
duration_has_unit(struct str s)
{
	return s.n > 0 && duration_span(str_from(s, s.n - 1), true) == 0;
}

size_t
duration_print(char *to, int64_t ns)
{
	size_t i = 0;

	while (ns % duration_units[i].ns != 0 || duration_units[i].ns >
	    86400 * STAMP_SECOND)
		i++;
	return (size_t)snprintf(to, STAMP_TEXT, "%lld%s",
	    (long long)(ns / duration_units[i].ns), duration_units[i].name);
}

static bool
stamp_scan_offset(struct scan *s, int *minutes)
{
	int h, m, sign;

	*minutes = 0;
	if (s->p == s->end || stamp_scan_is(s, 'Z') || stamp_scan_is(s, 'z'))
		return true;
	if (stamp_scan_is(s, '+'))
		sign = 1;
	else if (stamp_scan_is(s, '-'))
		sign = -1;
	else
		return false;
	if (!stamp_scan_fixed(s, 2, &h) || !stamp_scan_is(s, ':') ||
	    !stamp_scan_fixed(s, 2, &m) || h > 23 || m > 59)
		return false;
	*minutes = sign * (h * 60 + m);
	return true;
}

static bool
stamp_parse_calendar(struct scan s, struct stamp *out)
{
	struct tm tm = { .tm_mday = 1 }, check;
	int64_t ns = 0;
	int minutes;
	time_t t;

	if (!stamp_scan_fixed(&s, 4, &tm.tm_year) || !stamp_scan_is(&s, '-') ||
	    !stamp_scan_fixed(&s, 2, &tm.tm_mon) || !stamp_scan_is(&s, '-') ||
	    !stamp_scan_fixed(&s, 2, &tm.tm_mday))
		return false;
	if (stamp_scan_is(&s, 'T') || stamp_scan_is(&s, 't') ||
	    stamp_scan_is(&s, ' ')) {
		if (!stamp_scan_fixed(&s, 2, &tm.tm_hour) ||
		    !stamp_scan_is(&s, ':') ||
		    !stamp_scan_fixed(&s, 2, &tm.tm_min))
			return false;
		if (stamp_scan_is(&s, ':') &&
		    !stamp_scan_fixed(&s, 2, &tm.tm_sec))
			return false;
		if (s.p < s.end && *s.p == '.') {
			struct scan f = { s.p - 1, s.end };
			/* "7.25" of "…:17.25": the whole part is dropped */
			if (!stamp_scan_decimal(&f, STAMP_SECOND, &ns))
				return false;
			ns %= STAMP_SECOND;
			s.p = f.p;
		}
	}
	if (!stamp_scan_offset(&s, &minutes) || s.p != s.end)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	check = tm;
	t = timegm(&check);
	/* timegm(3) corrects a 31 April: a date that it changed was not
	 * valid */
	if (check.tm_mon != tm.tm_mon || check.tm_mday != tm.tm_mday ||
	    check.tm_hour != tm.tm_hour || check.tm_min != tm.tm_min ||
	    t > INT64_MAX / STAMP_SECOND - 90000 ||
	    t < INT64_MIN / STAMP_SECOND + 90000)
		return false;
	out->ns = (t - minutes * 60) * STAMP_SECOND + ns;
	return true;
}

bool
stamp_parse(struct str text, struct stamp now, struct stamp *out)
{
	struct scan s = { text.p, text.p + text.n };
	int64_t d;

	if (str_eq(text, STR("now"))) {
		*out = now;
		return true;
	}
	if (text.n > 1 && (text.p[0] == '-' || text.p[0] == '+')) {
		if (!duration_parse(str_from(text, 1), &d))
			return false;
		return text.p[0] == '-' ?
		    !__builtin_sub_overflow(now.ns, d, &out->ns) :
		    !__builtin_add_overflow(now.ns, d, &out->ns);
	}
	if (text.n > 4 && text.p[4] == '-')
		return stamp_parse_calendar(s, out);
	stamp_scan_is(&s, '@');
	return stamp_scan_decimal(&s, STAMP_SECOND, &out->ns) && s.p == s.end;
}
