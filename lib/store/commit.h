/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_COMMIT_H
#define MFX_STORE_COMMIT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/fault.h"
#include "bus/bus.h"
#include "store/gauge.h"
#include "store/refuse.h"
#include "store/watch.h"

/*
 * A thread that stores one batch while the next is read and resolved: the
 * store's work and its waiting for the disk cost the stream nothing.
 *
 *	committer_start(&c, &fault);
 *	while (...)
 *		if (batch is full)
 *			committer_give(&c, &batch);
 *	committer_end(&c);
 *
 * There is never more than one batch on its way: giving the next one waits
 * for it, so order is kept and memory bounded.
 */
struct committer {
	const struct store_driver *store;
	void *handle;		/* its writer, used by the thread alone */
	struct store_patience *patience;
	struct bus_group *group;	/* to move after it, or NULL … */
	uint64_t acked;		/* … and where it is */
	bool starts;		/* make it before the first batch: settle.h */
	struct refusals refused;
	/* of the batch that failed for good, once committer_busy says no */
	bool failed;
	struct fault fault;
	bool behind;		/* the group could not be moved */
	/* private */
	struct gauge_counts counts;	/* with the lock */
	struct batch batch;
	atomic_bool busy;
	bool ending;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

/* with all up to `refused` set, all else zero; ids: of the batches */
int committer_start(struct committer *, struct batch_ids *ids,
    struct fault *);

/* stores what is whole of the batch, which is left with the rest; -1, and
 * the batch as it was, when the one before it failed for good */
int committer_give(struct committer *, struct batch *);

/* is a batch on its way?  For a look at every line: no lock. */
static inline bool
committer_busy(struct committer *c)
{
	return atomic_load_explicit(&c->busy, memory_order_acquire);
}

/* waits until none is */
void committer_wait(struct committer *);
/* the same for about `ms` at most: false when one is still under way */
bool committer_wait_for(struct committer *, int ms);

void committer_count(struct committer *, struct gauge_counts *);

/* waits, ends the thread, releases */
void committer_end(struct committer *);

#endif
