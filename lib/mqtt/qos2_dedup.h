/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_QOS2_DEDUP_H
#define MFX_MQTT_QOS2_DEDUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Messages of QoS 2 that come again.  A client that got no answer sends the
 * packet once more with the DUP flag and the same identifier; the broker
 * knows it then, but asks us before it looks.  So we remember the last
 * QOS2_DEDUP_MAX of each session, more than a client may have unanswered: one
 * that has the flag, the identifier and the content of what came last under
 * that identifier is on the bus already.  `topic` is followed by a NUL.
 */
#define QOS2_DEDUP_MAX 64
struct qos2_dedup;

/* *r is made at the first note; NULL before.  free(3) ends it. */
bool qos2_dedup_has(const struct qos2_dedup *, uint16_t id, struct str topic,
    struct str payload);
void qos2_dedup_add(struct qos2_dedup **r, uint16_t id, struct str topic,
    struct str payload);

#endif
