/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_PACKET_H
#define MFX_MQTT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * The packet that the broker is handling while it asks us.
 *
 * mosquitto's plugin interface keeps three things from us that decide
 * whether a message is kept exactly once and under the right name: whether
 * it is asked about a message or about a will (both are "may it write?"),
 * the packet identifier and the DUP flag of a message with QoS 2, and what
 * a CONNECT says of its session.  All stand in the packet, which the
 * broker holds inside its client structure.  That structure is private; of
 * it we know one part, the packet being read, which has not changed in any
 * mosquitto 2.0, and look for its place at the first CONNECT, where its
 * contents can't be mistaken.  A broker where it can't be found is not one
 * we know, and every client is refused.
 */
struct mosquitto;

struct packet_place {
	size_t at;		/* 0: not found yet */
};

enum packet_type {
	PACKET_CONNECT = 1, PACKET_PUBLISH = 3, PACKET_DISCONNECT = 14
};

struct packet {
	enum packet_type type;
	uint8_t flags;		/* the lower half of the first byte */
	struct str body;	/* after the fixed header */
};

/* to be called while a CONNECT is handled; false when it is not found */
bool packet_find(struct packet_place *, const struct mosquitto *);

/* false when the broker does not handle a whole packet of this client */
bool packet_current(const struct packet_place *, const struct mosquitto *,
    struct packet *);

/* of a PUBLISH with QoS 1 or 2; false when it is malformed */
bool packet_id(const struct packet *, uint16_t *id);

#define PACKET_DUP 0x08

#endif
