/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CERTS_SIGNER_H
#define MFX_CERTS_SIGNER_H

#include <openssl/x509.h>

#include "registry/authority.h"

/*
 * A certification authority (CA) of the registry, with its private key, ready
 * to sign; or without it.  Once it is open, several threads may use it at once.
 */
struct signer {
	struct authority row;		/* row and name; the rest is empty */
	char name[AUTHORITY_NAME_MAX + 1];
	X509 *certificate;
	EVP_PKEY *key;			/* NULL: not asked for */
	STACK_OF(X509) *above;		/* its issuers, the root last */
	int64_t until;			/* its end, seconds since 1970 */
};

/*
 * `name` NULL: the one made last, with `sign` of those that have a key.  With
 * `sign` its key is read, from the registry, its file or its token.  Faults:
 * EX_CONFIG, there is no CA, or its key can't be had or does not belong to it;
 * 1, there is none of that name; those of the registry.
 */
int signer_open(struct signer **, struct registry *, const char *name,
    bool sign, struct fault *);
void signer_close(struct signer *);	/* NULL is fine */

/* Can it issue now?  EX_CONFIG when it has expired or is not valid yet. */
int signer_check(const struct signer *, int64_t now, struct fault *);

/* of a row, for all that lists them: without key */
struct signer *signer_of(const struct authority *, struct fault *);

/* appends in PEM what a client sends with its certificate: those between it
 * and the root */
bool signer_put_between(struct buf *, const struct signer *);
/* appends its root in PEM */
bool signer_put_root(struct buf *, const struct signer *);
/* appends it and those above it, in PEM */
bool signer_put_chain(struct buf *, const struct signer *);

/* a key that is outside: the path of a file, or the URI of a token (token.h) */
EVP_PKEY *signer_read_key(const char *path, struct fault *);

#endif
