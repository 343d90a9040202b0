/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/plot/series.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "json/number.h"

static const struct cell empty = CELL_EMPTY;

void
series_init(struct series_set *set)
{
	*set = (struct series_set){ 0 };
}

void
series_release(struct series_set *set)
{
	int i;

	for (i = 0; i < set->n; i++) {
		buf_release(&set->v[i].label);
		buf_release(&set->v[i].unit);
		free(set->v[i].cells);
	}
}

static struct cell *
series_make_cells(void)
{
	struct cell *cells = memory_get(SERIES_CELLS * sizeof(*cells));
	int i;

	for (i = 0; i < SERIES_CELLS; i++)
		cells[i] = empty;
	return cells;
}

static struct str
series_cut(struct str text)
{
	if (text.n > SERIES_TEXT_MAX)
		text.n = SERIES_TEXT_MAX;
	return text;
}

struct series *
series_find(struct series_set *set, struct str label, struct str unit)
{
	struct series *s;
	int i;

	label = series_cut(label);
	unit = series_cut(unit);
	for (i = 0; i < set->n; i++)
		if (str_eq(buf_str(&set->v[i].label), label) &&
		    str_eq(buf_str(&set->v[i].unit), unit))
			return &set->v[i];
	if (set->n == SERIES_MAX)
		return NULL;
	s = &set->v[set->n++];
	buf_init(&s->label, SERIES_TEXT_MAX);
	buf_put_str(&s->label, label);
	buf_init(&s->unit, SERIES_TEXT_MAX);
	buf_put_str(&s->unit, unit);
	s->cells = series_make_cells();
	s->all = empty;
	return s;
}

bool
series_value(const struct record *r, double *value)
{
	if (r->kind == VALUE_BOOL) {
		*value = r->truth;
		return true;
	}
	if (r->kind != VALUE_NUMBER)
		return false;
	*value = number_value(r->value);
	return isfinite(*value);
}

void
cell_join(struct cell *to, const struct cell *from)
{
	if (from->min < to->min)
		to->min = from->min;
	if (from->max > to->max)
		to->max = from->max;
	to->sum += from->sum;
	to->n += from->n;
}

/* A sum of many large numbers may be infinite; their mean is between the
 * smallest and the largest. */
double
cell_mean(const struct cell *cell)
{
	double mean = cell->sum / (double)cell->n;

	return mean < cell->min ? cell->min :
	    mean > cell->max ? cell->max : mean;
}

/* Times in their order as unsigned numbers, so that shifting one divides it:
 * 1677 is 0. */
static uint64_t
series_place(struct stamp t)
{
	return (uint64_t)t.ns ^ UINT64_C(1) << 63;
}

static struct cell *
series_cell(const struct series *s, uint64_t i)
{
	return &s->cells[i & (SERIES_CELLS - 1)];
}

/* Makes the cells of a series 2^by times as long. */
static void
series_widen(const struct series_set *set, struct series *s, int by)
{
	struct cell *old = s->cells;
	uint64_t i;

	s->cells = series_make_cells();
	for (i = set->low; i <= set->high; i++)
		cell_join(series_cell(s, i >> by),
		    &old[i & (SERIES_CELLS - 1)]);
	free(old);
}

/* Makes room for the cells from low to high. */
static void
series_reach(struct series_set *set, uint64_t low, uint64_t high)
{
	int i, by = 0;

	while ((high >> by) - (low >> by) >= SERIES_CELLS)
		by++;
	for (i = 0; by > 0 && i < set->n; i++)
		series_widen(set, &set->v[i], by);
	set->shift += by;
	set->low = low >> by;
	set->high = high >> by;
}

static void
series_reach_time(struct series_set *set, struct stamp t)
{
	uint64_t at = series_place(t) >> set->shift;

	if (!set->any) {
		set->any = true;
		set->low = set->high = at;
		set->first = set->last = t;
		return;
	}
	if (at < set->low || at > set->high)
		series_reach(set, at < set->low ? at : set->low,
		    at > set->high ? at : set->high);
	if (t.ns < set->first.ns)
		set->first = t;
	if (t.ns > set->last.ns)
		set->last = t;
}

void
series_add(struct series_set *set, struct series *s, struct stamp t, double v)
{
	struct cell one = { v, v, v, 1 };

	series_reach_time(set, t);
	cell_join(series_cell(s, series_place(t) >> set->shift), &one);
	if (s->all.n == 0 || t.ns >= s->newest.ns) {
		s->newest = t;
		s->last = v;
	}
	cell_join(&s->all, &one);
}

void
series_columns(const struct series_set *set, const struct series *s,
    struct cell *columns, int n)
{
	uint64_t first = series_place(set->first), i;
	double span = (double)(series_place(set->last) - first) + 1, at;
	int column;

	for (column = 0; column < n; column++)
		columns[column] = empty;
	for (i = set->low; i <= set->high; i++) {
		/* the middle of the cell; the first and the last one may
		 * begin before or end after all values */
		at = (double)(int64_t)((i << set->shift) - first) +
		    (double)(UINT64_C(1) << set->shift) / 2;
		column = (int)(at / span * n);
		column = column < 0 ? 0 : column >= n ? n - 1 : column;
		cell_join(&columns[column], series_cell(s, i));
	}
}
