/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_SOURCE_H
#define MFX_MQTT_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/opt.h"
#include "bus/bus.h"
#include "mqtt/client.h"
#include "mqtt/map.h"

/*
 * Messages of any broker as lines, to a stream of the bus or to stdout.  As
 * filter.h it speaks for the program.
 *
 * The broker gets its acknowledgement after the line has been written, so
 * with QoS 1 and a stored session nothing is lost, whoever is killed; a
 * message whose acknowledgement was on its way comes twice.  When nothing
 * can be written the connection is broken, and the broker keeps the rest.
 *
 * What no rule of the map fits is warned about, counted, and acknowledged,
 * as it would come for ever.
 */
struct source_options {
	struct mqtt_options client;
	const struct opt_list *filters;
	int qos;
	struct mqtt_map map;
	const char *stream;	/* "-": stdout */
	enum bus_sync sync;
	const char *rejects;
	int64_t ready_fd;
};

/* Gives the exit status; ends by a signal, or with 65 when messages were
 * refused, 69 when the broker does not want us, 74 when stdout is closed or
 * the bus can't be synced. */
int source_run(const struct source_options *);

#endif
