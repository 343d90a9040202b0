/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BUS_SYNC_INTERVAL, off the thread that writes: a disk that takes its time
 * holds up nobody's loop.  A thread has one job at a time, a copy of the
 * writer with a descriptor of its own; what it meets is told at the next
 * commit.  A segment that is left is synced by the writer itself, so that no
 * gap can come about: once in so many bytes.
 */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/signal.h"
#include "bus/dir/writer.h"

#define STACK ((size_t)128 * 1024)

enum later_state { LATER_IDLE, LATER_BUSY, LATER_FAILED };

struct sync_later {
	pthread_t thread;
	sem_t work;
	_Atomic int state;
	struct dir_writer job;
	struct fault fault;
};

static void *
sync_later_run(void *arg)
{
	struct sync_later *l = arg;
	int r;

	for (;;) {
		while (sem_wait(&l->work) < 0)
			continue;
		if (atomic_load(&l->state) != LATER_BUSY)
			return NULL;
		r = sync_in_turn(&l->job, &l->fault);
		close(l->job.fd);
		atomic_store(&l->state, r < 0 ? LATER_FAILED : LATER_IDLE);
	}
}

static int
sync_later_begin(struct sync_later *l)
{
	pthread_attr_t attr;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	r = signal_start_thread(&l->thread, &attr, sync_later_run, l);
	pthread_attr_destroy(&attr);
	return r;
}

static struct sync_later *
sync_later_get(struct dir_writer *w)
{
	struct sync_later *l = w->later;

	if (l != NULL)
		return l;
	if ((l = calloc(1, sizeof *l)) == NULL)
		return NULL;
	if (sem_init(&l->work, 0, 0) < 0 || sync_later_begin(l) != 0) {
		free(l);
		return NULL;
	}
	w->later = l;
	return l;
}

bool
sync_later_failed(struct dir_writer *w, struct fault *fault)
{
	struct sync_later *l = w->later;

	if (l == NULL || atomic_load(&l->state) != LATER_FAILED)
		return false;
	*fault = l->fault;
	return true;
}

bool
sync_later(struct dir_writer *w)
{
	struct sync_later *l = sync_later_get(w);
	int fd;

	if (l == NULL)
		return false;
	/* the last one is under way still: this will be the next one's */
	if (atomic_load(&l->state) != LATER_IDLE)
		return true;
	if ((fd = fcntl(w->fd, F_DUPFD_CLOEXEC, 0)) < 0)
		return false;
	l->job = *w;
	l->job.fd = fd;
	l->job.later = NULL;
	w->dirty = false;
	atomic_store(&l->state, LATER_BUSY);
	sem_post(&l->work);
	return true;
}

void
sync_later_end(struct dir_writer *w)
{
	struct sync_later *l = w->later;

	if (l == NULL)
		return;
	/* a post without a job is the end, after the one that it may have */
	sem_post(&l->work);
	pthread_join(l->thread, NULL);
	sem_destroy(&l->work);
	free(l);
	w->later = NULL;
}
