/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_ACCESS_H
#define MFX_REGISTRY_ACCESS_H

#include <stdbool.h>

#include "base/fault.h"
#include "base/str.h"
#include "registry/keyring.h"
#include "registry/uuid.h"

/*
 * May this key publish to that channel?  The decision every adapter takes
 * for itself, from a read-only handle on the registry and a cache.
 *
 *	access_open(&a, home, &fault);
 *	...
 *	access_refresh(a);		once a turn of the event loop
 *	switch (access_check(a, key, channel, &thing)) ...
 *
 * access_open wants a registry to be there (registry.h).  One that was
 * replaced by another file is opened anew within a second.
 *
 * It fails closed: what can't be looked up is ACCESS_ERROR and the caller
 * answers with "try again", never with yes.  access_refresh looks whether
 * the registry has changed (PRAGMA data_version, at most every 50 ms) and
 * then forgets the cache: a removed key or connection is refused within
 * that time, on open connections too if they ask again.
 *
 * The cache holds no keys: only a 128-bit SipHash under a key of this
 * process.
 */
struct access;

enum access_result {
	ACCESS_YES,
	ACCESS_NO_KEY,		/* nobody has this key, or a thing that is
				 * disabled */
	ACCESS_NOT_CONNECTED,	/* the thing is not on this channel, or
				 * there is no such channel, or it is
				 * disabled */
	ACCESS_ERROR,		/* the registry can't be asked */
};

/* `home` NULL: $MFX_HOME or its default */
int access_open(struct access **, const char *home, struct fault *);
void access_close(struct access *);

/* true when the registry has changed since the last call */
bool access_refresh(struct access *);
/* the same, looked for at once: before a refusal that lasts, as of somebody
 * who comes right behind the change that lets him in */
bool access_refresh_now(struct access *);

/* Forgets all answers: whoever has just changed the registry need not wait
 * for the next look. */
void access_forget(struct access *);

/* *thing borrows from the cache and dies at the next call of any of these;
 * it is set with ACCESS_YES and ACCESS_NOT_CONNECTED */
enum access_result access_check(struct access *, struct str key,
    struct str channel, struct str *thing);

/* the same for a thing known by its id (from a client certificate); one
 * whose key was taken away, or that is disabled, has no access this way
 * either: ACCESS_NO_KEY */
enum access_result access_check_id(struct access *, struct str thing,
    struct str channel);

/* who has this key, whatever the channel */
enum access_result access_identify(struct access *, struct str key,
    struct str *thing);

/*
 * For a connection that outlives many changes: what to keep instead of the
 * key.  It is the hash that the registry finds keys by, made under its
 * master key, so it gives no key away.  access_holds says whether the thing
 * still has that key: ACCESS_YES or ACCESS_NO_KEY.  It is not cached: to be
 * asked once after each change.
 */
struct access_proof {
	unsigned char hash[KEY_HASH_BYTES];
};

/* false when the registry can't be asked */
bool access_prove(struct access *, struct str key, struct access_proof *);
enum access_result access_holds(struct access *, struct str thing,
    const struct access_proof *);

/*
 * The key of a thing, for a protocol whose handshake needs it on both sides
 * (a pre-shared key): ACCESS_YES and *n bytes in `key`, which has room for
 * THING_KEY_MAX and is wiped by the caller; ACCESS_NO_KEY; ACCESS_ERROR.
 * It is read anew each time and kept nowhere.
 */
enum access_result access_key(struct access *, struct str thing, char *key,
    size_t *n);

/* why the last ACCESS_ERROR came */
const char *access_fault(struct access *);

#endif
