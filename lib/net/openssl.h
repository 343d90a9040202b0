/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_NET_OPENSSL_H
#define MFX_NET_OPENSSL_H

#include <openssl/crypto.h>
#include <stdbool.h>

/*
 * Before the first other call of OpenSSL: is it ready?  Version 3 sets itself
 * up within whichever call comes first, and when there is no memory for that
 * most of them go on without its locks, and crash.  This one says so.
 */
static inline bool
openssl_is_ready(void)
{
	return OSSL_LIB_CTX_get0_global_default() != NULL;
}

#endif
