/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/digits.h"
#include "base/memory.h"

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_release(struct buf *b)
{
	free(b->p);
	buf_init(b, b->max);
}

char *
buf_grow(struct buf *b, size_t n)
{
	size_t cap;

	if (n > b->max || b->n > b->max - n) {
		b->full = true;
		return NULL;
	}
	cap = b->cap ? b->cap : 256;
	while (cap < b->n + n)
		cap *= 2;
	if (cap > b->max)
		cap = b->max;
	b->p = memory_resize(b->p, cap);
	b->cap = cap;
	return b->p + b->n;
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	/* one more byte for the NUL that vsnprintf insists on */
	if (n >= 0 && buf_room(b, (size_t)n + 1) != NULL) {
		vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

void
buf_put_u64(struct buf *b, uint64_t v)
{
	char *to = buf_room(b, DIGITS_TEXT);

	if (to != NULL)
		b->n += digits_print(to, v);
}
