/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/certs/many.h"

#include <pthread.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/signal.h"

#define MANY_BATCH 256		/* in a transaction */
#define MANY_SLOTS (2 * MANY_BATCH)
#define MANY_THREADS 32

struct many_slot {
	struct issue issue;
	struct fault fault;
	bool failed;
};

struct many {
	const struct signer *signer;
	const struct order *order;	/* but for the thing */
	const struct changes *things;
	struct many_slot slots[MANY_SLOTS];	/* of a thing: its number
						 * modulo their number */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t next;			/* the first that nobody makes yet */
	size_t given;			/* all before it are given: their slots
					 * are free */
	size_t made[2];			/* how many of a batch: of the one that
					 * is given next, and the one after */
	bool stop;
	pthread_t threads[MANY_THREADS];
	int n_threads;
};

static struct order
many_order(const struct many *m, size_t i)
{
	struct order o = *m->order;

	o.thing = m->things->v[i].id;
	return o;
}

/* of the batch that begins with this one */
static size_t
many_batch(const struct many *m, size_t from)
{
	size_t left = m->things->n - from;

	return left < MANY_BATCH ? left : MANY_BATCH;
}

/* ---- the threads that make them ---- */

/* the number of the next one to make; false: there is none */
static bool
many_next(struct many *m, size_t *i)
{
	bool got;

	pthread_mutex_lock(&m->lock);
	while (!m->stop && m->next < m->things->n &&
	    m->next >= m->given + MANY_SLOTS)
		pthread_cond_wait(&m->changed, &m->lock);
	got = !m->stop && m->next < m->things->n;
	*i = m->next;
	m->next += got;
	pthread_mutex_unlock(&m->lock);
	return got;
}

static void *
many_run(void *arg)
{
	struct many *m = arg;
	struct many_slot *slot;
	struct order o;
	size_t i;

	while (many_next(m, &i)) {
		slot = &m->slots[i % MANY_SLOTS];
		o = many_order(m, i);
		issue_clear(&slot->issue);
		slot->failed = issue_make(&slot->issue, m->signer, &o,
		    &slot->fault) < 0;
		i -= i % MANY_BATCH;
		pthread_mutex_lock(&m->lock);
		if (++m->made[i / MANY_BATCH % 2] == many_batch(m, i))
			pthread_cond_broadcast(&m->changed);
		pthread_mutex_unlock(&m->lock);
	}
	return NULL;
}

static int
many_start(struct many *m, struct fault *fault)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	int err = 0;

	n = n < 1 ? 1 : n > MANY_THREADS ? MANY_THREADS : n;
	while (err == 0 && m->n_threads < n) {
		err = signal_start_thread(&m->threads[m->n_threads], NULL,
		    many_run, m);
		m->n_threads += err == 0;
	}
	return m->n_threads > 0 ? 0 :
	    fault_set(fault, EX_OSERR, "no thread can be started");
}

static void
many_stop(struct many *m)
{
	pthread_mutex_lock(&m->lock);
	m->stop = true;
	pthread_cond_broadcast(&m->changed);
	pthread_mutex_unlock(&m->lock);
	while (m->n_threads > 0)
		pthread_join(m->threads[--m->n_threads], NULL);
}

/* ---- the one that gives them ---- */

/* waits until all of [from, to), a batch, are made */
static int
many_wait(struct many *m, size_t from, size_t to, struct fault *fault)
{
	size_t *made = &m->made[from / MANY_BATCH % 2], i;

	pthread_mutex_lock(&m->lock);
	while (*made < to - from)
		pthread_cond_wait(&m->changed, &m->lock);
	pthread_mutex_unlock(&m->lock);
	for (i = from; i < to; i++)
		if (m->slots[i % MANY_SLOTS].failed) {
			*fault = m->slots[i % MANY_SLOTS].fault;
			return -1;
		}
	return 0;
}

static int
many_add(struct many *m, struct registry *r, size_t from, size_t to,
    struct fault *fault)
{
	struct order o;
	size_t i;

	if (registry_begin(r, fault) < 0)
		return -1;
	for (i = from; i < to; i++) {
		o = many_order(m, i);
		if (issue_add(&m->slots[i % MANY_SLOTS].issue, r, m->signer,
		    &o, fault) < 0)
			return -1;
	}
	return registry_commit(r, fault);
}

static int
many_give(struct many *m, struct give *give, size_t from, size_t to,
    struct fault *fault)
{
	struct order o;
	size_t i;

	for (i = from; i < to; i++) {
		o = many_order(m, i);
		if (give_one(give, &o, &m->slots[i % MANY_SLOTS].issue,
		    fault) < 0)
			return -1;
	}
	pthread_mutex_lock(&m->lock);
	m->made[from / MANY_BATCH % 2] = 0;
	m->given = to;
	pthread_cond_broadcast(&m->changed);
	pthread_mutex_unlock(&m->lock);
	return 0;
}

static int
many_all(struct many *m, struct registry *r, struct give *give,
    struct fault *fault)
{
	size_t from, to, n = m->things->n;

	for (from = 0; from < n; from = to) {
		to = from + many_batch(m, from);
		if (signal_stop())
			return fault_set(fault, EX_TEMPFAIL, "stopped: "
			    "%zu of %zu certificates were issued", from, n);
		if (many_wait(m, from, to, fault) < 0 ||
		    many_add(m, r, from, to, fault) < 0 ||
		    many_give(m, give, from, to, fault) < 0)
			return -1;
		diag_progress("%zu of %zu certificates", to, n);
	}
	diag_progress_end();
	return 0;
}

int
many_issue(struct registry *r, const struct signer *signer,
    const struct order *order, const struct changes *things,
    struct give *give, struct fault *fault)
{
	struct many *m = memory_zero(1, sizeof *m);
	int result;
	size_t i;

	m->signer = signer;
	m->order = order;
	m->things = things;
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->changed, NULL);
	for (i = 0; i < MANY_SLOTS; i++)
		issue_init(&m->slots[i].issue);
	result = many_start(m, fault);
	if (result == 0)
		result = many_all(m, r, give, fault);
	many_stop(m);
	for (i = 0; i < MANY_SLOTS; i++)
		issue_release(&m->slots[i].issue);
	pthread_cond_destroy(&m->changed);
	pthread_mutex_destroy(&m->lock);
	free(m);
	return result;
}
