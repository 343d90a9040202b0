/* SPDX-License-Identifier: Apache-2.0 */
#include "api/task.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
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
	int n_threads, n_working;
	unsigned waiting, most;
	unsigned of_user, of_thing;
	struct task *working[CREW_THREADS];
	struct task *first, **end;
	struct inbox *inbox;
	bool closing;
};

static bool
crew_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* May it be begun?  *n is how many of its user's are at work. */
static bool
crew_may(const struct crew *c, const struct task *t, unsigned *n)
{
	unsigned of_thing = 0;
	int i;

	*n = 0;
	for (i = 0; i < CREW_THREADS; i++) {
		const struct task *other = c->working[i];

		if (other == NULL)
			continue;
		*n += crew_same(t->user, other->user);
		of_thing += crew_same(t->thing, other->thing);
	}
	return (c->of_user == 0 || *n < c->of_user) &&
	    (c->of_thing == 0 || of_thing < c->of_thing);
}

/* the one to be begun next; NULL: none may be */
static struct task *
crew_choose(struct crew *c)
{
	struct task **at, **best = NULL, *t;
	unsigned fewest = 0, n;

	for (at = &c->first; *at != NULL; at = &(*at)->next)
		if (crew_may(c, *at, &n) && (best == NULL || n < fewest)) {
			best = at;
			fewest = n;
			if (n == 0)
				break;
		}
	if (best == NULL)
		return NULL;
	t = *best;
	*best = t->next;
	if (t->next == NULL)
		c->end = best;
	t->next = NULL;
	c->waiting--;
	return t;
}

/*
 * NULL: no more will come.  Nobody else is woken: with one less at work at
 * most one more may be begun, and whoever has just ended looks for it.
 */
static struct task *
crew_take(struct crew *c, struct task **working)
{
	struct task *t;

	pthread_mutex_lock(&c->lock);
	while ((t = crew_choose(c)) == NULL &&
	    (c->first != NULL || !c->closing))
		pthread_cond_wait(&c->work, &c->lock);
	*working = t;
	if (c->closing)
		pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
	return t;
}

/* It is not looked at any more: it may be gone once it is in the inbox. */
static void
crew_done(struct crew *c, struct task **working)
{
	pthread_mutex_lock(&c->lock);
	*working = NULL;
	pthread_mutex_unlock(&c->lock);
}

static void *
work(void *arg)
{
	struct crew *c = arg;
	struct task **working, *t;

	pthread_mutex_lock(&c->lock);
	working = &c->working[c->n_working++];
	pthread_mutex_unlock(&c->lock);
	/* of this thread alone, on Linux; no harm when it may not */
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), CREW_NICE);
	while ((t = crew_take(c, working)) != NULL) {
		t->run(t);
		crew_done(c, working);
		inbox_put(c->inbox, t);
	}
	return NULL;
}

void
crew_share(struct crew *c, unsigned of_user, unsigned of_thing)
{
	pthread_mutex_lock(&c->lock);
	c->of_user = of_user;
	c->of_thing = of_thing;
	pthread_mutex_unlock(&c->lock);
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
