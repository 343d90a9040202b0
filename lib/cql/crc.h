/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CQL_CRC_H
#define MFX_CQL_CRC_H

#include <stdint.h>

#include "base/str.h"

/* The checksums of segments (v5 2.1): that of a header, whose bytes are the
 * low `n` of `header`, the lowest first; and that of a payload, which is
 * CRC-32 as zlib has it, of four given bytes and the payload. */
uint32_t crc_header(uint32_t header, int n);
uint32_t crc_payload(struct str payload);

#endif
