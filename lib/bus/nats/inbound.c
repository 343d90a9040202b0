/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/os.h"
#include "base/wakeup.h"
#include "bus/nats/driver.h"

/* messages that nobody has asked for any more are not kept */
#define INBOUND_MAX 65536

/* in a thread of the library; msg NULL: it has been idle */
static void
inbound_receive(natsConnection *nc, natsSubscription *sub, natsMsg *msg,
    void *arg)
{
	struct inbound *i = arg;
	bool first;

	(void)nc;
	(void)sub;
	pthread_mutex_lock(&i->bus->lock);
	first = i->n == 0;
	if (msg != NULL && i->n == INBOUND_MAX) {
		natsMsg_Destroy(msg);
	} else if (msg != NULL) {
		if (i->n == i->cap) {
			i->cap = i->cap ? 2 * i->cap : 64;
			i->list = memory_resize(i->list,
			    i->cap * sizeof(*i->list));
		}
		i->list[i->n++] = msg;
	}
	pthread_mutex_unlock(&i->bus->lock);
	if (first)
		wakeup_tell(i->fds);
}

static natsStatus
inbound_subscribe(struct inbound *i, natsSubscription **sub,
    const char *subject, int64_t idle_ms)
{
	natsStatus s;
	sigset_t old;

	hub_hush(&old);
	s = idle_ms > 0 ? natsConnection_SubscribeTimeout(sub, i->bus->nc,
	    subject, idle_ms, inbound_receive, i) :
	    natsConnection_Subscribe(sub, i->bus->nc, subject, inbound_receive,
	    i);
	if (s == NATS_OK)
		s = natsSubscription_SetPendingLimits(*sub, -1, -1);
	hub_unhush(&old);
	return s;
}

struct inbound *
inbound_open(struct nats_bus *b, int64_t idle_ms, struct fault *fault)
{
	struct inbound *i = memory_zero(1, sizeof *i);
	char subject[sizeof i->subject + 2];
	uint64_t id[2];
	natsStatus s;

	*i = (struct inbound){ .bus = b, .fds = { -1, -1 } };
	atomic_fetch_add(&b->users, 1);
	pthread_mutex_lock(&b->lock);
	i->next = b->inboxes;
	b->inboxes = i;
	pthread_mutex_unlock(&b->lock);
	if (wakeup_open(i->fds) < 0) {
		fault_errno(fault, EX_OSERR, "%s", b->head.name);
		inbound_close(i);
		return NULL;
	}
	/* the library's own names are the same in processes that were forked */
	s = os_random(id, sizeof id) ? NATS_OK : NATS_TIMEOUT;
	if (s == NATS_OK) {
		snprintf(i->subject, sizeof i->subject,
		    "_INBOX.%016llx%016llx", (unsigned long long)id[0],
		    (unsigned long long)id[1]);
		snprintf(subject, sizeof subject, "%s.>", i->subject);
		if (hub_is_up(b))
			s = inbound_subscribe(i, &i->sub, subject, idle_ms);
	}
	if (s == NATS_OK)
		return i;
	fault_set(fault, EX_TEMPFAIL, "%s: %s", b->head.name,
	    natsStatus_GetText(s));
	inbound_close(i);
	return NULL;
}

int
inbound_renew(struct inbound *i, int64_t idle_ms, struct fault *fault)
{
	char subject[sizeof i->subject + 2];
	natsStatus s;

	if (natsSubscription_IsValid(i->sub))
		return 0;
	hub_unsubscribe(i->bus, i->sub);
	i->sub = NULL;
	snprintf(subject, sizeof subject, "%s.>", i->subject);
	s = inbound_subscribe(i, &i->sub, subject, idle_ms);
	return s == NATS_OK ? 0 : fault_set(fault, EX_TEMPFAIL, "%s: %s",
	    i->bus->head.name, natsStatus_GetText(s));
}

natsSubscription *
inbound_add(struct inbound *i, const char *subject, struct fault *fault)
{
	natsSubscription *sub = NULL;
	natsStatus s = inbound_subscribe(i, &sub, subject, 0);

	if (s != NATS_OK)
		fault_set(fault, EX_TEMPFAIL, "%s: %s", i->bus->head.name,
		    natsStatus_GetText(s));
	return sub;
}

static void
inbound_done(void *arg)
{
	struct inbound *i = arg;
	size_t k;

	for (k = 0; k < i->n; k++)
		natsMsg_Destroy(i->list[k]);
	free(i->list);
	free(i->taken);
	wakeup_close(i->fds);
	nats_bus_release(i->bus);
	free(i);
}

void
inbound_close(struct inbound *i)
{
	struct inbound **at;
	natsSubscription *sub;
	struct nats_bus *b;
	natsMsg *msg;

	if (i == NULL)
		return;
	pthread_mutex_lock(&i->bus->lock);
	for (at = &i->bus->inboxes; *at != i; at = &(*at)->next)
		continue;
	*at = i->next;
	pthread_mutex_unlock(&i->bus->lock);
	while ((msg = inbound_next(i)) != NULL)
		natsMsg_Destroy(msg);
	if ((sub = i->sub) == NULL) {
		inbound_done(i);
		return;
	}
	/* a thread may be in inbound_receive: it calls this when it has ended,
	 * and where that can't be asked for, i stays */
	b = i->bus;
	natsSubscription_SetOnCompleteCB(sub, inbound_done, i);
	hub_unsubscribe(b, sub);
}

natsMsg *
inbound_next(struct inbound *i)
{
	natsMsg **list = i->taken;
	size_t cap = i->taken_cap;

	if (i->at < i->taken_n)
		return i->taken[i->at++];
	pthread_mutex_lock(&i->bus->lock);
	i->taken = i->list;
	i->taken_cap = i->cap;
	i->taken_n = i->n;
	i->at = 0;
	i->list = list;
	i->cap = cap;
	i->n = 0;
	pthread_mutex_unlock(&i->bus->lock);
	return i->taken_n > 0 ? i->taken[i->at++] : NULL;
}

void
inbound_clear(struct inbound *i)
{
	natsMsg *msg;

	inbound_empty_pipe(i);
	while ((msg = inbound_next(i)) != NULL)
		natsMsg_Destroy(msg);
}

void
inbound_empty_pipe(struct inbound *i)
{
	wakeup_clear(i->fds);
}

int
inbound_wait(struct inbound *i, int64_t until)
{
	struct pollfd fd = { .fd = i->fds[0], .events = POLLIN };
	int64_t left = until - clock_ms();
	int n;

	if (i->at < i->taken_n)
		return 1;
	/* a signal has set its flag: what was begun is ended first */
	while ((n = nats_host->poll(&fd, 1, left > 0 ? (int)left : 0)) < 0 &&
	    errno == EINTR && (left = until - clock_ms()) > 0)
		continue;
	inbound_empty_pipe(i);
	return n > 0;
}
