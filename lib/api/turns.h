/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_TURNS_H
#define MFX_API_TURNS_H

#include "api/thread_pool.h"
#include "base/str.h"

/*
 * Work for a pool, fairly by owner: each owner has a queue, and the queues
 * take turns.  So whoever asks once waits for one task of each other owner,
 * however many these have waiting.  For the loop's thread alone.
 *
 *	turns_add(turns, owner, &task)	to the pool now, or when its turn comes
 *	turns_over(turns)		first thing in each task's `done`
 */
struct turns;

/* at most `at_once` are with the pool; `each` of an owner and `all` wait */
struct turns *turns_open(struct thread_pool *, enum pool_kind,
    unsigned at_once, unsigned each, unsigned all);
/* when none is waiting any more; NULL is fine */
void turns_close(struct turns *);

/* what is longer than an owner's name may be is cut off */
#define TURNS_OWNER_MAX 32
/* false: too many are waiting */
bool turns_add(struct turns *, struct str owner, struct task *);
void turns_over(struct turns *);
/* takes one off that waits, for the end; NULL: there are no more */
struct task *turns_drop(struct turns *);

#endif
