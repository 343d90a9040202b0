/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_SOURCE_H
#define MFX_MQTT_SOURCE_H

#include "adapter/adapter.h"
#include "mqtt/client.h"
#include "mqtt/map.h"

/* a message as long as any that fits into a line, with its topic and
 * properties; what the broker in scripts/deploy takes, too */
#define SOURCE_PACKET_MAX (((uint32_t)1 << 20) + ((uint32_t)64 << 10))

/*
 * Messages of any broker as lines, to a stream of the bus or to stdout: what
 * the adapter (adapter.h) takes.
 *
 * The broker gets its acknowledgement after the line has been written, so
 * with QoS 1 and a stored session nothing is lost, whatever is killed; a
 * message whose acknowledgement was on its way comes twice.  While a server of
 * the bus is waited for, nothing more is read.  When nothing can be written the
 * connection is broken, and the broker keeps the rest.
 *
 * What no rule of the map fits is warned about, counted, and acknowledged,
 * as it would come for ever.
 */
struct source_options {
	struct mqtt_options client;
	const struct opt_list *filters;
	int qos;
	struct mqtt_map map;
	const char *rejects;
};

/* For adapter_run(), with these options; one in a process.  The exit status
 * is 0 after a signal, 65 when messages were refused, 69 when the broker does
 * not want us, 74 when stdout is closed or the bus can't be synced. */
const struct adapter_protocol *source_protocol(const struct source_options *);

#endif
