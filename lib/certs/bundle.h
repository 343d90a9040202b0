/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CERTS_BUNDLE_H
#define MFX_CERTS_BUNDLE_H

#include "certs/issue.h"

/*
 * A certificate, its chain and its key in one piece.
 */

/* appends them as PKCS #12 (RFC 7292), under this password */
int bundle_put_p12(struct buf *, const struct issue *, const struct signer *,
    const char *name, const char *password, struct fault *);

/* appends certificates and nothing else as PKCS #7 in DER: "certs-only" of
 * RFC 7030 (RFC 8551 3.8) */
int bundle_put_p7(struct buf *, STACK_OF(X509) *, struct fault *);

/* appends a file to an archive as tar(1) reads it (POSIX.1-2008 pax, ustar);
 * the path has at most 100 bytes */
void bundle_put_file(struct buf *, const char *path, unsigned mode,
    int64_t mtime, struct str bytes);
/* its end */
void bundle_end(struct buf *);

#endif
