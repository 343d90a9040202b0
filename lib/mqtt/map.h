/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_MAP_H
#define MFX_MQTT_MAP_H

#include "base/buf.h"
#include "line/route.h"
#include "senml/pack.h"

/*
 * From the topics of a foreign broker to our labels, by rules as a user
 * writes them:
 *
 *	PATTERN=channel:TEXT[,publisher:TEXT][,subtopic:TEXT][,protocol:TEXT]
 *
 * PATTERN is an MQTT topic filter: levels between '/', '+' for any one
 * level, '#' in the last place for any number of them, none too.  In a level
 * {name} stands for one or more bytes of it, and names them.
 *
 * TEXT stands for itself, with in it
 *	{name}	what that was in the topic
 *	{#}	what '#' stands for
 *	{topic}	the whole topic
 *	{@name}	the MQTT 5 user property of that name, empty without one
 *
 * The first rule whose pattern fits is taken.  A topic that begins with '$'
 * fits only a pattern that begins with it literally, as in MQTT.
 */
#define MQTT_MAP_RULES 64
#define MQTT_MAP_NAMES 16	/* in one pattern */

struct mqtt_rule {
	struct str pattern;
	struct str channel, publisher, subtopic, protocol;
};

struct mqtt_map {
	struct mqtt_rule rules[MQTT_MAP_RULES];
	int n;
};

/* Adds a rule, which borrows from `text`: NULL, or why it is not valid. */
const char *mqtt_map_add(struct mqtt_map *, const char *text);

/* what {@name} asks: *value is borrowed, and dies at the next call; it is left
 * as it is when there is none */
typedef void mqtt_property_fn(void *arg, struct str name, struct str *value);

/*
 * The labels of a message: channel, publisher (may be empty), subtopic and
 * protocol ("mqtt" when the rule has none) of *route, which borrow from
 * `to`, where they are put.  NULL, or why there are none: no rule fits, or
 * what came out is not a valid id or subtopic.
 */
const char *mqtt_map_apply(const struct mqtt_map *, struct str topic,
    mqtt_property_fn *, void *arg, struct buf *to, struct route *route);

#endif
