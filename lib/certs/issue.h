/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CERTS_ISSUE_H
#define MFX_CERTS_ISSUE_H

#include "certs/build.h"
#include "certs/key.h"
#include "certs/signer.h"
#include "registry/issued.h"

/*
 * Certificates that a CA issues.  First they are made, which takes a while and
 * needs no registry, so that several threads may do it; then they are added to
 * the registry, which makes them known: only then they may be handed out.
 *
 *	issue_make(&issue, signer, &order, &fault)
 *	... registry_begin
 *	issue_add(&issue, registry, signer, &order, &fault)
 *	... registry_commit
 *	issue_release(&issue);
 */
#define ISSUE_DAYS_MAX 36500
#define ISSUE_DAY 86400
/* a certificate begins a little before it is made, as clocks differ */
#define ISSUE_EARLY 300

struct order {
	enum build_kind kind;
	struct str thing;		/* BUILD_THING: its id */
	const struct user *owner;	/* whose thing it has to be; NULL:
					 * anybody's */
	const char *const *names;	/* BUILD_SERVER */
	struct str name;		/* BUILD_CA, BUILD_OCSP: its common
					 * name; to the
					 * registry: the name in the list */
	int depth;			/* BUILD_CA */
	int64_t now;			/* seconds since 1970 */
	int64_t valid;			/* seconds; it ends with its CA at the
					 * latest */
	const char *ocsp, *crl;		/* URLs, as build.h has them */
	enum key_type type;		/* of a new key */
	EVP_PKEY *key;			/* a public key; NULL: make a new one */
};

struct issue {
	char serial[SERIAL_TEXT + 1];
	unsigned char fingerprint[FINGERPRINT_BYTES];
	int64_t issued, expires;
	struct buf certificate;		/* DER */
	struct buf key;			/* DER of PKCS #8; empty when the key
					 * was given; wiped by issue_release */
};

void issue_init(struct issue *);
void issue_release(struct issue *);
/* wipes the key, and keeps the memory for the next */
void issue_clear(struct issue *);

/* `signer` NULL: a root, which signs itself with a new key, or with `key` */
int issue_make(struct issue *, const struct signer *, const struct order *,
    struct fault *);

/* in a transaction; 1 when the thing does not exist */
int issue_add(const struct issue *, struct registry *, const struct signer *,
    const struct order *, struct fault *);

#endif
