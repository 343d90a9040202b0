/* SPDX-License-Identifier: Apache-2.0 */
#include "net/thread_pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/wakeup.h"

#define POOL_NICE 10

/* ---- the completions ---- */

int
completions_open(struct completions *in, struct fault *fault)
{
	pthread_mutex_t *lock = memory_get(sizeof *lock);

	pthread_mutex_init(lock, NULL);
	*in = (struct completions){ .lock = lock, .end = NULL };
	return wakeup_open(in->told) == 0 ? 0 :
	    fault_errno(fault, EX_OSERR, "pipe");
}

void
completions_close(struct completions *in)
{
	if (in->lock == NULL)
		return;
	wakeup_close(in->told);
	pthread_mutex_destroy(in->lock);
	free(in->lock);
	in->lock = NULL;
}

void
completions_put(struct completions *in, struct task *list)
{
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
	if (first)
		wakeup_tell(in->told);
}

void
completions_run(struct completions *in)
{
	struct task *t, *next;

	wakeup_clear(in->told);
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

struct pool_queue {
	struct pool_limits limits;
	unsigned working, waiting;
	struct task *first, **end;
};

/* what a thread is at; task NULL: nothing */
struct pool_place {
	struct thread_pool *pool;
	pthread_t thread;
	struct task *task;
	unsigned kind;
};

struct thread_pool {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct pool_place places[POOL_THREADS];
	unsigned threads, most;		/* there are, there may be */
	unsigned idle, woken;		/* idle ones, less those woken */
	struct pool_queue queues[POOL_KINDS_MAX];
	unsigned kinds;
	struct completions *completions;
	sigset_t signals;
	bool closing;
};

static bool
pool_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* May it be begun?  *n is how many of its user's are at work. */
static bool
pool_may(const struct thread_pool *c, unsigned kind,
    const struct task *t, unsigned *n)
{
	const struct pool_limits *l = &c->queues[kind].limits;
	unsigned of_thing = 0, i;

	*n = 0;
	for (i = 0; i < c->threads; i++) {
		const struct task *other = c->places[i].task;

		if (other == NULL || c->places[i].kind != kind)
			continue;
		*n += pool_same(t->user, other->user);
		of_thing += pool_same(t->thing, other->thing);
	}
	return (l->of_user == 0 || *n < l->of_user) &&
	    (l->of_thing == 0 || of_thing < l->of_thing);
}

/* where the one of a kind is that is to be begun next; NULL: none may be */
static struct task **
pool_find(struct thread_pool *c, unsigned kind)
{
	struct pool_queue *q = &c->queues[kind];
	struct task **at, **best = NULL;
	unsigned fewest = 0, n;

	if (q->working == q->limits.at_once)
		return NULL;
	for (at = &q->first; *at != NULL; at = &(*at)->next)
		if (pool_may(c, kind, *at, &n) &&
		    (best == NULL || n < fewest)) {
			best = at;
			fewest = n;
			if (n == 0)
				break;
		}
	return best;
}

static struct task *
pool_remove(struct pool_queue *q, struct task **at)
{
	struct task *t = *at;

	*at = t->next;
	if (t->next == NULL)
		q->end = at;
	t->next = NULL;
	q->waiting--;
	q->working++;
	return t;
}

static bool
pool_choose(struct thread_pool *c, struct pool_place *p)
{
	struct task **at;
	unsigned kind;

	for (kind = 0; kind < c->kinds; kind++)
		if ((at = pool_find(c, kind)) != NULL) {
			p->task = pool_remove(&c->queues[kind], at);
			p->kind = kind;
			return true;
		}
	return false;
}

static bool
pool_has_more(struct thread_pool *c)
{
	unsigned kind;

	for (kind = 0; kind < c->kinds; kind++)
		if (pool_find(c, kind) != NULL)
			return true;
	return false;
}

static bool
pool_is_empty(const struct thread_pool *c)
{
	unsigned kind;

	for (kind = 0; kind < c->kinds; kind++)
		if (c->queues[kind].waiting > 0)
			return false;
	return true;
}

/* Near the end what is left may have to wait for what is at work. */
static void
pool_wait(struct thread_pool *c)
{
	if (c->closing) {
		pthread_cond_wait(&c->work, &c->lock);
		return;
	}
	c->idle++;
	while (c->woken == 0 && !c->closing)
		pthread_cond_wait(&c->work, &c->lock);
	if (c->woken > 0)
		c->woken--;
}

static void
pool_wake_idle(struct thread_pool *c)
{
	c->idle--;
	c->woken++;
	pthread_cond_signal(&c->work);
}

/*
 * NULL: no more will come.  Whoever has just ended looks for what it has held
 * up: that may be one of its user and another of its thing.
 */
static struct task *
pool_take(struct thread_pool *c, struct pool_place *p)
{
	pthread_mutex_lock(&c->lock);
	while (!pool_choose(c, p) && (!c->closing || !pool_is_empty(c)))
		pool_wait(c);
	if (c->closing)
		pthread_cond_broadcast(&c->work);
	else if (c->idle > 0 && pool_has_more(c))
		pool_wake_idle(c);
	pthread_mutex_unlock(&c->lock);
	return p->task;
}

/* It is not looked at any more: it may be gone once it is among the
 * completions. */
static void
pool_done(struct thread_pool *c, struct pool_place *p)
{
	pthread_mutex_lock(&c->lock);
	c->queues[p->kind].working--;
	p->task = NULL;
	pthread_mutex_unlock(&c->lock);
}

static void *
pool_work(void *arg)
{
	struct pool_place *p = arg;
	struct thread_pool *c = p->pool;
	struct task *t;

	/* of this thread alone, on Linux; no harm when it may not */
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), POOL_NICE);
	while ((t = pool_take(c, p)) != NULL) {
		t->run(t);
		pool_done(c, p);
		completions_put(c->completions, t);
	}
	return NULL;
}

/* 0, or an errno */
static int
pool_start(struct thread_pool *c)
{
	struct pool_place *p = &c->places[c->threads];
	sigset_t before;
	int error;

	p->pool = c;
	pthread_sigmask(SIG_SETMASK, &c->signals, &before);
	error = pthread_create(&p->thread, NULL, pool_work, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0)
		c->threads++;
	return error;
}

int
pool_open(struct thread_pool **out, const struct pool_limits *limits,
    unsigned kinds, struct completions *completions, struct fault *fault)
{
	struct thread_pool *c = memory_zero(1, sizeof *c);
	unsigned kind;

	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->work, NULL);
	pthread_sigmask(SIG_SETMASK, NULL, &c->signals);
	c->completions = completions;
	c->kinds = kinds;
	for (kind = 0; kind < c->kinds; kind++) {
		c->queues[kind].limits = limits[kind];
		c->queues[kind].end = &c->queues[kind].first;
		c->most += limits[kind].at_once;
	}
	if (c->most > POOL_THREADS)
		c->most = POOL_THREADS;
	/* with this one all gets done, if there can be no more */
	pthread_mutex_lock(&c->lock);
	errno = pool_start(c);
	pthread_mutex_unlock(&c->lock);
	if (errno != 0) {
		fault_errno(fault, EX_OSERR, "thread");
		pool_close(c);
		return -1;
	}
	*out = c;
	return 0;
}

void
pool_close(struct thread_pool *c)
{
	unsigned i;

	if (c == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	c->closing = true;
	pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
	/* these look at all places until they end */
	for (i = 0; i < c->threads; i++)
		pthread_join(c->places[i].thread, NULL);
	pthread_cond_destroy(&c->work);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static void
pool_wake(struct thread_pool *c)
{
	if (c->idle > 0) {
		pool_wake_idle(c);
	} else if (c->threads < c->most) {
		/* or one that is there does it later */
		(void)pool_start(c);
	}
}

bool
pool_add(struct thread_pool *c, unsigned kind, struct task *t)
{
	struct pool_queue *q = &c->queues[kind];
	bool room;

	pthread_mutex_lock(&c->lock);
	room = q->waiting < q->limits.most;
	if (room) {
		t->next = NULL;
		*q->end = t;
		q->end = &t->next;
		q->waiting++;
		pool_wake(c);
	}
	pthread_mutex_unlock(&c->lock);
	return room;
}
