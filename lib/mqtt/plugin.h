/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_PLUGIN_H
#define MFX_MQTT_PLUGIN_H

#include <setjmp.h>

#include "base/run_top.h"
#include "bus/publisher.h"
#include "mqtt/bridge.h"
#include "mqtt/broker_line.h"
#include "mqtt/counts.h"
#include "mqtt/client_ids.h"
#include "mqtt/packet.h"
#include "mqtt/sessions.h"
#include "mqtt/refusal_log.h"
#include "mqtt/retained.h"
#include "registry/access.h"
#include "senml/pack.h"

/*
 * mfx_mosquitto.so: what its files share, in the order in which they call
 * each other, from the bottom:
 *	plugin_state.c		the registry, and what a client may do
 *	plugin_20.c, _21.c	what only one mosquitto has (broker_line.h)
 *	plugin_message.c	what is published, to the bus
 *	plugin_access.c		what clients may do
 *	plugin_connect.c	clients that come and go
 *	plugin.c		the beginning, the end, and each turn
 *
 * All runs in the broker's one thread, called by it, and mosquitto decides
 * much of it:
 *	- a message: ACL_CHECK (write), then MESSAGE.  An error of ours other
 *	  than MOSQ_ERR_ACL_DENIED closes the connection without an
 *	  acknowledgement; MOSQ_ERR_ACL_DENIED acknowledges with a reason in
 *	  MQTT 5, and as if nothing were wrong before that;
 *	- a will: ACL_CHECK (write) only.  So we refuse it there, publish it
 *	  ourselves, and so decide what it says;
 *	- a delivery: ACL_CHECK (read), for clients that are gone too.
 */
struct plugin {
	struct access *access;
	uint32_t generation;	/* of the registry, from 1 */
	bool registry_down;	/* which has been said */
	struct mqtt_sessions sessions;
	size_t to_check;	/* buckets of clients that have not been looked
				 * at since it changed */
	struct client_ids *client_ids;
	struct retained *retained;
	struct retained_limits may_retain;	/* of each thing; 0: any */
	int64_t max_sessions, max_subscriptions, max_tries;
	struct counts counts;
	struct run_tops tops;
	uint64_t refused_filters;	/* beyond max_subscriptions */
	char *counts_path;
	bool counts_failing;	/* the file can't be written */
	struct refusal_log *refusal_log;
	unsigned unlogged;	/* refusals that are only counted */
	const struct broker_line *line;
	struct packet_place place;	/* 2.0 */
	bool reviewing;		/* 2.1: it asks about those it knows */
	char bridge[BRIDGE_KEY_TEXT + 1];

	const char *stream;
	enum bus_sync sync;
	struct bus *bus;
	struct publisher publisher;
	bool closed;		/* the publisher was broken and isn't open */
	bool failing;		/* the last commit has failed */
	size_t held;		/* messages of QoS 0 in it: not committed */
	struct pack pack;	/* for message_wrap to look with */
	int64_t now, second;	/* monotonic ms and s, of the last look */
	int64_t flushed;	/* ms */

	/* without memory: this is given back, and then the event is given up */
	void *reserve;
	jmp_buf give_up;
	char *home, *bus_path;	/* as plugin_opt_… says */

	/* the message that on_access has let through, for on_message */
	const void *routed_client, *routed_topic;
	struct route route;
	struct buf subtopic;
	struct str type;	/* that the topic says; else empty */
};

/* mosquitto's callbacks, by event */
int plugin_on_connect(int, void *, void *);
int plugin_on_disconnect(int, void *, void *);
int plugin_on_access(int, void *, void *);
int plugin_on_message(int, void *, void *);

/* ---- plugin_state.c ---- */

/* looks whether the registry has changed */
void plugin_follow(struct plugin *);
/* the same, and notes what time it is */
void plugin_refresh(struct plugin *);
/* before a refusal that lasts: true when the registry has changed just now,
 * and the question is to be asked again */
bool plugin_refresh_now(struct plugin *);

/* says once that the registry can't be asked */
void plugin_registry_down(struct plugin *);

/* does this client still have what it came in with?  ACCESS_ERROR: later */
enum access_result mqtt_session_holds(struct plugin *, struct mqtt_session *);
/* May it use that channel so, now (access.h)?  A client that has used it so
 * and may not any more has lost access: ACCESS_NO_KEY. */
enum access_result mqtt_session_may(struct plugin *, struct mqtt_session *,
    struct str channel, unsigned use);
/* what `topic` is to the bus, into p->route; the publisher is left alone;
 * NULL or why it is not a topic of ours */
const char *plugin_route(struct plugin *, const char *topic);

/* ---- plugin_access.c ---- */

/* looks through clients after a change of the registry, for a short while,
 * and closes those who have lost something */
void plugin_check_sessions(struct plugin *);

/* ---- plugin_message.c ---- */

/* brings what is held to the bus; false when it can't be kept now */
bool plugin_flush(struct plugin *);
/* now and then: what is held and due, what is to be synced */
void plugin_flush_due(struct plugin *);

/* keeps a client's will and publishes it in its name */
void plugin_will(struct plugin *, struct mqtt_session *,
    const struct mosquitto_evt_acl_check *);

/* of a QoS 2 message that comes again: plugin_message.c */
void qos2_dedup_release(struct client_id *);

#endif
