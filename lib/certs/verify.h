/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CERTS_VERIFY_H
#define MFX_CERTS_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "certs/build.h"
#include "registry/issued.h"

/*
 * Would a certificate be accepted: is it issued by a CA of the registry, valid
 * now, not revoked, and is its thing there and enabled?  It says the same as
 * the adapters, which also take certificates of other CAs (--tls-ca).
 */
struct verify_result {
	bool valid;
	char why[160];			/* it is not */
	char serial[BUILD_SERIAL_TEXT + 1];
	char thing[ID_TEXT + 1];	/* "": it names none */
	int64_t expires;		/* seconds since 1970 */
};

/* `text` is PEM: the certificate, and maybe those above it.  EX_DATAERR when
 * there is none; `what` is for the fault. */
int verify_certificate(struct registry *, struct str text, const char *what,
    int64_t now, struct verify_result *, struct fault *);

#endif
