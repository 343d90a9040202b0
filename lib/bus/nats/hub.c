/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/memory.h"
#include "base/wakeup.h"
#include "bus/nats/driver.h"

#define CONNECT_MS 2000
#define RECONNECT_MS 100
#define PING_MS 10000
#define AGAIN_MS 50
#define RETIRED_MS 10000

void
hub_hush(sigset_t *old)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, old);
}

/* A connection that breaks while we write to it is no reason to end. */
void
hub_unhush(const sigset_t *old)
{
	static const struct timespec now;
	sigset_t pipe;

	if (!sigismember(old, SIGPIPE)) {
		sigemptyset(&pipe);
		sigaddset(&pipe, SIGPIPE);
		while (sigtimedwait(&pipe, NULL, &now) < 0 && errno == EINTR)
			continue;
	}
	pthread_sigmask(SIG_SETMASK, old, NULL);
}

/* ---- in threads of the library ---- */

void
hub_wake(struct nats_bus *b)
{
	struct inbound *i;

	pthread_mutex_lock(&b->lock);
	for (i = b->inboxes; i != NULL; i = i->next)
		wakeup_tell(i->fds);
	pthread_mutex_unlock(&b->lock);
}

static void
hub_connected(natsConnection *nc, void *arg)
{
	struct nats_bus *b = arg;

	(void)nc;
	atomic_fetch_add(&b->connected, 1);
	hub_wake(b);
}

static void
hub_disconnected(natsConnection *nc, void *arg)
{
	(void)nc;
	hub_wake(arg);
}

/* the last that it calls */
static void
hub_closed(natsConnection *nc, void *arg)
{
	(void)nc;
	nats_bus_release(arg);
}

/* ---- options ---- */

static natsStatus
hub_secure(struct nats_bus *b, natsOptions *o)
{
	struct nats_url *u = &b->url;
	natsStatus s = NATS_OK;

	if (u->tls)
		s = natsOptions_SetSecure(o, true);
	if (s == NATS_OK && u->ca != NULL)
		s = natsOptions_LoadCATrustedCertificates(o, u->ca);
	if (s == NATS_OK && u->cert != NULL)
		s = natsOptions_LoadCertificatesChain(o, u->cert, u->key);
	return s;
}

/* The library would keep what is published while there is no connection; all
 * of that has failed for us. */
static natsStatus
hub_behave(struct nats_bus *b, natsOptions *o)
{
	natsStatus s = natsOptions_SetServers(o,
	    (const char **)(void *)b->url.servers, b->url.servers_n);

	if (s == NATS_OK)
		s = natsOptions_SetTimeout(o, CONNECT_MS);
	if (s == NATS_OK)
		s = natsOptions_SetMaxReconnect(o, -1);
	if (s == NATS_OK)
		s = natsOptions_SetReconnectWait(o, RECONNECT_MS);
	if (s == NATS_OK)
		s = natsOptions_SetReconnectJitter(o, RECONNECT_MS,
		    RECONNECT_MS);
	if (s == NATS_OK)
		s = natsOptions_SetReconnectBufSize(o, 1);
	if (s == NATS_OK)
		s = natsOptions_SetPingInterval(o, PING_MS);
	if (s == NATS_OK)
		s = natsOptions_SetWriteDeadline(o, b->url.timeout);
	if (s == NATS_OK)
		s = natsOptions_SetName(o, "mfx");
	if (s == NATS_OK)
		s = natsOptions_SetReconnectedCB(o, hub_connected, b);
	if (s == NATS_OK)
		s = natsOptions_SetDisconnectedCB(o, hub_disconnected, b);
	if (s == NATS_OK)
		s = natsOptions_SetClosedCB(o, hub_closed, b);
	return s;
}

/* ---- subscriptions that have ended ---- */

/*
 * The library's reading thread looks a subscription up, and uses it after that
 * without keeping it from being freed (natsConn_processMsg in 3.4).  So each
 * is kept for a while after its end.
 */
struct retired {
	struct retired *next;
	natsSubscription *sub;
	int64_t until;
};

static void
hub_free_retired(struct nats_bus *b, int64_t now)
{
	struct retired **at = &b->retired, *r;

	while ((r = *at) != NULL) {
		if (r->until > now) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		natsSubscription_Destroy(r->sub);
		free(r);
	}
}

void
hub_unsubscribe(struct nats_bus *b, natsSubscription *sub)
{
	struct retired *r;
	sigset_t old;

	if (sub == NULL)
		return;
	r = memory_get(sizeof *r);
	hub_hush(&old);
	natsSubscription_Unsubscribe(sub);
	hub_free_retired(b, clock_ms());
	hub_unhush(&old);
	*r = (struct retired){ b->retired, sub, clock_ms() + RETIRED_MS };
	b->retired = r;
}

/* ---- the connection ---- */

static int
hub_fault(struct nats_bus *b, natsStatus s, struct fault *fault)
{
	char why[160];
	int status = s == NATS_CONNECTION_AUTH_FAILED ? EX_NOPERM :
	    s == NATS_SSL_ERROR || s == NATS_SECURE_CONNECTION_REQUIRED ||
	    s == NATS_SECURE_CONNECTION_WANTED || s == NATS_NOT_FOUND ||
	    s == NATS_INVALID_ARG ? EX_CONFIG : EX_TEMPFAIL;
	natsStatus last;
	const char *text = nats_GetLastError(&last);

	if (s == NATS_NO_SERVER || text == NULL || last != s || *text == '\0')
		text = natsStatus_GetText(s);
	snprintf(why, sizeof why, "%s", text);
	escape_clean(why);
	return fault_set(fault, status, "%s: %s", b->head.name, why);
}

static natsStatus
hub_connect(struct nats_bus *b, struct fault *fault)
{
	struct sigaction pipe;
	natsOptions *o = NULL;
	natsStatus s;

	/* the library has it ignored in the whole process */
	sigaction(SIGPIPE, NULL, &pipe);
	s = nats_Open(-1);
	sigaction(SIGPIPE, &pipe, NULL);
	if (s == NATS_OK)
		s = natsOptions_Create(&o);
	if (s == NATS_OK)
		s = hub_behave(b, o);
	fault->status = 0;
	if (s == NATS_OK)
		s = login_set(&b->url, o, fault);
	if (s == NATS_OK)
		s = hub_secure(b, o);
	if (s == NATS_OK)
		s = natsConnection_Connect(&b->nc, o);
	natsOptions_Destroy(o);
	return s;
}

int
hub_open(struct nats_bus *b, struct fault *fault)
{
	natsStatus s;
	sigset_t old;

	if (b->abandoned)
		return hub_away(b, fault);
	/* it gives up when it is refused twice */
	if (b->nc != NULL && natsConnection_IsClosed(b->nc))
		hub_close(b);
	if (b->nc != NULL)
		return hub_is_up(b) ? 0 : hub_away(b, fault);
	hub_hush(&old);
	s = hub_connect(b, fault);
	hub_unhush(&old);
	if (s != NATS_OK)
		return fault->status != 0 ? -1 : hub_fault(b, s, fault);
	atomic_fetch_add(&b->users, 1);
	atomic_fetch_add(&b->connected, 1);
	b->answers = inbound_open(b, 0, fault);
	if (b->answers == NULL) {
		hub_close(b);
		return -1;
	}
	return 0;
}

void
hub_close(struct nats_bus *b)
{
	sigset_t old;

	inbound_close(b->answers);
	b->answers = NULL;
	hub_hush(&old);
	if (b->nc != NULL)
		natsConnection_Close(b->nc);
	hub_free_retired(b, INT64_MAX);
	if (b->nc != NULL)
		natsConnection_Destroy(b->nc);
	hub_unhush(&old);
	b->nc = NULL;
}

bool
hub_is_up(struct nats_bus *b)
{
	return b->nc != NULL && !b->abandoned &&
	    natsConnection_Status(b->nc) == NATS_CONN_STATUS_CONNECTED;
}

int
hub_away(struct nats_bus *b, struct fault *fault)
{
	return fault_set(fault, EX_TEMPFAIL, "%s: no connection; try again "
	    "later", b->head.name);
}

bool
hub_again(struct nats_bus *b, const struct fault *why, int64_t until)
{
	struct fault ignored;

	return why->status == EX_TEMPFAIL && clock_ms() < until &&
	    !b->abandoned &&
	    (nats_host->poll(NULL, 0, AGAIN_MS) == 0 || errno != EINTR) &&
	    (hub_open(b, &ignored) == 0 || ignored.status == EX_TEMPFAIL);
}
