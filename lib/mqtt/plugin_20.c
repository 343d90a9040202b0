/* SPDX-License-Identifier: Apache-2.0 */
/* mosquitto 2.0: what its plugin interface leaves out stands in the packet
 * that it is handling (packet.h). */
#include <stdlib.h>
#include <string.h>

#include "mqtt/plugin.h"
#include "mqtt/properties.h"

static enum broker_question
plugin_20_question(struct plugin *p, struct mosquitto *client,
    struct connect *connect)
{
	struct packet packet;

	if (p->place.at == 0 && !packet_find(&p->place, client))
		return QUESTION_UNSUPPORTED;
	if (!packet_current(&p->place, client, &packet) ||
	    packet.type != PACKET_CONNECT)
		return QUESTION_REVIEW;
	return connect_parse(packet.body, connect) ? QUESTION_CONNECT :
	    QUESTION_MALFORMED;
}

/* There is no call for it: client_ids.h has the owner of each client id. */
static bool
plugin_20_scope(struct mosquitto *client, const char *thing)
{
	(void)client;
	(void)thing;
	return true;
}

static void
plugin_20_expiry(struct plugin *p, const struct mosquitto *client, int event,
    uint32_t *expiry)
{
	struct packet packet;

	(void)event;
	if (packet_current(&p->place, client, &packet) &&
	    packet.type == PACKET_DISCONNECT &&
	    mosquitto_client_protocol_version(client) == 5)
		disconnect_parse(packet.body, expiry);
}

static bool
plugin_20_is_will(struct plugin *p, const struct mqtt_session *session)
{
	struct packet packet;

	return !packet_current(&p->place, session->client, &packet) ||
	    packet.type != PACKET_PUBLISH;
}

static char *
plugin_20_type(struct str raw)
{
	struct property prop;

	while (property_next(&raw, &prop))
		if (prop.id == PROPERTY_CONTENT_TYPE)
			return strndup(prop.value.p ? prop.value.p : "",
			    prop.value.n);
	return NULL;
}

static bool
plugin_20_will(const struct mqtt_session *session, mosquitto_property *given,
    char **type, mosquitto_property **list)
{
	struct str raw = { session->will_properties,
	    session->will_properties_n };

	(void)given;
	*type = plugin_20_type(raw);
	return properties_of_will(list, raw, session->thing);
}

static uint16_t
plugin_20_message_id(struct plugin *p, const struct mosquitto *client,
    bool *dup)
{
	struct packet packet;
	uint16_t id;

	if (!packet_current(&p->place, client, &packet) ||
	    packet.type != PACKET_PUBLISH || !packet_id(&packet, &id))
		return 0;
	*dup = packet.flags & PACKET_DUP;
	return id;
}

static const int plugin_20_events[] = { 0 };

const struct broker_line plugin_20 = {
	.version = "2.0",
	.events = plugin_20_events,
	.free_value = free,
	.question = plugin_20_question,
	.scope = plugin_20_scope,
	.expiry = plugin_20_expiry,
	.is_will = plugin_20_is_will,
	.will = plugin_20_will,
	.message_id = plugin_20_message_id,
};
