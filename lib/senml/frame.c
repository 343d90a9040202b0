/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/frame.h"

/* Forgets what was seen of an item: the next begins. */
static void
begin_item(struct frame *f)
{
	f->at = 0;
	f->depth = 0;
	f->in_string = f->escaped = false;
	f->walk.depth = 0;
	f->walk.begun = false;
}

static void
begin_file(void *arg)
{
	struct frame *f = arg;

	f->state = FRAME_BEFORE;
	f->why = NULL;
	f->items = 0;
	begin_item(f);
}

/* All that is unread is the last item, and wrong. */
static size_t
give_up(struct frame *f, struct str unread, struct str *item,
    const char *why)
{
	f->why = why;
	f->state = FRAME_DEAD;
	*item = unread;
	return unread.n;
}

/* What is left of an item whose end has not come. */
static size_t
need_more(struct frame *f, struct str unread, bool end, struct str *item)
{
	if (!end || unread.n == 0)
		return 0;
	return give_up(f, unread, item, "the input ends inside of it");
}

static size_t
space(struct str s)
{
	size_t n = 0;

	while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t' ||
	    s.p[n] == '\n' || s.p[n] == '\r'))
		n++;
	return n;
}

/* The length of the bracketed text at the head, or 0: not all is there. */
static size_t
bracketed(struct frame *f, struct str s)
{
	size_t i;

	for (i = f->at; i < s.n; i++) {
		char c = s.p[i];

		if (f->in_string) {
			if (f->escaped)
				f->escaped = false;
			else if (c == '\\')
				f->escaped = true;
			else if (c == '"')
				f->in_string = false;
		} else if (c == '"') {
			f->in_string = true;
		} else if (c == '[' || c == '{') {
			f->depth++;
		} else if ((c == ']' || c == '}') && --f->depth == 0) {
			begin_item(f);
			return i + 1;
		}
	}
	f->at = i;
	return 0;
}

static size_t
next_json(struct frame *f, struct str s, bool end, struct str *item)
{
	size_t n = f->at == 0 ? space(s) : 0;
	const char *nl;

	if (n > 0)
		return n;
	if (s.n == 0)
		return 0;
	if (s.p[0] == '[' || s.p[0] == '{') {
		if ((n = bracketed(f, s)) == 0)
			return need_more(f, s, end, item);
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

static size_t
next_sensml(struct frame *f, struct str s, bool end, struct str *item)
{
	size_t n = f->at == 0 ? space(s) : 0;
	char c;

	if (n > 0)
		return n;
	if (s.n == 0)
		return 0;
	c = s.p[0];
	if (f->state == FRAME_AFTER)
		return give_up(f, s, item, "more behind the end");
	if (f->state == FRAME_BEFORE && c == '[') {
		f->state = FRAME_FIRST;
		return 1;
	}
	if (f->state == FRAME_BETWEEN && c == ',') {
		f->state = FRAME_RECORD;
		return 1;
	}
	if (c == ']' && (f->state == FRAME_BETWEEN ||
	    f->state == FRAME_FIRST)) {
		f->state = FRAME_AFTER;
		return 1;
	}
	if (c != '{' || f->state == FRAME_BEFORE ||
	    f->state == FRAME_BETWEEN)
		return give_up(f, s, item, f->state == FRAME_BEFORE ?
		    "no SensML stream" : f->state == FRAME_BETWEEN ?
		    "no ',' or ']'" : "a record is no object");
	if ((n = bracketed(f, s)) == 0)
		return need_more(f, s, end, item);
	f->state = FRAME_BETWEEN;
	*item = (struct str){ s.p, n };
	return n;
}

/* One whole item of CBOR. */
static size_t
next_cbor(struct frame *f, struct str s, bool end, struct str *item)
{
	struct cbor c = { .end = s.p + s.n };
	const char *p;

	if (s.n == 0)
		return 0;
	f->tried = f->at == 0 && !f->walk.begun && f->take != NULL &&
	    (item->n = f->take(f->take_arg, s)) > 0;
	if (f->tried) {
		item->p = s.p;
		return item->n;
	}
	p = cbor_step(&c, &f->walk, s.p + f->at);
	if (p == NULL && c.at == c.end) {
		f->at = (size_t)(f->walk.at - s.p);
		return need_more(f, s, end, item);
	}
	if (p == NULL)
		return give_up(f, s, item, c.why);
	begin_item(f);
	*item = (struct str){ s.p, (size_t)(p - s.p) };
	return item->n;
}

/* The head of the array that a stream is; tag 55799 may stand in front. */
static size_t
begin_array(struct frame *f, struct str s, bool end, struct str *item)
{
	struct cbor c = { .end = s.p + s.n };
	struct cbor_head h;
	const char *p = cbor_head(&c, s.p, &h);

	if (p != NULL && h.major == CBOR_TAG && h.arg == 55799)
		p = cbor_head(&c, p, &h);
	if (p == NULL && c.at == c.end)
		return need_more(f, s, end, item);
	if (p == NULL || h.major != CBOR_ARRAY)
		return give_up(f, s, item, "no SensML stream");
	f->indefinite = h.info == CBOR_INDEFINITE;
	f->left = h.arg;
	f->state = FRAME_BETWEEN;
	return (size_t)(p - s.p);
}

static size_t
next_sensmlc(struct frame *f, struct str s, bool end, struct str *item)
{
	size_t n;

	if (s.n == 0)
		return 0;
	if (f->state == FRAME_BEFORE)
		return begin_array(f, s, end, item);
	if (f->state == FRAME_BETWEEN && f->at == 0) {
		if (f->indefinite && (unsigned char)s.p[0] == 0xff) {
			f->state = FRAME_AFTER;
			return 1;
		}
		if (!f->indefinite && f->left == 0)
			f->state = FRAME_AFTER;
	}
	if (f->state == FRAME_AFTER)
		return give_up(f, s, item, "more behind the end");
	n = next_cbor(f, s, end, item);
	if (n > 0 && f->state == FRAME_BETWEEN)
		f->left--;
	return n;
}

static size_t
cut(struct frame *f, struct str unread, bool end, struct str *item)
{
	if (f->state == FRAME_DEAD)
		return unread.n;
	switch (f->kind) {
	case FRAME_JSON:
		return next_json(f, unread, end, item);
	case FRAME_CBOR:
		return next_cbor(f, unread, end, item);
	case FRAME_SENSML:
		return next_sensml(f, unread, end, item);
	case FRAME_SENSMLC:
		return next_sensmlc(f, unread, end, item);
	case FRAME_CHUNKS:
		if (unread.n == 0 && (!end || f->state == FRAME_AFTER))
			return 0;
		if (unread.n == 0)
			f->state = FRAME_AFTER;
		*item = unread;
		return unread.n;
	}
	return unread.n;
}

static size_t
next(void *arg, struct str unread, bool end, struct str *item)
{
	struct frame *f = arg;
	size_t n = cut(f, unread, end, item);

	f->items += item->p != NULL;
	return n;
}

void
frame_stop(struct frame *f)
{
	f->state = FRAME_DEAD;
}

void
frame_init(struct frame *f, enum frame_kind kind)
{
	*f = (struct frame){
		.kind = kind,
		.cut = {
			.next = next, .begin = begin_file, .arg = f,
			.limit = FRAME_LIMIT,
			.by_line = kind == FRAME_JSON || kind == FRAME_SENSML,
		},
	};
	begin_file(f);
}
