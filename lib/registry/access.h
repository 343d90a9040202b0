/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_ACCESS_H
#define MFX_REGISTRY_ACCESS_H

#include <stdbool.h>

#include "base/fault.h"
#include "base/str.h"
#include "registry/direction.h"
#include "registry/keyring.h"
#include "registry/uuid.h"

/*
 * May this key publish to that channel, or subscribe?  Every adapter decides
 * for itself, from a read-only handle on the registry and a cache.
 *
 *	access_open(&a, home, &fault);
 *	...
 *	access_refresh(a);		once a turn of the event loop
 *	switch (access_check(a, key, channel, DIRECTION_PUBLISH, &thing)) ...
 *
 * access_open fails when there is no registry (registry.h).  If the file is
 * replaced by another one, that is opened within a second.
 *
 * It fails closed: if the registry can't be read the result is ACCESS_ERROR,
 * and the caller answers "try again", never yes.  access_refresh checks
 * whether the registry has changed (PRAGMA data_version, at most every 50
 * ms) and then clears the cache: a removed key or connection is refused
 * within that time, on open connections too if they ask again.
 *
 * The cache holds no keys: only their 128-bit SipHash under a random key of
 * this process.
 */
struct access;

enum access_result {
	ACCESS_YES,
	ACCESS_NO_KEY,		/* no thing has this key, or the thing is
				 * disabled */
	ACCESS_NOT_CONNECTED,	/* the thing is not connected to this channel,
				 * or there is no such channel, or it is
				 * disabled */
	ACCESS_OTHER_WAY,	/* it is connected, but not for this */
	ACCESS_ERROR,		/* the registry can't be read */
};

/* `home` NULL: $MFX_HOME or its default */
int access_open(struct access **, const char *home, struct fault *);
void access_close(struct access *);

/* true when the registry has changed since the last call */
bool access_refresh(struct access *);
/* the same, without the 50 ms: call it before a refusal that ends a
 * connection, as a client may come right after the change that admits it */
bool access_refresh_now(struct access *);

/* which state of the registry its answers are of: another number after each
 * change that was seen */
uint32_t access_generation(const struct access *);

/* Clears the cache: for a program that has just changed the registry. */
void access_forget(struct access *);

/* what access_check and access_check_id may be asked for beside the values of
 * enum direction: is there a connection, whichever way? */
#define ACCESS_ANY_WAY 0

/* `use`: what it is to be allowed, all of it.  *thing borrows from the cache
 * until the next call of any function here; it is set with all results but
 * ACCESS_NO_KEY and ACCESS_ERROR */
enum access_result access_check(struct access *, struct str key,
    struct str channel, unsigned use, struct str *thing);

/* the same for a thing known by its id (from a client certificate); a thing
 * whose key was revoked, or that is disabled, has no access this way either:
 * ACCESS_NO_KEY */
enum access_result access_check_id(struct access *, struct str thing,
    struct str channel, unsigned use);

/* What it may do there, of enum direction: 0 with any result but ACCESS_YES.
 * access_check_id would be ACCESS_YES for all of it together. */
enum access_result access_directions(struct access *, struct str thing,
    struct str channel, unsigned *directions);

/* May this client certificate, known by its SHA-256, still be shown?
 * ACCESS_NO_KEY when the registry has it as revoked (issued.h); ACCESS_YES
 * also for one that it does not know, which is of another CA. */
enum access_result access_check_certificate(struct access *,
    const unsigned char fingerprint[32]);

/* which thing has this key, on any channel or none */
enum access_result access_identify(struct access *, struct str key,
    struct str *thing);

/* The id of the user who owns this thing; STR_NONE: there is no such thing, or
 * the registry can't be read.  It borrows as above. */
struct str access_owner(struct access *, struct str thing);

/*
 * For long connections: a proof to keep instead of the key.  It is the hash
 * by which the registry finds keys, made under its master key, so it reveals
 * no key.  access_holds says whether the thing still has that key:
 * ACCESS_YES or ACCESS_NO_KEY.  It is not cached: call it once after each
 * change.
 */
struct access_proof {
	unsigned char hash[KEY_HASH_BYTES];
};

/* false when the registry can't be read */
bool access_prove(struct access *, struct str key, struct access_proof *);
enum access_result access_holds(struct access *, struct str thing,
    const struct access_proof *);

/*
 * The key of a thing, for a protocol whose handshake needs it on both sides
 * (a pre-shared key): ACCESS_YES and *n bytes in `key`, which has room for
 * THING_KEY_MAX and is wiped by the caller; ACCESS_NO_KEY; ACCESS_ERROR.
 * It is read from the registry each time, and never cached.
 */
enum access_result access_key(struct access *, struct str thing, char *key,
    size_t *n);

/* what a client is told of a refusal: no more than its thing knows */
const char *access_refusal(enum access_result);

/* the reason of the last ACCESS_ERROR */
const char *access_fault(struct access *);

#endif
