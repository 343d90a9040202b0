/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/alarm/notify.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/signal.h"
#include "cmd/alarm/deliver.h"
#include "cmd/alarm/state.h"

/* ms between attempts, and how many there are: a night */
#define PAUSE_FIRST 1000
#define PAUSE_LAST (5 * 60 * 1000)
#define TRIES_MAX 150

struct notify_worker {
	const struct target *target;
	struct state state;	/* a handle of its own */
	pthread_t thread;
	bool failing;		/* that has been told */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool woken, ending;	/* with the lock */
};

/* ---- waiting ---- */

static bool
notify_ends(void *arg)
{
	struct notify_worker *w = arg;
	bool ending;

	pthread_mutex_lock(&w->lock);
	ending = w->ending;
	pthread_mutex_unlock(&w->lock);
	return ending;
}

/* Until it is woken, or that long; ms of -1: for ever.  A pause after a failure
 * is not cut short by new notices. */
static void
notify_wait(struct notify_worker *w, int64_t ms, bool pause)
{
	int64_t end = clock_ns() + ms * 1000000;
	struct timespec until = { (time_t)(end / CLOCK_SECOND),
	    (long)(end % CLOCK_SECOND) };
	int r = 0;

	pthread_mutex_lock(&w->lock);
	while (!w->ending && (pause || !w->woken) && r == 0)
		r = ms < 0 ? pthread_cond_wait(&w->changed, &w->lock) :
		    pthread_cond_timedwait(&w->changed, &w->lock, &until);
	w->woken = false;
	pthread_mutex_unlock(&w->lock);
}

/* ---- notices ---- */

/* the oldest one: 1 with its text copied, 0, -1 */
static int
notify_next(struct notify_worker *w, int64_t *id, int *tries, struct buf *line,
    struct fault *fault)
{
	sqlite3_stmt *st = db_statement(&w->state.db, "SELECT id, tries, line"
	    " FROM notices WHERE target = ?1 ORDER BY id LIMIT 1", fault);
	int got;

	if (st == NULL)
		return -1;
	db_bind_str(st, 1, w->target->name);
	got = db_step(&w->state.db, st, fault);
	if (got <= 0)
		return got;
	*id = sqlite3_column_int64(st, 0);
	*tries = sqlite3_column_int(st, 1);
	buf_clear(line);
	buf_put_str(line, db_column(st, 2));
	db_reset(st);
	return 1;
}

static int
notify_settle(struct notify_worker *w, int64_t id, bool gone,
    struct fault *fault)
{
	sqlite3_stmt *st = gone ? db_statement(&w->state.db, "DELETE FROM"
	    " notices WHERE id = ?1", fault) : db_statement(&w->state.db,
	    "UPDATE notices SET tries = tries + 1 WHERE id = ?1", fault);

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, id);
	return db_change(&w->state.db, st, fault) < 0 ? -1 : 0;
}

static enum delivered
notify_deliver(struct delivery *d)
{
	switch (d->target->kind) {
	case TARGET_WEBHOOK:
		return webhook_deliver(d);
	case TARGET_MAIL:
		return mail_deliver(d);
	case TARGET_COMMAND:
		return command_deliver(d);
	}
	return DELIVER_NEVER;
}

/* what a person should know: of a row of failures the first */
static void
notify_tell(struct notify_worker *w, const struct delivery *d,
    enum delivered r)
{
	const char *name = w->target->name.p;

	if (r == DELIVERED) {
		if (w->failing)
			diag_warning("notify '%s': it goes on", name);
	} else if (r == DELIVER_NEVER) {
		diag_error("notify '%s': a notice is dropped: %s", name,
		    d->why);
	} else if (!w->failing) {
		diag_warning("notify '%s': %s; it is tried again", name,
		    d->why);
	}
	w->failing = r == DELIVER_AGAIN;
}

/* One notice, if there is one: 1, 0, -1; *again: it failed for now. */
static int
notify_one(struct notify_worker *w, struct buf *line, bool *again,
    struct fault *fault)
{
	struct delivery d = { .target = w->target, .stop = notify_ends,
	    .arg = w };
	enum delivered r;
	int64_t id;
	int tries, got = notify_next(w, &id, &tries, line, fault);

	*again = false;
	if (got <= 0)
		return got;
	d.line = buf_str(line);
	r = notify_deliver(&d);
	if (notify_ends(w) && r != DELIVERED)
		return 0;
	if (r == DELIVER_AGAIN && tries + 1 >= TRIES_MAX)
		r = DELIVER_NEVER;
	notify_tell(w, &d, r);
	*again = r == DELIVER_AGAIN;
	return notify_settle(w, id, r != DELIVER_AGAIN, fault) < 0 ? -1 : 1;
}

static void *
notify_run(void *arg)
{
	struct notify_worker *w = arg;
	struct backoff pause = { .first = PAUSE_FIRST, .last = PAUSE_LAST };
	struct fault fault;
	struct buf line;
	bool again;
	int r;

	signal_none_here();
	buf_init(&line, (size_t)1 << 20);
	while (!notify_ends(w)) {
		r = notify_one(w, &line, &again, &fault);
		if (r < 0)
			diag_warning("notify '%s': %s", w->target->name.p,
			    fault.text);
		if (r < 0 || again) {
			notify_wait(w, backoff_next(&pause), true);
		} else {
			backoff_reset(&pause);
			if (r == 0)
				notify_wait(w, -1, false);
		}
	}
	buf_release(&line);
	return NULL;
}

/* ---- all of them ---- */

static int
notify_start_one(struct notify_worker *w, const char *state,
    struct fault *fault)
{
	pthread_condattr_t attr;

	if (w->target->kind == TARGET_WEBHOOK && webhook_init(fault) < 0)
		return -1;
	if (state_open_beside(&w->state, state, DB_WRITE, fault) < 0)
		return -1;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &attr);
	pthread_condattr_destroy(&attr);
	errno = signal_start_thread(&w->thread, NULL, notify_run, w);
	if (errno != 0)
		return fault_errno(fault, EX_OSERR, "a thread");
	return 0;
}

int
notify_start(struct notify *n, const char *state, const struct rules *rules,
    struct fault *fault)
{
	n->workers = memory_zero(rules->n_targets + 1, sizeof *n->workers);
	for (n->n = 0; n->n < rules->n_targets; n->n++) {
		struct notify_worker *w = &n->workers[n->n];

		w->target = &rules->targets[n->n];
		w->state.lock = -1;
		if (notify_start_one(w, state, fault) == 0)
			continue;
		state_close(&w->state);
		notify_end(n);
		return -1;
	}
	return 0;
}

static void
notify_signal(struct notify_worker *w, bool ending)
{
	pthread_mutex_lock(&w->lock);
	w->woken = true;
	w->ending = w->ending || ending;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

void
notify_wake(struct notify *n)
{
	size_t i;

	for (i = 0; i < n->n; i++)
		notify_signal(&n->workers[i], false);
}

void
notify_end(struct notify *n)
{
	size_t i;

	for (i = 0; i < n->n; i++)
		notify_signal(&n->workers[i], true);
	for (i = 0; i < n->n; i++) {
		struct notify_worker *w = &n->workers[i];

		pthread_join(w->thread, NULL);
		state_close(&w->state);
		pthread_mutex_destroy(&w->lock);
		pthread_cond_destroy(&w->changed);
	}
	free(n->workers);
	*n = (struct notify){ .n = 0 };
}
