/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes messages over HTTP, as Mainflux did, and writes each as a line to
 * stdout or to a stream of the bus.  It answers 202 after the line has
 * been written there, and checks authorization for every message.  Order is
 * kept for each connection; nothing is refused for its format.
 */
#include <inttypes.h>

#include "adapter/adapter.h"
#include "adapter/request_log.h"
#include "base/diag.h"
#include "cmd/adapt-http/message.h"
#include "http/thing_auth.h"
#include "http/setup.h"

/* how long SIGTERM waits for requests in progress */
#define GRACE (10 * STAMP_SECOND)

static struct http_setup setup = HTTP_SETUP("127.0.0.1:8185");
static const struct adapter_protocol protocol;
static struct adapter adapter = ADAPTER(&protocol);
static struct http *server;

static const struct opt options[] = {
	ADAPTER_OUTPUT_OPTIONS(adapter),
	HTTP_OPTIONS(setup),
	ADAPTER_OPTIONS(adapter),
	OPT_END
};

static const struct program program = {
	.name = "mfx-adapt-http",
	.summary = "take messages over HTTP",
	.options = options,
	.network = true,
	.reloads = true,
};

/* ---- devices ---- */

static void
adapt_refuse(struct http_request *r, struct str channel,
    enum access_result result, const char *why)
{
	struct address client;

	adapter_refused(&adapter, http_client(r, &client) ? &client : NULL,
	    r->path, why, &(struct diag_about){
		.thing = str_z(r->principal), .channel = channel,
		.status = 403, .bytes = r->head.length
	});
	http_problem(r, 403, access_refusal(result));
}

/* May the thing that has sent it publish there?  Else it is answered. */
static bool
adapt_may_publish(struct http_request *r, struct route *route)
{
	enum access_result result;
	const char *why;

	result = thing_auth_check(adapter.registry, r, route->channel,
	    DIRECTION_PUBLISH, setup.require_cert, &why);
	switch (result) {
	case ACCESS_YES:
		adapter_registry_up(&adapter);
		route->publisher = str_z(r->principal);
		return true;
	case ACCESS_NO_KEY:
	case ACCESS_NOT_CONNECTED:
	case ACCESS_OTHER_WAY:
		adapt_refuse(r, route->channel, result, why);
		return false;
	case ACCESS_ERROR:
		break;
	}
	adapter_registry_down(&adapter, "registry: %s", why);
	http_problem(r, 503, "access can't be checked now");
	return false;
}

static void
adapt_headers(struct http_request *r, void *arg)
{
	struct route route = { .channel = STR_NONE };
	struct buf subtopic;

	(void)arg;
	buf_init(&subtopic, SUBTOPIC_MAX);
	if (message_from_request(r, &route, &subtopic))
		adapt_may_publish(r, &route);
	buf_release(&subtopic);
}

static void
adapt_publish(struct http_request *r, void *arg)
{
	struct route route = {
		.protocol = STR("http"), .has_received = true,
		.received = stamp_now()
	};
	struct buf subtopic;

	(void)arg;
	if (adapter.admin_address == NULL && request_reads(r, "/version")) {
		service_answer_version(&adapter.service, r);
		return;
	}
	buf_init(&subtopic, SUBTOPIC_MAX);
	if (message_from_request(r, &route, &subtopic) &&
	    adapt_may_publish(r, &route))
		message_publish(&adapter.queue, r, &route);
	buf_release(&subtopic);
}

static void
adapt_complete(const struct http_request *r, void *arg)
{
	(void)arg;
	service_count(&adapter.service, r);
	request_log(r);
}

/* ---- the protocol ---- */

static int
adapt_open(struct adapter *a, struct fault *fault)
{
	struct http_options o = {
		.handle = adapt_publish, .on_headers = adapt_headers,
		.on_complete = adapt_complete
	};

	if (http_setup_open(&setup, a->loop, &o, &server, fault) < 0)
		return -1;
	a->single = setup.single;
	a->reloads = setup.tls != NULL;
	a->service.server = server;
	return 0;
}

static void
adapt_close(void)
{
	http_close(server);
	http_setup_close(&setup);
}

static int
adapt_listener(int i)
{
	return http_listener(server, i);
}

static bool
adapt_ended(void)
{
	return adapter.single && http_connections(server) == 0;
}

static void
adapt_stop(void)
{
	http_stop(server);
}

static bool
adapt_idle(void)
{
	return http_idle(server);
}

static int
adapt_reload(struct fault *fault)
{
	return http_setup_reload(&setup, fault);
}

static const struct adapter_protocol protocol = {
	.name = "http", .prefix = "http_adapter", .open = adapt_open,
	.close = adapt_close, .socket = adapt_listener,
	.answer = message_answer, .stop = adapt_stop, .idle = adapt_idle,
	.ended = adapt_ended, .reload = adapt_reload, .grace = GRACE,
};

int
main(int argc, char **argv)
{
	return adapter_main(&adapter, &program, argc, argv);
}
