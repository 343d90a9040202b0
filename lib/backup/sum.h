/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BACKUP_SUM_H
#define MFX_BACKUP_SUM_H

#include <stddef.h>

/*
 * BLAKE2b of 256 bits, in a thread beside the one that reads and writes:
 *
 *	sum_begin(s)
 *	for each piece
 *		sum_add(s, p, n)	p stays as it is until the next call
 *	sum_end(s, to)
 *
 * Without a thread it is the same, and slower.
 */
#define SUM_BYTES 32

struct sum;

struct sum *sum_new(void);
void sum_free(struct sum *);	/* also NULL */
void sum_begin(struct sum *);
/* returns once the piece before this one need not stay any more */
void sum_add(struct sum *, const void *p, size_t n);
void sum_end(struct sum *, unsigned char to[SUM_BYTES]);

#endif
