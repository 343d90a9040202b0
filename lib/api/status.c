/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "api/request_ctx.h"
#include "base/memory.h"

/* What the service says of itself: its version, and what it counts. */

#define ANSWERS (sizeof ((struct api *)NULL)->answers / \
	sizeof ((struct api *)NULL)->answers[0])

/* ---- version ---- */

void
status_version(struct request_ctx *c)
{
	struct buf *b = &c->api->answer;

	buf_printf(b, "{\"service\":\"things\",\"version\":\"%s\"}",
	    MFX_VERSION);
	http_answer_text(c->request, 200, "text/plain; charset=utf-8",
	    buf_str(b));
}

/* ---- metrics ---- */

struct route_stats {
	uint64_t n;
	struct metric_times times;
};

static size_t
status_routes(void)
{
	size_t n = 0;

	while (api_routes[n].method != NULL)
		n++;
	return n;
}

struct route_stats *
route_stats_open(void)
{
	return memory_zero(status_routes() + 1, sizeof(struct route_stats));
}

void
route_stats_add(struct api *api, const struct http_request *r)
{
	const struct api_route *route = r->about;
	size_t i = route ? (size_t)(route - api_routes) : status_routes();

	api->route_stats[i].n++;
	metric_times_add(&api->route_stats[i].times, r->elapsed);
	api->answers[r->status < ANSWERS ? r->status : 0]++;
}

/* Mainflux' names, but for its microseconds, which were seconds */
static void
status_put_service(struct buf *b, const struct api *api, const char *service)
{
	char name[64], label[64];
	size_t i;

	snprintf(name, sizeof name, "%s_api_request_count", service);
	metric_put_head(b, name, "counter", "Requests received.");
	for (i = 0; api_routes[i].method != NULL; i++) {
		if (strcmp(api_routes[i].service, service) != 0)
			continue;
		snprintf(label, sizeof label, "method=\"%s\"",
		    api_routes[i].name);
		metric_put(b, name, label, api->route_stats[i].n);
	}
	snprintf(name, sizeof name, "%s_api_request_latency_seconds",
	    service);
	metric_put_head(b, name, "histogram",
	    "From a request's headers to the end of its answer.");
	for (i = 0; api_routes[i].method != NULL; i++) {
		if (strcmp(api_routes[i].service, service) != 0 ||
		    api->route_stats[i].n == 0)
			continue;
		snprintf(label, sizeof label, "method=\"%s\"",
		    api_routes[i].name);
		metric_times_put_values(b, name, label,
		    &api->route_stats[i].times);
	}
}

static void
status_put_answers(struct buf *b, const struct api *api)
{
	char label[32];
	size_t i;

	metric_put_head(b, "api_answers_total", "counter", "Requests by the "
	    "status of their answer; 0 when the client did not wait for it.");
	for (i = 0; i < ANSWERS; i++) {
		if (api->answers[i] == 0)
			continue;
		snprintf(label, sizeof label, "code=\"%zu\"", i);
		metric_put(b, "api_answers_total", label, api->answers[i]);
	}
}

void
status_metrics(struct request_ctx *c)
{
	struct api *api = c->api;
	struct buf *b = &api->answer;

	status_put_service(b, api, "users");
	status_put_service(b, api, "things");
	status_put_service(b, api, "message_reader");
	status_put_answers(b, api);
	metric_put_head(b, "api_connections", "gauge", "Connections open.");
	metric_put(b, "api_connections", NULL,
	    api->server ? http_connections(api->server) : 0);
	metric_put_head(b, "api_event_streams", "gauge",
	    "Clients that follow events.");
	metric_put(b, "api_event_streams", NULL, api->n_event_streams);
	metric_process_put(b);
	http_answer_text(c->request, 200, METRICS_TYPE, buf_str(b));
}
