/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CERTS_BUILD_H
#define MFX_CERTS_BUILD_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/str.h"

/*
 * One certificate (RFC 5280) from a description of it.
 *
 * All extensions are set before anything reads one: OpenSSL keeps what it has
 * read, and an authority key identifier that is added later is not seen.
 */
enum build_kind {
	BUILD_THING,		/* a client: urn:uuid:<id> and the id as CN */
	BUILD_SERVER,		/* DNS names and addresses; also a client */
	BUILD_CA,		/* issues the others */
	BUILD_OCSP,		/* answers OCSP in the name of its CA
				 * (RFC 6960 4.2.2.2) */
};

struct build {
	enum build_kind kind;
	struct str name;		/* the CN; empty: none */
	struct str thing;		/* BUILD_THING: its id */
	const char *const *names;	/* BUILD_SERVER, NULL-terminated */
	int depth;			/* BUILD_CA: of CAs below it */
	/* URLs that it names: where it can be asked about (RFC 5280 4.2.2.1),
	 * and where the list of revoked ones is (4.2.1.13); NULL: none */
	const char *ocsp, *crl;
	const unsigned char *serial;	/* SERIAL_BYTES of issued.h, the first
					 * one from 1 to 127 */
	int64_t now, from, until;	/* seconds since 1970 */
	EVP_PKEY *key;			/* its public key */
	const X509 *issuer;		/* NULL: itself */
	EVP_PKEY *signer;		/* the issuer's private key */
};

/* appends it as DER */
int build_certificate(const struct build *, struct buf *der, struct fault *);

/* NULL, or why it is no name of a server: a DNS name, maybe with "*." before
 * it, or an address */
const char *build_name_fault(const char *);

/* NULL, or why it is not a URL to put into a certificate */
const char *build_url_fault(const char *);

/* the start and the end of a certificate, in seconds since 1970 */
int64_t build_from(const X509 *);
int64_t build_until(const X509 *);

/* its serial in hexadecimal, of at most 20 bytes (RFC 5280 4.1.2.2); "" when
 * it is longer */
#define BUILD_SERIAL_TEXT 40
void build_serial(const X509 *, char to[BUILD_SERIAL_TEXT + 1]);

/* Sets a time that may lie after what a time_t of 32 bits has. */
bool build_time(ASN1_TIME *, int64_t);

#endif
