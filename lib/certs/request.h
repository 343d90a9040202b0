/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CERTS_REQUEST_H
#define MFX_CERTS_REQUEST_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/str.h"

/*
 * A certificate signing request (PKCS #10, RFC 2986) of a device: its public
 * key, which it proves to have.  Nothing else of the request gets into a
 * certificate, but one that asks for the name of another thing is refused.
 */
#define REQUEST_MAX ((size_t)64 << 10)

/* Appends the bytes of base64 as EST sends it (RFC 8951 3), in which white
 * space is passed over; false when it is not base64, or empty, or too long. */
bool request_decode(struct buf *der, struct str text);

/*
 * Reads one in PEM or DER, whose signature is right and whose key is not
 * weak.  EX_DATAERR; `what` is for the fault.
 */
X509_REQ *request_read(struct str text, const char *what, struct fault *);

/* Is it for this thing, as far as it names one: by a CN that is an id, or
 * urn:uuid: among its alternative names?  EX_DATAERR when it is for another
 * one. */
int request_is_for(X509_REQ *, struct str thing, struct fault *);

/* Does it ask for the names that this certificate has: the same subject and
 * the same alternative names (RFC 7030 4.2.2)?  EX_DATAERR when not. */
int request_is_like(X509_REQ *, const X509 *, struct fault *);

/* Appends its challenge password (RFC 2985 5.4.1), which ties it to a
 * connection (RFC 7030 3.5): 1; 0 when it has none; -1 and EX_DATAERR when that
 * can't be read. */
int request_challenge(X509_REQ *, struct buf *, struct fault *);

#endif
