/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_PROPERTIES_H
#define MFX_MQTT_PROPERTIES_H

#include <stdbool.h>

#include <mosquitto.h>

#include "base/str.h"
#include "mqtt/broker_line.h"

/*
 * What receivers with MQTT 5 are told of a message: the sender's own
 * properties, but for the two that only we may set (bridge.h), and the
 * publisher.  The protocol is left out: it is MQTT.
 */

/* Changes the list of a message, or replaces it.  False when there is no
 * memory: it may hold anything then, and the message must not go on. */
bool properties_attribute(mosquitto_property **, const char *publisher,
    const struct broker_line *);

/* A new list, of what the given one has.  On false, what has been made of it
 * is the caller's still. */
bool properties_copy(mosquitto_property **to, const mosquitto_property *from,
    const char *publisher, const struct broker_line *);

/* The list that a will's properties, as they stood in the packet, make. */
bool properties_of_will(mosquitto_property **, struct str raw,
    const char *publisher);

/* the declared content type; the caller frees it with the line's free_value;
 * NULL when there is none */
char *properties_content_type(const mosquitto_property *);

#endif
