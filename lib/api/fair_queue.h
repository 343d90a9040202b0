/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_FAIR_QUEUE_H
#define MFX_API_FAIR_QUEUE_H

#include "base/str.h"
#include "net/thread_pool.h"

/*
 * Work for a pool, fairly by owner: each owner has a queue, and the queues
 * take turns.  So an owner that asks once waits for one task of each other
 * owner, however many these have waiting.  For the loop's thread alone.
 *
 *	fair_queue_add(queue, owner, &task)	to the pool now, or later
 *	fair_queue_done(queue)		first thing in each task's `done`
 */
struct fair_queue;

/* at most `at_once` are with the pool; `each` of an owner and `all` wait */
struct fair_queue *fair_queue_open(struct thread_pool *, unsigned kind,
    unsigned at_once, unsigned each, unsigned all);
/* when none is waiting any more; NULL is fine */
void fair_queue_close(struct fair_queue *);

/* a longer name is cut off here */
#define FAIR_QUEUE_OWNER_MAX 36
/* false: too many are waiting */
bool fair_queue_add(struct fair_queue *, struct str owner, struct task *);
void fair_queue_done(struct fair_queue *);
/* takes one off that waits, for the end; NULL: there are no more */
struct task *fair_queue_drop(struct fair_queue *);

#endif
