/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_TASK_H
#define MFX_API_TASK_H

#include <stdbool.h>

#include "base/fault.h"

/*
 * Work that must not hold up the loop is done by other threads, and what
 * has been done comes back through an inbox:
 *
 *	inbox_open(&inbox, &fault);
 *	crew_open(&crew, 2, 128, &inbox, &fault);
 *	crew_add(crew, &task)		calls task->run there
 *	poll inbox.fd			it can be read when
 *	inbox_run(&inbox)		there are some to call task->done of
 *
 * A task belongs to the crew from crew_add to `done`.
 */
struct task {
	struct task *next;
	void (*run)(struct task *);
	void (*done)(struct task *);
	/* whose it is, for crew_share; NULL: nobody's.  It stays what it is
	 * until it is done. */
	const char *user, *thing;
};

struct inbox {
	int fd;			/* eventfd(2) */
	void *lock;		/* pthread_mutex_t */
	struct task *first, **end;
};

int inbox_open(struct inbox *, struct fault *);
void inbox_close(struct inbox *);
/* from any thread: a list of tasks that are done */
void inbox_put(struct inbox *, struct task *list);
/* from the loop's */
void inbox_run(struct inbox *);

/* a few threads, at a lower priority than the one that opens them */
struct crew;
int crew_open(struct crew **, int threads, unsigned most, struct inbox *,
    struct fault *);
/* lets them finish what was added; NULL is fine */
void crew_close(struct crew *);
/* false when `most` are waiting already */
bool crew_add(struct crew *, struct task *);
/*
 * How many of the threads may work for one user, and for one thing, at once:
 * less than there are, so that some are left for the others.  Of the tasks
 * that may be begun, one of whoever has the fewest at work comes first.
 */
void crew_share(struct crew *, unsigned of_user, unsigned of_thing);

#endif
