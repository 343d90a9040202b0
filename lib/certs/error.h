/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CERTS_ERROR_H
#define MFX_CERTS_ERROR_H

#include "base/fault.h"

/*
 * Certificates: authorities (CAs), requests, what they issue, lists of what was
 * revoked, with OpenSSL.  Text and PEM; no command line, no files but a CA's
 * key that is outside of the registry, and its PIN.  The files of this room,
 * each of which includes only those before it: error, pem, key, token, build,
 * request, signer, issue; crl, ocsp, verify, bundle.
 */

/* "what: why", where OpenSSL says why; forgets what it has said.  -1. */
int error_fault(struct fault *, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
