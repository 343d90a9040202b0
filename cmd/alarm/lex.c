/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/alarm/lex.h"

void
lex_init(struct lex *l, struct str text, struct arena *arena)
{
	*l = (struct lex){ .text = text, .arena = arena, .line = 1 };
}

static char
lex_peek(const struct lex *l)
{
	return l->at < l->text.n ? l->text.p[l->at] : '\0';
}

static void
lex_line_break(struct lex *l)
{
	l->at++;
	l->line++;
	l->begin = l->at;
}

/* White space, comments, and line breaks that mean nothing. */
static void
lex_skip_space(struct lex *l)
{
	for (; l->at < l->text.n; l->at++) {
		char c = l->text.p[l->at];
		bool broken = c == '\\' && l->at + 1 < l->text.n &&
		    l->text.p[l->at + 1] == '\n';

		if (c == '#')
			while (l->at + 1 < l->text.n &&
			    l->text.p[l->at + 1] != '\n')
				l->at++;
		else if (broken || (c == '\n' && l->depth > 0)) {
			l->at += broken;
			lex_line_break(l);
			l->at--;
		} else if (c != ' ' && c != '\t' && c != '\r') {
			return;
		}
	}
}

static bool
lex_ends_word(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' ||
	    c == '{' || c == '}' || c == ',' || c == '"';
}

static struct token
lex_bad(struct token t, struct str why)
{
	t.type = TOKEN_BAD;
	t.text = why;
	return t;
}

/* as arena_str, whose copies are followed by a NUL */
static struct token
lex_word(struct lex *l, struct token t, struct str text)
{
	t.text = arena_str(l->arena, text);
	return t.text.p == NULL ? lex_bad(t, STR("too much text")) : t;
}

static struct token
lex_plain(struct lex *l, struct token t)
{
	size_t start = l->at;

	while (l->at < l->text.n && !lex_ends_word(l->text.p[l->at])) {
		unsigned char c = (unsigned char)l->text.p[l->at];

		if (c < ' ' || c == 0x7f)
			return lex_bad(t, STR("a control character"));
		l->at++;
	}
	return lex_word(l, t, (struct str){ l->text.p + start,
	    l->at - start });
}

/* the length of a text in quotes, with those, or 0 when it has no end */
static size_t
lex_quoted_length(const struct lex *l)
{
	size_t i;

	for (i = l->at + 1; i < l->text.n && l->text.p[i] != '\n'; i++) {
		if (l->text.p[i] == '"')
			return i + 1 - l->at;
		i += l->text.p[i] == '\\';
	}
	return 0;
}

static struct token
lex_quoted(struct lex *l, struct token t)
{
	size_t length = lex_quoted_length(l), n = 0, i;
	const char *from = l->text.p + l->at;
	char *to;

	if (length == 0)
		return lex_bad(t, STR("a quote that is not closed on its "
		    "line"));
	to = arena_alloc(l->arena, length);
	if (to == NULL)
		return lex_bad(t, STR("too much text"));
	for (i = 1; i + 1 < length; i++) {
		i += from[i] == '\\' && (from[i + 1] == '"' ||
		    from[i + 1] == '\\');
		if ((unsigned char)from[i] < ' ' || from[i] == 0x7f)
			return lex_bad(t, STR("a control character"));
		to[n++] = from[i];
	}
	to[n] = '\0';
	t.text = (struct str){ to, n };
	t.quoted = true;
	l->at += length;
	return t;
}

/* a token of one byte */
static struct token
lex_mark(struct lex *l, struct token t, enum token_type type)
{
	t.type = type;
	l->at++;
	return t;
}

struct token
lex_next(struct lex *l)
{
	struct token t = { .type = TOKEN_WORD };

	lex_skip_space(l);
	t.at = l->at;
	t.line = l->line;
	t.column = (unsigned)(l->at - l->begin + 1);
	if (l->at == l->text.n) {
		t.type = TOKEN_END;
		return t;
	}
	switch (lex_peek(l)) {
	case '\n':
		t.type = TOKEN_LINE;
		lex_line_break(l);
		return t;
	case '{':
		l->depth++;
		return lex_mark(l, t, TOKEN_OPEN);
	case '}':
		l->depth -= l->depth > 0;
		return lex_mark(l, t, TOKEN_CLOSE);
	case ',':
		return lex_mark(l, t, TOKEN_COMMA);
	case '"':
		return lex_quoted(l, t);
	}
	return lex_plain(l, t);
}

void
lex_skip_statement(struct lex *l, const struct token *last)
{
	struct token t = *last;

	while (t.type != TOKEN_END && t.type != TOKEN_LINE) {
		if (t.type == TOKEN_BAD) {
			/* what it is part of can't be told: the next line */
			while (l->at < l->text.n && lex_peek(l) != '\n')
				l->at++;
			l->depth = 0;
		}
		t = lex_next(l);
	}
}
