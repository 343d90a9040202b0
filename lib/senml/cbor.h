/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_CBOR_H
#define MFX_SENML_CBOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * CBOR (RFC 8949) as far as SenML needs it: heads, and skipping items.  As in
 * json/json.h every function takes the place to read at and returns the
 * place after what it has read; NULL when it is not well-formed, with `why`
 * and `at`.  A size is not trusted before its bytes are there, and nothing
 * recurses.
 */
struct cbor {
	const char *end;
	const char *why, *at;
};

enum cbor_major {
	CBOR_UINT, CBOR_NEGATIVE, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY,
	CBOR_MAP, CBOR_TAG, CBOR_SIMPLE,
};

struct cbor_head {
	enum cbor_major major;
	unsigned info;		/* 0 to 31; 31: indefinite, or the break */
	uint64_t arg;		/* value, length, count, tag or float's bits */
};

#define CBOR_INDEFINITE 31
/* of SIMPLE: arg of false and true, info of the floats */
#define CBOR_FALSE 20
#define CBOR_TRUE 21
#define CBOR_HALF 25
#define CBOR_SINGLE 26
#define CBOR_DOUBLE 27

/* sets `why` and `at`; returns NULL */
const char *cbor_fail(struct cbor *, const char *at, const char *why);

const char *cbor_head_any(struct cbor *, const char *p, struct cbor_head *);

static inline const char *
cbor_head(struct cbor *c, const char *p, struct cbor_head *h)
{
	unsigned char first;

	if (p == c->end)
		return cbor_head_any(c, p, h);
	first = (unsigned char)*p;
	h->major = first >> 5;
	h->info = first & 31;
	h->arg = h->info;
	/* most heads are one byte */
	return h->info < 24 ? p + 1 : cbor_head_any(c, p, h);
}

/* the bytes of a definite string whose head has been read; *out borrows */
const char *cbor_string(struct cbor *, const char *p, const struct cbor_head *,
    struct str *out);

/* is it the break that ends an indefinite item? */
static inline bool
cbor_is_break(const struct cbor *c, const char *p)
{
	return p < c->end && (unsigned char)*p == 0xff;
}

/*
 * Skips an item with everything in it, nested at most CBOR_DEPTH_MAX deep.
 * The deepest pack needs that: an ignored value, JSON_DEPTH_MAX deep, in a
 * record, in a pack, in a tag.  cbor_skip_within has a limit of its own, from
 * 1 to CBOR_DEPTH_MAX.
 */
#define CBOR_DEPTH_MAX 67
const char *cbor_skip(struct cbor *, const char *p);
const char *cbor_skip_within(struct cbor *, const char *p, int max);

/*
 * The same in steps, for bytes that are still arriving: begin with a walk
 * of zeros.  NULL with c->at == c->end means that it needs more bytes: call
 * it again at w->at, adjusted if the bytes have moved.
 */
struct cbor_open {
	uint64_t left;		/* items that are missing */
	enum cbor_major major;	/* BYTES, TEXT: the chunks of a string */
	bool indefinite, odd;	/* odd: a key of a map waits for its value */
};

struct cbor_walk {
	const char *at;
	int depth, max;
	bool begun;
	struct cbor_open open[CBOR_DEPTH_MAX + 1];
};

const char *cbor_step(struct cbor *, struct cbor_walk *, const char *p);

/* the double that a head of CBOR_HALF, _SINGLE or _DOUBLE holds */
double cbor_float(const struct cbor_head *);

/* ---- writing: shortest forms ---- */
void cbor_put_head(struct buf *, enum cbor_major, uint64_t arg);
/* A JSON number: as an integer or float of the same value; where a double
 * would lose digits, as a decimal fraction; and as the nearest double when the
 * digits need more than 64 bits or the number is extremely small. */
void cbor_put_number(struct buf *, struct str);
/* a head into `to`; returns its length */
#define CBOR_HEAD_MAX 9
size_t cbor_print_head(char *to, enum cbor_major, uint64_t arg);

#endif
