/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes messages over HTTP, as Mainflux did, and writes each as a line to
 * stdout or to a stream of the bus.  It answers 202 after the line has
 * been written there, and checks authorization for every message.  Order is
 * kept for each connection; nothing is refused for its format.
 */
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/adapt-http/message.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/listen.h"
#include "base/program.h"
#include "base/ready.h"
#include "base/signal.h"
#include "http/admin.h"
#include "http/caller.h"
#include "http/setup.h"
#include "line/message.h"

/* how long SIGTERM waits for requests in progress */
#define GRACE (10 * STAMP_SECOND)
#define TURN 1000	/* ms: something may be due without an event */

static struct http_setup setup = HTTP_SETUP("127.0.0.1:8185");
static struct {
	const char *stream, *admin;
	enum bus_sync sync;
	int64_t ready_fd;
} opt = { .stream = "-", .sync = BUS_SYNC_INTERVAL, .ready_fd = -1 };

static const struct opt options[] = {
	{ 'o', "output", "STREAM", "write to this stream of the bus; '-' is "
	    "stdout (default: -)",
	    OPT_STRING(&opt.stream) },
	{ 0, "sync", BUS_SYNC_WORDS, "when the bus is synced to disk",
	    OPT_ENUM(&opt.sync) },
	HTTP_OPTIONS(setup),
	{ 0, "admin", "ADDR:PORT", "serve /health, /metrics and /version on "
	    "this address",
	    OPT_STRING(&opt.admin) },
	READY_FD(&opt.ready_fd, "when serving"),
	OPT_END
};

static const struct program program = {
	.name = "mfx-adapt-http",
	.summary = "take messages over HTTP",
	.options = options,
	.network = true,
	.reloads = true,
};

static struct loop *loop;
static struct http *server, *admin;
static struct loop_watch reader;	/* of stdout */
static struct loop_hook refresh;
static struct access *registry;
static struct bus *bus;
static struct publisher publisher;
static struct pack pack;		/* for message_wrap to look with */
static struct http_request *waiting;	/* for what is in the publisher */
static bool failing;			/* the last commit has failed */
static bool blind;			/* nor can the registry be asked */
static struct service service = {
	.name = "http", .prefix = "http_adapter", .publisher = &publisher
};

/* ---- devices ---- */

/* The answers to all that went into the publisher since the last time. */
static void
commit(void)
{
	struct http_request *r;
	struct fault fault;
	bool done = publisher_commit(&publisher, &fault) == 0;

	if (!done && !failing)
		diag_error("%s", fault.text);
	else if (done && failing && waiting != NULL)
		diag_warning("messages can be written again");
	if (!done || waiting != NULL)
		failing = !done;
	while ((r = waiting) != NULL) {
		waiting = r->next;
		if (done) {
			service.messages++;
			http_answer(r, 202);
		} else {
			http_problem(r, 503, "the message can't be kept now");
		}
	}
}

/* May the thing that has sent it publish there?  Else it is answered. */
static bool
may_publish(struct http_request *r, struct route *route)
{
	const char *why;

	switch (caller_check(registry, r, route->channel, setup.require_cert,
	    &why)) {
	case ACCESS_YES:
		blind = false;
		route->publisher = str_z(r->caller);
		return true;
	case ACCESS_NO_KEY:
	case ACCESS_NOT_CONNECTED:
		blind = false;
		diag_info("%.*s: refused: %s", STR_ARG(r->path), why);
		http_problem(r, 403,
		    "no thing with this key is connected to this channel");
		return false;
	case ACCESS_ERROR:
		break;
	}
	if (!blind)
		diag_error("registry: %s", why);
	blind = true;
	http_problem(r, 503, "access can't be checked now");
	return false;
}

static void
early(struct http_request *r, void *arg)
{
	struct route route = { .channel = STR_NONE };
	struct buf subtopic;

	(void)arg;
	buf_init(&subtopic, SUBTOPIC_MAX);
	if (message_request(r, &route, &subtopic))
		may_publish(r, &route);
	buf_release(&subtopic);
}

static void
publish(struct http_request *r, void *arg)
{
	struct route route = {
		.protocol = STR("http"), .has_received = true,
		.received = stamp_now()
	};
	struct buf subtopic;

	(void)arg;
	if (opt.admin == NULL && request_reads(r, "/version")) {
		service_answer_version(&service, r);
		return;
	}
	buf_init(&subtopic, SUBTOPIC_MAX);
	if (message_request(r, &route, &subtopic) && may_publish(r, &route)) {
		if (!message_take(&publisher.lines, &route, r->body,
		    http_header(r, "Content-Type"), &pack)) {
			http_problem(r, 413,
			    "a message has at most " MESSAGE_LIMITS);
		} else {
			r->next = waiting;
			waiting = r;
			if (publisher.lines.n >= PUBLISHER_BATCH)
				commit();
		}
	}
	buf_release(&subtopic);
}

static void
ended(const struct http_request *r, void *arg)
{
	(void)arg;
	service_count(&service, r);
	if (diag_shows(DIAG_INFO))
		diag_info("%.*s %.*s %u %" PRIu64 " bytes %" PRId64 " us%s%s",
		    STR_ARG(r->method), STR_ARG(r->path), r->status,
		    r->received, r->elapsed / 1000, *r->caller ? " from " : "",
		    r->caller);
}

/* ---- the loop ---- */

/* before the requests of a turn: a change of the registry counts for them */
static void
wake(struct loop_hook *hook, int64_t now)
{
	(void)hook;
	(void)now;
	access_refresh(registry);
}

/* Something has come from stdout, such as an error: its reader has gone. */
static void
reader_ready(struct loop_watch *w, unsigned events)
{
	(void)events;
	if (publisher_left(&publisher)) {
		diag_error("<stdout>: its reader has gone");
		failing = true;
	}
	loop_unwatch(w);
}

/* One turn: received messages are written before any is answered. */
static void
turn(void)
{
	loop_turn(loop, TURN);
	commit();
	program_reload(setup.tls ? http_setup_reload : NULL, &setup);
}

static bool
at_end(void)
{
	return publisher.broken || signal_stop() ||
	    (setup.single && http_connections(server) == 0);
}

/* Accepts nothing new, and finishes what has begun. */
static void
drain(void)
{
	int64_t end = clock_ns() + GRACE;

	ready_stopping();
	http_stop(server);
	while (!http_idle(server) && clock_ns() < end)
		turn();
}

static void
say_where(void)
{
	char text[LISTEN_TEXT];
	int i, fd;

	for (i = 0; (fd = http_listener(server, i)) >= 0; i++)
		diag_info("serving on %s", listen_print(fd, text));
}

static int
serve(void)
{
	say_where();
	ready_tell(opt.ready_fd);
	while (!at_end())
		turn();
	drain();
	return publisher.broken ? EX_IOERR : 0;
}

static int
open_loop(struct fault *fault)
{
	if (loop_open(&loop, fault) < 0)
		return -1;
	loop_hook(loop, &refresh, wake, NULL);
	if (publisher.bus == NULL)
		loop_watch(loop, &reader, STDOUT_FILENO, LOOP_READ,
		    reader_ready);
	return 0;
}

static int
open_all(struct fault *fault)
{
	struct http_options o = {
		.handle = publish, .early = early, .ended = ended
	};

	pack_init(&pack);
	if (bus_open(&bus, NULL, fault) < 0 ||
	    access_open(&registry, NULL, fault) < 0 ||
	    publisher_open(&publisher, bus, opt.stream, opt.sync, fault) < 0 ||
	    open_loop(fault) < 0 ||
	    http_setup_open(&setup, loop, &o, &server, fault) < 0)
		return -1;
	if (setup.single && strcmp(opt.stream, "-") == 0)
		return fault_set(fault, EX_CONFIG, "stdout is the client's "
		    "connection: give --output STREAM");
	service.registry = registry;
	service.server = server;
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
	http_close(server);
	http_setup_close(&setup);
	loop_unwatch(&reader);
	loop_close(loop);
	publisher_close(&publisher);
	bus_close(bus);
	access_close(registry);
	pack_release(&pack);
	return status;
}
