/* SPDX-License-Identifier: Apache-2.0 */
#include "api/registry_writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/stamp.h"
#include "registry/uuid.h"

/* changes in one transaction: for more, the first would wait too long */
#define TOGETHER 512
/* how long those who have just been answered are waited for, ns: much less
 * than a write to disk takes, which they then share */
#define GATHER 150000
/* what is prepared must not take time from what is written */
#define PREPARE_NICE 10
/* how long what waits has to be begun when the service is stopped */
#define LEFT (5 * STAMP_SECOND)

struct registry_writer {
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_t thread;
	bool started, closing;
	atomic_llong stop;		/* not to begin after; 0: no end */
	bool last_many;
	char last_user[ID_TEXT + 1];	/* of the last one with `many` */
	char many_user[ID_TEXT + 1];	/* of the one under way, or "" */
	bool changing;			/* a transaction is open */
	struct task *first, **end;
	/* what is still to be prepared */
	pthread_cond_t ready;
	pthread_t preparer;
	bool preparing, prepared;	/* the thread: started, to be ended */
	struct task *raw, **raw_end;
	char raw_user[ID_TEXT + 1];	/* of the one in hand, or "" */
	struct keyring keys;
	unsigned opened;		/* how often the registry was */
	unsigned queued, expected;	/* changes */
	struct completions *completions;
	char *home;
	struct registry *registry;	/* NULL: can't be opened now */
};

/* may they be in one transaction? */
static bool
writer_shares(const struct task *t, const struct task *next)
{
	return next != NULL && !((const struct api_change *)t)->many &&
	    !((const struct api_change *)next)->many;
}

static bool
writer_is_many(const struct task *t)
{
	return ((const struct api_change *)t)->many;
}

static bool
writer_is_of(const struct task *t, const char *user)
{
	const struct api_change *c = (const struct api_change *)t;

	return c->user != NULL && strcmp(c->user, user) == 0;
}

/* puts those in front that `first` says yes to, each in its order */
static void
writer_put_in_front(struct registry_writer *l,
    bool (*first)(const struct registry_writer *,
    const struct task *))
{
	struct task *rest = NULL, **end = &l->first, **rest_end = &rest, *t;

	for (t = l->first; t != NULL; t = t->next) {
		struct task ***to = first(l, t) ? &end : &rest_end;

		**to = t;
		*to = &t->next;
	}
	*rest_end = NULL;
	*end = rest;
	l->end = rest != NULL ? rest_end : end;
}

static bool
writer_is_small(const struct registry_writer *l, const struct task *t)
{
	(void)l;
	return !writer_is_many(t);
}

static bool
writer_is_others(const struct registry_writer *l, const struct task *t)
{
	return !writer_is_of(t, l->last_user);
}

/* After one with `many` come all small ones, then others' before another
 * one of that user. */
static void
writer_take_turns(struct registry_writer *l)
{
	if (!l->last_many || l->first == NULL || !writer_is_many(l->first))
		return;
	writer_put_in_front(l, writer_is_others);
	writer_put_in_front(l, writer_is_small);
}

/* of what is taken, whose it is */
static void
writer_note_turn(struct registry_writer *l, const struct task *t)
{
	const struct api_change *c = (const struct api_change *)t;

	l->last_many = c->many;
	*l->many_user = '\0';
	if (!c->many)
		return;
	snprintf(l->last_user, sizeof l->last_user, "%s",
	    c->user != NULL ? c->user : "");
	memcpy(l->many_user, l->last_user, sizeof l->many_user);
}

/* those in front that may go together, at most `most`; their number */
static unsigned
writer_cut(struct registry_writer *l, unsigned most, struct task **list)
{
	struct task *t;
	unsigned n;

	writer_take_turns(l);
	t = l->first;

	*list = t;
	if (t == NULL)
		return 0;
	writer_note_turn(l, t);
	for (n = 1; n < most && writer_shares(t, t->next); n++)
		t = t->next;
	l->first = t->next;
	if (l->first == NULL)
		l->end = &l->first;
	t->next = NULL;
	l->queued -= n;
	/* its user's next one may be prepared */
	if (writer_is_many(t))
		pthread_cond_signal(&l->ready);
	return n;
}

/* some changes, waiting for them; 0 at the end */
static unsigned
writer_take(struct registry_writer *l, struct task **list)
{
	unsigned n;

	pthread_mutex_lock(&l->lock);
	while (l->first == NULL && !l->closing)
		pthread_cond_wait(&l->work, &l->lock);
	n = writer_cut(l, TOGETHER, list);
	pthread_mutex_unlock(&l->lock);
	return n;
}

static void
writer_wait_a_moment(struct registry_writer *l)
{
	int64_t ns = clock_ns() + GATHER;
	struct timespec until = {
		.tv_sec = (time_t)(ns / CLOCK_SECOND),
		.tv_nsec = (long)(ns % CLOCK_SECOND)
	};

	while (l->first == NULL && !l->closing)
		if (pthread_cond_timedwait(&l->work, &l->lock, &until) != 0)
			break;
}

/*
 * Clients that wait for one answer before they ask again come in turns: half
 * of them would always wait for the other half to be written.  So as many as
 * there were a moment ago are waited for after the `n` that are done, if
 * they come soon.
 */
static unsigned
writer_take_more(struct registry_writer *l, unsigned n, struct task *last,
    struct task **list)
{
	unsigned more = 0;

	pthread_mutex_lock(&l->lock);
	if (n < l->expected)
		writer_wait_a_moment(l);
	if (n < TOGETHER && writer_shares(last, l->first))
		more = writer_cut(l, TOGETHER - n, list);
	pthread_mutex_unlock(&l->lock);
	return more;
}

/* those that are being answered now may come again, with those here */
static void
writer_expect(struct registry_writer *l, const struct task *answered)
{
	unsigned n = 0;

	for (; answered != NULL; answered = answered->next)
		n++;
	pthread_mutex_lock(&l->lock);
	n += l->queued;
	l->expected = n < TOGETHER ? n : TOGETHER;
	pthread_mutex_unlock(&l->lock);
}

static bool
writer_is_over(void *arg)
{
	struct registry_writer *l = arg;
	int64_t stop = atomic_load(&l->stop);

	return stop != 0 && clock_ns() >= stop;
}

static int
writer_open_registry(struct registry_writer *l, struct fault *fault)
{
	if (registry_open(&l->registry, l->home, REGISTRY_WRITE, fault) < 0)
		return -1;
	registry_wait(l->registry, writer_is_over, l);
	pthread_mutex_lock(&l->lock);
	l->keys = *registry_keyring(l->registry);
	l->opened++;
	pthread_mutex_unlock(&l->lock);
	return 0;
}

/* The file in its place may be another one by now; one that has gone is
 * not made again, as that would hide the loss. */
static int
writer_reopen(struct registry_writer *l, struct fault *fault)
{
	if (l->registry != NULL && !registry_replaced(l->registry))
		return 0;
	registry_close(l->registry);
	l->registry = NULL;
	if (!registry_exists(l->home, fault)) {
		fault->status = EX_TEMPFAIL;
		return -1;
	}
	return writer_open_registry(l, fault);
}

static bool
writer_is_refusal(const struct fault *fault)
{
	return fault->status == 1 || fault->status == EX_DATAERR ||
	    fault->status == EX_NOUSER || fault->status == EX_NOPERM;
}

/* one change; -1 when the transaction is lost, not only the change */
static int
writer_make(struct registry_writer *l, struct api_change *c,
    struct fault *fault)
{
	/* with the keys of another registry */
	if (c->prepare != NULL && c->opened != l->opened)
		return fault_set(fault, EX_TEMPFAIL,
		    "the registry has been replaced");
	c->result = c->make(c, l->registry, &c->fault);
	if (c->result == 0 || (writer_is_refusal(&c->fault) && !c->many))
		return 0;
	*fault = c->fault;
	return -1;
}

static void
writer_set_changing(struct registry_writer *l, bool changing)
{
	pthread_mutex_lock(&l->lock);
	l->changing = changing;
	if (!changing)
		*l->many_user = '\0';
	pthread_mutex_unlock(&l->lock);
}

bool
registry_writer_changing(struct registry_writer *l)
{
	bool changing;

	pthread_mutex_lock(&l->lock);
	changing = l->changing;
	pthread_mutex_unlock(&l->lock);
	return changing;
}

/* EX_NOPERM is what a change is refused with that its user may not make: a file
 * that may not be written is another matter.  -1 */
static int
writer_fail_file(struct fault *fault)
{
	if (fault->status == EX_NOPERM)
		fault->status = EX_IOERR;
	return -1;
}

/* these, and those that come meanwhile, which are put after them */
static int
writer_make_all(struct registry_writer *l, struct task *t, unsigned n,
    struct fault *fault)
{
	if (writer_reopen(l, fault) < 0 || registry_begin(l->registry,
	    fault) < 0)
		return writer_fail_file(fault);
	writer_set_changing(l, true);
	for (;; t = t->next) {
		if (writer_make(l, (struct api_change *)t, fault) < 0)
			return -1;
		if (t->next != NULL)
			continue;
		n += writer_take_more(l, n, t, &t->next);
		if (t->next == NULL)
			break;
	}
	return registry_commit(l->registry, fault) == 0 ? 0 :
	    writer_fail_file(fault);
}

static void
writer_fail_all(struct registry_writer *l, struct task *t, struct fault *fault)
{
	if (l->registry != NULL)
		registry_rollback(l->registry);
	if (writer_is_over(l))
		fault_set(fault, EX_TEMPFAIL, "the service is being stopped");
	for (; t != NULL; t = t->next) {
		struct api_change *c = (struct api_change *)t;

		c->result = -1;
		c->fault = *fault;
	}
}

static void *
writer_work(void *arg)
{
	struct registry_writer *l = arg;
	struct task *list;
	struct fault fault;
	unsigned n;

	while ((n = writer_take(l, &list)) > 0) {
		if (writer_is_over(l) || writer_make_all(l, list, n,
		    &fault) < 0)
			writer_fail_all(l, list, &fault);
		writer_set_changing(l, false);
		writer_expect(l, list);
		completions_put(l->completions, list);
	}
	return NULL;
}

/* ---- what is done before ---- */

/* Each user has one that is ready at most: they are large. */
static bool
writer_has_ready(const struct registry_writer *l, const struct api_change *c)
{
	const struct task *t;

	for (t = l->first; t != NULL; t = t->next)
		if (writer_is_many(t) && c->user != NULL && writer_is_of(t,
		    c->user))
			return true;
	return false;
}

/* NULL: none can be prepared now */
static struct api_change *
writer_take_raw(struct registry_writer *l)
{
	struct task **at, *t;

	for (at = &l->raw; (t = *at) != NULL; at = &t->next)
		if (l->prepared || !writer_has_ready(l, (struct api_change *)t))
			break;
	if (t == NULL)
		return NULL;
	*at = t->next;
	if (t->next == NULL)
		l->raw_end = at;
	t->next = NULL;
	return (struct api_change *)t;
}

static void
writer_put(struct registry_writer *l, struct api_change *c)
{
	c->task.next = NULL;
	*l->end = &c->task;
	l->end = &c->task.next;
	l->queued++;
	pthread_cond_signal(&l->work);
}

/* with the lock, which is not held meanwhile */
static void
writer_prepare(struct registry_writer *l, struct api_change *c)
{
	struct keyring keys = l->keys;
	int result;

	c->opened = l->opened;
	snprintf(l->raw_user, sizeof l->raw_user, "%s",
	    c->user != NULL ? c->user : "");
	pthread_mutex_unlock(&l->lock);
	/* what comes too late is refused by the other thread */
	result = writer_is_over(l) ? 0 : c->prepare(c, &keys, &c->fault);
	keyring_wipe(&keys);
	c->result = result;
	if (result < 0)
		completions_put(l->completions, &c->task);
	pthread_mutex_lock(&l->lock);
	*l->raw_user = '\0';
	/* else it may be gone by now */
	if (result == 0)
		writer_put(l, c);
}

static void *
writer_prepare_all(void *arg)
{
	struct registry_writer *l = arg;
	struct api_change *c;

	/* of this thread alone, on Linux; no harm when it may not */
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid),
	    PREPARE_NICE);
	pthread_mutex_lock(&l->lock);
	for (;;) {
		if ((c = writer_take_raw(l)) != NULL)
			writer_prepare(l, c);
		else if (l->prepared)
			break;
		else
			pthread_cond_wait(&l->ready, &l->lock);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

static int
writer_start(pthread_t *thread, void *(*run)(void *), struct registry_writer *l,
    bool *started, struct fault *fault)
{
	errno = pthread_create(thread, NULL, run, l);
	if (errno != 0)
		return fault_errno(fault, EX_OSERR, "thread");
	*started = true;
	return 0;
}

/*
 * SQLite goes on with a file that it can only read where it can't open all
 * for writing, even for want of a descriptor, and for as long as the process
 * has it open: every change would be refused.  Better to end, and be started
 * again.  One that nobody may write is no surprise.
 */
static int
writer_can_write(struct registry_writer *l, struct fault *fault)
{
	int r;

	registry_patience(l->registry, 0);
	r = registry_begin(l->registry, fault);
	if (r == 0)
		r = registry_probe(l->registry, fault);
	registry_rollback(l->registry);
	registry_wait(l->registry, writer_is_over, l);
	if (r == 0 || fault->status != EX_NOPERM ||
	    !registry_writable(l->registry))
		return 0;
	fault->status = EX_IOERR;
	return -1;
}

int
registry_writer_open(struct registry_writer **out, const char *home,
    struct completions *completions, struct fault *fault)
{
	struct registry_writer *l = memory_zero(1, sizeof *l);
	pthread_condattr_t attributes;

	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&l->work, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_cond_init(&l->ready, NULL);
	l->end = &l->first;
	l->raw_end = &l->raw;
	l->completions = completions;
	l->home = home ? memory_strdup(home) : home_path("");
	if (writer_open_registry(l, fault) < 0 ||
	    writer_can_write(l, fault) < 0 ||
	    writer_start(&l->thread, writer_work, l, &l->started, fault) < 0 ||
	    writer_start(&l->preparer, writer_prepare_all, l, &l->preparing,
	    fault) < 0) {
		registry_writer_close(l);
		return -1;
	}
	*out = l;
	return 0;
}

static void
writer_end(struct registry_writer *l, bool *over, pthread_cond_t *told)
{
	pthread_mutex_lock(&l->lock);
	*over = true;
	pthread_cond_signal(told);
	pthread_mutex_unlock(&l->lock);
}

void
registry_writer_close(struct registry_writer *l)
{
	if (l == NULL)
		return;
	writer_end(l, &l->prepared, &l->ready);
	if (l->preparing)
		pthread_join(l->preparer, NULL);
	writer_end(l, &l->closing, &l->work);
	if (l->started)
		pthread_join(l->thread, NULL);
	registry_close(l->registry);
	keyring_wipe(&l->keys);
	pthread_cond_destroy(&l->ready);
	pthread_cond_destroy(&l->work);
	pthread_mutex_destroy(&l->lock);
	free(l->home);
	free(l);
}

unsigned
registry_writer_many_of(struct registry_writer *l, const char *user)
{
	const struct task *t;
	unsigned n;

	pthread_mutex_lock(&l->lock);
	n = (strcmp(l->many_user, user) == 0) +
	    (strcmp(l->raw_user, user) == 0);
	for (t = l->first; t != NULL; t = t->next)
		n += writer_is_many(t) && writer_is_of(t, user);
	for (t = l->raw; t != NULL; t = t->next)
		n += writer_is_of(t, user);
	pthread_mutex_unlock(&l->lock);
	return n;
}

void
registry_writer_stop(struct registry_writer *l)
{
	atomic_store(&l->stop, clock_ns() + LEFT);
}

void
registry_writer_add(struct registry_writer *l, struct api_change *c)
{
	pthread_mutex_lock(&l->lock);
	if (c->prepare == NULL) {
		writer_put(l, c);
	} else {
		c->task.next = NULL;
		*l->raw_end = &c->task;
		l->raw_end = &c->task.next;
		pthread_cond_signal(&l->ready);
	}
	pthread_mutex_unlock(&l->lock);
}
