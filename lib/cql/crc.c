/* SPDX-License-Identifier: Apache-2.0 */
#include "cql/crc.h"

#include <stdbool.h>

uint32_t
crc_header(uint32_t header, int n)
{
	uint32_t crc = 0x875060;
	int i, bit;

	for (i = 0; i < n; i++, header >>= 8) {
		crc ^= (header & 0xff) << 16;
		for (bit = 0; bit < 8; bit++) {
			crc <<= 1;
			if (crc & 0x1000000)
				crc ^= 0x1974f0b;
		}
	}
	return crc;
}

/* crc_table[k][b]: what b adds k bytes later, so that eight bytes are one
 * step */
static uint32_t crc_table[8][256];

static void
crc_prepare(void)
{
	uint32_t b, crc;
	int i;

	for (b = 0; b < 256; b++) {
		crc = b;
		for (i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
		crc_table[0][b] = crc;
	}
	for (i = 1; i < 8; i++)
		for (b = 0; b < 256; b++) {
			crc = crc_table[i - 1][b];
			crc_table[i][b] = crc >> 8 ^ crc_table[0][crc & 0xff];
		}
}

static uint32_t
crc_add(uint32_t crc, struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	for (; s.n >= 8; p += 8, s.n -= 8) {
		crc ^= p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
		    (uint32_t)p[3] << 24;
		crc = crc_table[7][crc & 0xff] ^
		    crc_table[6][crc >> 8 & 0xff] ^
		    crc_table[5][crc >> 16 & 0xff] ^ crc_table[4][crc >> 24] ^
		    crc_table[3][p[4]] ^ crc_table[2][p[5]] ^
		    crc_table[1][p[6]] ^ crc_table[0][p[7]];
	}
	for (; s.n > 0; p++, s.n--)
		crc = crc >> 8 ^ crc_table[0][(crc ^ *p) & 0xff];
	return crc;
}

uint32_t
crc_payload(struct str payload)
{
	if (crc_table[0][1] == 0)
		crc_prepare();
	return ~crc_add(crc_add(0xffffffff, STR("\xfa\x2d\x55\xca")), payload);
}
