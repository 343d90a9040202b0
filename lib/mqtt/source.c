/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/source.h"

#include <errno.h>
#include <fcntl.h>
#include <mqtt_protocol.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/out.h"
#include "base/ready.h"
#include "base/signal.h"
#include "bus/publisher.h"
#include "line/message.h"

#define TURN 1000	/* ms: the bus may be due for its sync */
#define WARNINGS_MAX 10
/* labels, with the longest topic or property in each */
#define LABELS_MAX ((size_t)512 << 10)
/* a refused message in --rejects: four bytes for each of its own at worst */
#define REJECT_MAX ((size_t)64 << 20)

struct source {
	const struct source_options *opt;
	struct mqtt c;
	struct bus *bus;
	struct publisher publisher;
	struct pack pack;	/* for message_wrap to look with */
	struct buf labels, property;
	struct out rejects;
	uint64_t messages, rejected;
	int mids[OPT_LIST_MAX];	/* of the SUBSCRIBEs on their way, or 0 */
	bool ready, failing;
};

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
source_reject(struct source *s, const struct mosquitto_message *m, const char
    *why)
{
	struct str payload = { m->payload, (size_t)m->payloadlen };

	if (++s->rejected <= WARNINGS_MAX)
		diag_warning("topic '%s': %s", m->topic, why);
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

/* False when it has to come again. */
static bool
source_commit(struct source *s)
{
	struct fault fault;
	bool some = s->publisher.lines.n > 0;
	bool done = publisher_commit(&s->publisher, &fault) == 0;

	if (!done && !s->failing)
		diag_error("%s; messages are left with the broker",
		    fault.text);
	else if (done && some && s->failing)
		diag_warning("messages can be written again");
	if (!done || some)
		s->failing = !done;
	if (!done)
		mqtt_drop(&s->c, NULL);
	return done;
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
	char *type = NULL;
	const char *why;

	why = mqtt_map_apply(&s->opt->map, str_z(m->topic),
	    source_user_property, &lookup, &s->labels, &route);
	mosquitto_property_read_string(properties, MQTT_PROP_CONTENT_TYPE,
	    &type, false);
	if (why == NULL && !message_take(&s->publisher.lines, &route,
	    (struct str){ m->payload, (size_t)m->payloadlen }, str_z(type),
	    &s->pack))
		why = "the message is longer than " MESSAGE_LIMITS;
	free(type);
	if (why != NULL)
		source_reject(s, m, why);
	else
		s->messages++;
	if (s->publisher.lines.n >= PUBLISHER_BATCH)
		source_commit(s);
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
	if (left == 0 && !s->ready && !s->c.failed) {
		ready_tell(s->opt->ready_fd);
		s->ready = true;
	}
}

/* ---- the loop ---- */

/* One turn: what came in is written down before it is acknowledged. */
static void
source_turn(struct source *s)
{
	struct pollfd reader = {
		s->publisher.bus ? -1 : STDOUT_FILENO, 0, 0
	};

	if (signal_reload() && !mqtt_reload(&s->c))
		diag_info("SIGHUP: nothing to reload");
	mqtt_turn(&s->c, &reader, 1, TURN);
	if (reader.revents & (POLLERR | POLLNVAL) && !s->publisher.broken) {
		diag_error("<stdout>: its reader has gone");
		s->publisher.broken = s->failing = true;
	}
	if (source_commit(s))
		mqtt_flush(&s->c);
	if (s->rejects.fd >= 0)
		out_flush(&s->rejects);
}

static int
source_finish(struct source *s)
{
	int status = s->rejected > 0 ? EX_DATAERR : 0;

	if (s->rejected > WARNINGS_MAX)
		diag_warning("%llu messages rejected",
		    (unsigned long long)s->rejected);
	diag_info("%llu messages, %llu connections, %llu of them left as "
	    "nothing came", (unsigned long long)s->messages,
	    (unsigned long long)s->c.connects,
	    (unsigned long long)s->c.stalls);
	if (s->c.failed)
		return diag_fault(&s->c.fault);
	return out_finish(&s->rejects, s->publisher.broken ? EX_IOERR : status);
}

static int
source_start(struct source *s, struct fault *fault)
{
	static const struct mqtt_events events = {
		.up = source_on_up, .message = source_on_message, .granted =
		    source_on_granted
	};
	const char *path = s->opt->rejects;

	pack_init(&s->pack);
	buf_init(&s->labels, LABELS_MAX);
	buf_init(&s->property, LABELS_MAX);
	out_init(&s->rejects, -1, path, REJECT_MAX);
	if (path != NULL && (s->rejects.fd = file_open(path, O_WRONLY |
	    O_APPEND)) < 0)
		return fault_errno(fault, EX_IOERR, "%s", path);
	if (bus_open(&s->bus, NULL, fault) < 0 ||
	    publisher_open(&s->publisher, s->bus, s->opt->stream,
	    s->opt->sync, fault) < 0)
		return -1;
	return mqtt_open(&s->c, &s->opt->client, &events, s, fault);
}

int
source_run(const struct source_options *opt)
{
	struct source s = { .opt = opt };
	struct fault fault;
	int status;

	if (source_start(&s, &fault) < 0) {
		status = diag_fault(&fault);
	} else {
		while (!signal_stop() && !s.c.failed && !s.publisher.broken)
			source_turn(&s);
		ready_stopping();
		mqtt_close(&s.c);
		status = source_finish(&s);
	}
	publisher_close(&s.publisher);
	bus_close(s.bus);
	pack_release(&s.pack);
	buf_release(&s.labels);
	buf_release(&s.property);
	out_release(&s.rejects);
	return status;
}
