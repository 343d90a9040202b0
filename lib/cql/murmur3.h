/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CQL_MURMUR3_H
#define MFX_CQL_MURMUR3_H

#include <stdint.h>

#include "base/str.h"

/*
 * The token of a partition key, as Cassandra's Murmur3Partitioner computes it:
 * the first half of MurmurHash3_x64_128 with seed 0, but that the bytes after
 * the last whole block of 16 are taken as signed (Java's), which is another
 * number for those above 127; and the smallest of all is the largest instead,
 * as it stands for "before the first".
 */
int64_t murmur3_token(struct str key);

#endif
