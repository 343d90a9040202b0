/* SPDX-License-Identifier: Apache-2.0 */
#include "api/task.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/memory.h"

#define CREW_THREADS 16
#define CREW_NICE 10

/* ---- the inbox ---- */

int
inbox_open(struct inbox *in, struct fault *fault)
{
	pthread_mutex_t *lock = memory_get(sizeof *lock);

	pthread_mutex_init(lock, NULL);
	*in = (struct inbox){ .lock = lock, .end = NULL };
	in->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (in->fd < 0)
		return fault_errno(fault, EX_OSERR, "eventfd");
	return 0;
}

void
inbox_close(struct inbox *in)
{
	if (in->lock == NULL)
		return;
	if (in->fd >= 0)
		close(in->fd);
	pthread_mutex_destroy(in->lock);
	free(in->lock);
	in->lock = NULL;
}

void
inbox_put(struct inbox *in, struct task *list)
{
	const uint64_t one = 1;
	struct task *last = list;
	bool first;

	if (list == NULL)
		return;
	while (last->next != NULL)
		last = last->next;
	pthread_mutex_lock(in->lock);
	first = in->first == NULL;
	if (first)
		in->first = list;
	else
		*in->end = list;
	in->end = &last->next;
	pthread_mutex_unlock(in->lock);
	/* it can't be full: it counts how often it was empty */
	if (first && write(in->fd, &one, sizeof one) < 0)
		return;
}

void
inbox_run(struct inbox *in)
{
	struct task *t, *next;
	uint64_t n;

	if (read(in->fd, &n, sizeof n) < 0 && errno != EAGAIN)
		return;
	pthread_mutex_lock(in->lock);
	t = in->first;
	in->first = NULL;
	pthread_mutex_unlock(in->lock);
	for (; t != NULL; t = next) {
		next = t->next;
		t->done(t);
	}
}

/* ---- the crew ---- */

struct crew {
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_t threads[CREW_THREADS];
	int n_threads;
	unsigned waiting, most;
	struct task *first, **end;
	struct inbox *inbox;
	bool closing;
};

static struct task *
take(struct crew *c)
{
	struct task *t;

	pthread_mutex_lock(&c->lock);
	while (c->first == NULL && !c->closing)
		pthread_cond_wait(&c->work, &c->lock);
	t = c->first;
	if (t != NULL) {
		c->first = t->next;
		if (c->first == NULL)
			c->end = &c->first;
		c->waiting--;
		t->next = NULL;
	}
	pthread_mutex_unlock(&c->lock);
	return t;
}

static void *
work(void *arg)
{
	struct crew *c = arg;
	struct task *t;

	/* of this thread alone, on Linux; no harm when it may not */
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), CREW_NICE);
	while ((t = take(c)) != NULL) {
		t->run(t);
		inbox_put(c->inbox, t);
	}
	return NULL;
}

int
crew_open(struct crew **out, int threads, unsigned most, struct inbox *inbox,
    struct fault *fault)
{
	struct crew *c = memory_zero(1, sizeof *c);

	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->work, NULL);
	c->most = most;
	c->inbox = inbox;
	c->end = &c->first;
	while (c->n_threads < threads && c->n_threads < CREW_THREADS) {
		errno = pthread_create(&c->threads[c->n_threads], NULL, work,
		    c);
		if (errno != 0) {
			fault_errno(fault, EX_OSERR, "thread");
			crew_close(c);
			return -1;
		}
		c->n_threads++;
	}
	*out = c;
	return 0;
}

void
crew_close(struct crew *c)
{
	if (c == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	c->closing = true;
	pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
	while (c->n_threads > 0)
		pthread_join(c->threads[--c->n_threads], NULL);
	pthread_cond_destroy(&c->work);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

bool
crew_add(struct crew *c, struct task *t)
{
	bool room;

	pthread_mutex_lock(&c->lock);
	room = c->waiting < c->most;
	if (room) {
		t->next = NULL;
		*c->end = t;
		c->end = &t->next;
		c->waiting++;
		pthread_cond_signal(&c->work);
	}
	pthread_mutex_unlock(&c->lock);
	return room;
}
