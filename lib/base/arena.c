/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdlib.h>

#include "base/memory.h"

struct arena_block {
	struct arena_block *next;
	size_t size;
	_Alignas(16) char data[];
};

#define BLOCK_MIN (16 * 1024)

void
arena_init(struct arena *a, size_t max)
{
	*a = (struct arena){ .max = max };
}

void
arena_release(struct arena *a)
{
	struct arena_block *b, *next;

	for (b = a->first; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	arena_init(a, a->max);
}

/* Blocks double, so the first of the list is the largest: keep that one. */
void
arena_reset(struct arena *a)
{
	struct arena_block *b, *next;

	if (a->first == NULL)
		return;
	for (b = a->first->next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	a->first->next = NULL;
	a->at = a->first->data;
	a->end = a->at + a->first->size;
	a->used = a->first->size;
}

void *
arena_alloc_slow(struct arena *a, size_t n)
{
	struct arena_block *b;
	size_t size = a->first ? a->first->size * 2 : BLOCK_MIN;
	char *p;

	if (n > a->max || a->used > a->max - n)
		return NULL;
	if (size < n)
		size = n;
	if (size > a->max - a->used)
		size = a->max - a->used;
	b = memory_get(sizeof *b + size);
	b->size = size;
	b->next = a->first;
	a->first = b;
	a->used += size;
	p = b->data;
	a->at = p + n;
	a->end = p + size;
	return p;
}

struct str
arena_str(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (p == NULL)
		return STR_NONE;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return (struct str){ p, s.n };
}
