/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_METRICS_H
#define MFX_MQTT_METRICS_H

#include "adapter/admin.h"
#include "mqtt/client.h"

/* What mfx-adapt-mqtt tells Prometheus of its connection to a broker. */
void mqtt_put_metrics(struct metrics *, const struct service *,
    const struct mqtt *);

/*
 * What our own broker's plugin has counted, from the file that it writes every
 * few seconds (counts.h).  A file that is not there, is older than
 * MQTT_COUNTS_AGE, or holds anything but the plugin's metrics adds nothing but
 * a 0 to mqtt_broker_counts_valid.  Not for the file of run.h: the plugin has
 * one of its own.
 */
#define MQTT_COUNTS_AGE 30	/* seconds */
void mqtt_put_broker(struct metrics *);

#endif
