/* SPDX-License-Identifier: Apache-2.0 */
#include "store/group.h"

#include <math.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/hash.h"
#include "base/memory.h"
#include "json/number.h"
#include "store/row.h"
#include "store/series.h"

#define GROUPS_MIN ((size_t)64)

struct group {
	uint64_t hash, n;
	double sum, rest;	/* of the values; what the sum has lost */
	int64_t newest;
	/* the newest (LAST), the one of the value (MIN, MAX), or the first */
	char *row;
	size_t row_n, key_n;
	char key[];
};

void
groups_init(struct groups *g, enum aggregate aggregate, bool desc,
    size_t memory)
{
	*g = (struct groups){
		.aggregate = aggregate, .desc = desc, .memory = memory
	};
	buf_init(&g->key, SERIES_KEY_MAX);
	buf_init(&g->row, SIZE_MAX);
	g->seed = hash_seed();
}

void
groups_begin(struct groups *g, int64_t start)
{
	size_t i;

	for (i = 0; i < g->cap; i++)
		if (g->slots[i] != NULL) {
			free(g->slots[i]->row);
			free(g->slots[i]);
			g->slots[i] = NULL;
		}
	g->used = g->n = g->next = 0;
	g->start = start;
	g->ordered = false;
}

void
groups_release(struct groups *g)
{
	groups_begin(g, 0);
	free(g->slots);
	buf_release(&g->key);
	buf_release(&g->row);
	*g = (struct groups){ .n = 0 };
}

/* ---- the table ---- */

static struct group **
group_slot(struct group **slots, size_t cap, uint64_t hash, struct str key)
{
	size_t i = (size_t)hash & (cap - 1);

	while (slots[i] != NULL && (slots[i]->hash != hash ||
	    !str_eq((struct str){ slots[i]->key, slots[i]->key_n }, key)))
		i = (i + 1) & (cap - 1);
	return &slots[i];
}

static void
groups_widen(struct groups *g)
{
	size_t cap = g->cap ? 2 * g->cap : GROUPS_MIN, i;
	struct group **slots = memory_zero(cap, sizeof *slots);

	for (i = 0; i < g->cap; i++)
		if (g->slots[i] != NULL)
			*group_slot(slots, cap, g->slots[i]->hash,
			    (struct str){ g->slots[i]->key,
			    g->slots[i]->key_n }) = g->slots[i];
	free(g->slots);
	g->slots = slots;
	g->cap = cap;
}

static int
groups_take(struct groups *g, size_t n, struct fault *fault)
{
	if (n > g->memory - g->used)
		return fault_set(fault, EX_DATAERR, "more series than fit in "
		    "memory: ask for fewer, as with --channel or --name");
	g->used += n;
	return 0;
}

/* NULL and a fault: it does not fit */
static struct group *
groups_find(struct groups *g, const struct route *route,
    const struct record *record, struct fault *fault)
{
	struct group **slot, *new;
	uint64_t hash;

	if (g->n >= g->cap / 2)
		groups_widen(g);
	series_key(&g->key, route, record);
	hash = hash_seeded(g->seed, buf_str(&g->key));
	slot = group_slot(g->slots, g->cap, hash, buf_str(&g->key));
	if (*slot != NULL)
		return *slot;
	if (groups_take(g, sizeof *new + g->key.n + 4 * sizeof *slot,
	    fault) < 0)
		return NULL;
	new = memory_get(sizeof *new + g->key.n);
	*new = (struct group){ .hash = hash, .key_n = g->key.n };
	memcpy(new->key, g->key.p, g->key.n);
	g->n++;
	return *slot = new;
}

/* ---- a record more ---- */

static int
group_keep(struct groups *g, struct group *one, const struct route *route,
    const struct record *record, struct fault *fault)
{
	buf_clear(&g->row);
	row_put(&g->row, route, record);
	if (g->row.n > one->row_n) {
		if (groups_take(g, g->row.n - one->row_n, fault) < 0)
			return -1;
		one->row = memory_resize(one->row, g->row.n);
		one->row_n = g->row.n;
	}
	memcpy(one->row, g->row.p, g->row.n);
	return 0;
}

/*
 * What puts numbers that are one double, `v`, in order: whole numbers of 64
 * bits have digits of their own, others those of the double.  *beyond: it is
 * greater than all whole numbers of 64 bits.
 */
static int64_t
group_digits(struct str number, double v, bool *beyond)
{
	int64_t whole;

	*beyond = false;
	if (number_integer(number, &whole))
		return whole;
	*beyond = v >= 0x1p63;
	if (*beyond)
		return INT64_MAX;
	return v <= -0x1p63 ? INT64_MIN : (int64_t)v;
}

/* less than 0, 0, greater; whole numbers by all their digits */
static int
group_compare(struct str a, struct str b)
{
	double x = number_value(a), y = number_value(b);
	bool beyond[2];
	int64_t i, k;

	if (x != y)
		return x < y ? -1 : 1;
	i = group_digits(a, x, &beyond[0]);
	k = group_digits(b, y, &beyond[1]);
	return i != k ? (i > k) - (i < k) : beyond[0] - beyond[1];
}

/* Does this record take the place of the one that is kept? */
static bool
group_replaces(const struct groups *g, const struct group *one,
    const struct record *record)
{
	struct route route;
	struct record kept;
	int c;

	if (one->n == 0)
		return true;
	if (g->aggregate == AGGREGATE_LAST)
		return g->newest_first ? record->time.ns > one->newest :
		    record->time.ns >= one->newest;
	if (g->aggregate != AGGREGATE_MIN && g->aggregate != AGGREGATE_MAX)
		return false;
	row_get(one->row, &route, &kept);
	c = group_compare(record->value, kept.value);
	return g->aggregate == AGGREGATE_MIN ? c < 0 : c > 0;
}

/* Neumaier's sum: the order of the values does not matter much */
static void
group_sum(struct group *one, double v)
{
	double sum = one->sum + v;

	one->rest += fabs(one->sum) >= fabs(v) ? one->sum - sum + v :
	    v - sum + one->sum;
	one->sum = sum;
}

int
groups_add(struct groups *g, const struct route *route,
    const struct record *record, struct fault *fault)
{
	struct group *one;

	if (g->aggregate != AGGREGATE_COUNT &&
	    g->aggregate != AGGREGATE_LAST && record->kind != VALUE_NUMBER)
		return 0;
	if ((one = groups_find(g, route, record, fault)) == NULL)
		return -1;
	if (group_replaces(g, one, record) &&
	    group_keep(g, one, route, record, fault) < 0)
		return -1;
	if (one->n++ == 0 || record->time.ns > one->newest)
		one->newest = record->time.ns;
	if (g->aggregate == AGGREGATE_AVG || g->aggregate == AGGREGATE_SUM)
		group_sum(one, number_value(record->value));
	return 0;
}

/* ---- what came of it ---- */

static int
group_earlier(const void *x, const void *y)
{
	const struct group *a = *(struct group *const *)x;
	const struct group *b = *(struct group *const *)y;
	size_t n = a->key_n < b->key_n ? a->key_n : b->key_n;
	int c;

	if (a->newest != b->newest)
		return a->newest < b->newest ? -1 : 1;
	c = memcmp(a->key, b->key, n);
	return c != 0 ? c : (a->key_n > b->key_n) - (a->key_n < b->key_n);
}

static int
group_later(const void *x, const void *y)
{
	return group_earlier(y, x);
}

static void
groups_order(struct groups *g)
{
	size_t i, n = 0;

	g->ordered = true;
	for (i = 0; i < g->cap; i++) {
		struct group *one = g->slots[i];

		g->slots[i] = NULL;
		if (one == NULL)
			continue;
		if (g->start != INT64_MIN)
			one->newest = g->start;
		g->slots[n++] = one;
	}
	if (n > 0)
		qsort(g->slots, n, sizeof *g->slots,
		    g->desc ? group_later : group_earlier);
}

/* false: no number is so large */
static bool
group_put_number(struct groups *g, const struct group *one,
    struct record *record)
{
	double v = one->sum + one->rest;

	/* the rest of a sum that is infinite is no number */
	if (!isfinite(one->sum) || !isfinite(v))
		return false;
	if (g->aggregate == AGGREGATE_AVG)
		v /= (double)one->n;
	buf_clear(&g->row);
	if (g->aggregate == AGGREGATE_COUNT)
		buf_put_u64(&g->row, one->n);
	else
		number_put(&g->row, v);
	buf_putc(&g->row, '\0');
	record->value = (struct str){ g->row.p, g->row.n - 1 };
	return true;
}

static bool
group_get(struct groups *g, const struct group *one, struct route *route,
    struct record *record)
{
	row_get(one->row, route, record);
	record->time.ns = one->newest;
	if (g->aggregate == AGGREGATE_LAST)
		return true;
	record->sum = record->update = STR_NONE;
	record->kind = VALUE_NUMBER;
	if (g->aggregate == AGGREGATE_COUNT) {
		record->unit = record->ct = STR_NONE;
		record->version = 10;
	}
	return g->aggregate == AGGREGATE_MIN ||
	    g->aggregate == AGGREGATE_MAX ||
	    group_put_number(g, one, record);
}

bool
groups_next(struct groups *g, struct route *route, struct record *record)
{
	if (!g->ordered)
		groups_order(g);
	while (g->next < g->n) {
		if (group_get(g, g->slots[g->next++], route, record))
			return true;
		g->beyond++;
	}
	return false;
}
