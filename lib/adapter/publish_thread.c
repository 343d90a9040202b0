/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/publish_thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "base/signal.h"
#include "base/wakeup.h"

struct publish_thread {
	struct bus *bus;
	struct publisher publisher;	/* the thread's while it has a job */
	int told[2];			/* a job is done */
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* of the lock */
	enum publish_job job;
	bool done, end;
	struct publish_result result;
};

/* ---- the thread ---- */

static void
publish_thread_do(struct publish_thread *t, struct publish_result *r)
{
	int status;

	*r = (struct publish_result){ .job = t->job };
	status = r->job == PUBLISH_COMMIT ?
	    publisher_commit(&t->publisher, &r->fault) :
	    publisher_check(&t->publisher, &r->fault);
	if (status == 0)
		r->fault.status = 0;
	r->broken = t->publisher.broken;
}

static void *
publish_thread_run(void *arg)
{
	struct publish_thread *t = arg;
	struct publish_result r;

	signal_none_here();
	pthread_mutex_lock(&t->lock);
	while (!t->end) {
		if (t->job == PUBLISH_IDLE || t->done) {
			pthread_cond_wait(&t->changed, &t->lock);
			continue;
		}
		pthread_mutex_unlock(&t->lock);
		publish_thread_do(t, &r);
		pthread_mutex_lock(&t->lock);
		t->result = r;
		t->done = true;
		wakeup_tell(t->told);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* ---- the loop's ---- */

static int
publish_thread_start(struct publish_thread *t)
{
	errno = signal_start_thread(&t->thread, NULL, publish_thread_run, t);
	t->started = errno == 0;
	return t->started ? 0 : -1;
}

int
publish_thread_open(struct publish_thread **out, const char *stream,
    enum bus_sync sync, struct fault *fault)
{
	struct publish_thread *t = memory_zero(1, sizeof *t);
	int r;

	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, NULL);
	if (wakeup_open(t->told) < 0)
		r = fault_errno(fault, EX_OSERR, "pipe");
	else if ((r = bus_open(&t->bus, NULL, fault)) == 0)
		r = publisher_open(&t->publisher, t->bus, stream, sync,
		    fault);
	if (r == 0 && (r = publish_thread_start(t)) < 0)
		fault_errno(fault, EX_OSERR, "thread");
	if (r < 0) {
		publish_thread_close(t);
		return -1;
	}
	*out = t;
	return 0;
}

void
publish_thread_close(struct publish_thread *t)
{
	if (t == NULL)
		return;
	if (t->started) {
		pthread_mutex_lock(&t->lock);
		t->end = true;
		pthread_cond_broadcast(&t->changed);
		pthread_mutex_unlock(&t->lock);
		pthread_join(t->thread, NULL);
	}
	publisher_close(&t->publisher);
	bus_close(t->bus);
	wakeup_close(t->told);
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

int
publish_thread_fd(const struct publish_thread *t)
{
	return t->told[0];
}

static void
publish_thread_give(struct publish_thread *t, enum publish_job job)
{
	pthread_mutex_lock(&t->lock);
	t->job = job;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

void
publish_thread_commit(struct publish_thread *t, struct buf *lines)
{
	struct buf empty = t->publisher.lines;

	t->publisher.lines = *lines;
	*lines = empty;
	publish_thread_give(t, PUBLISH_COMMIT);
}

void
publish_thread_check(struct publish_thread *t)
{
	publish_thread_give(t, PUBLISH_CHECK);
}

/* with the lock */
static void
publish_thread_take(struct publish_thread *t, struct publish_result *r)
{
	*r = t->result;
	t->done = false;
	t->job = PUBLISH_IDLE;
	wakeup_clear(t->told);
}

bool
publish_thread_result(struct publish_thread *t, struct publish_result *r)
{
	bool done;

	pthread_mutex_lock(&t->lock);
	done = t->done;
	if (done)
		publish_thread_take(t, r);
	pthread_mutex_unlock(&t->lock);
	return done;
}

void
publish_thread_await(struct publish_thread *t, struct publish_result *r)
{
	struct pollfd p = { .fd = t->told[0], .events = POLLIN };

	/* signals come in, as a second one ends the process */
	while (!publish_thread_result(t, r))
		signal_poll(&p, 1, -1);
}
