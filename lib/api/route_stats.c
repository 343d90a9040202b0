/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route_stats.h"

#include <inttypes.h>
#include <stdlib.h>

#include "api/routes.h"
#include "base/memory.h"

#define STATUSES 600

struct route_stats {
	uint64_t answers[STATUSES];	/* by status; 0: of none of these */
	struct {
		uint64_t n;
		struct metric_times times;
	} routes[];			/* as the rows; the last: no route */
};

static size_t
route_stats_rows(void)
{
	size_t n = 0;

	while (api_routes[n].method != NULL)
		n++;
	return n;
}

struct route_stats *
route_stats_open(void)
{
	struct route_stats *s;

	return memory_zero(1, sizeof *s +
	    (route_stats_rows() + 1) * sizeof *s->routes);
}

void
route_stats_close(struct route_stats *s)
{
	free(s);
}

void
route_stats_add(struct route_stats *s, const struct http_request *r)
{
	const struct api_route *route = r->about;
	size_t i = route ? (size_t)(route - api_routes) : route_stats_rows();

	s->routes[i].n++;
	metric_times_add(&s->routes[i].times, r->elapsed);
	s->answers[r->status < STATUSES ? r->status : 0]++;
}

/* Mainflux' names, but for its microseconds, which were seconds */
static void
route_stats_put_service(const struct route_stats *s, struct metrics *m,
    const char *service)
{
	char name[64], label[64];
	size_t i;

	snprintf(name, sizeof name, "%s_api_request_count", service);
	metric_put_head(m, name, "counter", "Requests received.");
	for (i = 0; api_routes[i].method != NULL; i++) {
		if (strcmp(api_routes[i].service, service) != 0)
			continue;
		snprintf(label, sizeof label, "method=\"%s\"",
		    api_routes[i].name);
		metric_put(m, name, label, s->routes[i].n);
	}
	snprintf(name, sizeof name, "%s_api_request_latency_seconds",
	    service);
	metric_put_head(m, name, "histogram",
	    "From a request's headers to the end of its answer.");
	for (i = 0; api_routes[i].method != NULL; i++) {
		if (strcmp(api_routes[i].service, service) != 0 ||
		    s->routes[i].n == 0)
			continue;
		snprintf(label, sizeof label, "method=\"%s\"",
		    api_routes[i].name);
		metric_times_put_values(m, name, label,
		    &s->routes[i].times);
	}
}

static void
route_stats_put_answers(const struct route_stats *s, struct metrics *m)
{
	char label[32];
	size_t i;

	metric_put_head(m, "api_answers_total", "counter", "Requests by the "
	    "status of their answer; 0 when the client did not wait for it.");
	for (i = 0; i < STATUSES; i++) {
		if (s->answers[i] == 0)
			continue;
		snprintf(label, sizeof label, "code=\"%zu\"", i);
		metric_put(m, "api_answers_total", label, s->answers[i]);
	}
}

static void
route_stats_put_file(const struct route_stats *s, struct metrics *m)
{
	struct metric_times all = { .ns = 0 };
	char label[64];
	size_t i;
	int j;

	metric_put_head(m, "api_requests_total", "counter",
	    "Requests received.");
	for (i = 0; i <= route_stats_rows(); i++) {
		if (s->routes[i].n == 0)
			continue;
		snprintf(label, sizeof label, "method=\"%s\"",
		    api_routes[i].method ? api_routes[i].name : "");
		metric_put(m, "api_requests_total", label, s->routes[i].n);
		for (j = 0; j <= METRIC_BUCKETS; j++)
			all.counts[j] += s->routes[i].times.counts[j];
		all.ns += s->routes[i].times.ns;
	}
	metric_times_put(m, "api_request_seconds",
	    "From a request's headers to the end of its answer.", "", &all);
}

void
route_stats_put(const struct route_stats *s, struct metrics *m)
{
	static const char *const services[] = { "users", "things", "groups",
	    "bootstrap", "certs", "est", "ocsp", "message_reader" };
	size_t i;

	if (m->page == NULL)
		route_stats_put_file(s, m);
	else
		for (i = 0; i < sizeof services / sizeof *services; i++)
			route_stats_put_service(s, m, services[i]);
	route_stats_put_answers(s, m);
}
