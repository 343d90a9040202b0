/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_RETAINED_H
#define MFX_MQTT_RETAINED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/str.h"

/*
 * How many retained messages each thing has left with the broker, and how
 * many bytes: of a topic it is the thing that wrote there last.  The plugin
 * interface does not tell what the broker keeps, so it is noted here, in a
 * journal (journal.h) that outlives the broker as the messages do:
 *
 *	mfx-mqtt-retained 1 SALT
 *	TOPIC THING BYTES
 *
 * TOPIC is a hash of the topic under the salt; 0 bytes: it is gone.  A
 * message whose time is over (MQTT 5) counts until its topic is written to
 * again or cleared.
 */
struct retained;

#define RETAINED_MAX (1 << 20)		/* topics */
/* what a message costs beside its payload and its topic */
#define RETAINED_EACH 256

struct retained_limits {
	int64_t messages, bytes;	/* of a thing; 0: no limit */
};

int retained_open(struct retained **, const char *path, struct fault *);
void retained_close(struct retained *);

/* May the thing leave a message with so many bytes of payload there?  Then it
 * counts. */
bool retained_put(struct retained *, const struct retained_limits *,
    const char *topic, const char *thing, size_t payload);
/* the topic is cleared */
void retained_clear(struct retained *, const char *topic);

/* as client_ids_step */
bool retained_step(struct retained *);

#endif
