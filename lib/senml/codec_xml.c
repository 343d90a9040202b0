/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SenML in XML (RFC 8428 7).  UTF-8 only.  The namespace must be SenML's, by
 * default or by a prefix.  Refused: any DTD, so there are no entities but
 * XML's own; elements of other kinds; text other than white space; fields on
 * <sensml>.  Ignored: comments, processing instructions, attributes that SenML
 * does not know (not with a name that ends in '_') or of other namespaces.
 */
#include "base/base64.h"
#include "json/span.h"
#include "senml/codec.h"
#include "senml/frame.h"
#include "senml/xml_value.h"
#include "senml/xml_write.h"

#ifdef HAVE_EXPAT
#include <expat.h>
#include <strings.h>

#define ELEMENT_MAX ((size_t)1 << 20)
#define ATTRIBUTES_MAX 1024
/* between namespace and name; no namespace holds it */
#define SEPARATOR '\n'
#define NAMESPACE "urn:ietf:params:xml:ns:senml\n"
/* what the parser keeps for a document: its largest element some times
 * over, and each name of an attribute that ever came */
#define MEMORY_MAX ((size_t)32 << 20)

/* a document being read, or with `open` a stream */
struct reading {
	struct resolver *resolver;
	struct arena *arena;	/* the pack's */
	XML_Parser parser;
	struct fields fields;
	const char *why;
	size_t at;		/* offset of the error */
	size_t element;		/* offset of the element being read */
	unsigned depth;		/* 1: in sensml, 2: in senml */
	bool declared;		/* <?xml … ?> has been seen */
	bool open;
};

/*
 * Expat's memory comes out of the pack's arena.  Its allocator is given
 * nothing to find that by, so the one of the call being made stands here:
 * otherwise each pack would need a parser through malloc(3), without a bound.
 */
static _Thread_local struct arena *codec_xml_arena;

struct block {
	_Alignas(16) size_t size;
};

static void *
codec_xml_alloc(size_t n)
{
	struct block *b;

	if (n > MEMORY_MAX || (b = arena_alloc(codec_xml_arena,
	    sizeof *b + n)) == NULL)
		return NULL;
	b->size = n;
	return b + 1;
}

static void *
codec_xml_realloc(void *p, size_t n)
{
	struct block *b = p;
	void *to;

	if (p != NULL && b[-1].size >= n)
		return p;
	if ((to = codec_xml_alloc(n)) != NULL && p != NULL)
		memcpy(to, p, b[-1].size);
	return to;
}

static void
codec_xml_free(void *p)
{
	(void)p;
}

static void
codec_xml_fail(struct reading *x, size_t at, const char *why)
{
	if (x->why != NULL)
		return;
	x->why = why;
	x->at = at;
	XML_StopParser(x->parser, XML_FALSE);
}

/* of what the parser is at */
static size_t
codec_xml_offset(const struct reading *x)
{
	XML_Index index = XML_GetCurrentByteIndex(x->parser);

	return index > 0 ? (size_t)index : 0;
}

static const char *
codec_xml_number(struct reading *x, enum label l, struct str text)
{
	struct str *out = &x->fields.text[l];
	char *to = arena_alloc(x->arena, text.n + 2);

	if (to == NULL)
		return "pack too large";
	out->p = to;
	out->n = l == LABEL_BVER ? xml_integer(to, text) :
	    xml_number(to, text);
	to[out->n] = '\0';
	if (out->n > 300 || memchr(to, 'e', out->n) != NULL)
		x->fields.exponent |= LABEL_BIT(l);
	return out->n > 0 ? NULL : l == LABEL_BVER ?
	    "bver is not a positive integer" : "not a number";
}

static const char *
codec_xml_data(struct reading *x, struct str text)
{
	char *to = arena_alloc(x->arena, text.n / 4 * 3 + 4);
	long n;

	if (to == NULL)
		return "pack too large";
	if ((n = base64_decode(to, text)) < 0)
		return "vd is not base64url";
	x->fields.text[LABEL_VD] = (struct str){ to, (size_t)n };
	if (!base64_is_url(text))
		x->fields.bad |= LABEL_BIT(LABEL_VD);
	return NULL;
}

static const char *
codec_xml_string(struct reading *x, enum label l, struct str text)
{
	struct str *out = &x->fields.text[l];

	*out = arena_str(x->arena, text);
	if (out->p == NULL)
		return "pack too large";
	if ((l == LABEL_N || l == LABEL_BN) &&
	    span_name(out->p, out->p + out->n) != out->n)
		x->fields.bad |= LABEL_BIT(l);
	return NULL;
}

static const char *
codec_xml_value(struct reading *x, enum label l, struct str text)
{
	if (LABEL_BIT(l) & LABEL_NUMBERS)
		return codec_xml_number(x, l, text);
	if (l == LABEL_VB)
		return xml_boolean(text, &x->fields.truth) ? NULL :
		    "vb is not true or false";
	if (l == LABEL_VD)
		return codec_xml_data(x, text);
	return codec_xml_string(x, l, text);
}

static const char *
codec_xml_attribute(struct reading *x, const char *name, const char *value)
{
	struct pack *p = x->resolver->pack;
	enum label l;

	if (strchr(name, SEPARATOR) != NULL)
		return str_starts(str_z(name), STR(NAMESPACE)) ?
		    "a label with the prefix of SenML" : NULL;
	l = label_find(str_z(name));
	if (l == LABEL_MUST_UNDERSTAND)
		return "a label that must be understood";
	if (l >= LABEL_SENML) {
		p->labelled |= l < LABEL_COUNT;
		fields_ignore(p, str_z(name));
		return NULL;
	}
	/* old drafts had base fields there */
	if (x->depth == 1)
		return "a field outside of a record";
	x->fields.have |= LABEL_BIT(l);
	return codec_xml_value(x, l, str_z(value));
}

static const char *
codec_xml_attributes(struct reading *x, const char **at)
{
	const char *why;
	size_t n;

	for (n = 0; at[n] != NULL; n += 2)
		if (n == 2 * ATTRIBUTES_MAX)
			return "too many attributes";
	for (; *at != NULL; at += 2)
		if ((why = codec_xml_attribute(x, at[0], at[1])) != NULL)
			return why;
	return NULL;
}

/* An element, by where it stands. */
static const char *
codec_xml_element(const struct reading *x, const char *name)
{
	switch (x->depth) {
	case 1:
		return strcmp(name, NAMESPACE "sensml") == 0 ? NULL :
		    "not <sensml> of urn:ietf:params:xml:ns:senml";
	case 2:
		return strcmp(name, NAMESPACE "senml") == 0 ? NULL :
		    "not <senml> of urn:ietf:params:xml:ns:senml";
	}
	return "an element inside of a record";
}

static void
codec_xml_on_start(void *arg, const char *name, const char **attributes)
{
	struct reading *x = arg;
	struct fields *f = &x->fields;
	const char *why;

	if (x->why != NULL)
		return;
	x->depth++;
	x->element = codec_xml_offset(x);
	x->resolver->pack->at = x->element;
	f->have = f->exponent = f->bad = 0;
	if ((why = codec_xml_element(x, name)) == NULL)
		why = (size_t)XML_GetCurrentByteCount(x->parser) >
		    ELEMENT_MAX ? "an element over 1 MiB" :
		    codec_xml_attributes(x, attributes);
	if (why != NULL)
		codec_xml_fail(x, x->element, why);
}

static void
codec_xml_on_end(void *arg, const char *name)
{
	struct reading *x = arg;
	const char *why;

	(void)name;
	if (x->why == NULL && --x->depth > 0 &&
	    (why = resolver_add(x->resolver, &x->fields)) != NULL)
		codec_xml_fail(x, x->element, why);
}

static void
codec_xml_on_text(void *arg, const char *text, int n)
{
	struct reading *x = arg;
	size_t space = frame_space((struct str){ text, (size_t)n });

	if (space < (size_t)n)
		codec_xml_fail(x, codec_xml_offset(x) + space,
		    "text between the records");
}

static void
codec_xml_on_declaration(void *arg, const char *version, const char *encoding,
    int standalone)
{
	struct reading *x = arg;

	(void)version;
	(void)standalone;
	x->declared = true;
	if (encoding != NULL && strcasecmp(encoding, "UTF-8") != 0)
		codec_xml_fail(x, codec_xml_offset(x),
		    "an encoding other than UTF-8");
}

static void
codec_xml_on_doctype(void *arg, const char *name, const char *system,
    const char *public, int internal)
{
	struct reading *x = arg;

	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	codec_xml_fail(x, codec_xml_offset(x),
	    "a document type declaration");
}

/* What the parser did not like. */
static void
codec_xml_fail_parser(struct reading *x, size_t size)
{
	enum XML_Error error = XML_GetErrorCode(x->parser);
	size_t at = codec_xml_offset(x);

	switch (error) {
	case XML_ERROR_NO_MEMORY:
		codec_xml_fail(x, at, "document too large");
		break;
	case XML_ERROR_DUPLICATE_ATTRIBUTE:
		codec_xml_fail(x, at, "a label twice in one record");
		break;
	case XML_ERROR_JUNK_AFTER_DOC_ELEMENT:
		codec_xml_fail(x, at, "more after the end");
		break;
	case XML_ERROR_NO_ELEMENTS:
		/* a stream may end between two records */
		if (x->open && x->depth < 2)
			break;
		if (x->depth == 0 && !x->declared)
			codec_xml_fail(x, 0, "not a SenML document");
		else
			codec_xml_fail(x, size, "the document does not end");
		break;
	default:
		codec_xml_fail(x, at, XML_ErrorString(error));
	}
}

static void
codec_xml_run(struct reading *x, struct str text)
{
	const char *nul = text.n > 0 ? memchr(text.p, 0, text.n) : NULL;
	size_t n = nul ? (size_t)(nul - text.p) : text.n;

	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, codec_xml_on_start,
	    codec_xml_on_end);
	XML_SetCharacterDataHandler(x->parser, codec_xml_on_text);
	XML_SetXmlDeclHandler(x->parser, codec_xml_on_declaration);
	XML_SetStartDoctypeDeclHandler(x->parser, codec_xml_on_doctype);
	if (XML_Parse(x->parser, text.p, (int)n, nul == NULL) !=
	    XML_STATUS_OK)
		codec_xml_fail_parser(x, text.n);
	/* in UTF-8 there is none, and UTF-16 is full of them */
	if (nul != NULL)
		codec_xml_fail(x, n, "a NUL byte");
}

static const char *
codec_xml_read(struct resolver *r, struct str text, bool open)
{
	struct arena *outer = codec_xml_arena;
	struct reading x = {
		.resolver = r, .arena = &r->pack->arena, .open = open
	};
	static const XML_Memory_Handling_Suite memory = {
		codec_xml_alloc, codec_xml_realloc, codec_xml_free
	};

	codec_xml_arena = x.arena;
	x.parser = XML_ParserCreate_MM("UTF-8", &memory,
	    (char[]){ SEPARATOR, 0 });
	if (x.parser == NULL)
		x.why = "document too large";
	else if (text.n > FRAME_LIMIT)
		codec_xml_fail(&x, FRAME_LIMIT, "document too large");
	/* with a byte order mark it would take UTF-16, whatever we say */
	else if (text.n > 0 && (*text.p == '\xfe' || *text.p == '\xff'))
		codec_xml_fail(&x, 0, "an encoding other than UTF-8");
	else
		codec_xml_run(&x, text);
	/* the parser is in the arena */
	codec_xml_arena = outer;
	if (x.why != NULL)
		r->pack->at = x.at;
	return x.why;
}
#else
/* The same without a parser: nothing is taken. */
static const char *
codec_xml_read(struct resolver *r, struct str text, bool open)
{
	(void)text;
	(void)open;
	r->pack->at = 0;
	return "built without XML";
}
#endif

static const char *
codec_xml_parse(struct resolver *r, struct str text)
{
	return codec_xml_read(r, text, false);
}

static const char *
codec_xml_parse_open(struct resolver *r, struct str text)
{
	return codec_xml_read(r, text, true);
}

/* ---- cutting ---- */

/* where a byte is; bytes that can't be XML, such as a '<' inside a tag, are
 * somewhere, too, and the parser refuses them */
enum place {
	PLACE_TEXT, PLACE_OPEN, PLACE_TAG, PLACE_DOUBLE, PLACE_SINGLE,
	PLACE_BANG, PLACE_BANG_DASH,
	PLACE_COMMENT, PLACE_COMMENT_DASH, PLACE_COMMENT_END,
	PLACE_INSTRUCTION, PLACE_INSTRUCTION_END,
};

static int
codec_xml_step_tag(int place, char c)
{
	if (place != PLACE_TAG)
		return c == (place == PLACE_DOUBLE ? '"' : '\'') ?
		    PLACE_TAG : place;
	return c == '>' ? PLACE_TEXT : c == '"' ? PLACE_DOUBLE :
	    c == '\'' ? PLACE_SINGLE : PLACE_TAG;
}

static int
codec_xml_step(int place, char c)
{
	switch (place) {
	case PLACE_TEXT:
		return c == '<' ? PLACE_OPEN : PLACE_TEXT;
	case PLACE_OPEN:
		return c == '!' ? PLACE_BANG : c == '?' ?
		    PLACE_INSTRUCTION : codec_xml_step_tag(PLACE_TAG, c);
	case PLACE_BANG:
		return c == '-' ? PLACE_BANG_DASH :
		    codec_xml_step_tag(PLACE_TAG, c);
	case PLACE_BANG_DASH:
		return c == '-' ? PLACE_COMMENT :
		    codec_xml_step_tag(PLACE_TAG, c);
	case PLACE_COMMENT:
		return c == '-' ? PLACE_COMMENT_DASH : PLACE_COMMENT;
	case PLACE_COMMENT_DASH:
		return c == '-' ? PLACE_COMMENT_END : PLACE_COMMENT;
	case PLACE_COMMENT_END:
		return c == '>' ? PLACE_TEXT : c == '-' ? place :
		    PLACE_COMMENT;
	case PLACE_INSTRUCTION:
		return c == '?' ? PLACE_INSTRUCTION_END : PLACE_INSTRUCTION;
	case PLACE_INSTRUCTION_END:
		return c == '>' ? PLACE_TEXT : c == '?' ? place :
		    PLACE_INSTRUCTION;
	}
	return codec_xml_step_tag(place, c);
}

/* Outside of the root element there is white space, and a byte order mark at
 * the beginning. */
static bool
codec_xml_is_junk(const struct frame *f, struct str s, size_t i)
{
	return f->depth == 0 && f->place == PLACE_TEXT && s.p[i] != '<' &&
	    frame_space((struct str){ s.p + i, 1 }) == 0 &&
	    !(i < 3 && s.p[i] == "\xef\xbb\xbf"[i]);
}

/* The tag that ends at s.p[i]: true when it ends the root element. */
static bool
codec_xml_end_tag(struct frame *f, struct str s, size_t i)
{
	if (f->kind == '!' || f->kind == '?')
		return false;
	if (f->kind == '/')
		return f->depth <= 1 || --f->depth == 0;
	if (s.p[i - 1] != '/')
		f->depth++;
	return f->depth == 0;
}

/* The next byte that counts from i on; s.n when there is none. */
static size_t
codec_xml_skip(const struct frame *f, struct str s, size_t i)
{
	char c = f->place == PLACE_DOUBLE ? '"' : f->place == PLACE_SINGLE ?
	    '\'' : f->place == PLACE_TEXT && f->depth > 0 ? '<' : '\0';
	const char *p;

	if (c == '\0' || i == s.n)
		return i;
	p = memchr(s.p + i, c, s.n - i);
	return p ? (size_t)(p - s.p) : s.n;
}

/* White space, comments and instructions after the last document are
 * nothing. */
static size_t
codec_xml_cut_rest(struct frame *f, struct str s, bool end, struct str *item)
{
	return end && f->depth == 0 && f->place == PLACE_TEXT &&
	    !str_starts(s, STR("<?xml")) ? s.n :
	    frame_need_more(f, s, end, item);
}

/* Documents, one after the other. */
static size_t
codec_xml_cut(struct frame *f, struct str s, bool end, struct str *item)
{
	size_t i = f->at == 0 ? frame_space(s) : 0;
	int before;

	if (i > 0)
		return i;
	for (i = f->at; (i = codec_xml_skip(f, s, i)) < s.n; i++) {
		if (codec_xml_is_junk(f, s, i))
			return frame_give_up(f, s, item, NULL);
		before = f->place;
		f->place = codec_xml_step(before, s.p[i]);
		if (before == PLACE_OPEN)
			f->kind = s.p[i];
		if (f->place == PLACE_TEXT && before >= PLACE_OPEN &&
		    before <= PLACE_BANG_DASH &&
		    codec_xml_end_tag(f, s, i)) {
			frame_begin_item(f);
			*item = (struct str){ s.p, i + 1 };
			return i + 1;
		}
	}
	f->at = i;
	return codec_xml_cut_rest(f, s, end, item);
}

/* ---- writing ---- */

#define KEY(l, name, number) \
	[LABEL_##l] = { " " name "=\"", sizeof name + 2 },

static const struct str codec_xml_keys[LABEL_SENML] = {
	SENML_LABELS(KEY)
};

static void
codec_xml_put(struct buf *b, struct str labels, const struct fields *f)
{
	unsigned left;

	(void)labels;
	buf_put_str(b, STR("<senml"));
	for (left = f->have; left != 0; left &= left - 1) {
		enum label l = (enum label)__builtin_ctz(left);

		buf_put_str(b, codec_xml_keys[l]);
		if (LABEL_BIT(l) & LABEL_NUMBERS)
			buf_put_str(b, f->text[l]);
		else if (l == LABEL_VB)
			buf_put_str(b, f->truth ? STR("true") : STR("false"));
		else if (l == LABEL_VD)
			base64_put(b, f->text[l]);
		else
			xml_put_escaped(b, f->text[l]);
		buf_putc(b, '"');
	}
	buf_put_str(b, STR("/>"));
}

static const char *
codec_xml_refuse(const struct record *r)
{
	return xml_carries(r->unit) && xml_carries(r->ct) &&
	    (r->kind != VALUE_STRING || xml_carries(r->value)) ? NULL :
	    "a character that XML can't carry";
}

const struct senml_codec codec_xml = {
	.type = { "application/senml+xml", 21 }, .number = { "310", 3 },
	.text = true,
	.cut = codec_xml_cut, .parse = codec_xml_parse,
	.put = codec_xml_put, .refuse = codec_xml_refuse,
	.head = { "<sensml xmlns=\"urn:ietf:params:xml:ns:senml\">", 45 },
	.tail = { "</sensml>", 9 },
	/*  n=""    t="" */
	.costs = { .text = 5, .base_text = 6, .number = 5, .base_number = 6 },
};

const struct senml_codec codec_sensmlx = {
	.type = { "application/sensml+xml", 22 }, .number = { "311", 3 },
	.stream = true, .text = true, .parse = codec_xml_parse_open,
};
