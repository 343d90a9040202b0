/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_CA_SET_H
#define MFX_API_CA_SET_H

#include "base/buf.h"
#include "certs/ocsp.h"

struct api;

/*
 * The CAs of the registry with their keys, as they were at one moment: what
 * threads sign with.  A set is never changed; when a CA has been made, or the
 * files are read again, the next one takes its place, and who has the old one
 * goes on with it.
 *
 *	cas = ca_set_get(api);
 *	... a thread uses cas->issuer, cas->responders
 *	ca_set_put(cas);
 *
 * Both are for the loop's thread.
 */
#define CA_SET_MAX 64

struct ca_set {
	uint64_t number;		/* no other set has it */
	struct signer *issuer;		/* of certificates; NULL: `why` */
	struct fault why;
	struct buf chain;		/* its certificates and those above it,
					 * as PKCS #7 in DER */
	struct responder responders[CA_SET_MAX + 1];	/* that answer OCSP */
	size_t n;
	/* private */
	/* one more: the issuer may be none of the first */
	struct signer *cas[CA_SET_MAX + 1];
	size_t n_cas;
	X509 *delegate;			/* of api_options.ocsp_cert, or NULL */
	EVP_PKEY *delegate_key;
	int64_t state;			/* authority_state() of them */
	unsigned held;
};

/* Makes the first one; -1 when an option of api_certs can't be used. */
int ca_set_open(struct api *, struct fault *);
void ca_set_close(struct api *);
/* for SIGHUP: -1 and the old one stays in use */
int ca_set_reload(struct api *, struct fault *);
/* the registry has changed: was a CA made, or is it another registry? */
void ca_set_check(struct api *);

struct ca_set *ca_set_get(struct api *);
void ca_set_put(struct ca_set *);

#endif
