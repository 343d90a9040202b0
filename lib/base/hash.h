/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_HASH_H
#define MFX_BASE_HASH_H

#include <stdint.h>

#include "base/str.h"

/*
 * FNV-1a, 64 bits.  For names that no client can choose, and for hashes that
 * must never change; where a client chooses the text, take a keyed hash
 * (libsodium's SipHash), or it can make all its texts collide.
 *
 *	uint64_t h = hash_add(HASH_START, s);
 */
#define HASH_START UINT64_C(0xcbf29ce484222325)

static inline uint64_t
hash_add(uint64_t h, struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* with the high half in the low bits, for `% n` and tables */
static inline uint64_t
hash_fold(struct str s)
{
	uint64_t h = hash_add(HASH_START, s);

	return h ^ h >> 32;
}

#endif
