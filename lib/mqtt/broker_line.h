/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_BROKER_LINE_H
#define MFX_MQTT_BROKER_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include <mosquitto.h>
#include <mosquitto_broker.h>	/* before mosquitto_plugin.h, which needs it */
#include <mosquitto_plugin.h>

#include "mqtt/connect.h"

/*
 * What differs between mosquitto 2.0 and 2.1, which call their plugins by one
 * interface: plugin_20.c and plugin_21.c have a line each, and
 * broker_line_find chooses by the version that the broker itself states.
 *
 *	                   2.0                    2.1
 *	CONNECT, its will  read from the packet   asked of the broker
 *	client ids         each belongs to        begin with their thing's
 *	                   one thing              id and ':'
 *	will or message    by the packet          by what happened before it
 *	QoS 2 sent again   known by its packet    not known: on the bus twice
 *	end of a session   by CONNECT and         by MOSQ_EVT_CLIENT_OFFLINE
 *	                   DISCONNECT             or _DISCONNECT
 *
 * 2.0 keeps in private memory what 2.1 tells: see packet.h.
 */
struct plugin;
struct mqtt_session;

/* why the broker calls MOSQ_EVT_BASIC_AUTH */
enum broker_question {
	QUESTION_CONNECT,	/* a client connects */
	QUESTION_REVIEW,	/* SIGHUP: may it stay? */
	QUESTION_MALFORMED,	/* a client connects, with a packet that can't
				 * be read */
	QUESTION_UNSUPPORTED,	/* this is not the broker it seemed to be */
};

/* an event that 2.0's header has no name for; its data begins as that of
 * MOSQ_EVT_DISCONNECT */
#define BROKER_CLIENT_OFFLINE 28

struct broker_line {
	const char *version;	/* "2.0" */
	const int *events;	/* registered beside those of both; 0 ends */

	/* what its library has read out of a property, which is counted as the
	 * broker's memory or not */
	void (*free_value)(void *);
	/* it frees the properties of a message that is given others */
	bool frees_replaced;

	/* MOSQ_EVT_TICK has come, or MOSQ_EVT_RELOAD; may be NULL */
	void (*tick)(struct plugin *);
	void (*reload)(struct plugin *);
	/* the plugin is unloaded; may be NULL */
	void (*close)(void);

	/* fills `connect` for QUESTION_CONNECT */
	enum broker_question (*question)(struct plugin *, struct mosquitto *,
	    struct connect *);
	/* before the client id is looked at: makes it one of this thing's;
	 * false when it can't be */
	bool (*scope)(struct mosquitto *, const char *thing);
	/* its connection has ended: how long its session stays, in seconds */
	void (*expiry)(struct plugin *, const struct mosquitto *, int event,
	    uint32_t *expiry);

	/* MOSQ_ACL_WRITE: is this its will? */
	bool (*is_will)(struct plugin *, const struct mqtt_session *);
	/* the will's content type (free_value, or NULL), and its properties
	 * with our own (mosquitto_property_free_all); false without memory */
	bool (*will)(const struct mqtt_session *, mosquitto_property *given,
	    char **type, mosquitto_property **);

	/* the identifier of a PUBLISH of QoS 2, and whether it has DUP; 0
	 * when that can't be known */
	uint16_t (*message_id)(struct plugin *, const struct mosquitto *,
	    bool *dup);
};

extern const struct broker_line plugin_20, plugin_21;

/* whether 2.1's calls are there; before any of its line's */
bool plugin_21_open(void);

/*
 * The line of the broker that has loaded us.  NULL for one that we do not
 * know; `version` is what it calls itself, or "" when it does not say.
 */
#define BROKER_VERSION_TEXT 32
const struct broker_line *broker_line_find(char version[BROKER_VERSION_TEXT]);

#endif
