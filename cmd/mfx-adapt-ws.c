/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes messages over WebSocket, as Mainflux did, and writes each as a line
 * to stdout or to a stream of the bus; gives each line from stdin, or of a
 * stream, to the things that have its channel open.  Access is checked at the
 * handshake, for every message, and when the registry changes.  Order is
 * kept for each connection.  One that does not read is ended and holds up
 * no other.
 */
#include "adapter/adapter.h"
#include "base/diag.h"
#include "base/diag_about.h"
#include "cmd/adapt-ws/handshake.h"
#include "http/ws.h"
#include "ws/publish.h"

/* how long SIGTERM waits for clients to take leave */
#define GRACE (5 * STAMP_SECOND)
#define TURN 400	/* ms: something may be due without an event */

static struct http_setup setup = HTTP_SETUP("127.0.0.1:8186");
static const struct adapter_protocol protocol;
static struct adapter adapter = ADAPTER(&protocol);
static int64_t max_queue = 1 << 20;
static struct ws *server;
static struct subscribers subscribers;
static struct ws_publish publish = {
	.queue = &adapter.queue, .subscribers = &subscribers
};

static const struct opt options[] = {
	ADAPTER_INPUT_OPTIONS(adapter),
	HTTP_OPTIONS(setup),
	{ 0, "max-queue", "SIZE", "queue at most this much for a client "
	    "(default: 1M)",
	    OPT_SIZE(&max_queue, 1, INT64_C(1) << 30) },
	/* a former name of --cors-origin */
	{ 0, "origin", "ORIGIN", NULL, OPT_LIST(&setup.cors_origin) },
	ADAPTER_OPTIONS(adapter),
	OPT_END
};

static const struct program program = {
	.name = "mfx-adapt-ws",
	.summary = "take and deliver messages over WebSocket",
	.options = options,
	.network = true,
	.reloads = true,
};

/* ---- from devices ---- */

static void
adapt_received(struct ws_conn *client, void *owner, struct str message,
    bool text, void *arg)
{
	(void)client;
	(void)arg;
	ws_publish(&publish, owner, message, text);
	adapter.service.bytes = publish.bytes;
}

static unsigned
adapt_on_handshake(struct http_request *r, bool upgrade, void **owner,
    const char **why, void *arg)
{
	(void)arg;
	return handshake(&adapter, &subscribers, r, upgrade, owner, why);
}

static void
adapt_opened(struct ws_conn *client, void *owner, void *arg)
{
	struct subscriber *u = owner;

	(void)arg;
	subscribers_open(&subscribers, u, client);
	diag_about(&(struct diag_about){
		.thing = str_z(u->thing),
		.channel = subscription_channel(&u->subscription)
	});
	diag_info("%.*s: open for %s",
	    STR_ARG(subscription_channel(&u->subscription)), u->thing);
	/* a change since it was asked, before it was open, found no subscriber
	 * here */
	subscriber_may(&subscribers, u);
}

static bool
adapt_busy(void *owner, void *arg)
{
	const struct subscriber *u = owner;

	(void)arg;
	return u->pending > 0;
}

static void
adapt_closed(void *owner, void *arg)
{
	(void)arg;
	ws_publish_forget(&publish, owner);
	subscribers_close(&subscribers, owner);
}

/* ---- the protocol ---- */

static void
adapt_deliver(const struct delivery *d)
{
	subscribers_tell(&subscribers, d);
}

static bool
adapt_turn(bool changed)
{
	bool hurry = subscribers_replay(&subscribers, adapter.feed.seq);

	return subscribers_check(&subscribers, changed) || hurry;
}

static int
adapt_timeout(void)
{
	return TURN;
}

static void
adapt_put_metrics(struct metrics *m, const struct service *s)
{
	subscribers_server_metrics_put(m, s, server);
	subscribers_metrics_put(m, s, &subscribers, &adapter.feed);
}

static int
adapt_open(struct adapter *a, struct fault *fault)
{
	struct ws_options o = {
		.on_handshake = adapt_on_handshake, .opened = adapt_opened,
		.received = adapt_received, .closed = adapt_closed,
		.busy = adapt_busy,
		.max_queue = (size_t)max_queue, .budget = &a->budget
	};
	int i, fd;

	if (ws_open(&server, &setup, a->loop, &o, fault) < 0)
		return -1;
	a->single = a->stdin_served = setup.single;
	a->reloads = setup.tls != NULL;
	for (i = 0; (fd = http_listener(ws_http(server), i)) >= 0; i++)
		a->stdin_served |= fd == STDIN_FILENO;
	subscribers.registry = a->registry;
	subscribers.bus = a->bus;
	subscribers.stream = adapter_history(a);
	subscribers.need_certificate = setup.require_cert;
	subscribers.max_queue = o.max_queue;
	subscribers.budget = o.budget;
	subscribers.max = http_room((unsigned)setup.max_connections);
	return subscribers_init(&subscribers, fault);
}

static void
adapt_close(void)
{
	ws_close(server);
	http_setup_close(&setup);
	subscribers_release(&subscribers);
}

static void
adapt_answer(void *owner, bool written)
{
	ws_publish_answer(&publish, owner, written);
}

static int
adapt_listener(int i)
{
	return http_listener(ws_http(server), i);
}

static void
adapt_stop(void)
{
	subscribers.stopping = true;
	ws_stop(server);
}

static bool
adapt_idle(void)
{
	return ws_connections(server) == 0;
}

static bool
adapt_ended(void)
{
	return adapter.single && adapt_idle();
}

static int
adapt_reload(struct fault *fault)
{
	return http_setup_reload(&setup, fault);
}

static const struct adapter_protocol protocol = {
	.name = "websocket", .prefix = "ws_adapter", .open = adapt_open,
	.close = adapt_close, .socket = adapt_listener, .turn = adapt_turn,
	.timeout = adapt_timeout, .deliver = adapt_deliver,
	.answer = adapt_answer, .stop = adapt_stop, .idle = adapt_idle,
	.ended = adapt_ended, .reload = adapt_reload,
	.metrics = adapt_put_metrics, .grace = GRACE, .streams = true,
};

int
main(int argc, char **argv)
{
	return adapter_main(&adapter, &program, argc, argv);
}
