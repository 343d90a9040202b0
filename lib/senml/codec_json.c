/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "json/json.h"
#include "json/number.h"
#include "json/span.h"
#include "senml/codec.h"
#include "senml/frame.h"

static const struct {
	struct str name;
	enum label label;
} codec_json_long[] = {
	{ { "bver", 4 }, LABEL_BVER }, { { "bct", 3 }, LABEL_BCT },
	{ { "channel", 7 }, LABEL_CHANNEL },
	{ { "publisher", 9 }, LABEL_PUBLISHER },
	{ { "protocol", 8 }, LABEL_PROTOCOL },
	{ { "subtopic", 8 }, LABEL_SUBTOPIC },
	{ { "received", 8 }, LABEL_RECEIVED }, { { "seq", 3 }, LABEL_SEQ },
	{ { "part", 4 }, LABEL_PART },
};

/* Tables and no branches: what label comes next can't be predicted.  0 means
 * none, others are the label and 1. */
static const unsigned char codec_json_one[256] = {
	['n'] = LABEL_N + 1, ['u'] = LABEL_U + 1, ['v'] = LABEL_V + 1,
	['t'] = LABEL_T + 1, ['s'] = LABEL_S + 1,
};

/* the row of `two` that a first letter leads to */
static const unsigned char codec_json_first[256] = {
	['b'] = 1, ['v'] = 2, ['u'] = 3, ['c'] = 4,
};

static const unsigned char codec_json_two[5][256] = {
	[1] = { ['n'] = LABEL_BN + 1, ['t'] = LABEL_BT + 1,
	    ['u'] = LABEL_BU + 1, ['v'] = LABEL_BV + 1, ['s'] = LABEL_BS + 1 },
	[2] = { ['s'] = LABEL_VS + 1, ['b'] = LABEL_VB + 1,
	    ['d'] = LABEL_VD + 1 },
	[3] = { ['t'] = LABEL_UT + 1 },
	[4] = { ['t'] = LABEL_CT + 1 },
};

static inline unsigned
codec_json_find_short(const char *p, size_t n)
{
	const unsigned char *c = (const unsigned char *)p;

	return n == 1 ? codec_json_one[c[0]] :
	    codec_json_two[codec_json_first[c[0]]][c[1]];
}

enum label
label_find(struct str key)
{
	unsigned l;
	size_t i;

	if ((key.n == 1 || key.n == 2) &&
	    (l = codec_json_find_short(key.p, key.n)) != 0)
		return l - 1;
	for (i = 0; i < sizeof codec_json_long / sizeof *codec_json_long; i++)
		if (str_eq(key, codec_json_long[i].name))
			return codec_json_long[i].label;
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
codec_json_label(struct scan *j, const char *p, enum label *out)
{
	struct str key;
	const char *q;

	if (j->end - p >= 4) {
		size_t n = p[1] == '"' ? 1 : 2;
		unsigned l = codec_json_find_short(p, n);

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
	return p ? p : scan_fail(j, q, "':' is missing after a name");
}

static inline const char *
codec_json_string(struct scan *j, const char *p, struct str *out)
{
	const char *q = scan_take(j, p, '"');

	return q ? scan_string(j, q, out) : scan_fail(j, p, "not a string");
}

/* A string that is a name or a part of one. */
static inline const char *
codec_json_name(struct scan *j, const char *p, struct fields *f, enum label l)
{
	struct str *name = &f->text[l];
	const char *q = codec_json_string(j, p, name);
	unsigned bad;

	if (q == NULL)
		return NULL;
	/* the closing quote follows it: it was not decoded, so the text
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
codec_json_data(struct scan *j, const char *p, struct fields *f)
{
	const char *q;
	struct str text;
	char *to;
	long n;

	if ((q = codec_json_string(j, p, &text)) == NULL)
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
codec_json_bool(struct scan *j, const char *p, bool *out)
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

/* A lax reader takes "21.5" for 21.5.  The quote after it, or the NUL of
 * a decoded string, is a byte that belongs to no number. */
static const char *
codec_json_number_text(struct scan *j, const char *p, struct fields *f,
    enum label l)
{
	const char *q = scan_take(j, p, '"');

	if (q == NULL || (q = scan_string(j, q, &f->text[l])) == NULL ||
	    !number_valid(f->text[l]) ||
	    !lax_takes(j->owner, LAX_NUMBER_TEXT))
		return scan_fail(j, p, "not a number");
	f->exponent |= LABEL_BIT(l);
	return q;
}

static inline const char *
codec_json_number(struct scan *j, const char *p, struct fields *f, enum label l)
{
	const char *q = scan_number(j, scan_space(j, p), &f->text[l]);

	if (q == NULL)
		return scan_take(j, p, '"') ?
		    codec_json_number_text(j, p, f, l) : NULL;
	if (j->exponent)
		f->exponent |= LABEL_BIT(l);
	return q;
}

static inline const char *
codec_json_value(struct scan *j, const char *p, struct fields *f, enum label l)
{
	if (LABEL_BIT(l) & LABEL_NUMBERS)
		return codec_json_number(j, p, f, l);
	if (l == LABEL_N || l == LABEL_BN)
		return codec_json_name(j, p, f, l);
	if (l == LABEL_VB)
		return codec_json_bool(j, p, &f->truth);
	if (l == LABEL_VD)
		return codec_json_data(j, p, f);
	return codec_json_string(j, p, &f->text[l]);
}

/* An unknown label, after its opening quote, and its value at p. */
static const char *
codec_json_ignore(struct scan *j, const char *p, const char *label)
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
codec_json_usual(struct scan *j, const char *p, struct fields *f)
{
	const char *q;

	if (j->end - p < USUAL_ROOM || memcmp(p, "\"n\":\"", 5) != 0 ||
	    (q = codec_json_name(j, p + 4, f, LABEL_N)) == NULL)
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

/* Members from p on, after the opening brace or a comma, up to the '}'. */
static const char *
codec_json_members(struct scan *j, const char *p, struct fields *f, bool ours)
{
	const char *q;
	enum label l;

	do {
		if ((q = scan_take(j, p, '"')) == NULL)
			return scan_fail(j, p, "a name is missing");
		if ((p = codec_json_label(j, q, &l)) == NULL)
			return NULL;
		if (l >= LABEL_CHANNEL && (!ours || l >= LABEL_COUNT)) {
			j->key_seen |= l < LABEL_COUNT;
			p = codec_json_ignore(j, p, q);
		} else if (f->have & LABEL_BIT(l)) {
			return scan_fail(j, q, "a label twice in one record");
		} else {
			f->have |= LABEL_BIT(l);
			p = codec_json_value(j, p, f, l);
		}
		if (p == NULL)
			return NULL;
		q = p;
	} while ((p = scan_take(j, p, ',')) != NULL);
	p = scan_take(j, q, '}');
	return p ? p : scan_fail(j, q, "',' or '}' is missing");
}

/*
 * One object, after its '{'.  With `ours`, the routing labels are known;
 * without, they are as unknown as any other, but remembered.
 */
static const char *
codec_json_record(struct scan *j, const char *p, struct fields *f, bool ours)
{
	const char *q;

	f->have = f->exponent = f->bad = 0;
	p = codec_json_usual(j, p, f);
	if ((q = scan_take(j, p, '}')) != NULL)
		return q;
	if (f->have == 0)
		return codec_json_members(j, p, f, ours);
	q = scan_take(j, p, ',');
	return q ? codec_json_members(j, q, f, ours) :
	    scan_fail(j, p, "',' or '}' is missing");
}

/* The next record goes to the resolver. */
static const char *
codec_json_add(struct scan *j, const char *p, struct resolver *r,
    const struct fields *f)
{
	const char *why = resolver_add(r, f);

	return why ? scan_fail(j, p, why) : p;
}

/* The first record of a line, whose labels say what all of it is about. */
static const char *
codec_json_first_record(struct scan *j, const char *p, struct resolver *r,
    struct line_labels *labels)
{
	struct fields f;
	const char *why;
	bool alone = false;

	if ((p = codec_json_record(j, p, &f, true)) == NULL)
		return NULL;
	if ((why = labels->take(labels, r, &f, &alone)) != NULL)
		return scan_fail(j, p, why);
	return alone ? p : codec_json_add(j, p, r, &f);
}

/* A line of one record, after its '{'. */
static const char *
codec_json_object(struct scan *j, const char *p, struct resolver *r,
    struct line_labels *labels)
{
	uint64_t lax = r->pack->tolerated[LAX_NO_VALUE];
	const char *q;

	r->absolute = true;
	if ((q = codec_json_first_record(j, p, r, labels)) == NULL)
		return NULL;
	/* nothing else may come to nothing: base fields alone, or the form
	 * of old drafts, {"bn":…,"e":[…]} */
	if (r->pack->n == 0 && r->any &&
	    r->pack->tolerated[LAX_NO_VALUE] == lax)
		return scan_fail(j, p, "base fields without a record");
	return q;
}

/* The records of an array, after its '['. */
static inline const char *
codec_json_array(struct scan *j, const char *p, struct resolver *r,
    struct line_labels *labels)
{
	struct fields f;
	const char *q;

	if ((q = scan_take(j, p, ']')) != NULL)
		return q;
	do {
		if ((q = scan_take(j, p, '{')) == NULL)
			return scan_fail(j, p, "a record is not an object");
		if (labels != NULL) {
			p = codec_json_first_record(j, q, r, labels);
			labels = NULL;
		} else if ((p = codec_json_record(j, q, &f, false)) != NULL) {
			p = codec_json_add(j, p, r, &f);
		}
		if (p == NULL)
			return NULL;
		q = p;
	} while ((p = scan_take(j, p, ',')) != NULL);
	p = scan_take(j, q, ']');
	return p ? p : scan_fail(j, q, "',' or ']' is missing");
}

/* A pack, or with labels a line: all of the text.  Always inline, as it is
 * most of what the time of a short line goes into. */
static inline __attribute__((always_inline)) const char *
codec_json_parse_any(struct resolver *r, struct str text,
    struct line_labels *labels)
{
	struct pack *p = r->pack;
	struct scan j = {
		.end = text.p + text.n, .arena = &p->arena,
		.key = label_is_route, .owner = p
	};
	const char *at;

	if ((at = scan_take(&j, text.p, '[')) != NULL)
		at = codec_json_array(&j, at, r, labels);
	else if (labels != NULL && (at = scan_take(&j, text.p, '{')) != NULL)
		at = codec_json_object(&j, at, r, labels);
	else
		at = scan_fail(&j, text.p, "not a SenML pack");
	if (at == NULL || scan_end(&j, at) == NULL) {
		p->at = (size_t)(j.at - text.p);
		return j.why;
	}
	p->labelled = j.key_seen;
	return NULL;
}

static const char *
codec_json_parse(struct resolver *r, struct str text)
{
	return codec_json_parse_any(r, text, NULL);
}

const char *
pack_parse_labelled(struct pack *p, struct str line, struct stamp now,
    struct line_labels *labels)
{
	struct resolver r;
	const char *why;

	/* as decode_pack() */
	resolver_begin(&r, p, now);
	resolver_bound(&r, line.n);
	why = codec_json_parse_any(&r, line, labels);
	if (why != NULL)
		p->n = 0;
	else
		resolver_end(&r);
	return why;
}

/* A record of a stream. */
static const char *
codec_json_parse_record(struct resolver *r, struct str item)
{
	struct pack *p = r->pack;
	struct scan j = {
		.end = item.p + item.n, .arena = &p->arena,
		.key = label_is_route, .owner = p
	};
	struct fields f;
	const char *at = scan_take(&j, item.p, '{');

	at = at ? codec_json_record(&j, at, &f, false) :
	    scan_fail(&j, item.p, "a record is not an object");
	if (at != NULL && scan_end(&j, at) != NULL)
		return resolver_add(r, &f);
	p->at = (size_t)(j.at - item.p);
	return j.why;
}

/* ---- cutting ---- */

/* What is left of a string from i on, with its quote; s.n when its end is not
 * there. */
static size_t
codec_json_string_end(struct frame *f, struct str s, size_t i)
{
	for (; i < s.n; i++) {
		if (f->escaped) {
			f->escaped = false;
			continue;
		}
		i += span_plain(s.p + i, s.p + s.n);
		if (i < s.n && s.p[i] == '"') {
			f->in_string = false;
			return i + 1;
		}
		f->escaped = i < s.n && s.p[i] == '\\';
	}
	return s.n;
}

/* The same from its first byte on; most are short and plain. */
static inline size_t
codec_json_skip_string(struct frame *f, struct str s, size_t i)
{
	unsigned n = s.n - i > SPAN ? span_first(span_mask_plain(s.p + i)) :
	    SPAN;

	if (n < SPAN && s.p[i + n] == '"')
		return i + n + 1;
	f->in_string = true;
	return codec_json_string_end(f, s, i);
}

/* The length of the bracketed text at the head, or 0: not all is there. */
static size_t
codec_json_bracketed(struct frame *f, struct str s)
{
	unsigned depth = f->depth;
	size_t i = f->at;

	if (f->in_string)
		i = codec_json_string_end(f, s, i);
	for (; i < s.n; i++) {
		char c = s.p[i];

		if (c == '"') {
			i = codec_json_skip_string(f, s, i + 1) - 1;
		} else if (c == '[' || c == '{') {
			depth++;
		} else if ((c == ']' || c == '}') && --depth == 0) {
			frame_begin_item(f);
			return i + 1;
		}
	}
	f->at = s.n;
	f->depth = depth;
	return 0;
}

static size_t
codec_json_cut(struct frame *f, struct str s, bool end, struct str *item)
{
	size_t n = f->at == 0 ? frame_space(s) : 0;
	const char *nl;

	if (n > 0)
		return n;
	if (s.n == 0)
		return 0;
	if (s.p[0] == '[' || s.p[0] == '{') {
		if ((n = codec_json_bracketed(f, s)) == 0)
			return frame_need_more(f, s, end, item);
		*item = (struct str){ s.p, n };
		return n;
	}
	/* junk: the parser will say so */
	nl = memchr(s.p, '\n', s.n);
	if (nl == NULL && !end)
		return 0;
	n = nl ? (size_t)(nl - s.p) + 1 : s.n;
	*item = (struct str){ s.p, nl ? n - 1 : n };
	return n;
}

/* where a stream is */
enum {
	STREAM_BEFORE,		/* before '[' */
	STREAM_FIRST,		/* after that: a record, or the end */
	STREAM_BETWEEN,		/* after a record: ',' or the end */
	STREAM_RECORD,		/* after ',' */
	STREAM_AFTER,		/* after the end */
};

static const char *const codec_json_expected[] = {
	[STREAM_BEFORE] = "not a SensML stream",
	[STREAM_FIRST] = "a record is not an object",
	[STREAM_BETWEEN] = "',' or ']' is missing",
	[STREAM_RECORD] = "a record is not an object",
	[STREAM_AFTER] = "more after the end",
};

/* where it is after the byte c, which is not of a record; or -1 */
static int
codec_json_step(int state, char c)
{
	if (state == STREAM_BEFORE && c == '[')
		return STREAM_FIRST;
	if (state == STREAM_BETWEEN && c == ',')
		return STREAM_RECORD;
	return c == ']' && (state == STREAM_FIRST ||
	    state == STREAM_BETWEEN) ? STREAM_AFTER : -1;
}

static size_t
codec_json_cut_record(struct frame *f, struct str s, bool end,
    struct str *item)
{
	size_t n = f->at == 0 ? frame_space(s) : 0;
	int next;

	if (n > 0)
		return n;
	if (s.n == 0)
		return 0;
	if ((next = codec_json_step(f->state, s.p[0])) >= 0) {
		f->state = next;
		return 1;
	}
	if (s.p[0] != '{' || (f->state != STREAM_FIRST &&
	    f->state != STREAM_RECORD))
		return frame_give_up(f, s, item,
		    codec_json_expected[f->state]);
	if ((n = codec_json_bracketed(f, s)) == 0)
		return frame_need_more(f, s, end, item);
	f->state = STREAM_BETWEEN;
	*item = (struct str){ s.p, n };
	return n;
}

/* ---- writing ---- */

#define KEY(l, name, number) \
	[LABEL_##l] = { "\"" name "\":", sizeof name + 2 },

static const struct str codec_json_keys[LABEL_SENML] = {
	SENML_LABELS(KEY)
};

static void
codec_json_put_value(struct buf *b, const struct fields *f, enum label l)
{
	if (LABEL_BIT(l) & LABEL_NUMBERS) {
		buf_put_str(b, f->text[l]);
	} else if (l == LABEL_VB) {
		buf_put_str(b, f->truth ? STR("true") : STR("false"));
	} else if (l == LABEL_VD) {
		buf_putc(b, '"');
		base64_put(b, f->text[l]);
		buf_putc(b, '"');
	} else {
		json_put_string(b, f->text[l]);
	}
}

static void
codec_json_put(struct buf *b, struct str labels, const struct fields *f)
{
	unsigned left;

	buf_putc(b, '{');
	buf_put_str(b, labels);
	for (left = f->have; left != 0; left &= left - 1) {
		enum label l = (enum label)__builtin_ctz(left);

		buf_put_str(b, codec_json_keys[l]);
		codec_json_put_value(b, f, l);
		buf_putc(b, ',');
	}
	if (!b->full)
		b->p[b->n - 1] = '}';
}

/* ,"n":"" ,"t": */
#define COSTS { .text = 7, .base_text = 8, .number = 5, .base_number = 6 }

const struct senml_codec codec_json = {
	.type = { "application/senml+json", 22 }, .number = { "110", 3 },
	.text = true,
	.cut = codec_json_cut, .by_line = true, .parse = codec_json_parse,
	.put = codec_json_put, .head = { "[", 1 }, .tail = { "]", 1 },
	.between = ',', .costs = COSTS,
};

const struct senml_codec codec_sensml = {
	.type = { "application/sensml+json", 23 }, .number = { "111", 3 },
	.stream = true, .text = true,
	.cut = codec_json_cut_record, .by_line = true,
	.parse = codec_json_parse_record,
	.put = codec_json_put, .head = { "[", 1 }, .tail = { "]\n", 2 },
	.between = ',', .after = '\n', .costs = COSTS,
};
