/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes messages over CoAP and writes each as a line to stdout or to a
 * stream of the bus; delivers the lines that come on stdin to the
 * observers of their channel.  It answers 2.04 after the line has been
 * written, and checks authorization for every message.  A message that comes
 * twice because its answer was lost is written once.  An observer gets every
 * message, in order, or is told that it was too slow; it delays no other.
 */
#include <inttypes.h>
#include <sysexits.h>

#include "adapter/adapter.h"
#include "base/diag.h"
#include "coap/setup.h"

/* how long SIGTERM waits for the answers to what has been received */
#define GRACE (5 * STAMP_SECOND)

static struct coap_setup setup = COAP_SETUP("127.0.0.1:5683");
static const struct adapter_protocol protocol;
static struct adapter adapter = ADAPTER(&protocol);
static struct loop_watch devices;
static struct coap_server *server;

static const struct opt options[] = {
	ADAPTER_INPUT_OPTIONS(adapter),
	COAP_SETUP_OPTIONS(setup),
	ADAPTER_OPTIONS(adapter),
	OPT_END
};

static const struct program program = {
	.name = "mfx-adapt-coap",
	.summary = "take and deliver messages over CoAP",
	.options = options,
	.network = true,
	.reloads = true,
};

static void
adapt_put_counts(struct metrics *m, const struct service *s)
{
	const struct coap_counts *c = coap_server_counts(server);

	service_put(m, s, "connections", "gauge",
	    "Sessions of TCP, TLS and DTLS.", c->sessions);
	service_put(m, s, "observers", "gauge", "Observers registered.",
	    c->observers);
	service_put(m, s, "input_rejected_total", "counter",
	    "Lines that were not messages of a channel.",
	    adapter.feed.passed.n);
	service_put(m, s, "replay_rejected_total", "counter",
	    "Lines of the history that were not messages of a channel.",
	    c->passed.n);
	service_put(m, s, "notifications_total", "counter",
	    "Notifications sent.", c->notifications);
	service_put(m, s, "repeated_total", "counter",
	    "Duplicate messages.", c->repeated);
	service_put(m, s, "overflowed_total", "counter",
	    "Observers ended as too slow.", c->overflowed);
	service_put(m, s, "reaped_total", "counter",
	    "Observers ended as they did not answer.", c->reaped);
	service_put(m, s, "pings_total", "counter",
	    "Pings sent.", c->pings);
}

/* ---- devices ---- */

static const char *
adapt_method_name(unsigned method)
{
	return method == 2 ? "POST" : method == 1 ? "GET" : "other";
}

static void
adapt_log(const struct coap_answered *d, struct diag_about *about)
{
	char client[ADDRESS_TEXT] = "";

	if (d->client != NULL)
		address_print(d->client, client);
	about->peer = str_z(client);
	diag_about(about);
	diag_info("%s%s%.*s %u.%02u %zu bytes %" PRId64 " us%s%s%s%s",
	    adapt_method_name(d->method), d->channel.n > 0 ? " " : "",
	    STR_ARG(d->channel), d->status / 100, d->status % 100, d->bytes,
	    d->ns / 1000, *d->thing ? " from " : "", d->thing,
	    d->why ? ": " : "", d->why ? d->why : "");
}

static void
adapt_answered(const struct coap_answered *d, void *arg)
{
	struct service *s = &adapter.service;
	struct diag_about about = {
		.thing = str_z(d->thing), .channel = d->channel,
		.status = d->status, .bytes = d->bytes
	};

	(void)arg;
	s->answers[d->status < SERVICE_STATUS_MAX ? d->status : 0]++;
	s->bytes += d->bytes;
	metric_times_add(&s->times, d->ns);
	if (d->status == 503 && d->why != NULL && !adapter.queue.failing)
		adapter_registry_down(&adapter, "%s", d->why);
	else if (d->status == 401 || d->status == 403)
		adapter_refused(&adapter, d->client, d->channel, d->why,
		    &about);
	else if (d->status < 400)
		adapter_registry_up(&adapter);
	if (diag_shows(DIAG_INFO))
		adapt_log(d, &about);
}

/* ---- the protocol ---- */

static bool
adapt_turn(bool changed)
{
	struct fault fault;

	if (changed)
		coap_server_review(server);
	coap_server_run(server);
	if (coap_server_fault(server, &fault))
		diag_warning("what devices asked for is not noted: %s",
		    fault.text);
	return coap_server_timeout(server) == 0;
}

static int
adapt_timeout(void)
{
	return coap_server_timeout(server);
}

static void
adapt_deliver(const struct delivery *d)
{
	coap_server_deliver(server, d);
}

static void
adapt_answer(void *owner, bool written)
{
	coap_server_answer(server, owner, written);
}

static void
adapt_stop(void)
{
	coap_server_stop(server);
	/* what has been received already */
	coap_server_run(server);
}

static bool
adapt_idle(void)
{
	return coap_server_idle(server);
}

static int
adapt_listener(int i)
{
	return coap_server_socket(server, i);
}

static int
adapt_reload(struct fault *fault)
{
	return coap_server_reload(server, fault);
}

static int
adapt_open_server(struct adapter *a, struct fault *fault)
{
	struct coap_server_options o = {
		.access = a->registry, .bus = a->bus, .queue = &a->queue,
		.feed = &a->feed, .budget = &a->budget,
		.history = adapter_history(a), .done = adapt_answered
	};

	if (coap_setup_open(&setup, &o, &server, fault) < 0)
		return -1;
	a->stdin_served = setup.served_stdin;
	a->reloads = setup.cert != NULL;
	loop_watch(a->loop, &devices, coap_server_fd(server), LOOP_READ, NULL);
	return 0;
}

static void
adapt_close_server(void)
{
	loop_unwatch(&devices);
	coap_server_close(server);
}

static const struct adapter_protocol protocol = {
	.name = "coap", .prefix = "coap_adapter", .open = adapt_open_server,
	.close = adapt_close_server, .socket = adapt_listener,
	.turn = adapt_turn, .timeout = adapt_timeout,
	.deliver = adapt_deliver, .answer = adapt_answer,
	.stop = adapt_stop, .idle = adapt_idle, .reload = adapt_reload,
	.metrics = adapt_put_counts, .grace = GRACE,
};

int
main(int argc, char **argv)
{
	return adapter_main(&adapter, &program, argc, argv);
}
