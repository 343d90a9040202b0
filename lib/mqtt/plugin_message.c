/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "line/message.h"
#include "mqtt/connect.h"
#include "mqtt/plugin.h"
#include "mqtt/properties.h"
#include "mqtt/qos2_dedup.h"

/* messages of QoS 0, which are not answered, may wait for each other */
#define HELD_BYTES ((size_t)256 << 10)
#define REOPEN_MS 1000
/* of refusals that are alike, one in so many is told */
#define SAY_EVERY 100

/* ---- to the bus ---- */

/* What could not be synced is as if we had been killed; so we begin again,
 * now and then, until it works. */
static bool
plugin_reopen(struct plugin *p)
{
	struct fault fault;

	if (p->now - p->flushed < REOPEN_MS)
		return false;
	p->flushed = p->now;
	if (publisher_open(&p->publisher, p->bus, p->stream, p->sync,
	    &fault) < 0)
		return false;
	p->closed = false;
	return true;
}

static void
plugin_tell_failure(struct plugin *p, const struct fault *fault)
{
	if (!p->failing)
		mosquitto_log_printf(MOSQ_LOG_ERR, "mfx: %s: nothing is "
		    "acknowledged for now", fault->text);
	p->counts.lost += p->held;
	if (p->held > 0)
		mosquitto_log_printf(MOSQ_LOG_ERR,
		    "mfx: %zu messages of QoS 0 are lost", p->held);
}

bool
plugin_flush(struct plugin *p)
{
	bool any = p->publisher.lines.n > 0, ok;
	struct fault fault;

	if (p->closed)
		return false;
	ok = publisher_commit(&p->publisher, &fault) == 0;
	if (!ok)
		plugin_tell_failure(p, &fault);
	else if (p->failing && any)
		mosquitto_log_printf(MOSQ_LOG_NOTICE,
		    "mfx: messages can be written again");
	if (!ok || any)
		p->failing = !ok;
	p->held = 0;
	p->flushed = p->now;
	if (p->publisher.broken) {
		publisher_close(&p->publisher);
		p->closed = true;
	}
	return ok;
}

void
plugin_flush_due(struct plugin *p)
{
	if (!p->closed && p->now != p->flushed)
		plugin_flush(p);
}

enum kept { KEPT, NOT_NOW, TOO_LONG };

/* The message of p->route: on the bus when this returns, or, with QoS 0,
 * on its way there. */
static enum kept
plugin_keep(struct plugin *p, struct str payload, const char *type, int qos)
{
	struct buf *lines = &p->publisher.lines;

	if (p->closed && !plugin_reopen(p))
		return NOT_NOW;
	if (!message_take(lines, &p->route, payload, type != NULL ?
	    str_z(type) : p->type, &p->pack))
		return TOO_LONG;
	run_tops_add(&p->tops, p->route.publisher, p->route.channel,
	    payload.n);
	if (qos == 0 && !p->failing && lines->n < HELD_BYTES) {
		p->held++;
		return KEPT;
	}
	return plugin_flush(p) ? KEPT : NOT_NOW;
}

static void
plugin_stamp_route(struct plugin *p)
{
	p->route.protocol = STR("mqtt");
	p->route.received = stamp_now();
	p->route.has_received = true;
}

/* ---- messages that come again ---- */

void
qos2_dedup_release(struct client_id *o)
{
	free(o->dedup);
	o->dedup = NULL;
}

/* The packet identifier of a message of QoS 2, and whether we have it;
 * 0 for all others. */
static uint16_t
plugin_identify(struct plugin *p, const struct mosquitto_evt_message *e,
    const struct client_id *owner, bool *again)
{
	bool dup = false;
	uint16_t id = 0;

	*again = false;
	if (e->qos != 2 || owner == NULL ||
	    (id = p->line->message_id(p, e->client, &dup)) == 0)
		return 0;
	*again = dup && qos2_dedup_has(owner->dedup, id, str_z(e->topic),
	    (struct str){ e->payload, e->payloadlen });
	return id;
}

/* ---- a message ---- */

/* A message that is to be retained: is it within what the thing may leave? */
static bool
plugin_may_retain(struct plugin *p, const char *topic, const char *thing,
    size_t payload)
{
	if (payload == 0) {
		retained_clear(p->retained, topic);
		return true;
	}
	if (retained_put(p->retained, &p->may_retain, topic, thing, payload))
		return true;
	if (p->counts.not_retained++ % SAY_EVERY == 0)
		mosquitto_log_printf(MOSQ_LOG_NOTICE, "mfx: thing %s has left "
		    "too many retained messages: %llu are delivered only; see "
		    "plugin_opt_retained", thing,
		    (unsigned long long)p->counts.not_retained);
	return false;
}

static int
plugin_keep_message(struct plugin *p, struct mqtt_session *session,
    struct mosquitto_evt_message *e)
{
	struct str payload = { e->payload, e->payloadlen };
	char *type;
	enum kept kept;
	uint16_t id;
	bool again;

	id = plugin_identify(p, e, session->client_id, &again);
	p->counts.repeated += again;
	if (again)
		return MOSQ_ERR_SUCCESS;
	type = properties_content_type(e->properties);
	plugin_stamp_route(p);
	kept = plugin_keep(p, payload, type, e->qos);
	p->line->free_value(type);
	if (kept == NOT_NOW) {
		p->counts.message[MESSAGE_BUS]++;
		return MOSQ_ERR_UNKNOWN;
	}
	if (kept == TOO_LONG) {
		p->counts.message[MESSAGE_SIZE]++;
		return session->version == 5 ? MOSQ_ERR_ACL_DENIED :
		    MOSQ_ERR_PAYLOAD_SIZE;
	}
	p->counts.published++;
	if (e->retain && !plugin_may_retain(p, e->topic, session->thing,
	    payload.n))
		e->retain = false;
	if (id != 0)
		qos2_dedup_add(&session->client_id->dedup, id, str_z(e->topic),
		    payload);
	return MOSQ_ERR_SUCCESS;
}

int
plugin_on_message(int event, void *data, void *arg)
{
	struct mosquitto_evt_message *e = data;
	struct plugin *p = arg;
	struct mqtt_session *session = mqtt_sessions_find(&p->sessions,
	    e->client);
	bool asked = p->routed_client == e->client &&
	    p->routed_topic == e->topic;
	mosquitto_property *given = e->properties;
	int r;

	(void)event;
	p->routed_client = p->routed_topic = NULL;
	if (session == NULL || !asked)
		return MOSQ_ERR_UNKNOWN;
	if (session->kind == SESSION_BRIDGE)
		return MOSQ_ERR_SUCCESS;
	if (!properties_attribute(&e->properties, session->thing,
	    p->line))
		return MOSQ_ERR_NOMEM;
	r = plugin_keep_message(p, session, e);
	/* of a message that is refused, the broker looks at its own only */
	if (r != MOSQ_ERR_SUCCESS && p->line->frees_replaced &&
	    e->properties != given) {
		mosquitto_property_free_all(&e->properties);
		e->properties = given;
	}
	return r;
}

/* ---- a will ---- */

static const char *
plugin_publish_will(struct plugin *p, struct mqtt_session *session,
    const struct mosquitto_evt_acl_check *e)
{
	mosquitto_property *properties;
	char *type;
	bool made = p->line->will(session, e->properties, &type, &properties);
	enum kept kept;

	p->route.publisher = str_z(session->thing);
	plugin_stamp_route(p);
	kept = plugin_keep(p, (struct str){ e->payload, e->payloadlen }, type,
	    1);
	p->line->free_value(type);
	if (kept != KEPT && made)
		mosquitto_property_free_all(&properties);
	if (kept != KEPT)
		return kept == TOO_LONG ? "longer than " MESSAGE_LIMITS :
		    "the bus can't take it now";
	p->counts.wills++;
	if (!made)
		return "no memory";
	if (mosquitto_broker_publish_copy(NULL, e->topic, (int)e->payloadlen,
	    e->payload ? e->payload : "", e->qos, e->retain &&
	    plugin_may_retain(p, e->topic, session->thing, e->payloadlen),
	    properties) != 0) {
		mosquitto_property_free_all(&properties);
		return "no memory";
	}
	return NULL;
}

void
plugin_will(struct plugin *p, struct mqtt_session *session,
    const struct mosquitto_evt_acl_check *e)
{
	const char *why = plugin_route(p, e->topic);

	if (why == NULL && (session->kind == SESSION_BRIDGE ||
	    mqtt_session_may(p, session, p->route.channel, DIRECTION_PUBLISH) !=
	    ACCESS_YES))
		why = "it may not publish there";
	if (why == NULL)
		why = plugin_publish_will(p, session, e);
	if (why != NULL)
		mosquitto_log_printf(MOSQ_LOG_NOTICE,
		    "mfx: the will of thing %s is not published: %s",
		    session->thing, why);
}
