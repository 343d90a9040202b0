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
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/listen.h"
#include "base/program.h"
#include "base/ready.h"
#include "base/signal.h"
#include "coap/setup.h"
#include "http/admin.h"

static struct station_setup setup = STATION_SETUP("127.0.0.1:5683");
static struct {
	const char *input, *stream, *replay, *admin;
	int64_t ready_fd;
	enum bus_sync sync;
} opt = { .stream = "-", .sync = BUS_SYNC_INTERVAL, .ready_fd = -1 };

static const struct opt options[] = {
	{ 'i', "input", "STREAM", "deliver from this stream instead of stdin",
	    OPT_STRING(&opt.input) },
	{ 'o', "output", "STREAM", "write to this stream of the bus; '-' is "
	    "stdout (default: -)",
	    OPT_STRING(&opt.stream) },
	{ 0, "sync", BUS_SYNC_WORDS, "when the bus is synced to disk",
	    OPT_ENUM(&opt.sync) },
	{ 0, "replay", "STREAM", "stream that ?from= replays (default: that of "
	    "-i or -o)",
	    OPT_STRING(&opt.replay) },
	STATION_OPTIONS(setup),
	{ 0, "admin", "ADDR:PORT", "serve /health, /metrics and /version on "
	    "this address",
	    OPT_STRING(&opt.admin) },
	READY_FD(&opt.ready_fd, "when serving"),
	OPT_END
};

static const struct program program = {
	.name = "mfx-adapt-coap",
	.summary = "take and deliver messages over CoAP",
	.options = options,
	.network = true,
	.reloads = true,
};

static struct access *registry;
static struct publisher publisher;
static struct bus *bus;
static struct feed feed = { .fd = -1 };
static struct loop *loop;
static struct loop_watch devices, input;	/* station, feed */
static struct station *station;
static struct http *admin;
static bool failing;			/* the last commit has failed */
static bool blind;			/* nor can the registry be asked */
static struct service service = {
	.name = "coap", .prefix = "coap_adapter", .publisher = &publisher
};

static void
put_counts(struct buf *b, const struct service *s)
{
	const struct station_counts *c = station_counts(station);

	service_put(b, s, "connections", "gauge",
	    "Sessions of TCP, TLS and DTLS.", c->sessions);
	service_put(b, s, "observers", "gauge", "Observers registered.",
	    c->observers);
	service_put(b, s, "input_rejected_total", "counter",
	    "Lines that were not messages of a channel.", feed.passed.n);
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

/* The answers to all that went into the publisher since the last time. */
static void
commit(void *arg)
{
	bool had = publisher.lines.n > 0, done;
	struct fault fault;

	(void)arg;
	done = publisher_commit(&publisher, &fault) == 0;
	if (!done && !failing)
		diag_error("%s", fault.text);
	else if (done && failing && had)
		diag_warning("messages can be written again");
	if (!done || had)
		failing = !done;
	station_answer(station, done);
	service.messages = station_counts(station)->messages;
}

static void
answered(const struct station_done *d, void *arg)
{
	(void)arg;
	service.answers[d->status < SERVICE_STATUS_MAX ? d->status : 0]++;
	service.bytes += d->bytes;
	metric_times_add(&service.times, d->ns);
	if (d->status == 503 && !blind && !failing && d->why != NULL) {
		blind = true;
		diag_error("%s", d->why);
	} else if (d->status < 400) {
		blind = false;
	}
	if (diag_shows(DIAG_INFO))
		diag_info("%s%s%.*s %u.%02u %zu bytes %" PRId64
		    " us%s%s%s%s",
		    d->method == 2 ? "POST" : d->method == 1 ? "GET" : "other",
		    d->channel.n > 0 ? " " : "", STR_ARG(d->channel),
		    d->status / 100, d->status % 100,
		    d->bytes, d->ns / 1000, *d->thing ? " from " : "",
		    d->thing, d->why ? ": " : "", d->why ? d->why : "");
}

static void
deliver(void)
{
	struct delivery d;

	feed_turn(&feed);
	while (feed_next(&feed, &d))
		station_deliver(station, &d);
	if (feed.fd >= 0 || input.loop == NULL)
		return;
	loop_unwatch(&input);
	if (feed.fault.status != 0)
		diag_error("%s", feed.fault.text);
	diag_info("the input has ended: nothing more is delivered");
}

/* ---- the loop ---- */

/* libcoap has read the files */
static int
cannot_reload(void *arg, struct fault *fault)
{
	(void)arg;
	return fault_set(fault, EX_TEMPFAIL,
	    "new certificates need a restart");
}

/* What came in is written down before it is answered. */
static void
turn(void)
{
	loop_turn(loop, feed_hurry(&feed) ? 0 : station_timeout(station));
	if (publisher_left(&publisher)) {
		diag_error("<stdout>: its reader has gone");
		failing = true;
	}
	if (access_refresh(registry))
		station_review(station);
	station_run(station);
	commit(NULL);
	deliver();
	program_reload(setup.cert ? cannot_reload : NULL, NULL);
}

static int
serve(void)
{
	char text[LISTEN_TEXT];
	int i, fd;

	for (i = 0; (fd = station_socket(station, i)) >= 0; i++)
		diag_info("serving on %s", listen_print(fd, text));
	ready_tell(opt.ready_fd);
	while (!publisher.broken && !signal_stop())
		turn();
	ready_stopping();
	/* what has been received already */
	station_stop(station);
	station_run(station);
	commit(NULL);
	return publisher.broken ? EX_IOERR : 0;
}

/* ---- opening ---- */

/* Where lines come from: fd 0, unless that is a socket we serve. */
static int
open_input(struct fault *fault)
{
	if (opt.input != NULL) {
		if (feed_open(&feed, bus, opt.input, fault) < 0)
			return -1;
	} else if (!setup.served_stdin) {
		feed_init(&feed, STDIN_FILENO, "<stdin>");
	}
	if (feed.fd >= 0)
		loop_watch(loop, &input, feed.fd, LOOP_READ, NULL);
	return 0;
}

static int
open_all(struct fault *fault)
{
	struct station_options o = {
		.publisher = &publisher, .feed = &feed, .history = opt.replay,
		.commit = commit, .done = answered
	};

	if (o.history == NULL)
		o.history = opt.input != NULL ? opt.input :
		    strcmp(opt.stream, "-") != 0 ? opt.stream : NULL;
	if (bus_open(&bus, NULL, fault) < 0 ||
	    access_open(&registry, NULL, fault) < 0 ||
	    publisher_open(&publisher, bus, opt.stream, opt.sync, fault) < 0)
		return -1;
	o.bus = bus;
	o.access = service.registry = registry;
	service.more = put_counts;
	if (station_setup_open(&setup, &o, &station, fault) < 0 ||
	    loop_open(&loop, fault) < 0)
		return -1;
	loop_watch(loop, &devices, station_fd(station), LOOP_READ, NULL);
	if (open_input(fault) < 0)
		return -1;
	return opt.admin == NULL ? 0 :
	    service_open(&service, opt.admin, loop, &admin, fault);
}

int
main(int argc, char **argv)
{
	struct fault fault;
	int status;

	program_start(&program, argc, argv);
	program_holds_secrets();
	status = open_all(&fault) < 0 ? diag_fault(&fault) : serve();
	http_close(admin);
	loop_unwatch(&devices);
	loop_unwatch(&input);
	loop_close(loop);
	station_close(station);
	publisher_close(&publisher);
	access_close(registry);
	feed_release(&feed);
	bus_close(bus);
	return status;
}
