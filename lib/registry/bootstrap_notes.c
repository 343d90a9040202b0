/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/bootstrap_notes.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/memory.h"
#include "base/signal.h"
#include "registry/bootstrap_limit.h"
#include "registry/bootstrap_unknown.h"

/* how long another process may have the registry locked, in ms */
#define PATIENCE 5000

struct bootstrap_waiting {
	struct bootstrap_waiting *next;
	struct bootstrap_note note;
};

struct bootstrap_notes {
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t work;
	/* of the lock */
	struct bootstrap_waiting *first, **end;
	unsigned n;
	bool closing;
	bool failed;			/* which has not been said */
	struct fault fault;
	/* of the thread */
	struct registry *registry;	/* NULL: can't be opened now */
};

/* ---- one ---- */

bool
bootstrap_note_init(struct bootstrap_note *note, struct rate_limit *limits,
    const char *owner, struct str external_id, const char *address,
    bool success, int64_t now)
{
	if (bootstrap_id_fault(external_id) != NULL)
		return false;
	*note = (struct bootstrap_note){
		.success = success, .n = external_id.n,
		.tell = bootstrap_may_tell(limits, owner, external_id, now),
		.remember = !success && bootstrap_may_remember(limits, now)
	};
	if (!note->tell && !note->remember)
		return false;
	snprintf(note->owner, sizeof note->owner, "%s", owner);
	snprintf(note->address, sizeof note->address, "%s", address);
	memcpy(note->external_id, external_id.p, external_id.n);
	return true;
}

int
bootstrap_note_make(struct registry *r, const struct bootstrap_note *note,
    struct fault *fault)
{
	struct str id = { note->external_id, note->n };

	if (note->remember && bootstrap_unknown_note(r, id,
	    str_z(note->address), fault) < 0)
		return -1;
	return note->tell ? bootstrap_tell(r, note->owner, id, note->success,
	    fault) : 0;
}

/* ---- the thread ---- */

/* The file in its place may be another one by now. */
static int
bootstrap_notes_open_registry(struct bootstrap_notes *s, struct fault *fault)
{
	if (s->registry != NULL && !registry_replaced(s->registry))
		return 0;
	registry_close(s->registry);
	s->registry = NULL;
	if (registry_open(&s->registry, NULL, REGISTRY_WRITE, fault) < 0)
		return -1;
	registry_patience(s->registry, PATIENCE);
	return 0;
}

/* All of them in one transaction. */
static int
bootstrap_notes_make(struct bootstrap_notes *s,
    const struct bootstrap_waiting *w, struct fault *fault)
{
	int result = 0;

	if (bootstrap_notes_open_registry(s, fault) < 0 ||
	    registry_begin(s->registry, fault) < 0)
		return -1;
	for (; result == 0 && w != NULL; w = w->next)
		result = bootstrap_note_make(s->registry, &w->note, fault);
	if (result == 0 && registry_commit(s->registry, fault) == 0)
		return 0;
	registry_rollback(s->registry);
	return -1;
}

static void
bootstrap_notes_free(struct bootstrap_waiting *w)
{
	struct bootstrap_waiting *next;

	for (; w != NULL; w = next) {
		next = w->next;
		free(w);
	}
}

static void *
bootstrap_notes_run(void *arg)
{
	struct bootstrap_notes *s = arg;
	struct bootstrap_waiting *list;
	struct fault fault;
	int result;

	signal_none_here();
	pthread_mutex_lock(&s->lock);
	while (s->first != NULL || !s->closing) {
		if (s->first == NULL) {
			pthread_cond_wait(&s->work, &s->lock);
			continue;
		}
		list = s->first;
		s->first = NULL;
		s->end = &s->first;
		s->n = 0;
		pthread_mutex_unlock(&s->lock);
		result = bootstrap_notes_make(s, list, &fault);
		bootstrap_notes_free(list);
		pthread_mutex_lock(&s->lock);
		/* a replica makes none, and is no fault */
		if (result < 0 && fault.status != EX_UNAVAILABLE) {
			s->failed = true;
			s->fault = fault;
		}
	}
	pthread_mutex_unlock(&s->lock);
	registry_close(s->registry);
	return NULL;
}

/* ---- the loop's ---- */

int
bootstrap_notes_open(struct bootstrap_notes **out, struct fault *fault)
{
	struct bootstrap_notes *s = memory_zero(1, sizeof *s);

	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->work, NULL);
	s->end = &s->first;
	errno = signal_start_thread(&s->thread, NULL, bootstrap_notes_run, s);
	s->started = errno == 0;
	if (!s->started) {
		fault_errno(fault, EX_OSERR, "thread");
		bootstrap_notes_close(s);
		return -1;
	}
	*out = s;
	return 0;
}

void
bootstrap_notes_close(struct bootstrap_notes *s)
{
	if (s == NULL)
		return;
	if (s->started) {
		pthread_mutex_lock(&s->lock);
		s->closing = true;
		pthread_cond_signal(&s->work);
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->thread, NULL);
	}
	bootstrap_notes_free(s->first);
	pthread_cond_destroy(&s->work);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void
bootstrap_notes_put(struct bootstrap_notes *s, struct bootstrap_waiting *w)
{
	pthread_mutex_lock(&s->lock);
	if (s->n < NOTES_MAX) {
		*s->end = w;
		s->end = &w->next;
		s->n++;
		w = NULL;
		pthread_cond_signal(&s->work);
	}
	pthread_mutex_unlock(&s->lock);
	free(w);
}

void
bootstrap_notes_add(struct bootstrap_notes *s, struct rate_limit *limits,
    const char *owner, struct str external_id, const char *address,
    bool success, int64_t now)
{
	struct bootstrap_waiting *w = memory_zero(1, sizeof *w);

	if (bootstrap_note_init(&w->note, limits, owner, external_id, address,
	    success, now))
		bootstrap_notes_put(s, w);
	else
		free(w);
}

bool
bootstrap_notes_fault(struct bootstrap_notes *s, struct fault *fault)
{
	bool failed;

	pthread_mutex_lock(&s->lock);
	failed = s->failed;
	s->failed = false;
	if (failed)
		*fault = s->fault;
	pthread_mutex_unlock(&s->lock);
	return failed;
}
