/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_DELIVERY_H
#define MFX_MQTT_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "mqtt/client.h"

/*
 * Lines from stdin to the subscribers of our broker: each message with QoS 1
 * on channels/<channel>/messages[/<subtopic>], as its device sent it, with
 * its type, publisher and protocol as MQTT 5 properties.  As filter.h it
 * speaks for the program.
 *
 * - Lines of protocol mqtt are skipped, unless `all`: the broker has
 *   delivered those itself.
 * - At most `window` messages are not acknowledged, and not more is read
 *   than that; without a broker nothing is.
 * - The group of `ack` moves to a position once all up to there has been
 *   acknowledged, so whoever is killed, what was not delivered comes again.
 *   Twice is possible, never not at all.
 */
struct delivery_options {
	struct mqtt_options client;
	bool all;
	const char *ack;	/* "stream/group", or NULL */
	const char *rejects;
	int64_t wait;		/* ns without progress, once there is no more
				 * input, until it gives up */
	int64_t ready_fd;
};

/* -1 when --ack names no group: a misuse */
int delivery_check(const struct delivery_options *, struct fault *);

/* Gives the exit status: 0, 65 when lines were refused, 75 when not all was
 * acknowledged, 69 and 77 when the broker does not want us. */
int delivery_run(const struct delivery_options *);

#endif
