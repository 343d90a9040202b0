/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/admin.h"

#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/listen.h"
#include "base/stamp.h"
#include "http/setup.h"
#include "json/json.h"

#define PAGE_MAX (64 * 1024)
#define CONNECTIONS_MAX 64
#define TIMEOUT (60 * STAMP_SECOND)
#define METHOD "method=\"publish\""

void
service_count(struct service *s, const struct http_request *r)
{
	s->answers[r->status < SERVICE_STATUS_MAX ? r->status : 0]++;
	s->bytes += r->received;
	metric_times_add(&s->times, r->elapsed);
}

bool
request_reads(const struct http_request *r, const char *path)
{
	return str_eq(r->path, str_z(path)) &&
	    (str_eq(r->method, STR("GET")) || str_eq(r->method, STR("HEAD")));
}

void
service_answer_version(const struct service *s, struct http_request *r)
{
	struct buf b;

	buf_init(&b, PAGE_MAX);
	buf_printf(&b, "{\"service\":\"%s\",\"version\":\"%s\"}", s->name,
	    MFX_VERSION);
	http_answer_text(r, 200, "text/plain; charset=utf-8", buf_str(&b));
	buf_release(&b);
}

/* ---- /health ---- */

static void
service_answer_health(struct http_request *r, const struct fault *fault)
{
	struct buf b;

	buf_init(&b, PAGE_MAX);
	buf_printf(&b, "{\"status\":\"%s\"", fault->status ? "fail" : "pass");
	if (fault->status != 0) {
		buf_puts(&b, ",\"output\":");
		json_put_string(&b, str_z(fault->text));
	}
	buf_puts(&b, "}\n");
	http_answer_text(r, fault->status ? 503 : 200,
	    "application/health+json", buf_str(&b));
	buf_release(&b);
}

/* The registry is asked for a key that can't be in its cache. */
static int
service_check_registry(struct service *s, struct fault *fault)
{
	struct str thing;
	char key[64];

	if (s->registry == NULL)
		return 1;
	snprintf(key, sizeof key, "health %" PRId64, stamp_now().ns);
	if (access_identify(s->registry, str_z(key), &thing) != ACCESS_ERROR)
		return 1;
	return fault_set(fault, EX_TEMPFAIL, "registry: %s",
	    access_fault(s->registry));
}

static void
service_health(struct service *s, struct http_request *r)
{
	struct fault fault;
	int known = service_check_registry(s, &fault);

	if (known > 0 && s->check != NULL && s->check(&fault) < 0)
		known = -1;
	if (known > 0 && s->feed != NULL && s->feed->tail != NULL &&
	    bus_tail_check(s->feed->tail, &fault) < 0)
		known = -1;
	if (known > 0 && s->queue != NULL)
		known = publish_queue_check(s->queue, &fault);
	if (known == 0) {
		r->next = s->waiting;
		s->waiting = r;
		return;
	}
	if (known > 0)
		fault.status = 0;
	service_answer_health(r, &fault);
}

void
service_checked(struct service *s, const struct fault *fault)
{
	struct http_request *r = s->waiting, *next;

	for (s->waiting = NULL; r != NULL; r = next) {
		next = r->next;
		service_answer_health(r, fault);
	}
}

/* ---- /metrics ---- */

static void
service_name(char name[64], const struct metrics *m, const struct service *s,
    const char *what)
{
	snprintf(name, 64, "%s_%s", m->page ? s->prefix : "adapter", what);
}

void
service_put(struct metrics *m, const struct service *s, const char *what,
    const char *type, const char *help, uint64_t value)
{
	char name[64];

	service_name(name, m, s, what);
	metric_put_head(m, name, type, help);
	metric_put(m, name, NULL, value);
}

static uint64_t
service_put_answers(struct metrics *m, const struct service *s)
{
	char name[64], label[32];
	uint64_t all = 0;
	unsigned i;

	service_name(name, m, s, "answers_total");
	metric_put_head(m, name, "counter", "Requests by the status of "
	    "their answer; 0 when the client did not wait for it.");
	for (i = 0; i < SERVICE_STATUS_MAX; i++) {
		if (s->answers[i] == 0)
			continue;
		all += s->answers[i];
		snprintf(label, sizeof label, "code=\"%u\"", i);
		metric_put(m, name, label, s->answers[i]);
	}
	return all;
}

/* Mainflux' names, but for its microseconds, which were seconds.  The file has
 * the first under Prometheus' name. */
static void
service_put_requests(struct metrics *m, const struct service *s)
{
	char name[64];
	uint64_t all = service_put_answers(m, s);

	service_name(name, m, s, m->page ? "api_request_count" :
	    "requests_total");
	metric_put_head(m, name, "counter", s->streams ?
	    "Messages received." : "Requests received.");
	metric_put(m, name, METHOD, s->streams ? s->queue->messages : all);
	if (s->streams)
		return;
	service_name(name, m, s, m->page ? "api_request_latency_seconds" :
	    "request_seconds");
	metric_times_put(m, name, "From a request's headers to the end of "
	    "its answer.", METHOD, &s->times);
}

static void
service_put_refused(struct metrics *m, const struct service *s)
{
	char name[64], label[REFUSAL_REASON + 16];
	const struct refusals *r = s->refusals;
	int i;

	service_name(name, m, s, "refused_total");
	metric_put_head(m, name, "counter",
	    "Clients and messages refused, by reason.");
	for (i = 0; i < REFUSAL_REASONS && r->reasons[i].n > 0; i++) {
		snprintf(label, sizeof label, "reason=\"%s\"",
		    r->reasons[i].why);
		metric_put(m, name, label, r->reasons[i].n);
	}
}

static void
service_put_taken(struct metrics *m, const struct service *s)
{
	service_put_requests(m, s);
	service_put(m, s, "received_bytes_total", "counter",
	    "Bytes of bodies received.", s->bytes);
	service_put(m, s, "messages_total", "counter", "Messages written.",
	    s->queue->messages);
	service_put(m, s, "pending_messages", "gauge",
	    "Messages received that are not written yet.",
	    publish_queue_pending(s->queue));
	service_put(m, s, "queued_bytes", "gauge",
	    "Bytes that all queues hold.", s->budget->held);
	service_put(m, s, "queue_refused_total", "counter",
	    "Times that a queue had no room left.", s->budget->refused);
}

static void
service_put_all(struct metrics *m, const struct service *s)
{
	if (s->queue != NULL)
		service_put_taken(m, s);
	service_put_refused(m, s);
	if (s->server != NULL)
		service_put(m, s, "connections", "gauge",
		    "Connections open.", http_connections(s->server));
	if (s->more != NULL)
		s->more(m, s);
}

void
service_run(struct service *s)
{
	struct metrics file = { .page = NULL };

	if (run_is_open())
		service_put_all(&file, s);
	if (s->queue != NULL)
		run_tops_put(&s->queue->tops);
}

static void
service_answer_metrics(const struct service *s, struct http_request *r)
{
	struct buf b;
	struct metrics page = { .page = &b };

	buf_init(&b, PAGE_MAX);
	service_put_all(&page, s);
	metric_process_put(&b);
	http_answer_text(r, 200, METRICS_TYPE, buf_str(&b));
	buf_release(&b);
}

static void
admin_handle(struct http_request *r, void *arg)
{
	struct service *s = arg;

	if (request_reads(r, "/health"))
		service_health(s, r);
	else if (request_reads(r, "/metrics"))
		service_answer_metrics(s, r);
	else if (request_reads(r, "/version"))
		service_answer_version(s, r);
	else
		http_problem(r, 404, "no such path; there are /health, "
		    "/metrics and /version");
}

int
service_open(struct service *s, const char *address, struct loop *loop,
    struct http **out, struct fault *fault)
{
	struct http_options o = {
		.timeout = TIMEOUT, .max_connections = CONNECTIONS_MAX,
		.handle = admin_handle, .arg = s
	};

	return http_open_at("--admin", address, loop, &o, out, fault);
}
