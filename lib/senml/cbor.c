/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/cbor.h"

#include <endian.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "json/number.h"

#define TAG_DECIMAL 4
/* a number below this, of 15 digits, always comes back from a double, within
 * its range */
#define DOUBLE_KEEPS UINT64_C(1000000000000000)
#define DOUBLE_EXPONENT 290

const char *
cbor_fail(struct cbor *c, const char *at, const char *why)
{
	c->at = at;
	c->why = why;
	return NULL;
}

const char *
cbor_head_any(struct cbor *c, const char *p, struct cbor_head *h)
{
	uint64_t bytes;
	size_t n, i;

	if (p == c->end)
		return cbor_fail(c, p, "CBOR ends too early");
	h->major = (unsigned char)*p >> 5;
	h->info = (unsigned char)*p & 31;
	h->arg = 0;
	if (h->info < 24) {
		h->arg = h->info;
		return p + 1;
	}
	if (h->info == CBOR_INDEFINITE) {
		if (h->major < CBOR_BYTES || h->major == CBOR_TAG)
			return cbor_fail(c, p, "CBOR head is reserved");
		return p + 1;
	}
	if (h->info > 27)
		return cbor_fail(c, p, "CBOR head is reserved");
	n = (size_t)1 << (h->info - 24);
	if ((size_t)(c->end - p) <= n)
		return cbor_fail(c, c->end, "CBOR ends too early");
	if (n == 8) {
		memcpy(&bytes, p + 1, sizeof bytes);
		h->arg = be64toh(bytes);
		return p + 9;
	}
	for (i = 1; i <= n; i++)
		h->arg = h->arg << 8 | (unsigned char)p[i];
	if (h->major == CBOR_SIMPLE && h->info == 24 && h->arg < 32)
		return cbor_fail(c, p, "CBOR head is reserved");
	return p + 1 + n;
}

const char *
cbor_string(struct cbor *c, const char *p, const struct cbor_head *h,
    struct str *out)
{
	if (h->info == CBOR_INDEFINITE)
		return cbor_fail(c, p, "a string of indefinite length");
	if (h->arg > (uint64_t)(c->end - p))
		return cbor_fail(c, c->end, "CBOR ends too early");
	*out = (struct str){ p, (size_t)h->arg };
	return p + h->arg;
}

/* The item at p is a whole one, or opens others. */
static const char *
cbor_skip_head(struct cbor *c, const char *p, struct cbor_walk *w)
{
	struct cbor_open *o = &w->open[w->depth];
	struct cbor_head h;
	struct str ignored;
	const char *q = cbor_head(c, p, &h);

	if (q == NULL)
		return NULL;
	if (o->indefinite && (o->major == CBOR_BYTES || o->major == CBOR_TEXT)
	    && (h.major != o->major || h.info == CBOR_INDEFINITE))
		return cbor_fail(c, p, "not a chunk of a string");
	if (h.major == CBOR_SIMPLE && h.info == CBOR_INDEFINITE)
		return cbor_fail(c, p, "a break where none can be");
	if (h.info != CBOR_INDEFINITE) {
		if (h.major == CBOR_BYTES || h.major == CBOR_TEXT)
			return cbor_string(c, q, &h, &ignored);
		if (h.major < CBOR_BYTES || h.major == CBOR_SIMPLE ||
		    (h.major != CBOR_TAG && h.arg == 0))
			return q;
	}
	if (w->depth == (w->max ? w->max : CBOR_DEPTH_MAX))
		return cbor_fail(c, p, "nested too deep");
	/* one byte an item at least; also keeps the doubling in range */
	if (h.major != CBOR_TAG && h.info != CBOR_INDEFINITE &&
	    h.arg > (uint64_t)(c->end - q))
		return cbor_fail(c, c->end, "CBOR ends too early");
	w->open[++w->depth] = (struct cbor_open){
		.left = h.major == CBOR_TAG ? 1 :
		    h.major == CBOR_MAP ? h.arg * 2 : h.arg,
		.major = h.major, .indefinite = h.info == CBOR_INDEFINITE,
	};
	return q;
}

/* Closes what ends at p. */
static const char *
cbor_close_open(struct cbor *c, const char *p, struct cbor_open *open,
    int *depth)
{
	while (*depth > 0) {
		struct cbor_open *o = &open[*depth];

		if (!o->indefinite && o->left > 0)
			break;
		if (o->indefinite) {
			if (!cbor_is_break(c, p))
				break;
			if (o->odd)
				return cbor_fail(c, p, "a key without value");
			p++;
		}
		--*depth;
		/* its parent has one item more */
		open[*depth].left--;
		open[*depth].odd ^= open[*depth].major == CBOR_MAP;
	}
	return p;
}

/* Numbers and short strings inside of an item of definite length, as nearly
 * all of a pack is: stepped over without looking at what is open. */
static const char *
cbor_skip_plain(const char *p, const char *end, struct cbor_open *o)
{
	for (; o->left > 0 && p < end; o->left--) {
		unsigned char first = (unsigned char)*p;
		unsigned info = first & 31;
		size_t n = 1;

		switch (first >> 5) {
		case CBOR_BYTES: case CBOR_TEXT:
			n += info;
			break;
		case CBOR_SIMPLE:
			/* a second byte would have to be looked at */
			if (info == 24)
				return p;
			__attribute__((fallthrough));
		case CBOR_UINT: case CBOR_NEGATIVE:
			if (info >= 24 && info <= 27) {
				n += (size_t)1 << (info - 24);
				info = 0;
			}
			break;
		default:
			return p;
		}
		if (info >= 24 || (size_t)(end - p) < n)
			return p;
		p += n;
	}
	return p;
}

const char *
cbor_step(struct cbor *c, struct cbor_walk *w, const char *p)
{
	if (!w->begun)
		w->open[0] = (struct cbor_open){
			.left = 1, .major = CBOR_ARRAY
		};
	w->begun = true;
	for (;;) {
		const char *q;
		int before;

		/* first what ends here: the break may only have come now */
		w->at = p;
		if ((p = cbor_close_open(c, p, w->open, &w->depth)) == NULL)
			return NULL;
		if (w->depth == 0 && w->open[0].left == 0)
			break;
		w->at = p;
		before = w->depth;
		if (before > 0 && !w->open[before].indefinite) {
			q = cbor_skip_plain(p, c->end, &w->open[before]);
			if (q != p) {
				p = q;
				continue;
			}
		}
		if ((p = cbor_skip_head(c, p, w)) == NULL)
			return NULL;
		if (w->depth == before) {
			w->open[before].left--;
			w->open[before].odd ^=
			    w->open[before].major == CBOR_MAP;
		}
	}
	w->begun = false;
	return p;
}

const char *
cbor_skip(struct cbor *c, const char *p)
{
	return cbor_skip_within(c, p, CBOR_DEPTH_MAX);
}

const char *
cbor_skip_within(struct cbor *c, const char *p, int max)
{
	struct cbor_walk walk;

	walk.depth = 0;
	walk.max = max;
	walk.begun = false;
	return cbor_step(c, &walk, p);
}

static double
cbor_half(unsigned bits)
{
	int exponent = (int)(bits >> 10 & 31);
	double m = bits & 0x3ff, v;

	if (exponent == 0)
		v = ldexp(m, -24);
	else if (exponent < 31)
		v = ldexp(m + 1024, exponent - 25);
	else
		v = m == 0 ? INFINITY : NAN;
	return bits & 0x8000 ? -v : v;
}

double
cbor_float(const struct cbor_head *h)
{
	uint32_t single = (uint32_t)h->arg;
	double d;
	float f;

	if (h->info == CBOR_HALF)
		return cbor_half((unsigned)h->arg);
	if (h->info == CBOR_SINGLE) {
		memcpy(&f, &single, sizeof f);
		return (double)f;
	}
	memcpy(&d, &h->arg, sizeof d);
	return d;
}

static size_t
cbor_big_endian(char *to, unsigned first, uint64_t v, int bytes)
{
	int i;

	to[0] = (char)first;
	for (i = bytes; i > 0; i--) {
		to[i] = (char)(v & 0xff);
		v >>= 8;
	}
	return (size_t)bytes + 1;
}

size_t
cbor_print_head(char *to, enum cbor_major major, uint64_t arg)
{
	unsigned first = (unsigned)major << 5;

	if (arg < 24)
		return cbor_big_endian(to, first | (unsigned)arg, 0, 0);
	if (arg <= UINT8_MAX)
		return cbor_big_endian(to, first | 24, arg, 1);
	if (arg <= UINT16_MAX)
		return cbor_big_endian(to, first | 25, arg, 2);
	if (arg <= UINT32_MAX)
		return cbor_big_endian(to, first | 26, arg, 4);
	return cbor_big_endian(to, first | 27, arg, 8);
}

void
cbor_put_head(struct buf *b, enum cbor_major major, uint64_t arg)
{
	char text[CBOR_HEAD_MAX];

	if (arg < 24)
		buf_putc(b, (char)((unsigned)major << 5 | arg));
	else
		buf_put(b, text, cbor_print_head(text, major, arg));
}

static void
cbor_put_bits(struct buf *b, unsigned first, uint64_t bits, int bytes)
{
	char text[CBOR_HEAD_MAX];

	buf_put(b, text, cbor_big_endian(text, first, bits, bytes));
}

/* The half that is exactly v, or -1. */
static long
cbor_exact_half(double v)
{
	long sign = signbit(v) ? 0x8000 : 0, bits;
	int e;
	double m;

	if (v == 0)
		return sign;
	m = frexp(fabs(v), &e);
	if (e > 16)
		return -1;
	bits = e >= -13 ? (long)((m * 2048) - 1024) + ((e + 14L) << 10) :
	    (long)ldexp(m, e + 24);
	return cbor_half((unsigned)(bits | sign)) == v ? bits | sign : -1;
}

static void
cbor_put_double(struct buf *b, double v)
{
	float f = (float)v;
	uint64_t bits;
	uint32_t single;
	long h;

	/* whole numbers as integers: both ways the same number to SenML */
	if (fabs(v) < 9007199254740992.0 && (double)(int64_t)v == v) {
		if (v < 0)
			cbor_put_head(b, CBOR_NEGATIVE, (uint64_t)(-v - 1));
		else
			cbor_put_head(b, CBOR_UINT, (uint64_t)v);
	} else if ((double)f != v) {
		memcpy(&bits, &v, sizeof bits);
		cbor_put_bits(b, 0xfb, bits, 8);
	} else if ((h = cbor_exact_half(v)) >= 0) {
		cbor_put_bits(b, 0xf9, (uint64_t)h, 2);
	} else {
		memcpy(&single, &f, sizeof single);
		cbor_put_bits(b, 0xfa, single, 4);
	}
}

/* Does the nearest double still say m * 10^e?  Where doubles end nobody
 * can expect more. */
static bool
cbor_double_keeps(double v, uint64_t m, int e)
{
	char text[NUMBER_TEXT];
	bool negative;
	uint64_t m2;
	int e2;

	if ((m < DOUBLE_KEEPS && e > -DOUBLE_EXPONENT &&
	    e < DOUBLE_EXPONENT) || fabs(v) < DBL_MIN)
		return true;
	return number_decimal((struct str){ text, number_print(text, v) },
	    &negative, &m2, &e2) && m2 == m && (e2 == e || m == 0);
}

/* m * 10^e when an integer can hold it */
static bool
cbor_whole(uint64_t *m, int e)
{
	uint64_t v = *m;

	if (e < 0)
		return false;
	if (v == 0)
		return true;
	for (; e > 0; e--)
		if (__builtin_mul_overflow(v, 10, &v))
			return false;
	*m = v;
	return true;
}

static void
cbor_put_integer(struct buf *b, bool negative, uint64_t m)
{
	if (negative && m > 0)
		cbor_put_head(b, CBOR_NEGATIVE, m - 1);
	else
		cbor_put_head(b, CBOR_UINT, m);
}

void
cbor_put_number(struct buf *b, struct str number)
{
	double v;
	uint64_t m;
	bool negative;
	int e;

	if (!number_decimal(number, &negative, &m, &e)) {
		cbor_put_double(b, number_value(number));
	} else if (cbor_whole(&m, e)) {
		cbor_put_integer(b, negative, m);
	} else if (cbor_double_keeps(v = number_value(number), m, e)) {
		cbor_put_double(b, v);
	} else {
		cbor_put_head(b, CBOR_TAG, TAG_DECIMAL);
		cbor_put_head(b, CBOR_ARRAY, 2);
		cbor_put_integer(b, e < 0, (uint64_t)(e < 0 ? -e : e));
		cbor_put_integer(b, negative, m);
	}
}
