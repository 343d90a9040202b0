/* SPDX-License-Identifier: Apache-2.0 */
#include "store/influx/clash.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"

#define CLASH_SLOTS ((size_t)2 * CLASH_POINTS)

struct clash_point {
	size_t start, fields, time, end;
};

void
clashes_init(struct clashes *c)
{
	*c = (struct clashes){ .seed = hash_seed() };
	c->slots = memory_zero(CLASH_SLOTS, sizeof *c->slots);
	c->points = memory_zero(CLASH_POINTS, sizeof *c->points);
}

void
clashes_release(struct clashes *c)
{
	free(c->slots);
	free(c->points);
	*c = (struct clashes){ 0 };
}

void
clashes_begin(struct clashes *c)
{
	memset(c->slots, 0, CLASH_SLOTS * sizeof *c->slots);
	c->n = 0;
}

static struct str
clash_part(const struct buf *text, size_t from, size_t to)
{
	return (struct str){ text->p + from, to - from };
}

static bool
clash_is_same(const struct buf *text, const struct clash_point *a,
    const struct clash_point *b)
{
	return str_eq(clash_part(text, a->start, a->fields),
	    clash_part(text, b->start, b->fields)) &&
	    str_eq(clash_part(text, a->time, a->end),
	    clash_part(text, b->time, b->end));
}

bool
clashes_add(struct clashes *c, const struct buf *text, size_t start,
    size_t fields, size_t time)
{
	struct clash_point new = { start, fields, time, text->n };
	uint64_t h;
	size_t i;
	bool differs = false;

	if (c->n == CLASH_POINTS)
		return false;
	h = hash_seeded(c->seed, clash_part(text, time, text->n));
	i = (size_t)hash_seeded(h, clash_part(text, start, fields)) &
	    (CLASH_SLOTS - 1);
	while (c->slots[i] != 0 && !clash_is_same(text,
	    &c->points[c->slots[i] - 1], &new))
		i = (i + 1) & (CLASH_SLOTS - 1);
	if (c->slots[i] != 0) {
		const struct clash_point *old = &c->points[c->slots[i] - 1];

		differs = !str_eq(clash_part(text, old->fields, old->time),
		    clash_part(text, fields, time));
	}
	c->points[c->n++] = new;
	c->slots[i] = (uint32_t)c->n;
	return differs;
}
