/* SPDX-License-Identifier: Apache-2.0 */
#include "store/commit.h"

#include <errno.h>
#include <sysexits.h>
#include <time.h>

#include "base/diag.h"
#include "base/run_count.h"

static void
commit_acknowledge(struct committer *c)
{
	struct fault fault;
	bool was_behind = c->behind;

	/* while parts of a line are missing the group stays in front of it */
	if (c->group == NULL || !c->batch.has_at ||
	    c->batch.at.whole == 0 || c->batch.at.whole == c->acked)
		return;
	c->behind = bus_group_set(c->group, c->batch.at.whole, &fault) < 0;
	if (!c->behind) {
		c->acked = c->batch.at.whole;
		run_set(RUN_POSITION, c->acked);
	}
	/* nothing is lost: the position is in the store, and the next
	 * batch, or the next start, moves the group */
	if (c->behind && !was_behind)
		diag_warning("group '%s' not moved: %s",
		    bus_group_name(c->group), fault.text);
}

static void
commit_count(struct committer *c, uint64_t retries, uint64_t readings)
{
	run_add(RUN_RETRIES, retries);
	run_add(RUN_STORED, readings);
	run_set(RUN_REFUSED, c->refused.n);
	pthread_mutex_lock(&c->lock);
	c->counts.retries += retries;
	c->counts.readings += readings;
	c->counts.refused = c->refused.n;
	if (readings > 0 && c->batch.has_at)
		c->counts.at = c->batch.at.whole;
	pthread_mutex_unlock(&c->lock);
}

/* Unless its reader has made it.  What can't be made now is with the next
 * batch; the acknowledgement says why. */
static void
commit_start_group(struct committer *c)
{
	struct fault ignored;
	uint64_t seq;
	int known = bus_group_get(c->group, &seq, &ignored);

	if (known > 0 ||
	    (known == 0 && bus_group_set(c->group, 0, &ignored) == 0))
		c->starts = false;
}

/* However long it takes. */
static void
commit_store(struct committer *c)
{
	enum store_result r;
	int64_t began = run_commit_begin();

	c->batch.refusals = &c->refused;
	if (c->starts && c->batch.has_at)
		commit_start_group(c);
	while ((r = c->store->write(c->handle, &c->batch,
	    &c->fault)) == STORE_LATER) {
		commit_count(c, 1, 0);
		if (!store_try_again(c->patience, &c->fault)) {
			c->fault.status = EX_TEMPFAIL;
			break;
		}
	}
	/* what is set aside is, before it counts as stored */
	c->failed = r != STORE_DONE ||
	    refusals_add(&c->batch, &c->fault) < 0;
	if (c->failed)
		return;
	store_is_back(c->patience);
	run_commit_end(began);
	commit_count(c, 0, c->batch.whole - c->batch.refused);
	commit_acknowledge(c);
}

static void *
commit_work(void *arg)
{
	struct committer *c = arg;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		while (!c->busy && !c->ending)
			pthread_cond_wait(&c->changed, &c->lock);
		if (!c->busy)
			break;
		pthread_mutex_unlock(&c->lock);
		commit_store(c);
		pthread_mutex_lock(&c->lock);
		c->busy = false;
		pthread_cond_signal(&c->changed);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

int
committer_start(struct committer *c, struct batch_ids *ids,
    struct fault *fault)
{
	pthread_condattr_t attr;

	batch_init(&c->batch, ids);
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->changed, &attr);
	pthread_condattr_destroy(&attr);
	errno = pthread_create(&c->thread, NULL, commit_work, c);
	return errno ? fault_errno(fault, EX_OSERR, "thread") : 0;
}

void
committer_wait(struct committer *c)
{
	pthread_mutex_lock(&c->lock);
	while (c->busy)
		pthread_cond_wait(&c->changed, &c->lock);
	pthread_mutex_unlock(&c->lock);
}

bool
committer_wait_for(struct committer *c, int ms)
{
	struct timespec until;
	bool busy;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&c->lock);
	while (c->busy && pthread_cond_timedwait(&c->changed, &c->lock,
	    &until) == 0)
		;
	busy = c->busy;
	pthread_mutex_unlock(&c->lock);
	return !busy;
}

void
committer_count(struct committer *c, struct gauge_counts *counts)
{
	pthread_mutex_lock(&c->lock);
	*counts = c->counts;
	pthread_mutex_unlock(&c->lock);
}

int
committer_give(struct committer *c, struct batch *b)
{
	struct batch full = *b;

	committer_wait(c);
	if (c->failed)
		return -1;
	batch_clear(&c->batch);
	*b = c->batch;
	c->batch = full;
	batch_split(&c->batch, b);
	pthread_mutex_lock(&c->lock);
	c->busy = true;
	pthread_cond_signal(&c->changed);
	pthread_mutex_unlock(&c->lock);
	return 0;
}

void
committer_end(struct committer *c)
{
	committer_wait(c);
	pthread_mutex_lock(&c->lock);
	c->ending = true;
	pthread_cond_signal(&c->changed);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->changed);
	batch_release(&c->batch);
}
