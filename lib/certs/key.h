/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CERTS_KEY_H
#define MFX_CERTS_KEY_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/fault.h"

/* Private and public keys: made, read, written, and judged. */
enum key_type {
	KEY_P256, KEY_P384, KEY_ED25519, KEY_RSA2048, KEY_RSA3072, KEY_RSA4096
};
#define KEY_TYPES "p256|p384|ed25519|rsa2048|rsa3072|rsa4096"

EVP_PKEY *key_make(enum key_type, struct fault *);

/* A private key in PEM or DER, without a passphrase; `what` is for the fault,
 * EX_DATAERR. */
EVP_PKEY *key_read(struct str text, const char *what, struct fault *);

/* appends the private key as DER of PKCS #8 (RFC 5208), to be wiped; false
 * without memory */
bool key_put(struct buf *der, EVP_PKEY *);

/* Sets the public key of a certificate. */
bool key_set(X509 *, EVP_PKEY *);

/*
 * NULL when the public key is one that we certify: RSA of 2048 to 8192 bits
 * with an exponent of at least 65537, the curves P-256, P-384 and P-521,
 * Ed25519, Ed448.  Else what is wrong with it.
 */
const char *key_weakness(EVP_PKEY *);

/* with which a key signs; NULL for one that has its own */
const EVP_MD *key_digest(EVP_PKEY *);

#endif
