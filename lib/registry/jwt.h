/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_JWT_H
#define MFX_REGISTRY_JWT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

/*
 * JSON Web Tokens (RFC 7519) in the only form that we issue and accept:
 * HS256, with a header that is always the same bytes.  So `alg` can't be
 * chosen by an attacker.
 */
#define JWT_KEY_BYTES 32
#define JWT_MAX 2048

/* appends a token with these claims, a JSON object */
void jwt_put(struct buf *to, struct str claims,
    const unsigned char key[JWT_KEY_BYTES]);

/* Appends the claims of a token that was signed with this key; false, and
 * nothing appended, for any other text.  The signature is compared in
 * constant time, before anything is decoded. */
bool jwt_open(struct buf *claims, struct str token,
    const unsigned char key[JWT_KEY_BYTES]);

/* the same without checking the signature: only for a client that reads its
 * own token */
bool jwt_peek(struct buf *claims, struct str token);

/* The claims that we use.  A missing number is -1, a missing text has p
 * NULL. */
struct jwt_claims {
	int64_t exp, iat, auth_time;	/* seconds since 1970 */
	int64_t ver;			/* struct user's version */
	struct str iss, sub;
	struct str uid;			/* struct user's id */
	struct str jti;			/* the token's id */
	struct str scope;
};

/* false when it is not a JSON object or a claim has the wrong type; texts
 * borrow from `json` or the arena */
bool jwt_read(struct str json, struct jwt_claims *, struct arena *);

#endif
