/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CERTS_REQUEST_H
#define MFX_CERTS_REQUEST_H

#include <openssl/x509.h>

#include "base/fault.h"
#include "base/str.h"

/*
 * A certificate signing request (PKCS #10, RFC 2986) of a device: its public
 * key, which it proves to have.  Nothing else of the request gets into a
 * certificate, but one that asks for the name of another thing is refused.
 */
#define REQUEST_MAX ((size_t)64 << 10)

/*
 * Reads one in PEM or DER, whose signature is right and whose key is not
 * weak.  EX_DATAERR; `what` is for the fault.
 */
X509_REQ *request_read(struct str text, const char *what, struct fault *);

/* Is it for this thing, as far as it names one: by a CN that is an id, or
 * urn:uuid: among its alternative names?  EX_DATAERR when it is for another
 * one. */
int request_is_for(X509_REQ *, struct str thing, struct fault *);

#endif
