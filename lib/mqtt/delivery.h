/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_DELIVERY_H
#define MFX_MQTT_DELIVERY_H

#include "adapter/adapter.h"
#include "mqtt/client.h"

/*
 * Lines from stdin or from the bus to the subscribers of our broker
 * (publish.h), within the life of an adapter (adapter.h), which takes nothing.
 *
 * - Lines of protocol mqtt are skipped, unless `all`: the broker has
 *   delivered those itself.
 * - At most `window` messages are not acknowledged, and not more is read
 *   than that; without a broker nothing is.
 * - The group moves to a position once all up to there has been
 *   acknowledged or set aside (window.h), so whatever is killed, what was not
 *   delivered comes again.  Twice is possible, never not at all.
 */
struct delivery_options {
	struct mqtt_options client;
	bool all;
	const char *input;	/* "stream[/group]", or NULL: stdin */
	const char *ack;	/* of stdin: "stream/group", or NULL */
	const char *rejects;
	int64_t wait;		/* ns without progress, once there is no more
				 * input, until it gives up */
};

/* -1 when an option names no stream or group: a misuse */
int delivery_check(const struct delivery_options *, struct fault *);

/* For adapter_run(), with these options; one in a process.  The exit status
 * is 0, 65 when messages were set aside, 75 when not all was acknowledged, 69
 * and 77 when the broker does not want us. */
const struct adapter_protocol *delivery_protocol(struct delivery_options *);

#endif
