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

static struct station_setup setup = STATION_SETUP("127.0.0.1:5683");
static const struct adapter_protocol protocol;
static struct adapter adapter = ADAPTER(&protocol);
static struct loop_watch devices;
static struct station *station;

static const struct opt options[] = {
	ADAPTER_INPUT_OPTIONS(adapter),
	STATION_OPTIONS(setup),
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
adapt_put_counts(struct buf *b, const struct service *s)
{
	const struct station_counts *c = station_counts(station);

	service_put(b, s, "connections", "gauge",
	    "Sessions of TCP, TLS and DTLS.", c->sessions);
	service_put(b, s, "observers", "gauge", "Observers registered.",
	    c->observers);
	service_put(b, s, "input_rejected_total", "counter",
	    "Lines that were not messages of a channel.",
	    adapter.feed.passed.n);
	service_put(b, s, "replay_rejected_total", "counter",
	    "Lines of the history that were not messages of a channel.",
	    c->passed.n);
	service_put(b, s, "notifications_total", "counter",
	    "Notifications sent.", c->notifications);
	service_put(b, s, "repeated_total", "counter",
	    "Duplicate messages.", c->repeated);
	service_put(b, s, "overflowed_total", "counter",
	    "Observers ended as too slow.", c->overflowed);
	service_put(b, s, "reaped_total", "counter",
	    "Observers ended as they did not answer.", c->reaped);
	service_put(b, s, "pings_total", "counter",
	    "Pings sent.", c->pings);
}

/* ---- devices ---- */

static const char *
adapt_method_name(unsigned method)
{
	return method == 2 ? "POST" : method == 1 ? "GET" : "other";
}

static void
adapt_answered(const struct station_done *d, void *arg)
{
	struct service *s = &adapter.service;

	(void)arg;
	s->answers[d->status < SERVICE_STATUS_MAX ? d->status : 0]++;
	s->bytes += d->bytes;
	metric_times_add(&s->times, d->ns);
	if (d->status == 503 && d->why != NULL && !adapter.queue.failing)
		adapter_registry_down(&adapter, "%s", d->why);
	else if (d->status == 401 || d->status == 403)
		adapter_refused(&adapter, d->client, d->channel, d->why);
	else if (d->status < 400)
		adapter_registry_up(&adapter);
	if (diag_shows(DIAG_INFO))
		diag_info("%s%s%.*s %u.%02u %zu bytes %" PRId64
		    " us%s%s%s%s", adapt_method_name(d->method),
		    d->channel.n > 0 ? " " : "", STR_ARG(d->channel),
		    d->status / 100, d->status % 100,
		    d->bytes, d->ns / 1000, *d->thing ? " from " : "",
		    d->thing, d->why ? ": " : "", d->why ? d->why : "");
}

/* ---- the protocol ---- */

static bool
adapt_turn(bool changed)
{
	if (changed)
		station_review(station);
	station_run(station);
	return station_timeout(station) == 0;
}

static int
adapt_timeout(void)
{
	return station_timeout(station);
}

static void
adapt_deliver(const struct delivery *d)
{
	station_deliver(station, d);
}

static void
adapt_answer(void *owner, bool written)
{
	station_answer(station, owner, written);
}

static void
adapt_stop(void)
{
	station_stop(station);
	/* what has been received already */
	station_run(station);
}

static bool
adapt_idle(void)
{
	return station_idle(station);
}

static int
adapt_listener(int i)
{
	return station_socket(station, i);
}

static int
adapt_reload(struct fault *fault)
{
	return station_reload(station, fault);
}

static int
adapt_open_station(struct adapter *a, struct fault *fault)
{
	struct station_options o = {
		.access = a->registry, .bus = a->bus, .queue = &a->queue,
		.feed = &a->feed, .budget = &a->budget,
		.history = adapter_history(a), .done = adapt_answered
	};

	if (station_setup_open(&setup, &o, &station, fault) < 0)
		return -1;
	a->stdin_served = setup.served_stdin;
	a->reloads = setup.cert != NULL;
	loop_watch(a->loop, &devices, station_fd(station), LOOP_READ, NULL);
	return 0;
}

static void
adapt_close_station(void)
{
	loop_unwatch(&devices);
	station_close(station);
}

static const struct adapter_protocol protocol = {
	.name = "coap", .prefix = "coap_adapter", .open = adapt_open_station,
	.close = adapt_close_station, .socket = adapt_listener,
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
