/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_OWNERS_H
#define MFX_MQTT_OWNERS_H

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
#define OWNER_HASH 16	/* bytes */
#define OWNERS_MAX (1 << 20)

#define OWNER_NEVER INT64_MAX

struct owner {
	struct hash_node node;	/* private */
	unsigned char client[OWNER_HASH];
	char thing[ID_TEXT + 1];
	uint32_t expiry;	/* of its connection, CONNECT_FOR_EVER */
	int64_t until;		/* Unix time; OWNER_NEVER, also while it is
				 * connected */
	void *connection;	/* the caller's: not NULL while connected */
	struct resent *resent;	/* the caller's */
	/* private */
	bool noted;		/* the file says that it is stored */
	int64_t left;		/* Unix time when it went, or was read */
	struct owner *sibling, **sibling_at;	/* of the same thing, or
						 * of one beside it */
	uint64_t *filters;	/* hashes of what it has subscribed to */
	size_t n_filters;
};

struct owners;

/* `release` is called for each one before it is freed */
int owners_open(struct owners **, const char *path,
    void (*release)(struct owner *), struct fault *);
void owners_close(struct owners *);

/* NULL: it is nobody's */
struct owner *owners_find(struct owners *, const char *client_id);

/*
 * A thing has connected with this client id, which is nobody's or its own
 * (or is taken from the thing that had it), and its session outlives the
 * connection by `expiry` seconds.  NULL when that can't be noted.
 */
struct owner *owners_connect(struct owners *, const char *client_id,
    const char *thing, uint32_t expiry, struct fault *);

/* How many client ids a thing has that are connected, or were `since` then
 * (Unix time); there may be more, of sessions that nobody came back for. */
size_t owners_count(const struct owners *, const char *thing, int64_t since);

/* Notes a subscription of the session: false when there would be more than
 * `most` of them.  Those of before the broker's start are not known. */
bool owner_subscribe(struct owners *, struct owner *, const char *filter,
    size_t most);
void owner_unsubscribe(struct owners *, struct owner *, const char *filter);
/* the client has begun a new session */
void owner_clean(struct owner *);

/* It has gone.  One whose session ends with that is freed.  What can't be
 * noted now is at most kept for too long. */
void owners_disconnect(struct owners *, struct owner *, int64_t now);

/* frees those whose time has come; to be called now and then */
void owners_expire(struct owners *, int64_t now);

/* keeps the file small, a portion at a time; true when there is more to do */
bool owners_step(struct owners *);

#endif
