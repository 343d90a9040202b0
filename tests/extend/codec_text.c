/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SenML as text: a record a line, its fields as label=value with tabs
 * between, and an empty line after the last record of a pack.  In a value
 * "\\" is a backslash, "\t" a tab, "\n" a line feed; vd is base64url.
 */
#include "base/base64.h"
#include "base/utf8.h"
#include "json/number.h"
#include "json/span.h"
#include "senml/frame.h"

/* ---- reading ---- */

static size_t
codec_text_cut(struct frame *f, struct str unread, bool end, struct str *item)
{
	size_t i;

	/* lines between packs */
	if (f->at == 0 && unread.n > 0 && unread.p[0] == '\n')
		return 1;
	for (i = f->at; i + 1 < unread.n; i++)
		if (unread.p[i] == '\n' && unread.p[i + 1] == '\n') {
			*item = (struct str){ unread.p, i + 2 };
			frame_begin_item(f);
			return i + 2;
		}
	f->at = i;
	return frame_need_more(f, unread, end, item);
}

/* what stands before `c`, and *rest what follows it */
static struct str
codec_text_take(struct str *rest, char c)
{
	const char *at = rest->n > 0 ? memchr(rest->p, c, rest->n) : NULL;
	struct str s = { rest->p, at ? (size_t)(at - rest->p) : rest->n };

	*rest = str_from(*rest, s.n + (at != NULL));
	return s;
}

static const char *
codec_text_string(struct arena *arena, struct str text, struct str *out)
{
	char *to = arena_alloc(arena, text.n + 1);
	size_t i, n = 0;

	if (to == NULL)
		return "pack too large";
	for (i = 0; i < text.n; i++) {
		if (text.p[i] == '\\' && ++i == text.n)
			return "a backslash at the end of a value";
		to[n++] = i == 0 || text.p[i - 1] != '\\' ? text.p[i] :
		    text.p[i] == 't' ? '\t' : text.p[i] == 'n' ? '\n' :
		    text.p[i];
	}
	*out = (struct str){ to, n };
	return utf8_valid(*out) ? NULL : "not UTF-8";
}

static const char *
codec_text_data(struct arena *arena, struct str text, struct str *out)
{
	char *to = arena_alloc(arena, text.n / 4 * 3 + 4);
	long n = to ? base64_decode(to, text) : -1;

	if (n < 0)
		return to ? "vd is not base64url" : "pack too large";
	*out = (struct str){ to, (size_t)n };
	return NULL;
}

static const char *
codec_text_value(struct arena *arena, struct fields *f, enum label l,
    struct str text)
{
	const char *why;

	if (LABEL_BIT(l) & LABEL_NUMBERS) {
		f->text[l] = text;
		/* the resolver looks whether it is in range */
		f->exponent |= LABEL_BIT(l);
		return number_valid(text) ? NULL : "not a number";
	}
	if (l == LABEL_VB) {
		f->truth = str_eq(text, STR("true"));
		return f->truth || str_eq(text, STR("false")) ? NULL :
		    "vb is not true or false";
	}
	if (l == LABEL_VD)
		return codec_text_data(arena, text, &f->text[l]);
	if ((why = codec_text_string(arena, text, &f->text[l])) != NULL)
		return why;
	if ((l == LABEL_N || l == LABEL_BN) && span_name(f->text[l].p,
	    f->text[l].p + f->text[l].n) != f->text[l].n)
		f->bad |= LABEL_BIT(l);
	return NULL;
}

static const char *
codec_text_field(struct pack *p, struct fields *f, struct str field)
{
	struct str key = codec_text_take(&field, '=');
	enum label l = label_find(key);

	if (l == LABEL_MUST_UNDERSTAND)
		return "a label that must be understood";
	if (l >= LABEL_SENML) {
		p->labelled |= l < LABEL_COUNT;
		fields_ignore(p, key);
		return NULL;
	}
	if (f->have & LABEL_BIT(l))
		return "a label twice in one record";
	f->have |= LABEL_BIT(l);
	return codec_text_value(&p->arena, f, l, field);
}

static const char *
codec_text_record(struct resolver *r, struct str line)
{
	struct fields f;
	const char *why;

	f.have = f.exponent = f.bad = 0;
	while (line.n > 0)
		if ((why = codec_text_field(r->pack, &f,
		    codec_text_take(&line, '\t'))) != NULL)
			return why;
	return resolver_add(r, &f);
}

static const char *
codec_text_parse(struct resolver *r, struct str item)
{
	struct str rest = item, line;
	const char *why = NULL;

	/* without its empty line it is a part of a pack */
	if (item.n < 2 || memcmp(item.p + item.n - 2, "\n\n", 2) != 0)
		why = "the empty line at the end is missing";
	while (why == NULL && (line = codec_text_take(&rest, '\n')).n > 0)
		why = codec_text_record(r, line);
	if (why == NULL && rest.n > 0)
		why = "more after the end";
	if (why != NULL)
		r->pack->at = item.n - rest.n > 0 ? item.n - rest.n - 1 : 0;
	return why;
}

/* ---- writing ---- */

#define KEY(l, name, number) [LABEL_##l] = { name "=", sizeof name },

static const struct str codec_text_keys[LABEL_SENML] = {
	SENML_LABELS(KEY)
};

static void
codec_text_put_string(struct buf *b, struct str s)
{
	for (; s.n > 0; s = str_from(s, 1)) {
		if (*s.p == '\\' || *s.p == '\t' || *s.p == '\n')
			buf_putc(b, '\\');
		buf_putc(b, *s.p == '\t' ? 't' : *s.p == '\n' ? 'n' : *s.p);
	}
}

static void
codec_text_put(struct buf *b, struct str labels, const struct fields *f)
{
	enum label l;

	(void)labels;
	for (l = 0; l < LABEL_SENML; l++) {
		if ((f->have & LABEL_BIT(l)) == 0)
			continue;
		if ((f->have & (LABEL_BIT(l) - 1)) != 0)
			buf_putc(b, '\t');
		buf_put_str(b, codec_text_keys[l]);
		if (LABEL_BIT(l) & LABEL_NUMBERS)
			buf_put_str(b, f->text[l]);
		else if (l == LABEL_VB)
			buf_puts(b, f->truth ? "true" : "false");
		else if (l == LABEL_VD)
			base64_put(b, f->text[l]);
		else
			codec_text_put_string(b, f->text[l]);
	}
}

const struct senml_codec codec_text = {
	.type = { "text/vnd.example.senml", 22 }, .number = { "65001", 5 },
	.text = true,
	.cut = codec_text_cut, .parse = codec_text_parse,
	.put = codec_text_put, .between = '\n', .tail = { "\n\n", 2 },
	.costs = { .text = 3, .base_text = 4, .number = 3, .base_number = 4 },
};
