/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/source.h"

#include <fcntl.h>
#include <mqtt_protocol.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/diag_about.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/out.h"
#include "base/stamp.h"
#include "line/message.h"
#include "mqtt/metrics.h"

/* ns: what was taken is written at the end, or left with the broker */
#define GRACE (10 * STAMP_SECOND)
#define WARNINGS_MAX 10
/* payloads of a turn, and what the queue may hold before it ends: a burst is
 * written down in parts, none of which is more than the queue takes */
#define TURN_BYTES ((size_t)512 << 10)
/* labels, with the longest topic or property in each */
#define LABELS_MAX ((size_t)512 << 10)
/* a refused message in --rejects: four bytes for each of its own at worst */
#define REJECT_MAX ((size_t)64 << 20)

/* Messages of one connection are the queue's, whose owner is the number of
 * that connection: of those of an earlier one nothing is acknowledged here. */
static struct source {
	const struct source_options *opt;
	struct adapter *adapter;
	struct mqtt c;
	struct buf labels, property;
	struct out rejects;
	uint64_t rejected;
	size_t turn;		/* bytes of this turn */
	int mids[OPT_LIST_MAX];	/* of the SUBSCRIBEs on their way, or 0 */
	bool subscribed;
	bool warned;		/* of what QoS 2 loses */
} source;

/* ---- messages ---- */

struct lookup {
	struct buf *value;
	const mosquitto_property *properties;
};

/* The first user property of that name. */
static void
source_user_property(void *arg, struct str name, struct str *out)
{
	struct lookup *l = arg;
	const mosquitto_property *p = l->properties;
	char *key, *value;
	bool found = false, next = false;

	buf_clear(l->value);
	while (!found && (p = mosquitto_property_read_string_pair(p,
	    MQTT_PROP_USER_PROPERTY, &key, &value, next)) != NULL) {
		found = str_eq(str_z(key), name);
		if (found)
			buf_puts(l->value, value);
		free(key);
		free(value);
		next = true;
	}
	*out = buf_str(l->value);
}

static void
source_reject(struct source *s, const struct mosquitto_message *m,
    const struct route *route, const char *why)
{
	struct str payload = { m->payload, (size_t)m->payloadlen };

	if (++s->rejected <= WARNINGS_MAX) {
		diag_about(&(struct diag_about){
			.thing = route->publisher, .channel = route->channel,
			.bytes = payload.n
		});
		diag_warning("topic '%s': %s", m->topic, why);
	}
	if (s->rejects.fd < 0)
		return;
	escape_put(&s->rejects.b, str_z(m->topic));
	buf_putc(&s->rejects.b, '\t');
	escape_put(&s->rejects.b, payload);
	buf_putc(&s->rejects.b, '\n');
	if (s->rejects.b.full)
		out_cancel(&s->rejects);
	out_end(&s->rejects);
}

static void *
source_connection(const struct source *s)
{
	return (void *)(uintptr_t)s->c.connects;
}

/* It will come again, and all that has come since; but libmosquitto has taken
 * those of QoS 2 for good. */
static void
source_leave(struct source *s)
{
	if (s->opt->qos == 2 && !s->warned)
		diag_warning("--qos 2: messages that can't be written do not "
		    "come again; with --qos 1 they do");
	s->warned = true;
	mqtt_drop(&s->c, NULL);
}

static void
source_answer(void *owner, bool written)
{
	if (!written && owner == source_connection(&source))
		source_leave(&source);
}

static void
source_on_message(void *arg, const struct mosquitto_message *m,
    const mosquitto_property *properties)
{
	struct source *s = arg;
	struct route route = {
		.has_received = true, .received = stamp_now()
	};
	struct lookup lookup = { &s->property, properties };
	struct str payload = { m->payload, (size_t)m->payloadlen };
	enum publish_taken taken = PUBLISH_TAKEN;
	char *type = NULL;
	const char *why;

	why = mqtt_map_apply(&s->opt->map, str_z(m->topic),
	    source_user_property, &lookup, &s->labels, &route);
	mosquitto_property_read_string(properties, MQTT_PROP_CONTENT_TYPE,
	    &type, false);
	if (why == NULL)
		taken = publish_queue_take(&s->adapter->queue, &route, payload,
		    str_z(type), source_connection(s));
	free(type);
	s->turn += payload.n;
	if (s->turn >= TURN_BYTES || s->adapter->budget.held >= TURN_BYTES)
		mqtt_hold(&s->c);
	if (taken == PUBLISH_AWAY)
		source_leave(s);
	else if (taken == PUBLISH_TOO_LONG)
		why = "the message is longer than " MESSAGE_LIMITS;
	if (why != NULL)
		source_reject(s, m, &route, why);
	else if (taken == PUBLISH_TAKEN)
		s->adapter->service.bytes += payload.n;
}

/* ---- subscribing ---- */

static void
source_on_up(void *arg)
{
	struct source *s = arg;
	const struct opt_list *l = s->opt->filters;
	/* of MQTT 5: what was retained is not sent at each return */
	int i, rc, options = s->opt->client.version == MQTT_PROTOCOL_V5 ?
	    MQTT_SUB_OPT_SEND_RETAIN_NEW : 0;

	for (i = 0; i < l->n; i++) {
		rc = mosquitto_subscribe_v5(s->c.m, &s->mids[i], l->v[i],
		    s->opt->qos, options, NULL);
		if (rc != MOSQ_ERR_SUCCESS)
			mqtt_fail(&s->c, EX_UNAVAILABLE,
			    "subscription to '%s': %s", l->v[i],
			    mosquitto_strerror(rc));
	}
}

/* What the broker says to one subscription. */
static void
source_answered(struct source *s, const char *filter, int qos)
{
	if (qos >= 0x80)
		mqtt_fail(&s->c, EX_UNAVAILABLE, "subscription to '%s' "
		    "refused%s%s", filter,
		    s->opt->client.version == MQTT_PROTOCOL_V5 ? ": " : "",
		    s->opt->client.version == MQTT_PROTOCOL_V5 ?
		    mosquitto_reason_string(qos) : "");
	else if (qos < s->opt->qos)
		diag_warning("'%s': the broker grants QoS %d only", filter,
		    qos);
}

static void
source_on_granted(void *arg, int mid, int n, const int *qos)
{
	struct source *s = arg;
	int i, left = 0;

	for (i = 0; i < s->opt->filters->n; i++) {
		if (s->mids[i] == mid && n > 0) {
			source_answered(s, s->opt->filters->v[i], qos[0]);
			s->mids[i] = 0;
		}
		left += s->mids[i] != 0;
	}
	s->subscribed |= left == 0 && !s->c.failed;
}

/* ---- the protocol ---- */

static int
source_open(struct adapter *a, struct fault *fault)
{
	static const struct mqtt_events events = {
		.up = source_on_up, .message = source_on_message,
		.granted = source_on_granted
	};
	struct source *s = &source;
	const char *path = s->opt->rejects;

	s->adapter = a;
	a->reloads = mqtt_reloads(&s->opt->client);
	buf_init(&s->labels, LABELS_MAX);
	buf_init(&s->property, LABELS_MAX);
	out_init(&s->rejects, -1, path, REJECT_MAX);
	if (path != NULL && (s->rejects.fd = file_open(path, O_WRONLY |
	    O_APPEND)) < 0)
		return fault_errno(fault, EX_IOERR, "%s", path);
	return mqtt_open(&s->c, a->loop, &s->opt->client, &events, s, fault);
}

static void
source_close(void)
{
	mqtt_close(&source.c);
	buf_release(&source.labels);
	buf_release(&source.property);
	out_release(&source.rejects);
}

static bool
source_turn(bool changed)
{
	(void)changed;
	mqtt_turn(&source.c);
	return false;
}

static int
source_timeout(void)
{
	return mqtt_timeout(&source.c, ADAPTER_TURN);
}

static bool
source_is_idle(void)
{
	return publish_queue_pending(&source.adapter->queue) == 0;
}

/* What came in is written down before it is acknowledged. */
static void
source_settled(void)
{
	source.turn = 0;
	if (source.rejects.fd >= 0 && out_flush(&source.rejects) < 0)
		source_leave(&source);
	if (source_is_idle())
		mqtt_flush(&source.c);
	else
		mqtt_hold(&source.c);
}

static bool
source_is_ready(void)
{
	return source.subscribed;
}

static bool
source_has_ended(void)
{
	return source.c.failed || source.rejects.err != 0;
}

static int
source_check(struct fault *fault)
{
	return mqtt_check(&source.c, fault);
}

static int
source_reload(struct fault *fault)
{
	return mqtt_reload(&source.c, fault);
}

static int
source_finish(void)
{
	struct source *s = &source;
	int status = s->rejected > 0 ? EX_DATAERR : 0;

	mqtt_close(&s->c);
	if (s->rejected > WARNINGS_MAX)
		diag_warning("%llu messages rejected",
		    (unsigned long long)s->rejected);
	diag_info("%llu messages, %llu connections, %llu of them left as "
	    "nothing came", (unsigned long long)s->adapter->queue.messages,
	    (unsigned long long)s->c.connects,
	    (unsigned long long)s->c.stalls);
	return out_finish(&s->rejects, s->c.failed ? diag_fault(&s->c.fault) :
	    status);
}

static void
source_metrics(struct metrics *m, const struct service *service)
{
	service_put(m, service, "rejected_total", "counter",
	    "Messages refused.", source.rejected);
	mqtt_put_metrics(m, service, &source.c);
}

const struct adapter_protocol *
source_protocol(const struct source_options *opt)
{
	static const struct adapter_protocol protocol = {
		.name = "mqtt", .prefix = "mqtt_adapter", .open = source_open,
		.close = source_close, .turn = source_turn,
		.timeout = source_timeout, .answer = source_answer,
		.settled = source_settled, .ready = source_is_ready,
		.check = source_check, .idle = source_is_idle,
		.ended = source_has_ended, .finish = source_finish,
		.reload = source_reload, .metrics = source_metrics,
		.grace = GRACE, .streams = true, .keyless = true,
	};

	source.opt = opt;
	return &protocol;
}
