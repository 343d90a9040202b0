/* SPDX-License-Identifier: Apache-2.0 */
#include "api/thread_pool.h"

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

#define POOL_THREADS 16
#define POOL_NICE 10

/* ---- the completions ---- */

int
completions_open(struct completions *in, struct fault *fault)
{
	pthread_mutex_t *lock = memory_get(sizeof *lock);

	pthread_mutex_init(lock, NULL);
	*in = (struct completions){ .lock = lock, .end = NULL };
	in->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (in->fd < 0)
		return fault_errno(fault, EX_OSERR, "eventfd");
	return 0;
}

void
completions_close(struct completions *in)
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
completions_put(struct completions *in, struct task *list)
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
completions_run(struct completions *in)
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

/* ---- the pool ---- */

struct thread_pool {
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_t threads[POOL_THREADS];
	int n_threads, n_working;
	unsigned waiting, most;
	unsigned of_user, of_thing;
	struct task *working[POOL_THREADS];
	struct task *first, **end;
	struct completions *completions;
	bool closing;
};

static bool
pool_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* May it be begun?  *n is how many of its user's are at work. */
static bool
pool_may(const struct thread_pool *c, const struct task *t, unsigned *n)
{
	unsigned of_thing = 0;
	int i;

	*n = 0;
	for (i = 0; i < POOL_THREADS; i++) {
		const struct task *other = c->working[i];

		if (other == NULL)
			continue;
		*n += pool_same(t->user, other->user);
		of_thing += pool_same(t->thing, other->thing);
	}
	return (c->of_user == 0 || *n < c->of_user) &&
	    (c->of_thing == 0 || of_thing < c->of_thing);
}

/* the one to be begun next; NULL: none may be */
static struct task *
pool_choose(struct thread_pool *c)
{
	struct task **at, **best = NULL, *t;
	unsigned fewest = 0, n;

	for (at = &c->first; *at != NULL; at = &(*at)->next)
		if (pool_may(c, *at, &n) && (best == NULL || n < fewest)) {
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
pool_take(struct thread_pool *c, struct task **working)
{
	struct task *t;

	pthread_mutex_lock(&c->lock);
	while ((t = pool_choose(c)) == NULL &&
	    (c->first != NULL || !c->closing))
		pthread_cond_wait(&c->work, &c->lock);
	*working = t;
	if (c->closing)
		pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
	return t;
}

/* It is not looked at any more: it may be gone once it is among the
 * completions. */
static void
pool_done(struct thread_pool *c, struct task **working)
{
	pthread_mutex_lock(&c->lock);
	*working = NULL;
	pthread_mutex_unlock(&c->lock);
}

static void *
pool_work(void *arg)
{
	struct thread_pool *c = arg;
	struct task **working, *t;

	pthread_mutex_lock(&c->lock);
	working = &c->working[c->n_working++];
	pthread_mutex_unlock(&c->lock);
	/* of this thread alone, on Linux; no harm when it may not */
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), POOL_NICE);
	while ((t = pool_take(c, working)) != NULL) {
		t->run(t);
		pool_done(c, working);
		completions_put(c->completions, t);
	}
	return NULL;
}

void
pool_share(struct thread_pool *c, unsigned of_user, unsigned of_thing)
{
	pthread_mutex_lock(&c->lock);
	c->of_user = of_user;
	c->of_thing = of_thing;
	pthread_mutex_unlock(&c->lock);
}

int
pool_open(struct thread_pool **out, int threads, unsigned most,
    struct completions *completions, struct fault *fault)
{
	struct thread_pool *c = memory_zero(1, sizeof *c);

	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->work, NULL);
	c->most = most;
	c->completions = completions;
	c->end = &c->first;
	while (c->n_threads < threads && c->n_threads < POOL_THREADS) {
		errno = pthread_create(&c->threads[c->n_threads], NULL,
		    pool_work, c);
		if (errno != 0) {
			fault_errno(fault, EX_OSERR, "thread");
			pool_close(c);
			return -1;
		}
		c->n_threads++;
	}
	*out = c;
	return 0;
}

void
pool_close(struct thread_pool *c)
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
pool_add(struct thread_pool *c, struct task *t)
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
