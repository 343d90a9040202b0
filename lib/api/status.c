/* SPDX-License-Identifier: Apache-2.0 */
#include "api/handlers.h"
#include "api/request_ctx.h"
#include "api/route_stats.h"
#include "api/state.h"
#include "base/metrics.h"
#include "http/server.h"

/* What the service says of itself: its version, and what it counts. */

void
status_version(struct request_ctx *c)
{
	struct buf *b = &c->api->answer;

	buf_printf(b, "{\"service\":\"things\",\"version\":\"%s\"}",
	    MFX_VERSION);
	http_answer_text(c->request, 200, "text/plain; charset=utf-8",
	    buf_str(b));
}

void
status_metrics(struct request_ctx *c)
{
	struct api *api = c->api;
	struct buf *b = &api->answer;

	route_stats_put(api->route_stats, b);
	metric_put_head(b, "api_connections", "gauge", "Connections open.");
	metric_put(b, "api_connections", NULL,
	    api->server ? http_connections(api->server) : 0);
	metric_put_head(b, "api_event_streams", "gauge",
	    "Clients that follow events.");
	metric_put(b, "api_event_streams", NULL, api->n_event_streams);
	metric_process_put(b);
	http_answer_text(c->request, 200, METRICS_TYPE, buf_str(b));
}
