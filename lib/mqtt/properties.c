/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/properties.h"

#include <mosquitto_broker.h>
#include <mqtt_protocol.h>
#include <stdlib.h>

#include "mqtt/bridge.h"
#include "mqtt/connect.h"

static bool
properties_is_ours(struct str name)
{
	return str_eq(name, STR(BRIDGE_PUBLISHER)) ||
	    str_eq(name, STR(BRIDGE_PROTOCOL));
}

static bool
properties_add_ours(mosquitto_property **to, const char *publisher)
{
	return mosquitto_property_add_string_pair(to,
	    MQTT_PROP_USER_PROPERTY, BRIDGE_PUBLISHER, publisher) == 0;
}

/* ---- of a message: mosquitto has no call that removes one property, so
 * the list is made again ---- */

static bool
properties_copy_pair(mosquitto_property **to, const mosquitto_property *p,
    const struct broker_line *line)
{
	char *name = NULL, *value = NULL;
	bool ok;

	if (mosquitto_property_read_string_pair(p, MQTT_PROP_USER_PROPERTY,
	    &name, &value, false) == NULL)
		return false;
	/* 2.1 gives NULL for what is empty */
	ok = properties_is_ours(str_z(name)) ||
	    mosquitto_property_add_string_pair(to, MQTT_PROP_USER_PROPERTY, name
	    ? name : "", value ? value : "") == 0;
	line->free_value(name);
	line->free_value(value);
	return ok;
}

static bool
properties_copy_string(mosquitto_property **to, const mosquitto_property *p,
    int id, const struct broker_line *line)
{
	char *value = NULL;
	bool ok;

	if (mosquitto_property_read_string(p, id, &value, false) == 0)
		return false;
	ok = mosquitto_property_add_string(to, id, value ? value : "") == 0;
	line->free_value(value);
	return ok;
}

static bool
properties_copy_binary(mosquitto_property **to, const mosquitto_property *p,
    int id, const struct broker_line *line)
{
	void *value = NULL;
	uint16_t n;
	bool ok;

	if (mosquitto_property_read_binary(p, id, &value, &n, false) == 0)
		return false;
	ok = mosquitto_property_add_binary(to, id, value, n) == 0;
	line->free_value(value);
	return ok;
}

/* Those that mosquitto leaves with a message; of others it is not known what
 * they claim. */
static bool
properties_copy_one(mosquitto_property **to, const mosquitto_property *p,
    const struct broker_line *line)
{
	int id = mosquitto_property_identifier(p);
	uint8_t byte;

	switch (id) {
	case MQTT_PROP_USER_PROPERTY:
		return properties_copy_pair(to, p, line);
	case MQTT_PROP_CONTENT_TYPE:
	case MQTT_PROP_RESPONSE_TOPIC:
		return properties_copy_string(to, p, id, line);
	case MQTT_PROP_CORRELATION_DATA:
		return properties_copy_binary(to, p, id, line);
	case MQTT_PROP_PAYLOAD_FORMAT_INDICATOR:
		return mosquitto_property_read_byte(p, id, &byte, false) !=
		    NULL && mosquitto_property_add_byte(to, id, byte) == 0;
	default:
		return true;
	}
}

static bool
properties_has_user_property(const mosquitto_property *p)
{
	for (; p != NULL; p = mosquitto_property_next(p))
		if (mosquitto_property_identifier(p) ==
		    MQTT_PROP_USER_PROPERTY)
			return true;
	return false;
}

bool
properties_copy(mosquitto_property **to, const mosquitto_property *from,
    const char *publisher, const struct broker_line *line)
{
	bool ok = true;

	*to = NULL;
	for (; ok && from != NULL; from = mosquitto_property_next(from))
		ok = properties_copy_one(to, from, line);
	return ok && properties_add_ours(to, publisher);
}

bool
properties_attribute(mosquitto_property **list, const char *publisher,
    const struct broker_line *line)
{
	mosquitto_property *made;
	bool ok;

	if (!properties_has_user_property(*list))
		return properties_add_ours(list, publisher);
	ok = properties_copy(&made, *list, publisher, line);
	if (!line->frees_replaced)
		mosquitto_property_free_all(list);
	*list = made;
	return ok;
}

char *
properties_content_type(const mosquitto_property *p)
{
	char *type = NULL;

	if (p != NULL)
		mosquitto_property_read_string(p, MQTT_PROP_CONTENT_TYPE,
		    &type, false);
	return type;
}

/* ---- of a will ---- */

static char *
properties_text_of(struct str s)
{
	return s.n < 65536 ? strndup(s.p ? s.p : "", s.n) : NULL;
}

static bool
properties_take_text(mosquitto_property **to, const struct property *p)
{
	char *name = properties_text_of(p->name), *value =
	    properties_text_of(p->value);
	bool ok = false;

	if (name == NULL || value == NULL)
		;
	else if (p->id != MQTT_PROP_USER_PROPERTY)
		ok = mosquitto_property_add_string(to, p->id, value) == 0;
	else
		ok = properties_is_ours(p->name) ||
		    mosquitto_property_add_string_pair( to, p->id, name, value)
		    == 0;
	free(name);
	free(value);
	return ok;
}

static bool
properties_take(mosquitto_property **to, const struct property *p)
{
	switch (p->id) {
	case MQTT_PROP_USER_PROPERTY:
	case MQTT_PROP_CONTENT_TYPE:
	case MQTT_PROP_RESPONSE_TOPIC:
		return properties_take_text(to, p);
	case MQTT_PROP_CORRELATION_DATA:
		return mosquitto_property_add_binary(to, p->id, p->value.p,
		    (uint16_t)p->value.n) == 0;
	case MQTT_PROP_PAYLOAD_FORMAT_INDICATOR:
		return mosquitto_property_add_byte(to, p->id,
		    (uint8_t)p->number) == 0;
	case MQTT_PROP_MESSAGE_EXPIRY_INTERVAL:
		return mosquitto_property_add_int32(to, p->id, p->number) ==
		    0;
	default:
		return true;
	}
}

bool
properties_of_will(mosquitto_property **to, struct str raw,
    const char *publisher)
{
	struct property p;
	bool ok = true;

	*to = NULL;
	while (ok && property_next(&raw, &p))
		ok = properties_take(to, &p);
	if (ok && properties_add_ours(to, publisher))
		return true;
	mosquitto_property_free_all(to);
	return false;
}
