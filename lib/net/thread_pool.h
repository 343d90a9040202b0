/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_NET_THREAD_POOL_H
#define MFX_NET_THREAD_POOL_H

#include <stdbool.h>

#include "base/fault.h"

/*
 * Work that must not hold up the loop is done by the threads of a pool, and
 * what has been done comes back to the loop as a completion:
 *
 *	completions_open(&completions, &fault);
 *	pool_open(&pool, limits, KINDS, &completions, &fault);
 *	pool_add(pool, kind, &task)	a thread calls task->run
 *	... completions.told[0] can be read when there are some:
 *	completions_run(&completions)	calls task->done of each
 *
 * A task belongs to the pool from pool_add to `done`.
 */
struct task {
	struct task *next;
	void (*run)(struct task *);
	void (*done)(struct task *);
	/* its user and thing, for the limits; NULL: of none.  They stay what
	 * they are until it is done. */
	const char *user, *thing;
};

struct completions {
	int told[2];		/* wakeup.h */
	void *lock;		/* pthread_mutex_t */
	struct task *first, **end;
};

int completions_open(struct completions *, struct fault *);
void completions_close(struct completions *);
/* from any thread: a list of tasks that are done */
void completions_put(struct completions *, struct task *list);
/* from the loop's */
void completions_run(struct completions *);

/*
 * Of one kind of work, whose number says how urgent it is, 0 the most: how many
 * are at work at most, and wait; and how many of these may work for one user,
 * and for one thing; 0: no limit.  Of the tasks of a kind that may begin, one
 * of the user with the fewest at work comes first.
 */
struct pool_limits {
	unsigned at_once, most, of_user, of_thing;
};

/*
 * As many threads as may be at work, so that no kind waits for another; each
 * is started when there is work for it.  They have a lower priority than the
 * one that opens them, and its signals.
 */
#define POOL_THREADS 40
struct thread_pool;
#define POOL_KINDS_MAX 8
int pool_open(struct thread_pool **, const struct pool_limits *of_each_kind,
    unsigned kinds, struct completions *, struct fault *);
/* lets them finish what was added; NULL is fine */
void pool_close(struct thread_pool *);
/* false when `most` of its kind are waiting already */
bool pool_add(struct thread_pool *, unsigned kind, struct task *);

#endif
