/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_THREAD_POOL_H
#define MFX_API_THREAD_POOL_H

#include <stdbool.h>

#include "base/fault.h"

/*
 * Work that must not hold up the loop is done by the threads of a pool, and
 * what has been done comes back to the loop as a completion:
 *
 *	completions_open(&completions, &fault);
 *	pool_open(&pool, 2, 128, &completions, &fault);
 *	pool_add(pool, &task)		a thread calls task->run
 *	... completions.fd can be read when there are some:
 *	completions_run(&completions)	calls task->done of each
 *
 * A task belongs to the pool from pool_add to `done`.
 */
struct task {
	struct task *next;
	void (*run)(struct task *);
	void (*done)(struct task *);
	/* whose it is, for pool_share; NULL: nobody's.  It stays what it is
	 * until it is done. */
	const char *user, *thing;
};

struct completions {
	int fd;			/* eventfd(2) */
	void *lock;		/* pthread_mutex_t */
	struct task *first, **end;
};

int completions_open(struct completions *, struct fault *);
void completions_close(struct completions *);
/* from any thread: a list of tasks that are done */
void completions_put(struct completions *, struct task *list);
/* from the loop's */
void completions_run(struct completions *);

/* a few threads, at a lower priority than the one that opens them */
struct thread_pool;
int pool_open(struct thread_pool **, int threads, unsigned most,
    struct completions *, struct fault *);
/* lets them finish what was added; NULL is fine */
void pool_close(struct thread_pool *);
/* false when `most` are waiting already */
bool pool_add(struct thread_pool *, struct task *);
/*
 * How many of the threads may work for one user, and for one thing, at once:
 * less than there are, so that some are left for the others.  Of the tasks
 * that may be begun, one of whoever has the fewest at work comes first.
 */
void pool_share(struct thread_pool *, unsigned of_user, unsigned of_thing);

#endif
