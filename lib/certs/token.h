/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CERTS_TOKEN_H
#define MFX_CERTS_TOKEN_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/fault.h"

/*
 * A private key that never leaves a PKCS #11 token (an HSM, a smart card,
 * SoftHSM), named by a URI of RFC 7512:
 *
 *	pkcs11:token=site;object=ca?pin-source=file:/etc/mfx/token.pin
 *
 * The PIN is $MFX_PKCS11_PIN, or else in the file of pin-source, which nobody
 * else may read.  A URI with the PIN itself (pin-value) is refused, as it would
 * be seen in lists of processes and in the registry.  module-path names the
 * token's library; by default p11-kit's, which knows all that are installed.
 *
 * OpenSSL speaks to tokens through an engine of libp11, which is loaded when
 * the first key is asked for.
 */
#define TOKEN_SCHEME "pkcs11:"
#define TOKEN_URI_MAX ((size_t)4096)

bool token_is_uri(const char *);

/*
 * Appends the URI, with `pin_file` as its pin-source if that is not NULL, which
 * is made an absolute path.  EX_USAGE: it is not valid, or has the PIN itself.
 */
int token_put_uri(struct buf *, const char *uri, const char *pin_file,
    struct fault *);

/*
 * The key, which several threads may use at once.  EX_UNAVAILABLE: there is no
 * engine; EX_CONFIG: no PIN, a wrong one, no such token or key.
 */
EVP_PKEY *token_read_key(const char *uri, struct fault *);

#endif
