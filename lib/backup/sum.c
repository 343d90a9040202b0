/* SPDX-License-Identifier: Apache-2.0 */
#include "backup/sum.h"

#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/signal.h"

struct sum {
	crypto_generichash_state state;
	bool threaded;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* under the lock: a piece that is not added yet */
	const void *p;
	size_t n;
	bool ending;
};

static void *
sum_work(void *arg)
{
	struct sum *s = arg;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		while (s->p == NULL && !s->ending)
			pthread_cond_wait(&s->changed, &s->lock);
		if (s->p == NULL)
			break;
		pthread_mutex_unlock(&s->lock);
		crypto_generichash_update(&s->state, s->p, s->n);
		pthread_mutex_lock(&s->lock);
		s->p = NULL;
		pthread_cond_signal(&s->changed);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

struct sum *
sum_new(void)
{
	struct sum *s = memory_zero(1, sizeof *s);

	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	s->threaded = signal_start_thread(&s->thread, NULL, sum_work, s) == 0;
	return s;
}

/* waits for the piece that is under way, and gives the next one, or NULL */
static void
sum_give(struct sum *s, const void *p, size_t n)
{
	if (!s->threaded) {
		if (p != NULL)
			crypto_generichash_update(&s->state, p, n);
		return;
	}
	pthread_mutex_lock(&s->lock);
	while (s->p != NULL)
		pthread_cond_wait(&s->changed, &s->lock);
	s->p = p;
	s->n = n;
	if (p != NULL)
		pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

void
sum_free(struct sum *s)
{
	if (s == NULL)
		return;
	sum_give(s, NULL, 0);
	pthread_mutex_lock(&s->lock);
	s->ending = true;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	if (s->threaded)
		pthread_join(s->thread, NULL);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->changed);
	free(s);
}

void
sum_begin(struct sum *s)
{
	sum_give(s, NULL, 0);
	crypto_generichash_init(&s->state, NULL, 0, SUM_BYTES);
}

void
sum_add(struct sum *s, const void *p, size_t n)
{
	sum_give(s, p, n);
}

void
sum_end(struct sum *s, unsigned char to[SUM_BYTES])
{
	sum_give(s, NULL, 0);
	crypto_generichash_final(&s->state, to, SUM_BYTES);
}
