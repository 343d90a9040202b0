/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SenML in CBOR (RFC 8428 6).  Numbers become text on their way to the
 * resolver, like those of the other encodings, so sums are decimal and
 * what was sent as a decimal fraction keeps its digits.
 */
#include <endian.h>
#include <math.h>

#include "base/base64.h"
#include "base/digits.h"
#include "base/utf8.h"
#include "json/json.h"
#include "json/number.h"
#include "json/span.h"
#include "senml/cbor.h"
#include "senml/codec.h"
#include "senml/frame.h"

#define TAG_TIME 1
#define TAG_BIGNUM 2
#define TAG_NEGATIVE_BIGNUM 3
#define TAG_DECIMAL 4
#define TAG_CBOR 55799
/* a bignum above this is beyond any double */
#define BIGNUM_BYTES 128
#define DIGITS_MAX (BIGNUM_BYTES * 3 + 32)

/* the label and 1 by the head of its key, an integer from -6 to 8; 0: none */
static const unsigned char codec_cbor_labels[256] = {
	[0x25] = LABEL_BS + 1, [0x24] = LABEL_BV + 1, [0x23] = LABEL_BU + 1,
	[0x22] = LABEL_BT + 1, [0x21] = LABEL_BN + 1, [0x20] = LABEL_BVER + 1,
	[0x00] = LABEL_N + 1, [0x01] = LABEL_U + 1, [0x02] = LABEL_V + 1,
	[0x03] = LABEL_VS + 1, [0x04] = LABEL_VB + 1, [0x05] = LABEL_S + 1,
	[0x06] = LABEL_T + 1, [0x07] = LABEL_UT + 1, [0x08] = LABEL_VD + 1,
};

struct reading {
	struct cbor c;
	struct pack *pack;
	struct arena *arena;	/* the pack's */
	struct resolver *resolver;
};

/* A number being made, in the arena: room for DIGITS_MAX bytes. */
struct number {
	char *text;
	size_t n;
	bool exponent;
};

static void
codec_cbor_unsigned(struct number *to, bool negative, uint64_t v)
{
	to->n = 0;
	if (negative)
		to->text[to->n++] = '-';
	/* CBOR's negative is -1 - v, which for the largest v is -2^64 */
	if (negative && v == UINT64_MAX) {
		memcpy(to->text + 1, "18446744073709551616", 20);
		to->n += 20;
		return;
	}
	to->n += digits_print(to->text + to->n, v + negative);
}

/* Divides a big-endian number by ten, in place; gives the remainder. */
static int
codec_cbor_divide(unsigned char *v, size_t n)
{
	int rest = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		int d = rest * 256 + v[i];

		v[i] = (unsigned char)(d / 10);
		rest = d % 10;
	}
	return rest;
}

static bool
codec_cbor_big_digits(struct number *to, bool negative, struct str bytes)
{
	unsigned char v[BIGNUM_BYTES + 1];
	char digits[DIGITS_MAX];
	size_t n = 0, i;
	bool more;

	while (bytes.n > 0 && bytes.p[0] == '\0')
		bytes = str_from(bytes, 1);
	if (bytes.n > BIGNUM_BYTES)
		return false;
	v[0] = 0;
	memcpy(v + 1, bytes.p, bytes.n);
	/* the negative of n is -1 - n: add the one */
	for (i = bytes.n; negative; i--)
		if (++v[i] != 0)
			break;
	do {
		digits[n++] = (char)('0' + codec_cbor_divide(v, bytes.n + 1));
		for (more = false, i = 0; i <= bytes.n; i++)
			more |= v[i] != 0;
	} while (more);
	to->n = 0;
	if (negative)
		to->text[to->n++] = '-';
	while (n > 0)
		to->text[to->n++] = digits[--n];
	return true;
}

/* Puts a point among the digits, or an exponent after them. */
static void
codec_cbor_scale(struct number *to, int64_t e)
{
	bool negative = to->text[0] == '-';
	size_t digits = to->n - negative, move;

	if (e == 0)
		return;
	if (e < -18 || e > 0) {
		to->text[to->n++] = 'e';
		if (e < 0)
			to->text[to->n++] = '-';
		/* -e of the least one would not fit; it is 0 either way */
		to->n += digits_print(to->text + to->n, e < 0 ?
		    (e < -99999 ? 99999 : (uint64_t)-e) :
		    (e > 99999 ? 99999 : (uint64_t)e));
		to->exponent = true;
		return;
	}
	/* 5 with -2 is 0.05: zeros in front, then the point */
	while (digits <= (size_t)-e) {
		memmove(to->text + negative + 1, to->text + negative, digits);
		to->text[negative] = '0';
		digits++;
		to->n++;
	}
	move = (size_t)-e;
	memmove(to->text + to->n - move + 1, to->text + to->n - move, move);
	to->text[to->n - move] = '.';
	to->n++;
}

static const char *
codec_cbor_big(struct reading *r, const char *p, uint64_t tag,
    struct number *to)
{
	struct cbor_head h;
	struct str bytes;
	const char *q = cbor_head(&r->c, p, &h);

	if (q == NULL)
		return NULL;
	if (h.major != CBOR_BYTES)
		return cbor_fail(&r->c, p, "not a number");
	if ((q = cbor_string(&r->c, q, &h, &bytes)) == NULL)
		return NULL;
	return codec_cbor_big_digits(to, tag == TAG_NEGATIVE_BIGNUM,
	    bytes) ? q :
	    cbor_fail(&r->c, p, "number out of range");
}

/* [exponent, mantissa] */
static const char *
codec_cbor_decimal(struct reading *r, const char *p, struct number *to)
{
	struct cbor_head h;
	const char *at = p;
	int64_t e;

	if ((p = cbor_head(&r->c, p, &h)) == NULL)
		return NULL;
	if (h.major != CBOR_ARRAY || h.arg != 2)
		return cbor_fail(&r->c, at, "not a decimal fraction");
	if ((p = cbor_head(&r->c, p, &h)) == NULL)
		return NULL;
	if (h.major > CBOR_NEGATIVE)
		return cbor_fail(&r->c, at, "not a decimal fraction");
	e = h.arg > INT32_MAX ? INT32_MAX : (int64_t)h.arg;
	if (h.major == CBOR_NEGATIVE)
		e = -1 - e;
	at = p;
	if ((p = cbor_head(&r->c, p, &h)) == NULL)
		return NULL;
	if (h.major <= CBOR_NEGATIVE)
		codec_cbor_unsigned(to, h.major == CBOR_NEGATIVE, h.arg);
	else if (h.major == CBOR_TAG && (h.arg == TAG_BIGNUM ||
	    h.arg == TAG_NEGATIVE_BIGNUM))
		p = codec_cbor_big(r, p, h.arg, to);
	else
		return cbor_fail(&r->c, at, "not a decimal fraction");
	if (p != NULL)
		codec_cbor_scale(to, e);
	return p;
}

static const char *
codec_cbor_float(struct reading *r, const char *p, const struct cbor_head *h,
    struct number *to)
{
	double v = cbor_float(h);

	if (!isfinite(v))
		return cbor_fail(&r->c, p, "number out of range");
	to->n = number_print(to->text, v);
	return p;
}

/* A tag in front of a number, and the number. */
static const char *
codec_cbor_tagged(struct reading *r, const char *p, uint64_t tag, enum label l,
    struct number *to)
{
	struct cbor_head h;
	const char *q;

	if (tag == TAG_DECIMAL)
		return codec_cbor_decimal(r, p, to);
	if (tag == TAG_BIGNUM || tag == TAG_NEGATIVE_BIGNUM)
		return codec_cbor_big(r, p, tag, to);
	/* meters send times so */
	if (tag != TAG_TIME || (l != LABEL_T && l != LABEL_BT))
		return cbor_fail(&r->c, p, "not a number");
	if ((q = cbor_head(&r->c, p, &h)) == NULL)
		return NULL;
	if (h.major <= CBOR_NEGATIVE) {
		codec_cbor_unsigned(to, h.major == CBOR_NEGATIVE, h.arg);
		return q;
	}
	if (h.major == CBOR_SIMPLE && h.info >= CBOR_HALF &&
	    h.info <= CBOR_DOUBLE)
		return codec_cbor_float(r, q, &h, to);
	return cbor_fail(&r->c, p, "not a number");
}

static const char *
codec_cbor_bytes(struct reading *r, const char *p, enum cbor_major major,
    struct str *out)
{
	struct cbor_head h;
	const char *q = cbor_head(&r->c, p, &h);

	if (q == NULL)
		return NULL;
	if (h.major != major)
		return cbor_fail(&r->c, p, major == CBOR_TEXT ?
		    "not a string" : "vd is not a byte string");
	return cbor_string(&r->c, q, &h, out);
}

static const char *
codec_cbor_string(struct reading *r, const char *p, enum cbor_major major,
    struct str *out)
{
	const char *q = codec_cbor_bytes(r, p, major, out);

	if (q == NULL)
		return NULL;
	if (major == CBOR_TEXT && !utf8_valid(*out))
		return cbor_fail(&r->c, p, "not UTF-8");
	return q;
}

/* A text whose head is one byte and after which there is a span to look
 * at, as nearly all are: *n is its length. */
static inline bool
codec_cbor_is_short(const struct reading *r, const char *p, unsigned *n)
{
	if (r->c.end - p <= SPAN)
		return false;
	*n = (unsigned char)*p - 0x60u;
	return *n < SPAN;
}

static inline const char *
codec_cbor_text(struct reading *r, const char *p, struct str *out)
{
	unsigned n;

	if (!codec_cbor_is_short(r, p, &n) ||
	    (span_mask_plain(p + 1) & ((1u << n) - 1)) != 0)
		return codec_cbor_string(r, p, CBOR_TEXT, out);
	*out = (struct str){ p + 1, n };
	return p + 1 + n;
}

static inline const char *
codec_cbor_name(struct reading *r, const char *p, struct fields *f,
    enum label l)
{
	struct str *name = &f->text[l];
	const char *q;
	unsigned n;

	if (codec_cbor_is_short(r, p, &n) &&
	    (span_mask_name(p + 1) & ((1u << n) - 1)) == 0) {
		*name = (struct str){ p + 1, n };
		return p + 1 + n;
	}
	/* a name is UTF-8; what is not a name has to be so, too */
	q = codec_cbor_bytes(r, p, CBOR_TEXT, name);
	if (q == NULL || span_name(name->p, name->p + name->n) == name->n)
		return q;
	f->bad |= LABEL_BIT(l);
	return utf8_valid(*name) ? q : cbor_fail(&r->c, p, "not UTF-8");
}

/* A lax reader takes "21.5" for 21.5. */
static const char *
codec_cbor_number_text(struct reading *r, const char *p, struct fields *f,
    enum label l)
{
	const char *q = codec_cbor_string(r, p, CBOR_TEXT, &f->text[l]);

	if (q == NULL || !number_valid(f->text[l]) ||
	    !lax_takes(r->pack, LAX_NUMBER_TEXT))
		return cbor_fail(&r->c, p, "not a number");
	/* what follows it there may be a digit */
	f->text[l] = arena_str(r->arena, f->text[l]);
	if (f->text[l].p == NULL)
		return cbor_fail(&r->c, p, "pack too large");
	f->exponent |= LABEL_BIT(l);
	return q;
}

/* Some writers send vd as JSON would. */
static const char *
codec_cbor_data(struct reading *r, const char *p, struct str *out)
{
	struct cbor_head h;
	const char *q = cbor_head(&r->c, p, &h);
	char *to;
	long n;

	if (q == NULL || h.major != CBOR_TEXT)
		return codec_cbor_string(r, p, CBOR_BYTES, out);
	if ((q = codec_cbor_string(r, p, CBOR_TEXT, out)) == NULL)
		return NULL;
	to = arena_alloc(r->arena, out->n / 4 * 3 + 4);
	n = to ? base64_decode(to, *out) : -1;
	if (n < 0 || !lax_takes(r->pack, LAX_DATA_TEXT))
		return cbor_fail(&r->c, p, "vd is not a byte string");
	*out = (struct str){ to, (size_t)n };
	return q;
}

static const char *
codec_cbor_number(struct reading *r, const char *p, struct fields *f,
    enum label l)
{
	struct number to;
	struct cbor_head h;
	const char *q = cbor_head(&r->c, p, &h);

	if (q == NULL)
		return NULL;
	if (h.major == CBOR_TEXT && l != LABEL_BVER)
		return codec_cbor_number_text(r, p, f, l);
	/* not cut to size: the place of the next one would have to wait for
	 * the length of this one */
	to.text = arena_alloc(r->arena, h.major == CBOR_TAG ? DIGITS_MAX :
	    NUMBER_TEXT);
	if (to.text == NULL)
		return cbor_fail(&r->c, p, "pack too large");
	to.exponent = false;
	if (h.major <= CBOR_NEGATIVE)
		codec_cbor_unsigned(&to, h.major == CBOR_NEGATIVE, h.arg);
	else if (l == LABEL_BVER)
		return cbor_fail(&r->c, p, "bver is not a positive integer");
	else if (h.major == CBOR_SIMPLE && h.info >= CBOR_HALF &&
	    h.info <= CBOR_DOUBLE)
		q = codec_cbor_float(r, q, &h, &to);
	else if (h.major == CBOR_TAG)
		q = codec_cbor_tagged(r, q, h.arg, l, &to);
	else
		return cbor_fail(&r->c, p, "not a number");
	if (q == NULL)
		return NULL;
	to.text[to.n] = '\0';
	if (h.major == CBOR_TAG)
		arena_trim(r->arena, to.text, to.n + 1);
	f->text[l] = (struct str){ to.text, to.n };
	/* as many digits leave a double's range like an exponent does */
	if (to.exponent || to.n > 300)
		f->exponent |= LABEL_BIT(l);
	return q;
}

/* integers of one byte, with their sign and without */
static const char codec_cbor_small[24][4] = {
	"-1", "-2", "-3", "-4", "-5", "-6", "-7", "-8", "-9", "-10", "-11",
	"-12", "-13", "-14", "-15", "-16", "-17", "-18", "-19", "-20", "-21",
	"-22", "-23", "-24",
};

static inline struct str
codec_cbor_small_negative(unsigned n)
{
	return (struct str){ codec_cbor_small[n], n < 9 ? 2 : 3 };
}

/* A double or a small integer, as most numbers are; the others the long
 * way. */
static inline const char *
codec_cbor_plain(struct reading *r, const char *p, struct fields *f,
    enum label l)
{
	unsigned first = p < r->c.end ? (unsigned char)*p : 0xff;
	uint64_t bits;
	double v;
	char *to;

	if (first - 0x20 < 24) {
		f->text[l] = codec_cbor_small_negative(first - 0x20);
		return p + 1;
	}
	if (first - 1 < 23) {
		f->text[l] = str_from(codec_cbor_small_negative(first - 1), 1);
		return p + 1;
	}
	if (first != 0xfb || r->c.end - p < 9 || l == LABEL_BVER)
		return codec_cbor_number(r, p, f, l);
	memcpy(&bits, p + 1, sizeof bits);
	bits = be64toh(bits);
	memcpy(&v, &bits, sizeof v);
	if (!isfinite(v) || (to = arena_alloc(r->arena, NUMBER_TEXT)) == NULL)
		return codec_cbor_number(r, p, f, l);
	f->text[l] = (struct str){ to, number_print(to, v) };
	return p + 9;
}

static const char *
codec_cbor_bool(struct reading *r, const char *p, bool *out)
{
	struct cbor_head h;
	const char *q = cbor_head(&r->c, p, &h);

	if (q == NULL)
		return NULL;
	*out = h.arg == CBOR_TRUE;
	if (h.major != CBOR_SIMPLE || h.info > CBOR_TRUE ||
	    h.info < CBOR_FALSE)
		return cbor_fail(&r->c, p, "vb is not true or false");
	return q;
}

static inline const char *
codec_cbor_value(struct reading *r, const char *p, struct fields *f,
    enum label l)
{
	if (LABEL_BIT(l) & LABEL_NUMBERS)
		return codec_cbor_plain(r, p, f, l);
	if (l == LABEL_N || l == LABEL_BN)
		return codec_cbor_name(r, p, f, l);
	if (l == LABEL_VB)
		return codec_cbor_bool(r, p, &f->truth);
	if (l == LABEL_VD)
		return codec_cbor_data(r, p, &f->text[l]);
	return codec_cbor_text(r, p, &f->text[l]);
}

/* A label that is not a small integer: the text that JSON would have, or one
 * that is not known. */
static const char *
codec_cbor_label_any(struct reading *r, const char *p, enum label *out)
{
	struct cbor_head h;
	struct str text = STR_NONE;
	const char *q = cbor_head(&r->c, p, &h);

	if (q == NULL)
		return NULL;
	*out = LABEL_UNKNOWN;
	/* also one of those written longer than it need be */
	if (h.major <= CBOR_NEGATIVE && h.arg <= 8 &&
	    codec_cbor_labels[h.major << 5 | h.arg] != 0) {
		*out = codec_cbor_labels[h.major << 5 | h.arg] - 1u;
	} else if (h.major == CBOR_TEXT) {
		if ((q = codec_cbor_string(r, p, CBOR_TEXT, &text)) == NULL)
			return NULL;
		*out = label_find(text);
		if (*out == LABEL_MUST_UNDERSTAND)
			return cbor_fail(&r->c, p,
			    "a label that must be understood");
	} else if (h.major > CBOR_NEGATIVE) {
		return cbor_fail(&r->c, p,
		    "a label that is neither a number nor text");
	}
	if (*out >= LABEL_SENML)
		fields_ignore(r->pack, text);
	return q;
}

static inline const char *
codec_cbor_label(struct reading *r, const char *p, enum label *out)
{
	unsigned l = p < r->c.end ? codec_cbor_labels[(unsigned char)*p] : 0;

	*out = l - 1;
	return l != 0 ? p + 1 : codec_cbor_label_any(r, p, out);
}

static const char *
codec_cbor_member(struct reading *r, const char *p, struct fields *f)
{
	enum label l;
	const char *q = codec_cbor_label(r, p, &l);

	if (q == NULL)
		return NULL;
	if (l >= LABEL_SENML) {
		r->pack->labelled |= l < LABEL_COUNT;
		return cbor_skip_within(&r->c, q, JSON_DEPTH_MAX);
	}
	if (f->have & LABEL_BIT(l))
		return cbor_fail(&r->c, p, "a label twice in one record");
	f->have |= LABEL_BIT(l);
	return codec_cbor_value(r, q, f, l);
}

static const char *
codec_cbor_record(struct reading *r, const char *p, struct fields *f)
{
	struct cbor_head h;
	const char *at = p;
	uint64_t left;

	f->have = f->exponent = f->bad = 0;
	if ((p = cbor_head(&r->c, p, &h)) == NULL)
		return NULL;
	if (h.major != CBOR_MAP)
		return cbor_fail(&r->c, at, "a record is not a map");
	if (h.info == CBOR_INDEFINITE) {
		while (!cbor_is_break(&r->c, p))
			if ((p = codec_cbor_member(r, p, f)) == NULL)
				return NULL;
		return p + 1;
	}
	for (left = h.arg; left > 0; left--)
		if ((p = codec_cbor_member(r, p, f)) == NULL)
			return NULL;
	return p;
}

static const char *
codec_cbor_pack(struct reading *r, const char *p)
{
	struct fields f;
	struct cbor_head h;
	const char *at = p, *why;
	bool indefinite;

	if ((p = cbor_head(&r->c, p, &h)) == NULL)
		return NULL;
	if (h.major == CBOR_TAG && h.arg == TAG_CBOR) {
		at = p;
		if ((p = cbor_head(&r->c, p, &h)) == NULL)
			return NULL;
	}
	if (h.major != CBOR_ARRAY)
		return cbor_fail(&r->c, at, "not a SenML pack");
	indefinite = h.info == CBOR_INDEFINITE;
	for (; indefinite ? !cbor_is_break(&r->c, p) : h.arg > 0; h.arg--) {
		at = p;
		if ((p = codec_cbor_record(r, p, &f)) == NULL)
			return NULL;
		if ((why = resolver_add(r->resolver, &f)) != NULL)
			return cbor_fail(&r->c, at, why);
	}
	return indefinite ? p + 1 : p;
}

static const char *
codec_cbor_refuse(struct reading *r, struct str item)
{
	r->pack->at = (size_t)(r->c.at - item.p);
	return r->c.why;
}

static struct reading
codec_cbor_begin(struct resolver *resolver, struct str bytes)
{
	return (struct reading){
		.c = { .end = bytes.p + bytes.n }, .pack = resolver->pack,
		.arena = &resolver->pack->arena, .resolver = resolver,
	};
}

static const char *
codec_cbor_parse(struct resolver *resolver, struct str item)
{
	struct reading r = codec_cbor_begin(resolver, item);
	const char *p = codec_cbor_pack(&r, item.p);

	if (p != NULL && p != r.c.end)
		p = cbor_fail(&r.c, p, "more after the end");
	return p == NULL ? codec_cbor_refuse(&r, item) : NULL;
}

static size_t
codec_cbor_parse_head(struct resolver *resolver, struct str unread)
{
	struct reading r = codec_cbor_begin(resolver, unread);
	const char *p = codec_cbor_pack(&r, unread.p);

	return p == NULL ? 0 : (size_t)(p - unread.p);
}

/* A record of a stream. */
static const char *
codec_cbor_parse_record(struct resolver *resolver, struct str item)
{
	struct reading r = codec_cbor_begin(resolver, item);
	struct fields f;
	const char *p = codec_cbor_record(&r, item.p, &f);

	if (p != NULL && p != r.c.end)
		p = cbor_fail(&r.c, p, "more after the end");
	return p == NULL ? codec_cbor_refuse(&r, item) :
	    resolver_add(resolver, &f);
}

/* ---- cutting ---- */

static size_t
codec_cbor_cut(struct frame *f, struct str s, bool end, struct str *item)
{
	struct cbor c = { .end = s.p + s.n };
	const char *p;

	if (s.n == 0)
		return 0;
	p = cbor_step(&c, &f->walk, s.p + f->at);
	if (p == NULL && c.at == c.end) {
		f->at = (size_t)(f->walk.at - s.p);
		return frame_need_more(f, s, end, item);
	}
	if (p == NULL)
		return frame_give_up(f, s, item, c.why);
	frame_begin_item(f);
	*item = (struct str){ s.p, (size_t)(p - s.p) };
	return item->n;
}

/* where a stream is */
enum { STREAM_BEFORE, STREAM_INSIDE, STREAM_AFTER };

/* The head of the array that a stream is. */
static size_t
codec_cbor_cut_head(struct frame *f, struct str s, bool end,
    struct str *item)
{
	struct cbor c = { .end = s.p + s.n };
	struct cbor_head h;
	const char *p = cbor_head(&c, s.p, &h);

	if (p != NULL && h.major == CBOR_TAG && h.arg == TAG_CBOR)
		p = cbor_head(&c, p, &h);
	if (p == NULL && c.at == c.end)
		return frame_need_more(f, s, end, item);
	if (p == NULL || h.major != CBOR_ARRAY)
		return frame_give_up(f, s, item, "not a SensML stream");
	f->indefinite = h.info == CBOR_INDEFINITE;
	f->left = h.arg;
	f->state = STREAM_INSIDE;
	return (size_t)(p - s.p);
}

static size_t
codec_cbor_cut_record(struct frame *f, struct str s, bool end,
    struct str *item)
{
	size_t n;

	if (s.n == 0)
		return 0;
	if (f->state == STREAM_BEFORE)
		return codec_cbor_cut_head(f, s, end, item);
	if (f->state == STREAM_INSIDE && f->at == 0) {
		if (f->indefinite && (unsigned char)s.p[0] == 0xff) {
			f->state = STREAM_AFTER;
			return 1;
		}
		if (!f->indefinite && f->left == 0)
			f->state = STREAM_AFTER;
	}
	if (f->state == STREAM_AFTER)
		return frame_give_up(f, s, item, "more after the end");
	n = codec_cbor_cut(f, s, end, item);
	if (n > 0)
		f->left--;
	return n;
}

/* ---- writing ---- */

/* an integer from -24 to 23; LABEL_NO_NUMBER becomes a byte of its own */
#define KEY(l, name, number) [LABEL_##l] = { { name, sizeof name - 1 }, \
	(unsigned char)((number) < 0 ? 0x1f - (number) : (number)) },

static const struct {
	struct str name;
	unsigned char key;
} codec_cbor_keys[LABEL_SENML] = {
	SENML_LABELS(KEY)
};

static void
codec_cbor_put_string(struct buf *b, enum cbor_major major, struct str s)
{
	cbor_put_head(b, major, s.n);
	buf_put_str(b, s);
}

static void
codec_cbor_put_label(struct buf *b, enum label l)
{
	if (codec_cbor_keys[l].key == LABEL_NO_NUMBER)
		codec_cbor_put_string(b, CBOR_TEXT, codec_cbor_keys[l].name);
	else
		buf_putc(b, (char)codec_cbor_keys[l].key);
}

/*
 * Numbers become the shortest integer or float of the same value; where a
 * double would lose digits, a decimal fraction; and the nearest double when
 * the digits need more than 64 bits or the number is extremely small.
 */
static void
codec_cbor_put(struct buf *b, struct str labels, const struct fields *f)
{
	unsigned left;

	(void)labels;
	cbor_put_head(b, CBOR_MAP, (uint64_t)__builtin_popcount(f->have));
	for (left = f->have; left != 0; left &= left - 1) {
		enum label l = (enum label)__builtin_ctz(left);

		codec_cbor_put_label(b, l);
		if (LABEL_BIT(l) & LABEL_NUMBERS)
			cbor_put_number(b, f->text[l]);
		else if (l == LABEL_VB)
			cbor_put_head(b, CBOR_SIMPLE,
			    f->truth ? CBOR_TRUE : CBOR_FALSE);
		else
			codec_cbor_put_string(b, l == LABEL_VD ? CBOR_BYTES :
			    CBOR_TEXT, f->text[l]);
	}
}

static size_t
codec_cbor_count(char to[CODEC_COUNT_MAX], size_t n)
{
	return cbor_print_head(to, CBOR_ARRAY, n);
}

static long
codec_cbor_time_size(int64_t ns)
{
	int64_t s;

	if (ns % STAMP_SECOND != 0)
		return 9;
	s = ns < 0 ? -(ns / STAMP_SECOND) - 1 : ns / STAMP_SECOND;
	return s < 24 ? 1 : s <= UINT8_MAX ? 2 : s <= UINT16_MAX ? 3 : 5;
}

#define COSTS { .text = 2, .base_text = 2, .number = 1, .base_number = 1 }

const struct senml_codec codec_cbor = {
	.type = { "application/senml+cbor", 22 }, .number = { "112", 3 },
	.cut = codec_cbor_cut, .parse = codec_cbor_parse,
	.parse_head = codec_cbor_parse_head,
	.put = codec_cbor_put, .count = codec_cbor_count,
	.costs = COSTS, .time_size = codec_cbor_time_size,
};

const struct senml_codec codec_sensmlc = {
	.type = { "application/sensml+cbor", 23 }, .number = { "113", 3 },
	.stream = true,
	.cut = codec_cbor_cut_record, .parse = codec_cbor_parse_record,
	.put = codec_cbor_put, .head = { "\x9f", 1 }, .tail = { "\xff", 1 },
	.costs = COSTS, .time_size = codec_cbor_time_size,
};
