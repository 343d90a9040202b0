/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "json/json.h"
#include "json/number.h"
#include "senml/fields.h"

static const struct {
	struct str name;
	enum label label;
} long_labels[] = {
	{ { "bver", 4 }, LABEL_BVER }, { { "bct", 3 }, LABEL_BCT },
	{ { "channel", 7 }, LABEL_CHANNEL },
	{ { "publisher", 9 }, LABEL_PUBLISHER },
	{ { "protocol", 8 }, LABEL_PROTOCOL },
	{ { "subtopic", 8 }, LABEL_SUBTOPIC },
	{ { "received", 8 }, LABEL_RECEIVED }, { { "seq", 3 }, LABEL_SEQ },
	{ { "part", 4 }, LABEL_PART },
};

/* Tables and no branches: what label comes next can't be predicted.  0 is
 * none, else the label and 1. */
static const unsigned char one[256] = {
	['n'] = LABEL_N + 1, ['u'] = LABEL_U + 1, ['v'] = LABEL_V + 1,
	['t'] = LABEL_T + 1, ['s'] = LABEL_S + 1,
};

/* the row of `two` that a first letter leads to */
static const unsigned char first[256] = {
	['b'] = 1, ['v'] = 2, ['u'] = 3, ['c'] = 4,
};

static const unsigned char two[5][256] = {
	[1] = { ['n'] = LABEL_BN + 1, ['t'] = LABEL_BT + 1,
	    ['u'] = LABEL_BU + 1, ['v'] = LABEL_BV + 1, ['s'] = LABEL_BS + 1 },
	[2] = { ['s'] = LABEL_VS + 1, ['b'] = LABEL_VB + 1,
	    ['d'] = LABEL_VD + 1 },
	[3] = { ['t'] = LABEL_UT + 1 },
	[4] = { ['t'] = LABEL_CT + 1 },
};

static inline unsigned
find_short(const char *p, size_t n)
{
	const unsigned char *c = (const unsigned char *)p;

	return n == 1 ? one[c[0]] : two[first[c[0]]][c[1]];
}

enum label
label_find(struct str key)
{
	unsigned l;
	size_t i;

	if ((key.n == 1 || key.n == 2) && (l = find_short(key.p, key.n)) != 0)
		return l - 1;
	for (i = 0; i < sizeof long_labels / sizeof *long_labels; i++)
		if (str_eq(key, long_labels[i].name))
			return long_labels[i].label;
	return key.n > 0 && key.p[key.n - 1] == '_' ? LABEL_MUST_UNDERSTAND :
	    LABEL_UNKNOWN;
}

bool
label_is_route(struct str key)
{
	enum label l = label_find(key);

	return l >= LABEL_CHANNEL && l < LABEL_COUNT;
}

/* A key and its colon.  The short ones, nearly all there are, are seen
 * without a scan: `n":`, `bn":`. */
static const char *
read_label(struct scan *j, const char *p, enum label *out)
{
	struct str key;
	const char *q;

	if (j->end - p >= 4) {
		size_t n = p[1] == '"' ? 1 : 2;
		unsigned l = find_short(p, n);

		if (l != 0 && p[n] == '"' && p[n + 1] == ':') {
			*out = l - 1;
			return p + n + 2;
		}
	}
	if ((q = scan_string(j, p, &key)) == NULL)
		return NULL;
	*out = label_find(key);
	if (*out == LABEL_MUST_UNDERSTAND)
		return scan_fail(j, p, "a label that must be understood");
	p = scan_take(j, q, ':');
	return p ? p : scan_fail(j, q, "no ':' behind a name");
}

static inline const char *
read_string(struct scan *j, const char *p, struct str *out)
{
	const char *q = scan_take(j, p, '"');

	return q ? scan_string(j, q, out) : scan_fail(j, p, "not a string");
}

/* A string that is a name or a part of one. */
static inline const char *
read_name(struct scan *j, const char *p, struct fields *f, enum label l)
{
	struct str *name = &f->text[l];
	const char *q = read_string(j, p, name);
	unsigned bad;

	if (q == NULL)
		return NULL;
	/* the closing quote is behind it: it was not decoded, so the text
	 * goes on there */
	if (q == name->p + name->n + 1 && name->n < SPAN &&
	    j->end - name->p >= SPAN)
		bad = span_mask_name(name->p) & ((1u << name->n) - 1);
	else
		bad = span_name(name->p, name->p + name->n) != name->n;
	if (bad)
		f->bad |= LABEL_BIT(l);
	return q;
}

static const char *
read_data(struct scan *j, const char *p, struct fields *f)
{
	const char *q;
	struct str text;
	char *to;
	long n;

	if ((q = read_string(j, p, &text)) == NULL)
		return NULL;
	to = arena_alloc(j->arena, text.n / 4 * 3 + 4);
	if (to == NULL)
		return scan_fail(j, p, "pack too large");
	n = base64_decode(to, text);
	if (n < 0)
		return scan_fail(j, p, "vd is not base64url");
	f->text[LABEL_VD] = (struct str){ to, (size_t)n };
	if (!base64_is_url(text))
		f->bad |= LABEL_BIT(LABEL_VD);
	return q;
}

static const char *
read_bool(struct scan *j, const char *p, bool *out)
{
	struct str rest;

	p = scan_space(j, p);
	rest = (struct str){ p, (size_t)(j->end - p) };
	*out = str_starts(rest, STR("true"));
	if (*out)
		return p + 4;
	return str_starts(rest, STR("false")) ? p + 5 :
	    scan_fail(j, p, "vb is not true or false");
}

/* A lax reader takes "21.5" for 21.5.  The quote behind it, or the NUL of
 * a decoded string, is a byte that belongs to no number. */
static const char *
read_number_text(struct scan *j, const char *p, struct fields *f,
    enum label l)
{
	const char *q = scan_take(j, p, '"');

	if (q == NULL || (q = scan_string(j, q, &f->text[l])) == NULL ||
	    !number_valid(f->text[l]) ||
	    !lax_takes(j->owner, LAX_NUMBER_TEXT))
		return scan_fail(j, p, "not a number");
	f->wild |= LABEL_BIT(l);
	return q;
}

static inline const char *
read_number(struct scan *j, const char *p, struct fields *f, enum label l)
{
	const char *q = scan_number(j, scan_space(j, p), &f->text[l]);

	if (q == NULL)
		return scan_take(j, p, '"') ? read_number_text(j, p, f, l) :
		    NULL;
	if (j->exponent)
		f->wild |= LABEL_BIT(l);
	return q;
}

static inline const char *
read_value(struct scan *j, const char *p, struct fields *f, enum label l)
{
	if (LABEL_BIT(l) & LABEL_NUMBERS)
		return read_number(j, p, f, l);
	if (l == LABEL_N || l == LABEL_BN)
		return read_name(j, p, f, l);
	if (l == LABEL_VB)
		return read_bool(j, p, &f->truth);
	if (l == LABEL_VD)
		return read_data(j, p, f);
	return read_string(j, p, &f->text[l]);
}

/* An unknown label, behind its opening quote, and its value at p. */
static const char *
ignore(struct scan *j, const char *p, const char *label)
{
	const struct pack *pack = j->owner;
	struct str key;

	if (pack->watch != NULL && scan_string(j, label, &key) != NULL)
		fields_ignore(pack, key);
	return scan_skip(j, p);
}

/* what one step of read_usual may look at: a label and a span */
#define USUAL_ROOM (6 + SPAN + 2)

/*
 * The members that most records have, in the order that most have them:
 * n, u, v, t, short and plain.  Here each branch is at a place of its own
 * and so is predicted, which no loop over labels can have.  Ends before
 * the first one that is otherwise, in front of its comma.
 */
static inline const char *
read_usual(struct scan *j, const char *p, struct fields *f)
{
	const char *q;

	if (j->end - p < USUAL_ROOM || memcmp(p, "\"n\":\"", 5) != 0 ||
	    (q = read_name(j, p + 4, f, LABEL_N)) == NULL)
		return p;
	f->have = LABEL_BIT(LABEL_N);
	p = q;
	if (j->end - p >= USUAL_ROOM && memcmp(p, ",\"u\":\"", 6) == 0) {
		if ((q = scan_string(j, p + 6, &f->text[LABEL_U])) == NULL)
			return p;
		f->have |= LABEL_BIT(LABEL_U);
		p = q;
	}
	if (j->end - p >= USUAL_ROOM && memcmp(p, ",\"v\":", 5) == 0) {
		if ((q = scan_number(j, p + 5, &f->text[LABEL_V])) == NULL ||
		    j->exponent)
			return p;
		f->have |= LABEL_BIT(LABEL_V);
		p = q;
	}
	if (j->end - p >= USUAL_ROOM && memcmp(p, ",\"t\":", 5) == 0) {
		if ((q = scan_number(j, p + 5, &f->text[LABEL_T])) == NULL ||
		    j->exponent)
			return p;
		f->have |= LABEL_BIT(LABEL_T);
		p = q;
	}
	return p;
}

/* Members from p on, behind the opening brace or a comma, to the '}'. */
static const char *
read_members(struct scan *j, const char *p, struct fields *f, bool ours)
{
	const char *q;
	enum label l;

	do {
		if ((q = scan_take(j, p, '"')) == NULL)
			return scan_fail(j, p, "no name where one is needed");
		if ((p = read_label(j, q, &l)) == NULL)
			return NULL;
		if (l >= LABEL_CHANNEL && (!ours || l >= LABEL_COUNT)) {
			j->key_seen |= l < LABEL_COUNT;
			p = ignore(j, p, q);
		} else if (f->have & LABEL_BIT(l)) {
			return scan_fail(j, q, "a label twice in one record");
		} else {
			f->have |= LABEL_BIT(l);
			p = read_value(j, p, f, l);
		}
		if (p == NULL)
			return NULL;
		q = p;
	} while ((p = scan_take(j, p, ',')) != NULL);
	p = scan_take(j, q, '}');
	return p ? p : scan_fail(j, q, "no ',' or '}'");
}

/*
 * One object, behind its '{'.  With `ours`, the routing labels are known;
 * else they are as unknown as any other, but remembered.
 */
static const char *
read_record(struct scan *j, const char *p, struct fields *f, bool ours)
{
	const char *q;

	f->have = f->wild = f->bad = 0;
	p = read_usual(j, p, f);
	if ((q = scan_take(j, p, '}')) != NULL)
		return q;
	if (f->have == 0)
		return read_members(j, p, f, ours);
	q = scan_take(j, p, ',');
	return q ? read_members(j, q, f, ours) :
	    scan_fail(j, p, "no ',' or '}'");
}

/* The next record goes to the resolver. */
static const char *
add_record(struct scan *j, const char *p, struct resolver *r,
    const struct fields *f)
{
	const char *why = resolver_add(r, f);

	return why ? scan_fail(j, p, why) : p;
}

/* The first record of a line, whose labels say what all of it is about. */
static const char *
read_first(struct scan *j, const char *p, struct resolver *r,
    struct line_labels *labels)
{
	struct fields f;
	const char *why;
	bool alone = false;

	if ((p = read_record(j, p, &f, true)) == NULL)
		return NULL;
	if ((why = labels->take(labels, r, &f, &alone)) != NULL)
		return scan_fail(j, p, why);
	return alone ? p : add_record(j, p, r, &f);
}

/* A line of one record, after its '{'. */
static const char *
read_one(struct scan *j, const char *p, struct resolver *r,
    struct line_labels *labels)
{
	uint64_t lax = r->pack->laxities[LAX_NO_VALUE];
	const char *q;

	r->absolute = true;
	if ((q = read_first(j, p, r, labels)) == NULL)
		return NULL;
	/* nothing else may come to nothing: base fields alone, or the form
	 * of old drafts, {"bn":…,"e":[…]} */
	if (r->pack->n == 0 && r->any &&
	    r->pack->laxities[LAX_NO_VALUE] == lax)
		return scan_fail(j, p, "base fields without a record");
	return q;
}

/* The records of an array, behind its '['. */
static const char *
read_array(struct scan *j, const char *p, struct resolver *r,
    struct line_labels *labels)
{
	struct fields f;
	const char *q;

	if ((q = scan_take(j, p, ']')) != NULL)
		return q;
	do {
		if ((q = scan_take(j, p, '{')) == NULL)
			return scan_fail(j, p, "a record is no object");
		if (labels != NULL) {
			p = read_first(j, q, r, labels);
			labels = NULL;
		} else if ((p = read_record(j, q, &f, false)) != NULL) {
			p = add_record(j, p, r, &f);
		}
		if (p == NULL)
			return NULL;
		q = p;
	} while ((p = scan_take(j, p, ',')) != NULL);
	p = scan_take(j, q, ']');
	return p ? p : scan_fail(j, q, "no ',' or ']'");
}

static const char *
parse(struct pack *p, struct str text, struct stamp now,
    struct line_labels *labels)
{
	struct scan j = {
		.end = text.p + text.n, .arena = &p->arena,
		.key = label_is_route, .owner = p
	};
	struct resolver r;
	const char *at;

	resolver_begin(&r, p, now);
	resolver_bound(&r, text.n);
	if ((at = scan_take(&j, text.p, '[')) != NULL)
		at = read_array(&j, at, &r, labels);
	else if (labels != NULL && (at = scan_take(&j, text.p, '{')) != NULL)
		at = read_one(&j, at, &r, labels);
	else
		at = scan_fail(&j, text.p, "no SenML pack");
	if (at == NULL || scan_end(&j, at) == NULL) {
		p->n = 0;
		p->at = (size_t)(j.at - text.p);
		return j.why;
	}
	resolver_end(&r);
	p->labelled = j.key_seen;
	return NULL;
}

const char *
fields_parse_json(struct pack *p, struct str item, struct fields *f)
{
	struct scan j = {
		.end = item.p + item.n, .arena = &p->arena,
		.key = label_is_route, .owner = p
	};
	const char *at = scan_take(&j, item.p, '{');

	at = at ? read_record(&j, at, f, false) :
	    scan_fail(&j, item.p, "a record is no object");
	if (at != NULL && scan_end(&j, at) != NULL)
		return NULL;
	p->at = (size_t)(j.at - item.p);
	return j.why;
}

const char *
pack_parse_json(struct pack *p, struct str text, struct stamp now)
{
	return parse(p, text, now, NULL);
}

const char *
pack_parse_labelled(struct pack *p, struct str line, struct stamp now,
    struct line_labels *labels)
{
	return parse(p, line, now, labels);
}
