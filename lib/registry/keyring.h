/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_KEYRING_H
#define MFX_REGISTRY_KEYRING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/fault.h"

/*
 * Protects things' keys at rest with two keys derived from
 * $MFX_HOME/master.key (32 random bytes, 0600).  One seals a thing's key, so
 * that its owner can read it again; the other makes the hash by which it is
 * found.  Neither the registry alone nor the master key alone reveals a key.
 * A third derived key signs users' tokens (token.h), a fourth seals what is
 * written to the log (entry.h), and a fifth the keys of CAs (authority.h).
 */
#define THING_KEY_MAX 4096	/* bytes */
#define KEY_HASH_BYTES 32
#define KEY_SEAL_BYTES (24 + 16)	/* nonce and tag */
#define KEY_BOX_MAX (KEY_SEAL_BYTES + THING_KEY_MAX)
#define KEYRING_MARK_BYTES 16

struct keyring {
	unsigned char seal[32], find[32], token[32], log[32], authority[32];
	unsigned char mark[KEYRING_MARK_BYTES];	/* identifies the master key;
						 * not secret */
};

/*
 * Reads master.key in `home`.  With `make`, for which the caller holds the
 * lock on the directory, a missing one is created; an existing one is never
 * overwritten.  EX_CONFIG when it is not 32 bytes or other users may read it.
 */
int keyring_load(struct keyring *, const char *home, bool make,
    struct fault *);
void keyring_wipe(struct keyring *);

void keyring_hash(const struct keyring *, struct str key,
    unsigned char hash[KEY_HASH_BYTES]);

/* key.n is at most THING_KEY_MAX; writes key.n + KEY_SEAL_BYTES to `box` */
void keyring_seal(const struct keyring *, struct str key,
    unsigned char *box);

/* appends the key; false when it was not sealed under this master key */
bool keyring_unseal(const struct keyring *, const void *box, size_t n,
    struct buf *key);

/* the same for the private key of a CA */
void keyring_seal_authority(const struct keyring *, struct str key,
    unsigned char *box);
bool keyring_unseal_authority(const struct keyring *, const void *box,
    size_t n, struct buf *key);

#endif
