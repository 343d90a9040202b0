/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CQL_BODY_H
#define MFX_CQL_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * The notations of the protocol (v5 3), read from the body of a message and
 * appended to one.  Reading beyond the end gives 0 or an empty slice, and sets
 * `bad`, which stays: so a whole message may be read and checked once.
 */
struct body {
	struct str left;
	bool bad;
};

static inline struct str
body_take(struct body *b, size_t n)
{
	struct str s = { b->left.p, n };

	if (b->bad || n > b->left.n) {
		b->bad = true;
		b->left = STR_NONE;
		return STR("");
	}
	b->left = str_from(b->left, n);
	return s;
}

/* n bytes as an unsigned number, the highest first */
static inline uint64_t
body_number(struct str s)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < s.n; i++)
		v = v << 8 | (unsigned char)s.p[i];
	return v;
}

static inline uint8_t
body_byte(struct body *b)
{
	return (uint8_t)body_number(body_take(b, 1));
}

static inline uint16_t
body_short(struct body *b)
{
	return (uint16_t)body_number(body_take(b, 2));
}

static inline int32_t
body_int(struct body *b)
{
	return (int32_t)(uint32_t)body_number(body_take(b, 4));
}

/* [string] and [short bytes] */
static inline struct str
body_string(struct body *b)
{
	return body_take(b, body_short(b));
}

/* [bytes]; null is STR_NONE */
static inline struct str
body_bytes(struct body *b)
{
	int32_t n = body_int(b);

	return n < 0 ? STR_NONE : body_take(b, (size_t)n);
}

static inline void
body_put_number(struct buf *b, uint64_t v, int bytes)
{
	char text[8];
	int i;

	for (i = bytes - 1; i >= 0; i--, v >>= 8)
		text[i] = (char)(v & 0xff);
	buf_put(b, text, (size_t)bytes);
}

static inline void
body_put_short(struct buf *b, uint16_t v)
{
	body_put_number(b, v, 2);
}

static inline void
body_put_int(struct buf *b, int32_t v)
{
	body_put_number(b, (uint32_t)v, 4);
}

/* at most 65535 bytes */
static inline void
body_put_string(struct buf *b, struct str s)
{
	body_put_short(b, (uint16_t)s.n);
	buf_put(b, s.p, (uint16_t)s.n);
}

static inline void
body_put_bytes(struct buf *b, struct str s)
{
	body_put_int(b, (int32_t)s.n);
	buf_put_str(b, s);
}

#endif
