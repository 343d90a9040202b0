/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_CBOR_H
#define MFX_SENML_CBOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * CBOR (RFC 8949) as far as SenML needs it: heads, and stepping over what
 * is not wanted.  As in json/json.h every function takes the place to
 * read at and returns the place behind; NULL when it is not well-formed,
 * with `why` and `at`.  No size that is claimed is believed before the
 * bytes are there, and nothing recurses.
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
/* SIMPLE: arg of false, true; info of the floats */
#define CBOR_FALSE 20
#define CBOR_TRUE 21
#define CBOR_HALF 25
#define CBOR_SINGLE 26
#define CBOR_DOUBLE 27

/* always NULL */
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

/* the bytes of a definite string whose head has been read: *out borrows */
const char *cbor_string(struct cbor *, const char *p, const struct cbor_head *,
    struct str *out);

/* the break that ends an indefinite item? */
static inline bool
cbor_is_break(const struct cbor *c, const char *p)
{
	return p < c->end && (unsigned char)*p == 0xff;
}

/*
 * An item with all that is in it, nested at most CBOR_DEPTH_MAX deep, which
 * is what the deepest pack has: a value that is ignored, JSON_DEPTH_MAX
 * deep, in a record, in a pack, in a tag.  The second one has a `max` of
 * its own, from 1 to that.
 */
#define CBOR_DEPTH_MAX 67
const char *cbor_skip(struct cbor *, const char *p);
const char *cbor_skip_within(struct cbor *, const char *p, int max);

/*
 * The same in steps, for bytes that are still arriving: begin with a walk
 * of zeros.  NULL with c->at == c->end means that more is needed: call
 * again with w->at, moved to where that byte is then.
 */
struct cbor_open {
	uint64_t left;		/* items it still wants */
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
void cbor_put_double(struct buf *, double);

#endif
