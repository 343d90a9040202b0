/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes messages over WebSocket, as Mainflux did, and writes each as a line
 * to stdout or to a stream of the bus; gives each line from stdin, or of a
 * stream, to the things that have its channel open.  Who may is asked at the
 * handshake, for every message, and when the registry changes.  Order is
 * kept for each connection.  One that does not read is ended and holds up
 * nobody.
 */
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/listen.h"
#include "base/program.h"
#include "base/ready.h"
#include "base/signal.h"
#include "http/admin.h"
#include "ws/publish.h"
#include "http/ws.h"

/* how long SIGTERM waits for clients to take leave */
#define GRACE (5 * STAMP_SECOND)
#define TURN 400	/* ms: something may be due without an event */

static struct http_setup setup = HTTP_SETUP("127.0.0.1:8186");
static struct {
	const char *stream, *input, *replay, *admin;
	enum bus_sync sync;
	int64_t ready_fd, max_queue;
} opt = {
	.stream = "-", .sync = BUS_SYNC_INTERVAL, .ready_fd = -1,
	.max_queue = 1 << 20
};

static const struct opt options[] = {
	{ 'i', "input", "STREAM", "deliver from this stream instead of stdin",
	    OPT_STRING(&opt.input) },
	{ 'o', "output", "STREAM", "write to this stream (default: -, stdout)",
	    OPT_STRING(&opt.stream) },
	{ 0, "replay", "STREAM", "stream of ?from= (default: that of -i or -o)",
	    OPT_STRING(&opt.replay) },
	{ 0, "sync", BUS_SYNC_WORDS, "when the bus is synced to disk",
	    OPT_ENUM(&opt.sync) },
	HTTP_OPTIONS(setup),
	{ 0, "max-queue", "SIZE", "queue at most this much for a client "
	    "(default: 1M)",
	    OPT_SIZE(&opt.max_queue, 1, INT64_C(1) << 30) },
	/* a former name of --cors-origin */
	{ 0, "origin", "ORIGIN", NULL, OPT_LIST(&setup.cors_origin) },
	{ 0, "admin", "ADDR:PORT", "serve /health, /metrics and /version on "
	    "this address",
	    OPT_STRING(&opt.admin) },
	READY_FD(&opt.ready_fd, "when serving"),
	OPT_END
};

static const struct program program = {
	.name = "mfx-adapt-ws",
	.summary = "take and deliver messages over WebSocket",
	.options = options,
	.network = true,
	.reloads = true,
};

static struct loop *loop;
static struct ws *server;
static struct http *admin;
static struct access *registry;
static struct feed feed = { .fd = -1 };
static struct loop_watch input;		/* of the feed's fd */
static struct ws_publish publish;
static struct subscribers subscribers;
static bool blind;			/* the registry can't be asked */
static struct service service = {
	.name = "websocket", .prefix = "ws_adapter", .streams = true,
	.publisher = &publish.publisher
};

/* ---- from devices ---- */

static void
commit(void)
{
	struct fault fault;
	enum ws_commit change = ws_publish_commit(&publish, &fault);

	service.messages = publish.messages;
	service.bytes = publish.bytes;
	if (change == WS_COMMIT_FAILS)
		diag_error("%s", fault.text);
	else if (change == WS_COMMIT_AGAIN)
		diag_warning("messages can be written again");
}

static void
received(struct ws_client *client, void *owner, struct str message,
    bool text, void *arg)
{
	(void)client;
	(void)arg;
	ws_publish(&publish, &subscribers, owner, message, text);
	if (publish.publisher.lines.n >= PUBLISHER_BATCH)
		commit();
}

static unsigned
ask(struct http_request *r, bool upgrade, void **owner, const char **why,
    void *arg)
{
	struct subscriber *u = NULL;
	unsigned status;

	(void)arg;
	if (!upgrade && opt.admin == NULL && request_reads(r, "/version")) {
		*why = "{\"service\":\"websocket\",\"version\":\""
		    MFX_VERSION "\"}";
		return 200;
	}
	status = subscribers_ask(&subscribers, r, &u, why);
	if (status == 101 && !upgrade) {
		subscribers_close(&subscribers, u);
		*why = "a WebSocket is opened here";
		status = 426;
	}
	service.answers[status]++;
	if (status == 503 && !blind)
		diag_error("%s", subscribers.fault.text);
	else if (status == 403)
		diag_info("%s", subscribers.fault.text);
	blind = status == 503;
	*owner = status == 101 ? u : NULL;
	return status;
}

static void
opened(struct ws_client *client, void *owner, void *arg)
{
	struct subscriber *u = owner;

	(void)arg;
	subscribers_open(&subscribers, u, client);
	diag_info("%.*s: open for %s",
	    STR_ARG(subscription_channel(&u->subscription)), u->thing);
	/* a change since it was asked, before it was open, found nobody here */
	subscriber_may(&subscribers, u);
}

static void
closed(void *owner, void *arg)
{
	(void)arg;
	ws_publish_forget(&publish, owner);
	subscribers_close(&subscribers, owner);
}

static void
put_metrics(struct buf *b, const struct service *s)
{
	subscribers_server_metrics_put(b, s, server);
	subscribers_metrics_put(b, s, &subscribers, &feed);
}

/* ---- to devices ---- */

static void
deliver(void)
{
	struct delivery d;

	feed_turn(&feed);
	while (feed_next(&feed, &d))
		subscribers_tell(&subscribers, &d);
	if (feed.fd >= 0 || input.loop == NULL)
		return;
	loop_unwatch(&input);
	if (feed.fault.status != 0)
		diag_error("%s", feed.fault.text);
	diag_info("the input has ended: nothing more is delivered");
}

/* ---- the loop ---- */

/* One turn: received messages are written; true when the next must not
 * wait. */
static bool
turn(bool hurry)
{
	loop_turn(loop, hurry ? 0 : TURN);
	if (publisher_left(&publish.publisher))
		diag_error("<stdout>: its reader has gone");
	commit();
	deliver();
	program_reload(setup.tls ? http_setup_reload : NULL, &setup);
	hurry = feed_hurry(&feed);
	hurry |= subscribers_replay(&subscribers, feed.seq);
	hurry |= subscribers_check(&subscribers, access_refresh(registry));
	return hurry;
}

static bool
at_end(void)
{
	return publish.publisher.broken || signal_stop() ||
	    (setup.single && ws_connections(server) == 0);
}

static int
serve(void)
{
	char text[LISTEN_TEXT];
	bool hurry = false;
	int64_t end;
	int i, fd;

	for (i = 0; (fd = http_listener(ws_http(server), i)) >= 0; i++)
		diag_info("serving on %s", listen_print(fd, text));
	ready_tell(opt.ready_fd);
	while (!at_end())
		hurry = turn(hurry);
	ready_stopping();
	ws_stop(server);
	end = clock_ns() + GRACE;
	while (ws_connections(server) > 0 && clock_ns() < end) {
		/* a second signal ends it here */
		signal_poll(NULL, 0, 0);
		loop_turn(loop, 100);
		commit();
	}
	commit();
	return publish.publisher.broken ? EX_IOERR : 0;
}

/* Where lines come from: fd 0, unless that is a socket we serve. */
static int
open_input(struct fault *fault)
{
	bool served = setup.single;
	int i, fd;

	for (i = 0; (fd = http_listener(ws_http(server), i)) >= 0; i++)
		served |= fd == STDIN_FILENO;
	if (opt.input != NULL) {
		if (feed_open(&feed, subscribers.bus, opt.input, fault) < 0)
			return -1;
	} else if (!served) {
		feed_init(&feed, STDIN_FILENO, "<stdin>");
	}
	if (feed.fd >= 0)
		loop_watch(loop, &input, feed.fd, LOOP_READ, NULL);
	return 0;
}

static int
open_all(struct fault *fault)
{
	struct ws_options o = {
		.ask = ask, .opened = opened, .received = received,
		.closed = closed, .max_queue = (size_t)opt.max_queue
	};
	bool to_stdout = strcmp(opt.stream, "-") == 0;

	if (loop_open(&loop, fault) < 0 ||
	    ws_open(&server, &setup, loop, &o, fault) < 0)
		return -1;
	if (setup.single && to_stdout)
		return fault_set(fault, EX_CONFIG, "stdout is the client's "
		    "connection: give --output STREAM");
	subscribers.stream = opt.replay ? opt.replay : opt.input ? opt.input :
	    to_stdout ? NULL : opt.stream;
	subscribers.need_certificate = setup.require_cert;
	subscribers.max_queue = o.max_queue;
	if (subscribers_init(&subscribers, fault) < 0 ||
	    access_open(&registry, NULL, fault) < 0 ||
	    ws_publish_open(&publish, subscribers.bus, opt.stream, opt.sync,
	    fault) < 0)
		return -1;
	service.registry = subscribers.registry = registry;
	service.more = put_metrics;
	if (opt.admin != NULL &&
	    service_open(&service, opt.admin, loop, &admin, fault) < 0)
		return -1;
	return open_input(fault);
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
	ws_close(server);
	http_setup_close(&setup);
	loop_unwatch(&input);
	loop_close(loop);
	feed_release(&feed);
	ws_publish_close(&publish);
	subscribers_release(&subscribers);
	access_close(registry);
	return status;
}
