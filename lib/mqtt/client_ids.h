/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_CLIENT_IDS_H
#define MFX_MQTT_CLIENT_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/hash.h"
#include "registry/uuid.h"

/*
 * Which thing each client id belongs to: while it is connected, and for as
 * long as the broker keeps its session.  Those of stored sessions are noted
 * in a file as well, before the broker has anything to keep, so that they
 * outlive it: one line each, and one more for each change,
 *
 *	mfx-mqtt-sessions 1 SALT
 *	CLIENT THING never|none|@TIME|+SECONDS
 *
 * CLIENT is a hash of the client id under the salt; the session ends never,
 * has ended, ends at that time (Unix), or so long after its connection.  It is
 * a journal (journal.h): on a full disk the sessions that are known are, and
 * no other can be noted.
 */
#define CLIENT_ID_HASH 16	/* bytes */
#define CLIENT_IDS_MAX (1 << 20)

#define CLIENT_ID_NEVER INT64_MAX

struct client_id {
	struct hash_node node;	/* private */
	unsigned char client[CLIENT_ID_HASH];
	char thing[ID_TEXT + 1];
	uint32_t expiry;	/* of its connection, CONNECT_FOR_EVER */
	int64_t until;		/* Unix time; CLIENT_ID_NEVER, also while it is
				 * connected */
	void *connection;	/* the caller's: not NULL while connected */
	struct qos2_dedup *dedup;	/* the caller's */
	/* private */
	bool noted;		/* the file says that it is stored */
	int64_t left;		/* Unix time when it went, or was read */
	struct client_id *sibling, **sibling_at;	/* of the same thing, or
						 * of one beside it */
	uint64_t *filters;	/* hashes of what it has subscribed to */
	size_t n_filters;
};

struct client_ids;

/* `release` is called for each one before it is freed */
int client_ids_open(struct client_ids **, const char *path,
    void (*release)(struct client_id *), struct fault *);
void client_ids_close(struct client_ids *);

/* NULL: no thing has it */
struct client_id *client_ids_find(struct client_ids *, const char *client_id);

/*
 * A thing has connected with this client id, which is free or its own
 * (or is taken from the thing that had it), and its session outlives the
 * connection by `expiry` seconds.  NULL when that can't be noted.
 */
struct client_id *client_ids_connect(struct client_ids *, const char *client_id,
    const char *thing, uint32_t expiry, struct fault *);

/* How many client ids a thing has that are connected, or were `since` then
 * (Unix time); there may be more, of sessions that no client came back for. */
size_t client_ids_count(const struct client_ids *, const char *thing,
    int64_t since);

/* Notes a subscription of the session: false when there would be more than
 * `most` of them.  Those of before the broker's start are not known. */
bool client_id_subscribe(struct client_ids *, struct client_id *,
    const char *filter, size_t most);
void client_id_unsubscribe(struct client_ids *, struct client_id *,
    const char *filter);
/* the client has begun a new session */
void client_id_clean(struct client_id *);

/* It has gone.  One whose session ends with that is freed.  What can't be
 * noted now is at most kept for too long. */
void client_ids_disconnect(struct client_ids *, struct client_id *,
    int64_t now);

/* frees those whose time has come; to be called now and then */
void client_ids_expire(struct client_ids *, int64_t now);

/* keeps the file small, a portion at a time; true when there is more to do */
bool client_ids_step(struct client_ids *);

#endif
