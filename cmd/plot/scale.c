/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/plot/scale.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The exponent of the power of ten that is not above v, which is above 0.  By
 * printf, as libm is a fifth of a small program's memory. */
static int
scale_exponent(double v)
{
	char text[32];
	const char *e;

	snprintf(text, sizeof text, "%.16e", v);
	e = strchr(text, 'e');
	return e == NULL ? DBL_MAX_10_EXP + 1 : (int)strtol(e + 1, NULL, 10);
}

/* the least step of 1, 2 or 5 times a power of ten that is not below `least` */
static double
scale_round_step(double least)
{
	char text[16];
	double power;

	snprintf(text, sizeof text, "1e%d", scale_exponent(least));
	power = strtod(text, NULL);
	if (least <= power)
		return power;
	return least <= 2 * power ? 2 * power :
	    least <= 5 * power ? 5 * power : 10 * power;
}

static int
scale_decimals(double step)
{
	int digits = -scale_exponent(step);

	return digits < 0 ? 0 : digits > 17 ? 17 : digits;
}

struct scale
scale_between(double low, double high, int marks)
{
	struct scale s = { low, high, 0, 0 };
	/* halves, as the difference of two doubles may be infinite */
	double half = high / 2 - low / 2;

	/* one value: some room on both sides, and more than the distance
	 * between two doubles there */
	if (half < fabs(low) * 1e-12 || half < DBL_MIN * 1e6) {
		half = low != 0 ? fabs(low) * 0.05 : 0.5;
		s.low = low - half;
		s.high = low + half;
	}
	s.step = scale_round_step(half / marks * 2);
	s.decimals = scale_decimals(s.step);
	return s;
}

struct scale
scale_make(double low, double high, int marks)
{
	struct scale s = scale_between(low, high, marks > 2 ? marks - 1 : 1);
	double first = floor(s.low / s.step + 1e-9) * s.step;
	double last = ceil(s.high / s.step - 1e-9) * s.step;

	if (isfinite(first))
		s.low = first;
	if (isfinite(last))
		s.high = last;
	return s;
}

void
scale_put(struct buf *to, const struct scale *s, double value)
{
	/* no -0 */
	if (fabs(value) < s->step / 1e6)
		value = 0;
	if (fabs(value) >= 1e9 || s->decimals > 9)
		buf_printf(to, "%.4g", value);
	else
		buf_printf(to, "%.*f", s->decimals, value);
}

double
scale_at(const struct scale *s, double value)
{
	double at = (value / 2 - s->low / 2) / (s->high / 2 - s->low / 2);

	/* not a number: 0, too */
	return at > 0 ? at < 1 ? at : 1 : 0;
}

#define MINUTE (60 * STAMP_SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static const int64_t steps[] = {
	STAMP_SECOND, 2 * STAMP_SECOND, 5 * STAMP_SECOND, 10 * STAMP_SECOND,
	15 * STAMP_SECOND, 30 * STAMP_SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE,
	10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR,
	6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY,
	91 * DAY, 182 * DAY, 364 * DAY,
};

int64_t
scale_time_step(struct stamp first, struct stamp last, int marks)
{
	double least = ((double)last.ns - (double)first.ns) / marks, step;
	size_t i;

	if (least < (double)STAMP_SECOND) {
		step = least < 1 ? 1 : scale_round_step(least);
		return step > (double)STAMP_SECOND ? STAMP_SECOND :
		    (int64_t)step;
	}
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (least <= (double)steps[i])
			return steps[i];
	return (int64_t)scale_round_step(least / (double)(364 * DAY)) *
	    364 * DAY;
}

bool
scale_time_first(struct stamp t, int64_t step, struct stamp *mark)
{
	int64_t over = t.ns % step;

	if (over <= 0) {
		mark->ns = t.ns - over;
		return true;
	}
	if (t.ns > INT64_MAX - step)
		return false;
	mark->ns = t.ns - over + step;
	return true;
}

void
scale_put_time(struct buf *to, struct stamp t, int64_t step)
{
	char text[STAMP_TEXT];
	size_t n = stamp_print_utc(text, t) - 1;	/* no Z */

	if (step >= DAY)
		buf_put(to, text, 10);
	else if (step >= MINUTE)
		buf_put(to, text + 11, 5);
	else
		buf_put(to, text + 11, n - 11);
}
