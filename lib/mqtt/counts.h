/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_COUNTS_H
#define MFX_MQTT_COUNTS_H

#include <stdint.h>

#include "base/fault.h"
#include "base/str.h"

/*
 * What the plugin has counted since its broker's start.  It has no listener
 * of its own: every few seconds it writes a file, in the text format of
 * Prometheus, which the textfile collector of node_exporter takes as it is,
 * and which mfx-adapt-mqtt adds to its own metrics.
 */
#define COUNTS_FILE "mqtt/metrics.prom"	/* in the home directory */
#define COUNTS_SECONDS 5		/* between two of them */

enum counts_client {			/* a client is refused: */
	CLIENT_KEY,			/* no key, or a wrong one */
	CLIENT_CERTIFICATE,		/* one of no thing */
	CLIENT_NAME,			/* another thing's id as user name */
	CLIENT_ID,			/* another thing's client id */
	CLIENT_SESSIONS,		/* its thing has too many of them */
	CLIENT_REGISTRY,		/* which can't be asked */
	CLIENT_REASONS
};

enum counts_message {			/* a message is refused: */
	MESSAGE_TOPIC,			/* not one of a channel */
	MESSAGE_CHANNEL,		/* which its thing may not use */
	MESSAGE_SIZE,			/* too long for a line */
	MESSAGE_BUS,			/* which can't be written */
	MESSAGE_REASONS
};

struct counts {
	uint64_t clients;		/* connected now */
	uint64_t published, wills;	/* on the bus */
	uint64_t repeated;		/* QoS 2, sent again */
	uint64_t lost;			/* QoS 0, when the bus failed */
	uint64_t delivered;		/* given to sessions of things */
	uint64_t withheld;		/* from things that may no longer */
	uint64_t filters;		/* subscriptions refused */
	uint64_t not_retained;		/* delivered only */
	uint64_t client[CLIENT_REASONS], message[MESSAGE_REASONS];
};

#define COUNTS_MAX 16384		/* bytes of the file */

/* Is that what counts_write() writes, and nothing else? */
bool counts_valid(struct str text);

/* The same for the file of run.h. */
void counts_run(const struct counts *);

/* Replaces the file. */
int counts_write(const char *path, const struct counts *, struct fault *);

#endif
