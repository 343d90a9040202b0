/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ledger.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/file.h"
#include "base/memory.h"

/* changes in one transaction: for more, the first would wait too long */
#define TOGETHER 512
/* how long those who have just been answered are waited for, ns: much less
 * than a write to disk takes, which they then share */
#define GATHER 150000

struct ledger {
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_t thread;
	bool started, closing;
	struct task *first, **end;
	unsigned queued, expected;	/* changes */
	struct inbox *inbox;
	char *home;
	struct registry *registry;	/* NULL: can't be opened now */
};

/*
 * Clients that wait for one answer before they ask again come in turns: half
 * of them would always wait for the other half to be written.  So as many as
 * there were a moment ago are waited for, if they come soon.
 */
static void
gather(struct ledger *l)
{
	struct timespec until;

	if (l->queued >= l->expected || l->closing)
		return;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += GATHER;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (l->queued < l->expected && !l->closing)
		if (pthread_cond_timedwait(&l->work, &l->lock, &until) != 0)
			break;
}

/* some changes, waiting for them; NULL at the end */
static struct task *
take(struct ledger *l)
{
	struct task *list, *t;
	unsigned n = 0;

	pthread_mutex_lock(&l->lock);
	while (l->first == NULL && !l->closing)
		pthread_cond_wait(&l->work, &l->lock);
	gather(l);
	list = l->first;
	for (t = list; t != NULL && ++n < TOGETHER && t->next != NULL;)
		t = t->next;
	l->first = t ? t->next : NULL;
	if (l->first == NULL)
		l->end = &l->first;
	if (t != NULL)
		t->next = NULL;
	l->queued -= n;
	l->expected = n;
	pthread_mutex_unlock(&l->lock);
	return list;
}

/* those that are being answered now may come again, with those here */
static void
expect(struct ledger *l)
{
	pthread_mutex_lock(&l->lock);
	l->expected += l->queued;
	if (l->expected > TOGETHER)
		l->expected = TOGETHER;
	pthread_mutex_unlock(&l->lock);
}

/* The file in its place may be another one by now; one that has gone is
 * not made anew, as that would hide the loss. */
static int
reopen(struct ledger *l, struct fault *fault)
{
	if (l->registry != NULL && !registry_replaced(l->registry))
		return 0;
	registry_close(l->registry);
	l->registry = NULL;
	if (!registry_exists(l->home, fault)) {
		fault->status = EX_TEMPFAIL;
		return -1;
	}
	return registry_open(&l->registry, l->home, REGISTRY_WRITE, fault);
}

static bool
is_refusal(const struct fault *fault)
{
	return fault->status == 1 || fault->status == EX_DATAERR ||
	    fault->status == EX_NOUSER;
}

/* one change; -1 when the transaction is lost, not only the change */
static int
make(struct ledger *l, struct change *c, struct fault *fault)
{
	if (c->many && registry_mark(l->registry, fault) < 0)
		return -1;
	c->result = c->make(c, l->registry, &c->fault);
	if (c->result < 0 && !is_refusal(&c->fault)) {
		*fault = c->fault;
		return -1;
	}
	return !c->many ? 0 : (c->result < 0 ? registry_undo :
	    registry_keep)(l->registry, fault);
}

static int
make_all(struct ledger *l, struct task *list, struct fault *fault)
{
	struct task *t;

	if (reopen(l, fault) < 0 || registry_begin(l->registry, fault) < 0)
		return -1;
	for (t = list; t != NULL; t = t->next)
		if (make(l, (struct change *)t, fault) < 0)
			return -1;
	return registry_commit(l->registry, fault);
}

static void *
work(void *arg)
{
	struct ledger *l = arg;
	struct task *list, *t;
	struct fault fault;

	while ((list = take(l)) != NULL) {
		if (make_all(l, list, &fault) < 0) {
			if (l->registry != NULL)
				registry_rollback(l->registry);
			for (t = list; t != NULL; t = t->next) {
				struct change *c = (struct change *)t;

				c->result = -1;
				c->fault = fault;
			}
		}
		expect(l);
		inbox_put(l->inbox, list);
	}
	return NULL;
}

int
ledger_open(struct ledger **out, const char *home, struct inbox *inbox,
    struct fault *fault)
{
	struct ledger *l = memory_zero(1, sizeof *l);
	pthread_condattr_t attributes;

	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&l->work, &attributes);
	pthread_condattr_destroy(&attributes);
	l->end = &l->first;
	l->inbox = inbox;
	l->home = home ? memory_strdup(home) : home_path("");
	if (registry_open(&l->registry, l->home, REGISTRY_WRITE,
	    fault) < 0) {
		ledger_close(l);
		return -1;
	}
	errno = pthread_create(&l->thread, NULL, work, l);
	if (errno != 0) {
		fault_errno(fault, EX_OSERR, "thread");
		ledger_close(l);
		return -1;
	}
	l->started = true;
	*out = l;
	return 0;
}

void
ledger_close(struct ledger *l)
{
	if (l == NULL)
		return;
	pthread_mutex_lock(&l->lock);
	l->closing = true;
	pthread_cond_signal(&l->work);
	pthread_mutex_unlock(&l->lock);
	if (l->started)
		pthread_join(l->thread, NULL);
	registry_close(l->registry);
	pthread_cond_destroy(&l->work);
	pthread_mutex_destroy(&l->lock);
	free(l->home);
	free(l);
}

void
ledger_add(struct ledger *l, struct change *c)
{
	c->task.next = NULL;
	pthread_mutex_lock(&l->lock);
	*l->end = &c->task;
	l->end = &c->task.next;
	l->queued++;
	pthread_cond_signal(&l->work);
	pthread_mutex_unlock(&l->lock);
}
