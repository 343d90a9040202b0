/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/site/refs.h"

#include <stdlib.h>

#include "json/object.h"

#define REFS_TEXT_MAX ((size_t)4 << 20)

static int
refs_compare(const void *a, const void *b)
{
	const struct str *x = a, *y = b;
	size_t n = x->n < y->n ? x->n : y->n;
	int order = n > 0 ? memcmp(x->p, y->p, n) : 0;

	return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

bool
refs_put(struct str *v, size_t n, struct arena *keep, struct str *to)
{
	struct buf b;
	size_t i;

	if (n > 1)
		qsort(v, n, sizeof *v, refs_compare);
	buf_init(&b, REFS_TEXT_MAX);
	buf_putc(&b, '[');
	for (i = 0; i < n; i++) {
		if (i > 0 && str_eq(v[i], v[i - 1]))
			continue;
		if (i > 0)
			buf_putc(&b, ',');
		json_put_string(&b, v[i]);
	}
	buf_putc(&b, ']');
	*to = b.full ? STR_NONE : arena_str(keep, buf_str(&b));
	buf_release(&b);
	return to->p != NULL;
}

int
refs_take(struct str json, struct str v[REFS_MAX], struct arena *arena)
{
	struct object_array array;
	struct str element;
	int got, n = 0;

	object_array_init(&array, json, arena);
	while ((got = object_array_next(&array, &element)) > 0)
		if (n == REFS_MAX || !object_text(element, arena, &v[n++]))
			return -1;
	return got < 0 ? -1 : n;
}
