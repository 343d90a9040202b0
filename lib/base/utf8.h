/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_UTF8_H
#define MFX_BASE_UTF8_H

#include <stdbool.h>

#include "base/str.h"

/* well-formed UTF-8 (RFC 3629): no surrogates, nothing over-long, nothing
 * above U+10FFFF */
bool utf8_valid(struct str);

/* length of the valid sequence that starts at p, 0 when p starts no valid
 * sequence; p < end */
size_t utf8_sequence(const char *p, const char *end);

/*
 * The same for text that comes in pieces: start from {0}, and put one byte
 * after the other.
 */
struct utf8_stream {
	unsigned char left;		/* bytes that the character needs */
	unsigned char low, high;	/* between which the next one lies */
	unsigned long c;		/* UTF8_WHOLE: the character */
};

enum utf8_result { UTF8_INVALID, UTF8_MORE, UTF8_WHOLE };

enum utf8_result utf8_stream_put(struct utf8_stream *, unsigned char);
/* a whole piece; false as soon as it can't be UTF-8 any more */
bool utf8_stream_take(struct utf8_stream *, struct str);

/* the character of a valid sequence of n bytes */
unsigned long utf8_decode(const char *p, size_t n);

/* C0, DEL and C1 controls, and the 66 noncharacters of Unicode (U+FDD0 to
 * U+FDEF, and the last two of each plane): not text for people */
bool utf8_is_control(unsigned long c);

/* does valid UTF-8 contain a C0, DEL or C1 control? */
bool utf8_has_control(struct str);

/* writes one character (not a surrogate, at most 0x10FFFF) to `to`, which
 * has room for 4 bytes; returns its length */
size_t utf8_encode(char *to, unsigned long c);

#endif
