/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_KEY_H
#define MFX_STORE_KEY_H

#include "base/buf.h"
#include "line/route.h"
#include "senml/pack.h"

/*
 * What a reading says as a number of 93 bits, in parts: the same on a stream
 * and in any store.  Labels, name, unit, time, value and sum count.  A number
 * is a double, as some stores keep no more of it.  Parts are evenly spread
 * below a prime, and nobody outside can foresee them: they are of this process.
 */
#define READING_KEY_PRIME 2147483647u	/* 2^31 - 1 */
#define READING_KEY_PARTS 3

struct reading_key {
	uint32_t part[READING_KEY_PARTS];
};

void reading_key(struct reading_key *, struct buf *scratch,
    const struct route *, const struct record *);

#endif
