/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/plot/chart.h"

#include <limits.h>
#include <math.h>

#include "base/escape.h"

struct scale
chart_scale(const struct chart *c, const struct cell *all, int marks)
{
	double low = isnan(c->low) ? all->min : c->low;
	double high = isnan(c->high) ? all->max : c->high;

	if (high < low)
		high = low;
	return isnan(c->low) && isnan(c->high) ?
	    scale_make(low, high, marks) : scale_between(low, high, marks);
}

int
chart_gap(const struct chart *c, int columns)
{
	double span = (double)c->set->last.ns - (double)c->set->first.ns;
	double most;

	if (c->gap == 0 || span <= 0)
		return INT_MAX;
	most = (double)c->gap / span * columns;
	return most > columns ? INT_MAX : (int)most;
}

void
chart_put_name(struct buf *to, const struct curve *s)
{
	escape_put(to, buf_str(&s->label));
	if (s->unit.n == 0)
		return;
	buf_puts(to, " (");
	escape_put(to, buf_str(&s->unit));
	buf_putc(to, ')');
}
