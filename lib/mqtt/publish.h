/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_PUBLISH_H
#define MFX_MQTT_PUBLISH_H

#include "base/arena.h"
#include "line/route.h"
#include "mqtt/client.h"

/*
 * A line as a message of QoS 1 on channels/<channel>/messages[/<subtopic>],
 * as its device sent it, with its type, publisher and protocol as MQTT 5
 * properties (bridge.h).
 */
struct publish {
	struct arena arena;
	struct buf topic, subtopic;
};

void publish_init(struct publish *);
void publish_release(struct publish *);

/* Reads the labels of a line.  NULL, or why it holds no message. */
const char *publish_look(struct str line, struct route *);

/* Into the topic, with its NUL: NULL, or why there can't be one. */
const char *publish_topic(struct publish *, const struct route *);

/* Hands the line to libmosquitto: NULL, and *mid, or the connection has
 * failed for good (c->failed); else why this message can't be sent. */
const char *publish_line(struct publish *, struct mqtt *c, struct str line,
    int *mid);

#endif
