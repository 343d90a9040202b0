/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_SESSIONS_H
#define MFX_MQTT_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/str.h"
#include "mqtt/client_ids.h"
#include "registry/principal.h"

/*
 * The clients of the broker that we have let in, by the address of the
 * broker's own structure, with what they have been allowed.
 *
 * The broker frees such a structure without a word and uses its address
 * again; the client that comes then is checked first, which replaces the entry.
 * A client that is gone stays for a while, as its will is sent after that.
 */
struct mosquitto;

/* a channel that it has used, and which way it may, as of one state of the
 * registry */
struct grant {
	char channel[ID_TEXT];
	uint32_t generation;
	uint8_t directions, used;	/* bits of enum direction */
};

enum session_kind {
	SESSION_KEY,		/* has shown a thing's key */
	SESSION_ID,		/* has a certificate for a thing's id */
	SESSION_BRIDGE,		/* is mfx-adapt-mqtt: see bridge.h */
};

struct mqtt_session {
	struct hash_node node;
	const struct mosquitto *client;
	enum session_kind kind;
	uint8_t version;	/* of MQTT: 3, 4, 5 */
	bool online;
	bool revoked;		/* has lost what it had: to be closed */
	bool kicked;		/* and has been told so */
	bool logged;		/* that a topic of its was refused */
	char thing[ID_TEXT + 1];
	struct access_proof proof;	/* SESSION_KEY */
	struct certificate_id certificate;	/* that it has shown */
	uint32_t proved;	/* generation in which it was still good */
	struct client_id *client_id;	/* while online */
	uint32_t will_delay;	/* seconds */
	char *will_properties;	/* MQTT 5; to be freed with it */
	size_t will_properties_n;
	int64_t drop_at;	/* seconds, monotonic; once offline */
	/* private */
	struct grant *grants;
	size_t n_grants, cap_grants;
};

struct mqtt_sessions {
	struct hash_table table;
	size_t cursor;		/* of mqtt_sessions_round */
};

void mqtt_sessions_init(struct mqtt_sessions *);
void mqtt_sessions_release(struct mqtt_sessions *);

/* a new one, which replaces the one of that address */
struct mqtt_session *mqtt_sessions_add(struct mqtt_sessions *,
    const struct mosquitto *);
struct mqtt_session *mqtt_sessions_find(const struct mqtt_sessions *,
    const struct mosquitto *);
/* forgets those who are gone and whose time has come */
void mqtt_sessions_expire(struct mqtt_sessions *, int64_t now);

/* The next list of the table in an endless round.  All have been seen after
 * table.size calls if none was added. */
struct hash_node *mqtt_sessions_round(struct mqtt_sessions *);

/*
 * Grants: at most GRANTS_MAX are remembered for each peer, the others are
 * asked for every time.  `channel` is a UUID; a generation is not 0.  What is
 * used is added to what was used before.
 */
#define GRANTS_MAX 4096
struct grant *mqtt_session_granted(const struct mqtt_session *,
    struct str channel);
void mqtt_session_grant(struct mqtt_session *, struct str channel,
    uint32_t generation, unsigned directions, unsigned used);

#endif
