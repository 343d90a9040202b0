/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_BUDGET_H
#define MFX_BASE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * The memory that all queues of a program may hold together, and how much of
 * it is kept for whom.
 *
 *	key = budget_key(&b, thing);
 *	if (!budget_keep(&b, key, n)) refuse;
 *	budget_hold(&b, n);		the memory itself
 *	...
 *	budget_free(&b, n);
 *	budget_drop(&b, key, n);
 *
 * Memory that several share is held once, and kept for each of them.  What is
 * kept for one may grow to the size of what is still free: a single slow one
 * gets half of all, and each of n slow ones 1/(n+1), so that there is room for
 * the next one.
 *
 * The keys share a fixed number of counters, two for each key of which the
 * lower one counts: with a hundred slow ones, about one of 1,700 others is
 * taken for one of them.
 *
 * Functions take a NULL budget, which has no limit.
 */
#define BUDGET_COUNTERS 4096

struct budget {
	size_t max, held;
	uint64_t refused;		/* times that there was no room */
	/* private */
	uint64_t seed;
	size_t kept[2][BUDGET_COUNTERS];
};

void budget_init(struct budget *, size_t max);

/* whoever it is kept for; the same for the same text */
uint64_t budget_key(const struct budget *, struct str who);

/* memory is taken, and given back */
void budget_hold(struct budget *, size_t n);
void budget_free(struct budget *, size_t n);

/* May so much more be kept for this one?  It is, unless false. */
bool budget_keep(struct budget *, uint64_t key, size_t n);
void budget_drop(struct budget *, uint64_t key, size_t n);

/* Is less kept for this one than half of what it may have?  For what can
 * wait, such as history. */
bool budget_is_easy(const struct budget *, uint64_t key);

#endif
