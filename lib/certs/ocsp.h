/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CERTS_OCSP_H
#define MFX_CERTS_OCSP_H

#include <openssl/ocsp.h>

#include "certs/signer.h"
#include "registry/issued.h"

/*
 * Answers to the question whether certificates are revoked (OCSP, RFC 6960; in
 * the profile of RFC 5019 for requests of one certificate without a nonce,
 * whose answers may be kept).
 *
 *	if (ocsp_read(&request, der) == 0 &&
 *	    (r = ocsp_find(&request, responders, n)) != NULL)
 *		... for each request.one[i]: its status
 *		ocsp_answer(&request, r, now, until, &der, &fault);
 *	else
 *		ocsp_put_error(&der, ...);
 *	ocsp_release(&request);
 *
 * ocsp_answer signs, which takes a while and needs no registry, so that any
 * thread may do it.
 */
#define OCSP_REQUEST_MAX ((size_t)4096)	/* bytes */
#define OCSP_CERTIFICATES 8		/* in one request */
#define OCSP_NONCE_MAX 128		/* RFC 9654 2.1 */

/* Who answers for a CA: itself, or one that it has given a certificate for
 * that (RFC 6960 4.2.2.2). */
#define OCSP_HASHES 4
struct responder {
	const X509 *issuer;		/* the CA */
	X509 *certificate;		/* of the one that signs */
	EVP_PKEY *key;			/* its private key */
	int64_t until;			/* the end of that certificate */
	const char *name;		/* of the CA in the registry */
	OCSP_CERTID *ids[OCSP_HASHES];	/* of the CA, by hash */
};

/* Fills in the ids, from the issuer.  -1: no memory. */
int responder_set_issuer(struct responder *, const X509 *issuer,
    struct fault *);
/* the ids alone */
void responder_release(struct responder *);

/* NULL, or why this certificate, with this key, may not answer in the name of
 * that CA */
const char *responder_fault(const X509 *, EVP_PKEY *, const X509 *issuer,
    int64_t now);

struct ocsp_status {
	bool known;			/* its CA has issued it */
	int64_t revoked;		/* seconds since 1970; 0: it is not */
	int reason;			/* enum revoked_reason */
};

struct ocsp_request {
	OCSP_REQUEST *request;
	size_t n;
	struct ocsp_one {
		OCSP_CERTID *id;	/* borrowed from the request */
		char serial[SERIAL_TEXT + 1];	/* "": not of our form */
		struct ocsp_status status;	/* by the caller */
	} one[OCSP_CERTIFICATES];
	bool nonce;			/* its answer is for this one alone */
};

/* Reads one in DER: 0, or OCSP_RESPONSE_STATUS_MALFORMEDREQUEST, with which
 * there is nothing to release. */
int ocsp_read(struct ocsp_request *, struct str der);
void ocsp_release(struct ocsp_request *);

/* The responder of these that is for all of its certificates; NULL: there is
 * none, as for those of two CAs, since clients take no answer about another CA
 * from a responder. */
const struct responder *ocsp_find(const struct ocsp_request *,
    const struct responder *, size_t n);

/* Appends the signed answer in DER, good until `until`. */
int ocsp_answer(const struct ocsp_request *, const struct responder *,
    int64_t now, int64_t until, struct buf *der, struct fault *);

/* appends one that says only what went wrong (RFC 6960 4.2.1):
 * OCSP_RESPONSE_STATUS_... */
void ocsp_put_error(struct buf *der, int status);

#endif
