/* SPDX-License-Identifier: Apache-2.0 */
#include "api/handlers.h"
#include "api/request_ctx.h"
#include "api/route_stats.h"
#include "api/state.h"
#include "api/status.h"
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

static void
status_put(const struct api *api, struct metrics *m)
{
	route_stats_put(api->route_stats, m);
	metric_put_head(m, "api_connections", "gauge", "Connections open.");
	metric_put(m, "api_connections", NULL,
	    api->server ? http_connections(api->server) : 0);
	metric_put_head(m, "api_event_streams", "gauge",
	    "Clients that follow events.");
	metric_put(m, "api_event_streams", NULL, api->n_event_streams);
}

void
status_run(struct api *api)
{
	struct metrics file = { .page = NULL };

	if (!run_is_open() || api->clock - api->counted < METRICS_EACH)
		return;
	api->counted = api->clock;
	status_put(api, &file);
}

void
status_metrics(struct request_ctx *c)
{
	struct api *api = c->api;
	struct buf *b = &api->answer;
	struct metrics page = { .page = b };

	status_put(api, &page);
	metric_process_put(b);
	http_answer_text(c->request, 200, METRICS_TYPE, buf_str(b));
}
