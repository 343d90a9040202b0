/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_BUF_H
#define MFX_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

/*
 * A growable run of bytes with a maximum.
 *
 *	struct buf b;
 *	buf_init(&b, max);
 *	buf_put(&b, p, n); buf_puts(&b, "text"); buf_printf(&b, ...);
 *	if (b.full) ... something did not fit and was left out
 *	buf_clear(&b); ... buf_release(&b);
 *
 * What would exceed the maximum is not added, not even in part, and sets
 * `full`, which stays set until buf_clear: so a writer may put a whole
 * record and check once.  Running out of memory ends the process with
 * EX_OSERR.
 */
struct buf {
	char *p;
	size_t n;		/* bytes held */
	size_t cap, max;
	bool full;
};

void buf_init(struct buf *, size_t max);
void buf_release(struct buf *);

char *buf_grow(struct buf *, size_t n);

/* n writable bytes at b->p + b->n, not yet counted; NULL over the maximum */
static inline char *
buf_room(struct buf *b, size_t n)
{
	return b->cap - b->n >= n ? b->p + b->n : buf_grow(b, n);
}

void buf_printf(struct buf *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_put_u64(struct buf *, uint64_t);

static inline void
buf_clear(struct buf *b)
{
	b->n = 0;
	b->full = false;
}

static inline void
buf_put(struct buf *b, const void *p, size_t n)
{
	if (b->cap - b->n < n && buf_room(b, n) == NULL)
		return;
	if (n > 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
}

static inline void
buf_putc(struct buf *b, char c)
{
	if (b->cap - b->n < 1 && buf_room(b, 1) == NULL)
		return;
	b->p[b->n++] = c;
}

static inline void
buf_put_str(struct buf *b, struct str s)
{
	buf_put(b, s.p, s.n);
}

static inline void
buf_puts(struct buf *b, const char *z)
{
	buf_put(b, z, strlen(z));
}

static inline struct str
buf_str(const struct buf *b)
{
	return (struct str){ b->p, b->n };
}

#endif
