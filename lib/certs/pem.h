/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CERTS_PEM_H
#define MFX_CERTS_PEM_H

#include <openssl/x509.h>

#include "base/buf.h"
#include "base/fault.h"

/* Text of RFC 7468, and the DER in it. */
#define PEM_MAX ((size_t)1 << 20)

/* `label`: "CERTIFICATE", "PRIVATE KEY", ... */
void pem_put(struct buf *, const char *label, struct str der);

/* All certificates of a text in PEM, in order; other blocks are passed over.
 * At least one and at most PEM_CERTIFICATES, or NULL and EX_DATAERR, which says
 * `what` it is. */
#define PEM_CERTIFICATES 16
STACK_OF(X509) *pem_read_certificates(struct str text, const char *what,
    struct fault *);

/* the same of DER, one after another; may be none */
STACK_OF(X509) *der_read_certificates(struct str der, struct fault *);
/* exactly one */
X509 *der_read_certificate(struct str der, struct fault *);
/* appends a certificate as DER, or as PEM; false without memory */
bool der_put_certificate(struct buf *, const X509 *);
bool pem_put_certificate(struct buf *, const X509 *);
void certificates_free(STACK_OF(X509) *);

#endif
