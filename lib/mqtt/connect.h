/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_CONNECT_H
#define MFX_MQTT_CONNECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * What a CONNECT packet says of its session and its will, which the plugin
 * interface of mosquitto leaves out (MQTT 3.1 and 3.1.1: 3.1; MQTT 5: 3.1).
 * Everything borrows from the packet.
 */
#define CONNECT_FOR_EVER UINT32_MAX

struct connect {
	uint8_t version;	/* 3, 4 or 5 */
	bool clean;		/* a stored session is not to be resumed */
	bool will;
	uint32_t expiry;	/* seconds that the session outlives the
				 * connection; CONNECT_FOR_EVER */
	uint32_t will_delay;	/* seconds */
	struct str will_properties;	/* MQTT 5; for property_next */
};

/* `body` is the packet after its fixed header; false when it is malformed
 * before or in the will's properties.  The broker has checked what follows
 * those. */
bool connect_parse(struct str body, struct connect *);

/* A DISCONNECT of MQTT 5 may change when the session ends; *expiry stays as
 * it is when this one does not. */
void disconnect_parse(struct str body, uint32_t *expiry);

/* A property of MQTT 5 (2.2.2). */
enum { PROPERTY_CONTENT_TYPE = 0x03 };

struct property {
	uint8_t id;
	uint32_t number;	/* of a byte, an integer */
	struct str name;	/* of a user property */
	struct str value;	/* of strings and binary data too */
};

/* takes the first one off; false at the end, and when it is malformed:
 * then *rest is not empty */
bool property_next(struct str *rest, struct property *);

#endif
