/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_ARENA_H
#define MFX_BASE_ARENA_H

#include <stddef.h>

#include "base/str.h"

/*
 * An arena: memory that is given back all at once.
 *
 *	arena_init(&a, max);
 *	while (...) {
 *		p = arena_alloc(&a, n);
 *		arena_reset(&a);	forgets all, keeps the memory
 *	}
 *	arena_release(&a);
 *
 * One scratch arena is reset for each line, so that a stream runs without
 * malloc(3) once it has seen its largest line.  What it hands out is aligned
 * for any type and not cleared.  More than `max` bytes in all between two
 * resets gives NULL (the caller refuses that line); running out of memory ends
 * the process with EX_OSERR.
 */
struct arena_block;

struct arena {
	struct arena_block *first;	/* the largest block, kept by reset */
	char *at, *end;			/* free part of the current block */
	size_t used, max;
};

void arena_init(struct arena *, size_t max);
void arena_release(struct arena *);
void arena_reset(struct arena *);
void *arena_alloc_slow(struct arena *, size_t);

static inline void *
arena_alloc(struct arena *a, size_t n)
{
	char *p = a->at;

	if (n > (size_t)-1 - 16)
		return NULL;
	n = (n + 15) & ~(size_t)15;
	if ((size_t)(a->end - p) < n)
		return arena_alloc_slow(a, n);
	a->at = p + n;
	return p;
}

/* shortens the last allocation, p, to its first n bytes */
static inline void
arena_trim(struct arena *a, char *p, size_t n)
{
	a->at = p + ((n + 15) & ~(size_t)15);
}

/* copies s; a NUL that is not counted follows the copy */
struct str arena_str(struct arena *, struct str s);

#endif
