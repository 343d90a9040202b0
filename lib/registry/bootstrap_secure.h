/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_BOOTSTRAP_SECURE_H
#define MFX_REGISTRY_BOOTSTRAP_SECURE_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * How a device without TLS fetches its configuration (bootstrap.h), out of
 * parts that every library of cryptography has.  The device draws 32 random
 * bytes, the salt; both sides derive two keys of 32 bytes from it and the
 * external key with HKDF-SHA-256 (RFC 5869):
 *
 *	PRK    = HKDF-Extract(salt, external key)
 *	proof  = HKDF-Expand(PRK, "mfx-bootstrap-1 request" || 0x00 || id, 32)
 *	answer = HKDF-Expand(PRK, "mfx-bootstrap-1 answer" || 0x00 || id, 32)
 *
 * It shows the salt and the proof, which nobody can make without the key.
 * What it gets is
 *
 *	nonce (12 random bytes) || ChaCha20-Poly1305(answer, nonce, text)
 *
 * with the tag at its end and no associated data (RFC 8439).  Nobody else can
 * read it or make one, and as the salt is new each time, no older answer
 * opens.  A request that is sent again by somebody else gets what that one
 * can't read.
 */
#define SECURE_SALT 32
#define SECURE_KEY 32
#define SECURE_ADDED (12 + 16)		/* nonce and tag */

struct secure {
	unsigned char salt[SECURE_SALT];
	unsigned char proof[SECURE_KEY], answer[SECURE_KEY];
};

/* a new salt */
void secure_begin(struct secure *);
/* the keys, out of the salt */
void secure_derive(struct secure *, struct str external_id,
    struct str external_key);
void secure_wipe(struct secure *);

/* "SALT.PROOF", each in base64url without padding */
#define SECURE_TEXT 88
void secure_print(const struct secure *, char to[SECURE_TEXT]);
/* the salt, and the proof; false when it has another form */
bool secure_parse(struct secure *, struct str text);

/* do the keys give this proof?  In constant time. */
bool secure_proven(const struct secure *,
    const unsigned char proof[SECURE_KEY]);

/* appends the sealed text; and the text, false when it is not sealed under
 * this key */
void secure_seal(const struct secure *, struct str text, struct buf *to);
bool secure_open(const struct secure *, struct str sealed, struct buf *to);

#endif
