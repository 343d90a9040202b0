/* SPDX-License-Identifier: Apache-2.0 */
#include "backup/writer.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/signal.h"

#define WRITER_BUFFERS 4

struct writer {
	writer_pass *pass;
	void *arg;
	char *buffers[WRITER_BUFFERS];
	size_t n;		/* bytes in the one that is filled */
	unsigned filled;	/* how many were handed over, modulo 2^32 */
	bool threaded, tried;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* under the lock */
	unsigned taken;		/* how many of them the thread is done with */
	bool ending, failed;
	struct fault fault;
};

/* ---- the thread ---- */

static void
writer_pass_on(struct writer *w)
{
	const char *p = w->buffers[w->taken % WRITER_BUFFERS];
	bool skip = w->failed;
	struct fault fault;
	int r = 0;

	pthread_mutex_unlock(&w->lock);
	if (!skip)
		r = w->pass(w->arg, p, WRITER_BUFFER, &fault);
	pthread_mutex_lock(&w->lock);
	if (r < 0) {
		w->failed = true;
		w->fault = fault;
	}
	w->taken++;
	pthread_cond_signal(&w->changed);
}

static void *
writer_run(void *arg)
{
	struct writer *w = arg;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (w->taken == w->filled && !w->ending)
			pthread_cond_wait(&w->changed, &w->lock);
		if (w->taken == w->filled)
			break;
		writer_pass_on(w);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* ---- the caller ---- */

struct writer *
writer_new(writer_pass *pass, void *arg)
{
	struct writer *w = memory_zero(1, sizeof *w);

	w->pass = pass;
	w->arg = arg;
	w->buffers[0] = memory_get(WRITER_BUFFER);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	return w;
}

static void
writer_start(struct writer *w)
{
	int i;

	w->tried = true;
	for (i = 1; i < WRITER_BUFFERS; i++)
		w->buffers[i] = memory_get(WRITER_BUFFER);
	w->threaded = signal_start_thread(&w->thread, NULL, writer_run,
	    w) == 0;
}

/* the full buffer; then another one is free */
static int
writer_hand_over(struct writer *w, struct fault *fault)
{
	bool failed;

	if (!w->tried)
		writer_start(w);
	w->n = 0;
	if (!w->threaded)
		return w->pass(w->arg, w->buffers[0], WRITER_BUFFER, fault);
	pthread_mutex_lock(&w->lock);
	w->filled++;
	pthread_cond_signal(&w->changed);
	while (w->filled - w->taken == WRITER_BUFFERS)
		pthread_cond_wait(&w->changed, &w->lock);
	if ((failed = w->failed))
		*fault = w->fault;
	pthread_mutex_unlock(&w->lock);
	return failed ? -1 : 0;
}

static char *
writer_buffer(const struct writer *w)
{
	return w->buffers[w->threaded ? w->filled % WRITER_BUFFERS : 0];
}

int
writer_put(struct writer *w, const void *p, size_t n, struct fault *fault)
{
	const char *from = p;
	size_t some;

	while (n > 0) {
		/* a full one waits: it may be the last one */
		if (w->n == WRITER_BUFFER && writer_hand_over(w, fault) < 0)
			return -1;
		some = WRITER_BUFFER - w->n < n ? WRITER_BUFFER - w->n : n;
		memcpy(writer_buffer(w) + w->n, from, some);
		w->n += some;
		from += some;
		n -= some;
	}
	return 0;
}

/* `drop`: what it has not begun is not passed on any more */
static void
writer_join(struct writer *w, bool drop)
{
	if (!w->threaded)
		return;
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	w->failed |= drop;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
}

int
writer_end(struct writer *w, struct str *left, struct fault *fault)
{
	*left = (struct str){ writer_buffer(w), w->n };
	writer_join(w, false);
	w->threaded = false;
	if (!w->failed)
		return 0;
	*fault = w->fault;
	return -1;
}

void
writer_free(struct writer *w)
{
	int i;

	if (w == NULL)
		return;
	writer_join(w, true);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->changed);
	for (i = 0; i < WRITER_BUFFERS; i++)
		free(w->buffers[i]);
	free(w);
}
