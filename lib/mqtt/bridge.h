/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_BRIDGE_H
#define MFX_MQTT_BRIDGE_H

#include <stdbool.h>

#include "base/fault.h"

/*
 * How mfx-adapt-mqtt speaks to the broker that has our plugin, and how the
 * plugin knows that this client may speak for others.
 *
 * It connects over a unix socket of the broker ("listener 0 /path"), with
 * the user name BRIDGE_USER and as password what bridge_key gives: a
 * secret in $MFX_HOME/mqtt/bridge.key (0600), which the plugin makes when
 * it is not there.  A user that may read this file may read master.key too,
 * so it grants nothing new.  Over TCP and WebSocket that user name is refused,
 * whatever the password.
 *
 * Such a client may publish to every channels/<id>/messages[/…] and may
 * subscribe to nothing.  What it publishes
 *
 *	- comes from the bus and is not put there again,
 *	- is delivered with its properties as they are.  It sets two user
 *	  properties, each once: BRIDGE_PUBLISHER, the thing's id, and
 *	  BRIDGE_PROTOCOL, the label `protocol` of the line.  Those are what
 *	  a receiver may trust: the plugin takes properties of these names
 *	  from every other client's messages and sets BRIDGE_PUBLISHER
 *	  itself; without BRIDGE_PROTOCOL it was MQTT.
 */
#define BRIDGE_USER "mfx-adapt-mqtt"
#define BRIDGE_PUBLISHER "publisher"
#define BRIDGE_PROTOCOL "protocol"

#define BRIDGE_KEY_TEXT 64	/* hexadecimal digits */

/*
 * The secret, followed by a NUL; the caller wipes it.  With `make` one
 * is made when there is none; without, that is EX_TEMPFAIL: no broker has
 * started yet.  A file that others may read, or that holds something else,
 * is EX_CONFIG.
 */
int bridge_key(char to[BRIDGE_KEY_TEXT + 1], bool make, struct fault *);

#endif
