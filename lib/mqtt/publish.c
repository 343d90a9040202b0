/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/publish.h"

#include <mqtt_protocol.h>
#include <sysexits.h>

#include "base/line.h"
#include "line/message.h"
#include "line/topic.h"
#include "mqtt/bridge.h"

void
publish_init(struct publish *p)
{
	arena_init(&p->arena, 4 * LINE_LIMIT);
	buf_init(&p->topic, 4096);
	buf_init(&p->subtopic, SUBTOPIC_MAX + 1);
}

void
publish_release(struct publish *p)
{
	arena_release(&p->arena);
	buf_release(&p->topic);
	buf_release(&p->subtopic);
}

/* ---- the topic ---- */

const char *
publish_look(struct str line, struct route *r)
{
	char last = line.n > 0 ? line.p[line.n - 1] : '\0';
	size_t rest;

	*r = (struct route){ .has_seq = false };
	if (!route_scan(line, r, &rest) ||
	    !((str_starts(line, STR("{\"")) && last == '}') ||
	    (str_starts(line, STR("[{\"")) && last == ']')) ||
	    !line_is_whole(line) || memchr(line.p, '\0', line.n) != NULL)
		return "no message";
	return NULL;
}

const char *
publish_topic(struct publish *p, const struct route *r)
{
	const char *why;
	size_t i;

	if (r->channel.n == 0)
		return "no channel";
	if (!channel_id_valid(r->channel))
		return "invalid channel id";
	/* by the rule that the plugin has as well: mosquitto closes the
	 * connection of a client that sends a topic with more levels */
	buf_clear(&p->subtopic);
	if ((why = subtopic_put(&p->subtopic, r->subtopic)) != NULL)
		return why;
	buf_clear(&p->topic);
	buf_put_str(&p->topic, STR("channels/"));
	buf_put_str(&p->topic, r->channel);
	buf_put_str(&p->topic, STR("/messages"));
	if (p->subtopic.n > 0)
		buf_putc(&p->topic, '/');
	for (i = 0; i < p->subtopic.n; i++)
		buf_putc(&p->topic, p->subtopic.p[i] == '.' ? '/' :
		    p->subtopic.p[i]);
	buf_putc(&p->topic, '\0');
	return p->topic.full ? "the topic is too long" : NULL;
}

/* ---- the message ---- */

#define LABEL_REFUSED (-1000)	/* beside MOSQ_ERR_... */

/* Control bytes and what an escape in a label stands for are nothing that an
 * adapter of ours has written. */
static bool
publish_is_plain(struct str label)
{
	size_t i;

	for (i = 0; i < label.n; i++)
		if ((unsigned char)label.p[i] < ' ' || label.p[i] == '\\')
			return false;
	return true;
}

static int
publish_add_pair(struct arena *a, mosquitto_property **to, const char *name,
    struct str value)
{
	if (value.n == 0)
		return MOSQ_ERR_SUCCESS;
	if (!publish_is_plain(value))
		return MOSQ_ERR_INVAL;
	return mosquitto_property_add_string_pair(to, MQTT_PROP_USER_PROPERTY,
	    name, arena_str(a, value).p);
}

/* An error of libmosquitto's: without memory, or for a label that is nothing
 * for MQTT.  A content type that is not is left out: the payload says nothing
 * else than it did. */
static int
publish_put_properties(struct publish *p, mosquitto_property **to,
    const struct route *r, struct str type)
{
	int rc = MOSQ_ERR_SUCCESS;

	*to = NULL;
	if (type.n > 0 && publish_is_plain(type))
		rc = mosquitto_property_add_string(to, MQTT_PROP_CONTENT_TYPE,
		    arena_str(&p->arena, type).p);
	if (rc != MOSQ_ERR_NOMEM)
		rc = publish_add_pair(&p->arena, to, BRIDGE_PUBLISHER,
		    r->publisher);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = publish_add_pair(&p->arena, to, BRIDGE_PROTOCOL,
		    r->protocol);
	return rc == MOSQ_ERR_SUCCESS || rc == MOSQ_ERR_NOMEM ? rc :
	    LABEL_REFUSED;
}

/* libmosquitto's errors that are the message's */
static const char *
publish_refusal(int rc)
{
	switch (rc) {
	case MOSQ_ERR_OVERSIZE_PACKET:
	case MOSQ_ERR_PAYLOAD_SIZE:
		return "longer than the broker takes";
	case MOSQ_ERR_MALFORMED_UTF8:
		return "characters in the subtopic that MQTT does not allow";
	case MOSQ_ERR_INVAL:
		return "not a valid MQTT topic";
	default:
		return NULL;
	}
}

const char *
publish_line(struct publish *p, struct mqtt *c, struct str line, int *mid)
{
	struct str payload, type;
	struct route r;
	mosquitto_property *properties = NULL;
	const char *why = publish_look(line, &r);
	int rc;

	if (why == NULL)
		why = publish_topic(p, &r);
	if (why != NULL)
		return why;
	arena_reset(&p->arena);
	/* a record of before 1978 among them: SenML takes such a time for one
	 * that counts from now */
	if (!message_payload(line, &p->arena, &payload, &type))
		return "its payload can't be given back as SenML";
	rc = publish_put_properties(p, &properties, &r, type);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_publish_v5(c->m, mid, p->topic.p,
		    (int)payload.n, payload.p, 1, false, properties);
	mosquitto_property_free_all(&properties);
	if (rc == MOSQ_ERR_SUCCESS)
		return NULL;
	if (rc == LABEL_REFUSED)
		return "characters in a label that MQTT does not allow";
	if ((why = publish_refusal(rc)) == NULL)
		mqtt_fail(c, rc == MOSQ_ERR_NOMEM ? EX_OSERR : EX_SOFTWARE,
		    "publish: %s",
		    mosquitto_strerror(rc));
	return why;
}
