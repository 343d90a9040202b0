/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_KEYRING_H
#define MFX_REGISTRY_KEYRING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/fault.h"

/*
 * What keeps things' keys secret at rest: two keys that are derived from
 * $MFX_HOME/master.key (32 random bytes, 0600).  One seals a thing's key,
 * so that its owner can be shown it again; the other makes the hash by
 * which it is found.  Neither the registry alone nor the master key alone
 * gives a key away.  A third one signs users' tokens (token.h).
 */
#define THING_KEY_MAX 4096	/* bytes */
#define KEY_HASH_BYTES 32
#define KEY_SEAL_BYTES (24 + 16)	/* nonce and tag */
#define KEY_BOX_MAX (KEY_SEAL_BYTES + THING_KEY_MAX)
#define KEYRING_MARK_BYTES 16

struct keyring {
	unsigned char seal[32], find[32], token[32];
	unsigned char mark[KEYRING_MARK_BYTES];	/* tells master keys apart;
						 * no secret */
};

/*
 * Reads master.key in `home`.  With `make`, for which the caller holds the
 * lock on the directory, one is made when there is none, and never over
 * another.  One that is not 32 bytes or that others may read is refused,
 * EX_CONFIG.
 */
int keyring_load(struct keyring *, const char *home, bool make,
    struct fault *);
void keyring_wipe(struct keyring *);

void keyring_hash(const struct keyring *, struct str key,
    unsigned char hash[KEY_HASH_BYTES]);

/* key.n is at most THING_KEY_MAX; `box` takes key.n + KEY_SEAL_BYTES */
void keyring_seal(const struct keyring *, struct str key,
    unsigned char *box);

/* appends the key; false when it was not sealed under this master key */
bool keyring_unseal(const struct keyring *, const void *box, size_t n,
    struct buf *key);

#endif
