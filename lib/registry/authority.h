/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_AUTHORITY_H
#define MFX_REGISTRY_AUTHORITY_H

#include "base/buf.h"
#include "registry/registry.h"

/*
 * The rows of certification authorities (CAs), which issue certificates of
 * things and servers.  What is in them is made and read by lib/certs; here they
 * are bytes.
 *
 * The private key of a CA is sealed under the master key (keyring.h), or stays
 * outside of the registry, in a file or a PKCS #11 token: its row has the path,
 * or the URI.
 */
#define AUTHORITY_NAME_MAX 64	/* as a name on the bus */

struct authority {
	long long row;
	struct str name;
	struct str certificate;		/* DER */
	struct str above;		/* DER of its issuers, one after
					 * another, the root last; empty for
					 * a root */
	struct str key;			/* its private key, to seal it in
					 * authority_create; p NULL: outside */
	struct str box;			/* the sealed key; p NULL: outside */
	struct str outside;		/* path or pkcs11: URI; empty when
					 * sealed */
};

/* EX_DATAERR when the name is in use; key.n is at most THING_KEY_MAX */
int authority_create(struct registry *, const struct authority *,
    struct fault *);

/*
 * Calls `each` for the authority of this name, or, with "", for all, the one
 * made last first, until it returns non-zero, which is then returned; 0 at the
 * end, and -1.  What it gets is borrowed.
 */
int authority_each(struct registry *, struct str name,
    int (*each)(void *arg, const struct authority *, struct fault *),
    void *arg, struct fault *);

/* A number that differs when a CA has been made. */
int authority_state(struct registry *, int64_t *state, struct fault *);

/* appends the private key of a row that has one sealed */
int authority_unseal(const struct registry *, const struct authority *,
    struct buf *key, struct fault *);

/* counts its lists of revoked certificates: the number of the next one, in a
 * transaction */
int authority_next_list(struct registry *, const struct authority *,
    int64_t *number, struct fault *);

/* Tells once that its certificate, of this serial, ends soon, by an event
 * certificate.expiring: 1; 0: it has told before; -1.  In a transaction.  A CA
 * that another one of the registry has issued is among those of issued.h. */
int authority_tell(struct registry *, const struct authority *,
    const char *serial, int64_t expires, int64_t now, struct fault *);

#endif
