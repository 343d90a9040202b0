/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_JSON_SPAN_H
#define MFX_JSON_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/*
 * The length of a run of bytes of one kind.  A parser spends its time in these
 * loops, and the processor mispredicts their end, so sixteen bytes are
 * classified together, with one bit for each.
 *
 * A `mask` has bit i set when byte i is not of the kind.  The vector form and
 * the portable one give the same (tests/unit/span.c); both read exactly SPAN
 * bytes at p.
 */
#define SPAN 16

/* needs no escape in a JSON string: not a control byte, quote or backslash, and
 * not above 0x7f */
static inline bool
span_is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x80 && c != '"' && c != '\\';
}

static inline bool
span_is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

/* allowed in a SenML name (RFC 8428 4.5.1): letters, digits, - : . / _ */
static inline bool
span_is_name(unsigned char c)
{
	/* from '-' to ':' are - . / the digits and : */
	return (c >= '-' && c <= ':') || c == '_' ||
	    ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* allowed in the id of a channel: letters, digits, - and _ */
static inline bool
span_is_id(unsigned char c)
{
	return span_is_digit(c) || c == '-' || c == '_' ||
	    ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* a digit of a UUID as we write it */
static inline bool
span_is_hex(unsigned char c)
{
	return span_is_digit(c) || (c >= 'a' && c <= 'f');
}

#define SPAN_PORTABLE(kind)						\
static inline unsigned							\
span_mask_##kind##_portable(const char *p)				\
{									\
	unsigned mask = 0, i;						\
									\
	for (i = 0; i < SPAN; i++)					\
		mask |= (unsigned)!span_is_##kind((unsigned char)p[i])	\
		    << i;						\
	return mask;							\
}

SPAN_PORTABLE(plain)
SPAN_PORTABLE(digit)
SPAN_PORTABLE(name)
SPAN_PORTABLE(id)
SPAN_PORTABLE(hex)

#ifdef __SSE2__
static inline __m128i
span_load(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* 0xff where low <= byte <= high, unsigned */
static inline __m128i
span_within(__m128i v, unsigned char low, unsigned char high)
{
	__m128i from_low = _mm_sub_epi8(v, _mm_set1_epi8((char)low));
	__m128i width = _mm_set1_epi8((char)(high - low));

	return _mm_cmpeq_epi8(_mm_min_epu8(from_low, width), from_low);
}

static inline unsigned
span_not(__m128i kind)
{
	return (unsigned)_mm_movemask_epi8(kind) ^ 0xffff;
}

static inline unsigned
span_mask_plain(const char *p)
{
	__m128i v = span_load(p);

	/* signed: bytes above 0x7f are below the space too */
	return (unsigned)_mm_movemask_epi8(_mm_or_si128(
	    _mm_cmplt_epi8(v, _mm_set1_epi8(' ')),
	    _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
	    _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')))));
}

static inline unsigned
span_mask_digit(const char *p)
{
	return span_not(span_within(span_load(p), '0', '9'));
}

static inline unsigned
span_mask_name(const char *p)
{
	__m128i v = span_load(p);
	__m128i lower = _mm_or_si128(v, _mm_set1_epi8(0x20));

	return span_not(_mm_or_si128(span_within(lower, 'a', 'z'),
	    _mm_or_si128(span_within(v, '-', ':'),
	    _mm_cmpeq_epi8(v, _mm_set1_epi8('_')))));
}

static inline unsigned
span_mask_id(const char *p)
{
	__m128i v = span_load(p);
	__m128i lower = _mm_or_si128(v, _mm_set1_epi8(0x20));

	return span_not(_mm_or_si128(
	    _mm_or_si128(span_within(lower, 'a', 'z'),
	    span_within(v, '0', '9')),
	    _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('-')),
	    _mm_cmpeq_epi8(v, _mm_set1_epi8('_')))));
}

static inline unsigned
span_mask_hex(const char *p)
{
	__m128i v = span_load(p);

	return span_not(_mm_or_si128(span_within(v, '0', '9'),
	    span_within(v, 'a', 'f')));
}
#else
#define span_mask_plain span_mask_plain_portable
#define span_mask_digit span_mask_digit_portable
#define span_mask_name span_mask_name_portable
#define span_mask_id span_mask_id_portable
#define span_mask_hex span_mask_hex_portable
#endif

/* Copies strings that are mostly short, without a call, and without the many
 * cases of memcpy. */
static inline void
span_copy(char *to, const char *from, size_t n)
{
	size_t i;

	if (n >= SPAN) {
		for (i = 0; i + SPAN < n; i += SPAN)
			memcpy(to + i, from + i, SPAN);
		memcpy(to + n - SPAN, from + n - SPAN, SPAN);
	} else if (n >= 8) {
		memcpy(to, from, 8);
		memcpy(to + n - 8, from + n - 8, 8);
	} else if (n >= 4) {
		memcpy(to, from, 4);
		memcpy(to + n - 4, from + n - 4, 4);
	} else if (n > 0) {
		to[0] = from[0];
		to[n / 2] = from[n / 2];
		to[n - 1] = from[n - 1];
	}
}

/* index of the lowest bit; SPAN when there is none */
static inline unsigned
span_first(unsigned mask)
{
	return (unsigned)__builtin_ctz(mask | 1u << SPAN);
}

/* the length of the run at p, however long */
#define SPAN_RUN(kind)							\
static inline size_t							\
span_##kind(const char *p, const char *end)				\
{									\
	const char *start = p;						\
	unsigned mask;							\
									\
	for (; end - p >= SPAN; p += SPAN)				\
		if ((mask = span_mask_##kind(p)) != 0)			\
			return (size_t)(p - start) + span_first(mask);	\
	while (p < end && span_is_##kind((unsigned char)*p))		\
		p++;							\
	return (size_t)(p - start);					\
}

SPAN_RUN(plain)
SPAN_RUN(digit)
SPAN_RUN(name)
SPAN_RUN(id)

#endif
