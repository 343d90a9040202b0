/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_JSON_JSON_H
#define MFX_JSON_JSON_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "json/span.h"

/*
 * A strict scanner of JSON (RFC 8259) over bytes in place: UTF-8 only, no
 * BOM, no comments, no trailing commas, no lone surrogates.  No recursion:
 * what is skipped may nest up to JSON_DEPTH_MAX.
 *
 * Names begin with scan_, as jansson uses json_.
 *
 * Every function takes the place to read at and returns the place after what it
 * has read; much of the speed comes from both staying in registers.  NULL means
 * failure; `why` and `at` give the reason and the place.
 */
/* nesting of values that are skipped */
#define JSON_DEPTH_MAX 64

struct scan {
	const char *end;
	const char *why, *at;
	struct arena *arena;	/* for strings with escapes */
	bool exponent;		/* the last number had one, or is long */
	bool (*key)(struct str);	/* called for each skipped key */
	bool key_seen;		/* `key` has returned true */
	void *owner;		/* for the caller's use */
};

/* always NULL */
const char *scan_fail(struct scan *, const char *at, const char *why);

static inline const char *
scan_space(const struct scan *j, const char *p)
{
	while (p < j->end && (*p == ' ' || *p == '\t' || *p == '\n' ||
	    *p == '\r'))
		p++;
	return p;
}

/* skips white space and `c`; NULL, which is not a failure, when there is no
 * `c` */
static inline const char *
scan_take(const struct scan *j, const char *p, char c)
{
	if (p < j->end && *p == c)
		return p + 1;
	p = scan_space(j, p);
	return p < j->end && *p == c ? p + 1 : NULL;
}

const char *scan_string_any(struct scan *, const char *p, struct str *out);

/* a string, from after its opening quote; *out is decoded, and borrows from
 * the text when there was nothing to decode */
static inline const char *
scan_string(struct scan *j, const char *p, struct str *out)
{
	unsigned n;

	/* most are short and plain; others start over */
	if (j->end - p < SPAN)
		return scan_string_any(j, p, out);
	n = span_first(span_mask_plain(p));
	if (n == SPAN || p[n] != '"')
		return scan_string_any(j, p, out);
	*out = (struct str){ p, n };
	return p + n + 1;
}

const char *scan_number_any(struct scan *, const char *p, struct str *out);

/* a number, its first byte at p */
static inline const char *
scan_number(struct scan *j, const char *start, struct str *out)
{
	const char *p = start;
	unsigned mask, whole, end;

	/* most are short and have no exponent; others start over */
	if (j->end - p < SPAN + 2)
		return scan_number_any(j, start, out);
	p += *p == '-';
	mask = span_mask_digit(p);
	whole = span_first(mask);
	end = p[whole] == '.' ?
	    span_first(mask & ~(1u << whole)) : whole;
	if (whole == 0 || end >= SPAN || end == whole + 1 ||
	    (p[end] | 0x20) == 'e' || (*p == '0' && whole > 1))
		return scan_number_any(j, start, out);
	j->exponent = false;
	*out = (struct str){ start, (size_t)(p + end - start) };
	return p + end;
}

/* any value, at p or after white space: checks and skips it */
const char *scan_skip(struct scan *, const char *p);

/* the end of the text, after white space */
const char *scan_end(struct scan *, const char *p);

/* text as a JSON string with its quotes; bytes that are not UTF-8 become
 * U+FFFD. The second writes to `to`, which has room for
 * JSON_STRING_MAX(text.n), and returns the end. */
void json_put_string(struct buf *, struct str);
char *json_write_string(char *to, struct str);
#define JSON_STRING_MAX(n) (6 * (n) + 2)

#endif
