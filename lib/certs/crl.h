/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CERTS_CRL_H
#define MFX_CERTS_CRL_H

#include "certs/signer.h"

/*
 * Appends a CA's list of revoked certificates (RFC 5280 5) in PEM: those that
 * have not expired and are revoked, and, as on hold, those of things that are
 * disabled.  It says that the next one comes after `days`.  In a transaction,
 * as lists are numbered.  *n is how many it has.
 */
int crl_make(struct registry *, const struct signer *, int64_t now,
    int64_t days, struct buf *pem, uint64_t *n, struct fault *);

#endif
