/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* an hour: the caller asks again */
#define LEFT_MAX 3600000.0

bool
pace_parse(const char *text, struct pace *p)
{
	char *end;

	*p = (struct pace){ .factor = strtod(text, &end) };
	return end != text && (*end == '\0' || strcmp(end, "x") == 0) &&
	    p->factor > 0 && !isinf(p->factor);
}

int
pace_left(struct pace *p, struct stamp t, struct stamp now)
{
	double left;

	if (p->factor == 0)
		return 0;
	if (p->clock.ns == 0) {
		p->clock = now;
		p->event = t;
	}
	left = ((double)t.ns - (double)p->event.ns) / p->factor -
	    ((double)now.ns - (double)p->clock.ns);
	left /= 1e6;
	return left < 1 ? 0 : left > LEFT_MAX ? (int)LEFT_MAX : (int)left;
}
