/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/xml_stream.h"

#ifdef HAVE_EXPAT
#include <expat.h>
#include <strings.h>

#include "base/base64.h"
#include "json/span.h"
#include "senml/xml_value.h"

/* between namespace and name; no namespace holds it */
#define SEPARATOR '\n'
#define NAMESPACE "urn:ietf:params:xml:ns:senml\n"
/* what the parser keeps for a document: its largest element some times
 * over, and each name of an attribute that ever came */
#define MEMORY_MAX ((size_t)32 << 20)
#define TEXTS_MAX (4 * XML_ELEMENT_MAX)
/* pieces in which the parser gets the rest of a tag and what follows it */
#define PIECE ((size_t)64 << 10)
#define PIECE_MAX ((size_t)1 << 30)

/*
 * Expat's memory comes out of an arena.  Its allocator is given nothing to
 * find that by, so the one of the call being made stands here: what would
 * else be a parser for each pack through malloc(3), without a bound, is
 * neither.
 */
static _Thread_local struct arena *memory;

struct block {
	_Alignas(16) size_t size;
};

static void *
memory_take(size_t n)
{
	struct block *b;

	if (n > MEMORY_MAX ||
	    (b = arena_alloc(memory, sizeof *b + n)) == NULL)
		return NULL;
	b->size = n;
	return b + 1;
}

static void *
memory_move(void *p, size_t n)
{
	struct block *b = p;
	void *to;

	if (p != NULL && b[-1].size >= n)
		return p;
	if ((to = memory_take(n)) != NULL && p != NULL)
		memcpy(to, p, b[-1].size);
	return to;
}

static void
memory_leave(void *p)
{
	(void)p;
}

static const XML_Memory_Handling_Suite suite = {
	memory_take, memory_move, memory_leave
};

static void
fail(struct xml_stream *x, size_t offset, const char *why)
{
	if (x->why != NULL)
		return;
	x->why = why;
	x->offset = offset;
	if (x->parser != NULL)
		XML_StopParser(x->parser, XML_FALSE);
}

/* of what the parser is at */
static size_t
event_offset(const struct xml_stream *x)
{
	XML_Index index = XML_GetCurrentByteIndex(x->parser);

	return x->begin + (index > 0 ? (size_t)index : 0);
}

static const char *
read_number(struct xml_stream *x, enum label l, struct str text)
{
	struct str *out = &x->fields.text[l];
	char *to = arena_alloc(x->texts, text.n + 2);

	if (to == NULL)
		return "record too large";
	out->p = to;
	out->n = l == LABEL_BVER ? xml_integer(to, text) :
	    xml_number(to, text);
	/* behind a number stands what belongs to none */
	to[out->n] = '\0';
	if (out->n > 300 || memchr(to, 'e', out->n) != NULL)
		x->fields.wild |= LABEL_BIT(l);
	return out->n > 0 ? NULL : l == LABEL_BVER ?
	    "bver is no positive integer" : "not a number";
}

static const char *
read_data(struct xml_stream *x, struct str text)
{
	char *to = arena_alloc(x->texts, text.n / 4 * 3 + 4);
	long n;

	if (to == NULL)
		return "record too large";
	if ((n = base64_decode(to, text)) < 0)
		return "vd is not base64url";
	x->fields.text[LABEL_VD] = (struct str){ to, (size_t)n };
	if (!base64_is_url(text))
		x->fields.bad |= LABEL_BIT(LABEL_VD);
	return NULL;
}

static const char *
read_string(struct xml_stream *x, enum label l, struct str text)
{
	struct str *out = &x->fields.text[l];

	*out = arena_str(x->texts, text);
	if (out->p == NULL)
		return "record too large";
	if ((l == LABEL_N || l == LABEL_BN) &&
	    span_name(out->p, out->p + out->n) != out->n)
		x->fields.bad |= LABEL_BIT(l);
	return NULL;
}

static const char *
read_value(struct xml_stream *x, enum label l, struct str text)
{
	if (LABEL_BIT(l) & LABEL_NUMBERS)
		return read_number(x, l, text);
	if (l == LABEL_VB)
		return xml_boolean(text, &x->fields.truth) ? NULL :
		    "vb is not true or false";
	if (l == LABEL_VD)
		return read_data(x, text);
	return read_string(x, l, text);
}

static const char *
read_attribute(struct xml_stream *x, const char *name, const char *value)
{
	enum label l;

	if (strchr(name, SEPARATOR) != NULL)
		return str_starts(str_z(name), STR(NAMESPACE)) ?
		    "a label with the prefix of SenML" : NULL;
	l = label_find(str_z(name));
	if (l == LABEL_MUST_UNDERSTAND)
		return "a label that must be understood";
	if (l >= LABEL_SENML) {
		if (x->events->ignored != NULL)
			x->events->ignored(x->arg, str_z(name));
		return NULL;
	}
	/* old drafts had base fields there */
	if (x->depth == 1)
		return "a field outside of a record";
	x->fields.have |= LABEL_BIT(l);
	return read_value(x, l, str_z(value));
}

static const char *
read_attributes(struct xml_stream *x, const char **at)
{
	const char *why;
	size_t n;

	for (n = 0; at[n] != NULL; n += 2)
		if (n == 2 * XML_ATTRIBUTES_MAX)
			return "too many attributes";
	for (; *at != NULL; at += 2)
		if ((why = read_attribute(x, at[0], at[1])) != NULL)
			return why;
	return NULL;
}

/* An element, by where it stands. */
static const char *
read_element(struct xml_stream *x, const char *name)
{
	switch (x->depth) {
	case 1:
		return strcmp(name, NAMESPACE "sensml") == 0 ? NULL :
		    "no <sensml> of urn:ietf:params:xml:ns:senml";
	case 2:
		return strcmp(name, NAMESPACE "senml") == 0 ? NULL :
		    "no <senml> of urn:ietf:params:xml:ns:senml";
	}
	return "an element inside of a record";
}

static void
on_start(void *arg, const char *name, const char **attributes)
{
	struct xml_stream *x = arg;
	struct fields *f = &x->fields;
	const char *why;

	if (x->why != NULL)
		return;
	x->depth++;
	x->element = event_offset(x);
	if (x->texts == &x->own_texts)
		arena_reset(x->texts);
	f->have = f->wild = f->bad = 0;
	if ((why = read_element(x, name)) == NULL)
		why = (size_t)XML_GetCurrentByteCount(x->parser) >
		    XML_ELEMENT_MAX ? "an element over 1 MiB" :
		    read_attributes(x, attributes);
	if (why != NULL)
		fail(x, x->element, why);
}

static void
on_end(void *arg, const char *name)
{
	struct xml_stream *x = arg;
	const char *why;

	(void)name;
	if (x->why != NULL)
		return;
	if (--x->depth > 0) {
		why = x->events->record(x->arg, &x->fields);
	} else {
		why = x->events->end(x->arg);
		x->documents++;
		x->ended = true;
		x->end = event_offset(x) +
		    (size_t)XML_GetCurrentByteCount(x->parser);
		/* the parser would make a copy of all that follows */
		XML_StopParser(x->parser, XML_FALSE);
	}
	if (why != NULL)
		fail(x, x->element, why);
}

static void
on_text(void *arg, const char *text, int n)
{
	struct xml_stream *x = arg;
	int i;

	for (i = 0; i < n; i++)
		if (strchr(" \t\r\n", text[i]) == NULL) {
			fail(x, event_offset(x) + (size_t)i,
			    "text between the records");
			return;
		}
}

static void
on_declaration(void *arg, const char *version, const char *encoding,
    int standalone)
{
	struct xml_stream *x = arg;

	(void)version;
	(void)standalone;
	x->declared = true;
	if (encoding != NULL && strcasecmp(encoding, "UTF-8") != 0)
		fail(x, event_offset(x), "an encoding other than UTF-8");
}

static void
on_doctype(void *arg, const char *name, const char *system,
    const char *public, int internal)
{
	struct xml_stream *x = arg;

	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	fail(x, event_offset(x), "a document type declaration");
}

void
xml_stream_init(struct xml_stream *x, const struct xml_events *events,
    void *arg)
{
	memset(x, 0, sizeof *x);
	x->events = events;
	x->arg = arg;
	x->memory = &x->own_memory;
	x->texts = &x->own_texts;
	arena_init(x->memory, MEMORY_MAX);
	arena_init(x->texts, TEXTS_MAX);
	buf_init(&x->held, XML_ELEMENT_MAX + PIECE);
}

void
xml_stream_init_in(struct xml_stream *x, const struct xml_events *events,
    void *arg, struct arena *arena)
{
	xml_stream_init(x, events, arg);
	x->memory = x->texts = arena;
}

void
xml_stream_release(struct xml_stream *x)
{
	/* the parser is in the arena */
	buf_release(&x->held);
	arena_release(&x->own_memory);
	arena_release(&x->own_texts);
	x->parser = NULL;
}

/* A document begins at `first`. */
static void
begin_document(struct xml_stream *x, char first)
{
	XML_Parser p;

	x->begin = x->at;
	x->depth = 0;
	x->declared = x->ended = false;
	x->parser = NULL;
	/* with a byte order mark it would take UTF-16, whatever we say */
	if (first == '\xfe' || first == '\xff') {
		fail(x, x->at, "an encoding other than UTF-8");
		return;
	}
	if (x->memory == &x->own_memory)
		arena_reset(x->memory);
	p = XML_ParserCreate_MM("UTF-8", &suite, (char[]){ SEPARATOR, 0 });
	if (p == NULL) {
		fail(x, x->at, "document too large");
		return;
	}
	x->parser = p;
	XML_SetUserData(p, x);
	XML_SetElementHandler(p, on_start, on_end);
	XML_SetCharacterDataHandler(p, on_text);
	XML_SetXmlDeclHandler(p, on_declaration);
	XML_SetStartDoctypeDeclHandler(p, on_doctype);
}

/* What the parser did not like. */
static void
fail_parser(struct xml_stream *x)
{
	enum XML_Error error = XML_GetErrorCode(x->parser);

	if (error == XML_ERROR_NO_MEMORY)
		fail(x, event_offset(x), "document too large");
	else if (error == XML_ERROR_DUPLICATE_ATTRIBUTE)
		fail(x, event_offset(x), "a label twice in one record");
	else
		fail(x, event_offset(x), XML_ErrorString(error));
}

/* Bytes that end with a tag, or between two. */
static void
parse(struct xml_stream *x, struct str s)
{
	size_t used;

	while (s.n > 0 && x->why == NULL) {
		if (x->parser == NULL && x->documents > 0 &&
		    strchr(" \t\r\n", s.p[0]) != NULL) {
			s = str_from(s, 1);
			x->at++;
			continue;
		}
		if (x->parser == NULL)
			begin_document(x, s.p[0]);
		if (x->why != NULL)
			return;
		used = s.n;
		if (XML_Parse(x->parser, s.p, (int)s.n, XML_FALSE) !=
		    XML_STATUS_OK) {
			if (!x->ended) {
				fail_parser(x);
				return;
			}
			used = x->end - x->at;
			x->parser = NULL;
		}
		s = str_from(s, used);
		x->at += used;
	}
}

/* There is no more. */
static void
finish(struct xml_stream *x)
{
	parse(x, buf_str(&x->held));
	buf_clear(&x->held);
	if (x->parser == NULL || x->why != NULL ||
	    XML_Parse(x->parser, "", 0, XML_TRUE) == XML_STATUS_OK)
		return;
	if (XML_GetErrorCode(x->parser) == XML_ERROR_NO_ELEMENTS) {
		if (x->events->open ? x->depth < 2 :
		    x->depth == 0 && !x->declared)
			return;
		fail(x, x->at, "the document does not end");
	}
	fail_parser(x);
}

/* Hands over what is whole and holds the rest. */
static void
take(struct xml_stream *x, struct str s)
{
	size_t whole = xml_split(&x->place, s);

	if (whole > 0 && x->held.n > 0) {
		buf_put(&x->held, s.p, whole);
		parse(x, buf_str(&x->held));
		buf_clear(&x->held);
	} else {
		parse(x, (struct str){ s.p, whole });
	}
	buf_put_str(&x->held, str_from(s, whole));
	if (x->held.full || x->held.n > XML_ELEMENT_MAX)
		fail(x, x->at, "an element over 1 MiB");
}

int
xml_stream_feed(struct xml_stream *x, struct str bytes, bool last)
{
	struct arena *outer = memory;
	const char *nul = bytes.n ? memchr(bytes.p, 0, bytes.n) : NULL;
	size_t n;

	memory = x->memory;
	if (nul != NULL)
		bytes.n = (size_t)(nul - bytes.p);
	while (bytes.n > 0 && x->why == NULL) {
		n = x->held.n > 0 ? PIECE : PIECE_MAX;
		if (n > bytes.n)
			n = bytes.n;
		take(x, (struct str){ bytes.p, n });
		bytes = str_from(bytes, n);
	}
	/* in UTF-8 there is none, and UTF-16 is full of them */
	if (nul != NULL)
		fail(x, x->at + x->held.n, "a NUL byte");
	if (last && x->why == NULL)
		finish(x);
	memory = outer;
	return x->why ? -1 : 0;
}
#else
/* The same without a parser: nothing is taken. */
void
xml_stream_init(struct xml_stream *x, const struct xml_events *events,
    void *arg)
{
	memset(x, 0, sizeof *x);
	x->events = events;
	x->arg = arg;
	x->why = "built without XML";
}

void
xml_stream_init_in(struct xml_stream *x, const struct xml_events *events,
    void *arg, struct arena *arena)
{
	(void)arena;
	xml_stream_init(x, events, arg);
}

void
xml_stream_release(struct xml_stream *x)
{
	(void)x;
}

int
xml_stream_feed(struct xml_stream *x, struct str bytes, bool last)
{
	(void)x;
	(void)bytes;
	(void)last;
	return -1;
}
#endif
