/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/plot/curves.h"

#include <math.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "json/number.h"

static const struct cell empty = CELL_EMPTY;

void
curves_init(struct curves *set)
{
	*set = (struct curves){ .seed = hash_seed() };
}

void
curves_release(struct curves *set)
{
	int i;

	for (i = 0; i < set->n; i++) {
		buf_release(&set->v[i].label);
		buf_release(&set->v[i].unit);
		free(set->v[i].cells);
	}
}

static struct cell *
curves_make_cells(void)
{
	struct cell *cells = memory_get(CURVES_CELLS * sizeof(*cells));
	int i;

	for (i = 0; i < CURVES_CELLS; i++)
		cells[i] = empty;
	return cells;
}

static struct str
curves_cut(struct str text)
{
	if (text.n > CURVES_TEXT_MAX)
		text.n = CURVES_TEXT_MAX;
	return text;
}

struct curve *
curves_find(struct curves *set, struct str label, struct str unit)
{
	uint64_t key = hash_mix(hash_seeded(set->seed, label),
	    hash_seeded(~set->seed, unit));
	struct curve *s;
	int i;

	for (i = 0; i < set->n; i++)
		if (set->v[i].key == key)
			return &set->v[i];
	if (set->n == CURVES_MAX)
		return NULL;
	s = &set->v[set->n++];
	s->key = key;
	buf_init(&s->label, CURVES_TEXT_MAX);
	buf_put_str(&s->label, curves_cut(label));
	buf_init(&s->unit, CURVES_TEXT_MAX);
	buf_put_str(&s->unit, curves_cut(unit));
	s->cells = curves_make_cells();
	s->all = empty;
	return s;
}

bool
curves_value(const struct record *r, double *value)
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
curves_place(struct stamp t)
{
	return (uint64_t)t.ns ^ UINT64_C(1) << 63;
}

static struct cell *
curves_cell(const struct curve *s, uint64_t i)
{
	return &s->cells[i & (CURVES_CELLS - 1)];
}

/* Makes the cells of a series 2^by times as long. */
static void
curves_widen(const struct curves *set, struct curve *s, int by)
{
	struct cell *old = s->cells;
	uint64_t i;

	s->cells = curves_make_cells();
	for (i = set->low; i <= set->high; i++)
		cell_join(curves_cell(s, i >> by),
		    &old[i & (CURVES_CELLS - 1)]);
	free(old);
}

/* Makes room for the cells from low to high. */
static void
curves_reach(struct curves *set, uint64_t low, uint64_t high)
{
	int i, by = 0;

	while ((high >> by) - (low >> by) >= CURVES_CELLS)
		by++;
	for (i = 0; by > 0 && i < set->n; i++)
		curves_widen(set, &set->v[i], by);
	set->shift += by;
	set->low = low >> by;
	set->high = high >> by;
}

static void
curves_reach_time(struct curves *set, struct stamp t)
{
	uint64_t at = curves_place(t) >> set->shift;

	if (!set->any) {
		set->any = true;
		set->low = set->high = at;
		set->first = set->last = t;
		return;
	}
	if (at < set->low || at > set->high)
		curves_reach(set, at < set->low ? at : set->low,
		    at > set->high ? at : set->high);
	if (t.ns < set->first.ns)
		set->first = t;
	if (t.ns > set->last.ns)
		set->last = t;
}

void
curves_add(struct curves *set, struct curve *s, struct stamp t, double v)
{
	struct cell one = { v, v, v, 1 };

	curves_reach_time(set, t);
	cell_join(curves_cell(s, curves_place(t) >> set->shift), &one);
	if (s->all.n == 0 || t.ns >= s->newest.ns) {
		s->newest = t;
		s->last = v;
	}
	cell_join(&s->all, &one);
}

void
curves_columns(const struct curves *set, const struct curve *s,
    struct cell *columns, int n)
{
	uint64_t first = curves_place(set->first), i;
	double span = (double)(curves_place(set->last) - first) + 1, at;
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
		cell_join(&columns[column], curves_cell(s, i));
	}
}
