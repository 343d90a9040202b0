/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/memory.h"
#include "json/number.h"
#include "json/span.h"
#include "senml/content_format.h"
#include "senml/fields.h"

#define BITS_BASE (LABEL_BIT(LABEL_BVER) | LABEL_BIT(LABEL_BN) | \
	LABEL_BIT(LABEL_BT) | LABEL_BIT(LABEL_BU) | LABEL_BIT(LABEL_BV) | \
	LABEL_BIT(LABEL_BS) | LABEL_BIT(LABEL_BCT))
#define BITS_VALUE (LABEL_BIT(LABEL_V) | LABEL_BIT(LABEL_VS) | \
	LABEL_BIT(LABEL_VB) | LABEL_BIT(LABEL_VD))
#define BITS_REGULAR (BITS_VALUE | LABEL_BIT(LABEL_N) | \
	LABEL_BIT(LABEL_U) | LABEL_BIT(LABEL_S) | LABEL_BIT(LABEL_T) | \
	LABEL_BIT(LABEL_UT) | LABEL_BIT(LABEL_CT))

#define BITS_TIME (LABEL_BIT(LABEL_BT) | LABEL_BIT(LABEL_T))

/* what a record takes beside its texts: keys, time, punctuation */
#define RECORD_OVERHEAD 64
/* in one pack: with 1 MiB of text there can't be more */
#define RECORDS_MAX ((size_t)1 << 20)
#define ARENA_MAX (PACK_OUT_MAX + ((size_t)8 << 20))

void
pack_init(struct pack *p)
{
	*p = (struct pack){ .n = 0 };
	arena_init(&p->arena, ARENA_MAX);
}

void
pack_release(struct pack *p)
{
	free(p->records);
	free(p->sorted);
	arena_release(&p->arena);
	pack_init(p);
}

void
resolver_begin(struct resolver *r, struct pack *p, struct stamp now)
{
	/* field by field, here and below: a struct literal of this size is
	 * cleared by an instruction that costs more than all of the rest */
	r->pack = p;
	r->now = now;
	r->bn = STR_NONE;
	r->bu = STR_NONE;
	r->bct = STR_NONE;
	r->bv = STR_NONE;
	r->bs = STR_NONE;
	r->bt = 0;
	r->bn_bad = r->any = r->absolute = false;
	r->version = 10;
	r->out = r->each = r->texts = 0;
	r->texts_max = SIZE_MAX;
	p->n = 0;
	p->at = PACK_NOWHERE;
	p->labelled = false;
	arena_reset(&p->arena);
}

void
resolver_bound(struct resolver *r, size_t size)
{
	size_t times = r->pack->expand ? r->pack->expand : PACK_EXPAND;

	if (size < (SIZE_MAX - PACK_EXPAND_FREE) / times)
		r->texts_max = size * times + PACK_EXPAND_FREE;
}

static inline bool
resolve_has(const struct fields *f, enum label l)
{
	return f->have & LABEL_BIT(l);
}

/* bver: 10 and 26 are RFC 8428's and 9100's, 1 to 9 old drafts'. */
static const char *
resolve_take_version(struct resolver *r, struct str text)
{
	int64_t v;

	if (!number_integer(text, &v) || v <= 0)
		return "bver is not a positive integer";
	if (v > 10 && v != 26)
		return "bver is a version that is not known here";
	if (r->any && v != r->version)
		return "bver changes inside the pack";
	r->version = (uint8_t)v;
	return NULL;
}

/* One that has an exponent; `E` is never written (RFC 8428 4.3). */
static const char *
resolve_take_large_number(struct resolver *r, struct str *out)
{
	struct str copy;
	char *e;

	if (!number_in_range(*out))
		return "number out of range";
	if (memchr(out->p, 'E', out->n) == NULL)
		return NULL;
	copy = arena_str(&r->pack->arena, *out);
	if (copy.p == NULL)
		return "pack too large";
	e = (char *)(uintptr_t)memchr(copy.p, 'E', copy.n);
	*e = 'e';
	*out = copy;
	return NULL;
}

/* A number of the record as it is. */
static inline const char *
resolve_take_number(struct resolver *r, const struct fields *f, enum label l,
    struct str *out)
{
	*out = f->text[l];
	return f->exponent & LABEL_BIT(l) ?
	    resolve_take_large_number(r, out) : NULL;
}

static const char *
resolve_take_bases(struct resolver *r, const struct fields *f)
{
	const char *why;

	if (resolve_has(f, LABEL_BVER) &&
	    (why = resolve_take_version(r, f->text[LABEL_BVER])) != NULL)
		return why;
	if (resolve_has(f, LABEL_BN)) {
		r->bn = f->text[LABEL_BN];
		r->bn_bad = (f->bad & LABEL_BIT(LABEL_BN)) != 0;
	}
	if (resolve_has(f, LABEL_BT) && !number_ns(f->text[LABEL_BT], &r->bt))
		return "bt is out of range";
	if (resolve_has(f, LABEL_BU))
		r->bu = f->text[LABEL_BU];
	if ((resolve_has(f, LABEL_BV) && (why = resolve_take_number(r, f,
	    LABEL_BV, &r->bv)) != NULL) || (resolve_has(f, LABEL_BS) &&
	    (why = resolve_take_number(r, f, LABEL_BS, &r->bs)) != NULL))
		return why;
	if (resolve_has(f, LABEL_BCT))
		r->bct = f->text[LABEL_BCT];
	return NULL;
}

bool
lax_takes(struct pack *p, enum lax kind)
{
	p->tolerated[kind] += p->lax;
	return p->lax;
}

static bool
resolve_letter_or_digit(char c)
{
	return span_is_name((unsigned char)c) && c > '/' && c != ':' &&
	    c != '_';
}

static inline const char *
resolve_name(struct resolver *r, const struct fields *f, struct str *out)
{
	struct str n = resolve_has(f, LABEL_N) ? f->text[LABEL_N] : STR_NONE;
	char *p;

	if (r->bn_bad || (f->bad & LABEL_BIT(LABEL_N)) != 0)
		return "name has a character not allowed in SenML";
	if (r->bn.n + n.n == 0)
		return "no name";
	if (!resolve_letter_or_digit((r->bn.n ? r->bn : n).p[0]) &&
	    !lax_takes(r->pack, LAX_NAME))
		return "name does not start with a letter or digit";
	if (r->bn.n + n.n > NAME_MAX_BYTES)
		return "name over 65535 bytes";
	if (r->bn.n == 0 || n.n == 0) {
		*out = r->bn.n ? r->bn : n;
		return NULL;
	}
	p = arena_alloc(&r->pack->arena, r->bn.n + n.n);
	if (p == NULL)
		return "pack too large";
	span_copy(p, r->bn.p, r->bn.n);
	span_copy(p + r->bn.n, n.p, n.n);
	*out = (struct str){ p, r->bn.n + n.n };
	return NULL;
}

/* `base` in force and the record's own number, either may be absent */
static inline const char *
resolve_add_base(struct resolver *r, struct str base, const struct fields *f,
    enum label l, struct str *out)
{
	struct str own = resolve_has(f, l) ? f->text[l] : STR_NONE;

	if (own.p == NULL) {
		*out = base;
		return NULL;
	}
	if (base.p == NULL)
		return resolve_take_number(r, f, l, out);
	*out = number_sum(&r->pack->arena, base, own);
	return out->p ? NULL : "number out of range";
}

static inline const char *
resolve_value(struct resolver *r, const struct fields *f, struct record *to)
{
	switch (f->have & BITS_VALUE) {
	case 0:
		to->kind = VALUE_NONE;
		return NULL;
	case LABEL_BIT(LABEL_V):
		to->kind = VALUE_NUMBER;
		return resolve_add_base(r, r->bv, f, LABEL_V, &to->value);
	case LABEL_BIT(LABEL_VS):
		to->kind = VALUE_STRING;
		to->value = f->text[LABEL_VS];
		return NULL;
	case LABEL_BIT(LABEL_VB):
		to->kind = VALUE_BOOL;
		to->truth = f->truth;
		return NULL;
	case LABEL_BIT(LABEL_VD):
		to->kind = VALUE_DATA;
		to->value = f->text[LABEL_VD];
		to->ct = resolve_has(f, LABEL_CT) ? f->text[LABEL_CT] : r->bct;
		return to->ct.p == NULL || content_format_valid(to->ct) ?
		    NULL : "ct is not a content format";
	}
	return "more than one value";
}

static inline const char *
resolve_time(struct resolver *r, const struct fields *f, struct stamp *out)
{
	int64_t t = 0;

	if (resolve_has(f, LABEL_T) && !number_ns(f->text[LABEL_T], &t))
		return "t is out of range";
	if (__builtin_add_overflow(t, r->bt, &t))
		return "time out of range";
	if (t < RELATIVE_BELOW && !(r->absolute &&
	    (f->have & BITS_TIME) != 0)) {
		/* one look at the clock for all of a pack */
		if (r->now.ns == 0)
			r->now = stamp_now();
		if (__builtin_add_overflow(t, r->now.ns, &t))
			return "time out of range";
	}
	out->ns = t;
	return NULL;
}

static struct record *
resolve_new_record(struct resolver *r)
{
	struct pack *p = r->pack;
	struct record *to;

	if (p->n == p->cap) {
		if (p->cap == RECORDS_MAX)
			return NULL;
		p->cap = p->cap ? p->cap * 2 : 64;
		p->records = memory_resize(p->records,
		    p->cap * sizeof *p->records);
	}
	to = &p->records[p->n];
	/* not in one chain: that would read back what was just stored */
	to->value = STR_NONE;
	to->sum = STR_NONE;
	to->update = STR_NONE;
	to->ct = STR_NONE;
	to->truth = false;
	to->version = r->version;
	return to;
}

/* What the records take when written out, in all. */
static const char *
resolve_count_output(struct resolver *r, const struct record *to)
{
	size_t texts = to->name.n + to->unit.n + to->ct.n;

	r->texts += texts;
	r->out += r->each + RECORD_OVERHEAD + texts + to->value.n +
	    to->sum.n + to->update.n;
	if (r->out > PACK_OUT_MAX)
		return "pack too large when resolved";
	return r->texts > r->texts_max ? "pack too large when resolved: "
	    "names and units over --max-expand (mfx-normalize) times its size "
	    "and 1 MiB" :
	    NULL;
}

static inline const char *
resolve_add(struct resolver *r, const struct fields *f)
{
	struct record *to;
	const char *why;

	if ((f->have & BITS_BASE) != 0) {
		if ((why = resolve_take_bases(r, f)) != NULL)
			return why;
		r->any = true;
		if ((f->have & BITS_REGULAR) == 0)
			return NULL;
	}
	r->any = true;
	if ((f->have & BITS_VALUE) == 0 && !resolve_has(f, LABEL_S) &&
	    r->bs.p == NULL)
		return lax_takes(r->pack, LAX_NO_VALUE) ? NULL : "no value";
	if ((to = resolve_new_record(r)) == NULL)
		return "too many records";
	if ((why = resolve_value(r, f, to)) != NULL ||
	    (why = resolve_name(r, f, &to->name)) != NULL ||
	    (why = resolve_time(r, f, &to->time)) != NULL)
		return why;
	to->unit = resolve_has(f, LABEL_U) ? f->text[LABEL_U] : r->bu;
	if ((resolve_has(f, LABEL_S) || r->bs.p != NULL) &&
	    (why = resolve_add_base(r, r->bs, f, LABEL_S, &to->sum)) != NULL)
		return why;
	if (resolve_has(f, LABEL_UT) &&
	    (why = resolve_take_number(r, f, LABEL_UT, &to->update)) != NULL)
		return why;
	r->pack->n++;
	return resolve_count_output(r, to);
}

const char *
resolver_add(struct resolver *r, const struct fields *f)
{
	struct pack *p = r->pack;
	size_t n = p->n;
	const char *why = resolve_add(r, f);

	if (p->watch != NULL && why == NULL)
		p->watch->record(p->watch, r, f,
		    p->n > n ? &p->records[n] : NULL);
	return why;
}

void
fields_ignore(const struct pack *p, struct str label)
{
	if (p->watch != NULL)
		p->watch->ignored(p->watch, label);
}

/* Merges neighbours of `width` sorted records each; stable. */
static void
resolve_merge(const struct record *from, struct record *to, size_t n,
    size_t width)
{
	size_t start;

	for (start = 0; start < n; start += 2 * width) {
		size_t mid = start + width < n ? start + width : n;
		size_t end = mid + width < n ? mid + width : n;
		size_t a = start, b = mid, i;

		for (i = start; i < end; i++)
			to[i] = a < mid && (b == end ||
			    from[a].time.ns <= from[b].time.ns) ?
			    from[a++] : from[b++];
	}
}

void
resolver_end(struct resolver *r)
{
	struct pack *p = r->pack;
	struct record *swap;
	size_t i, width;

	p->at = 0;
	for (i = 1; i < p->n; i++)
		if (p->records[i].time.ns < p->records[i - 1].time.ns)
			break;
	if (p->input_order || i >= p->n)
		return;
	/* as large as records is, so that the two can change places */
	p->sorted = memory_resize(p->sorted, p->cap * sizeof *p->sorted);
	for (width = 1; width < p->n; width *= 2) {
		resolve_merge(p->records, p->sorted, p->n, width);
		swap = p->records;
		p->records = p->sorted;
		p->sorted = swap;
	}
}
