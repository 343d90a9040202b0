/* SPDX-License-Identifier: Apache-2.0 */
#include "line/framing.h"

#define LENGTH_BYTES 4

/* frames the n bytes at `at`, which a '\n' follows; returns where they end */
static size_t
framing_line(struct buf *b, size_t at, size_t n, enum framing framing)
{
	size_t rest = b->n - at - n - 1, i;
	char *p = b->p + at;

	if (framing == FRAMING_NUL) {
		p[n] = '\0';
		return at + n + 1;
	}
	if (n > UINT32_MAX || buf_room(b, LENGTH_BYTES - 1) == NULL) {
		b->full = true;
		return b->n;
	}
	p = b->p + at;
	memmove(p + LENGTH_BYTES + n, p + n + 1, rest);
	memmove(p + LENGTH_BYTES, p, n);
	for (i = 0; i < LENGTH_BYTES; i++)
		p[i] = (char)(n >> 8 * (LENGTH_BYTES - 1 - i));
	b->n += LENGTH_BYTES - 1;
	return at + LENGTH_BYTES + n;
}

void
framing_record(struct buf *b, size_t start, struct framing_options o)
{
	enum framing framing = framing_chosen(o);

	if (framing == FRAMING_LINE || b->n == start)
		return;
	if (b->p[b->n - 1] != '\n')
		buf_putc(b, '\n');
	if (!b->full)
		framing_line(b, start, b->n - 1 - start, framing);
}

void
framing_lines(struct buf *b, size_t start, struct framing_options o)
{
	enum framing framing = framing_chosen(o);
	const char *nl;

	if (framing == FRAMING_LINE)
		return;
	while (!b->full && start < b->n &&
	    (nl = memchr(b->p + start, '\n', b->n - start)) != NULL)
		start = framing_line(b, start,
		    (size_t)(nl - b->p) - start, framing);
}

/* ---- reading ---- */

static struct {
	bool torn;		/* the record was cut off by the end */
	bool dropping;		/* the rest of one that is too long */
} framing_state;

static void
framing_begin(void *arg)
{
	(void)arg;
	framing_state.torn = framing_state.dropping = false;
}

/* The last record, as far as it came. */
static size_t
framing_take_torn(struct str unread, size_t head, struct str *item)
{
	framing_state.torn = true;
	*item = unread.n > head ? str_from(unread, head) : unread;
	return unread.n;
}

static size_t
framing_next_nul(void *arg, struct str unread, bool end, struct str *item)
{
	const char *nul = unread.n == 0 ? NULL :
	    memchr(unread.p, '\0', unread.n);
	size_t n = nul != NULL ? (size_t)(nul - unread.p) : unread.n;
	bool was = framing_state.dropping;

	(void)arg;
	if (nul == NULL && !was && n < LINE_LIMIT)
		return end && n > 0 ? framing_take_torn(unread, 0, item) : 0;
	framing_state.dropping = nul == NULL;
	if (!was && n > 0)
		*item = (struct str){ unread.p, n };
	return n + (nul != NULL);
}

static size_t
framing_next_length(void *arg, struct str unread, bool end, struct str *item)
{
	const unsigned char *p = (const unsigned char *)unread.p;
	size_t n = SIZE_MAX;

	(void)arg;
	if (unread.n >= LENGTH_BYTES)
		n = (size_t)p[0] << 24 | (size_t)p[1] << 16 |
		    (size_t)p[2] << 8 | p[3];
	if (n > LINE_LIMIT || unread.n - LENGTH_BYTES < n)
		return end && unread.n > 0 ?
		    framing_take_torn(unread, LENGTH_BYTES, item) : 0;
	if (n > 0)
		*item = (struct str){ unread.p + LENGTH_BYTES, n };
	return LENGTH_BYTES + n;
}

const struct line_cut *
framing_cut(struct framing_options o)
{
	enum framing framing = framing_chosen(o);
	static const struct line_cut nul = {
		.next = framing_next_nul, .begin = framing_begin,
		.limit = LINE_LIMIT, .torn = &framing_state.torn,
	}, length = {
		.next = framing_next_length, .begin = framing_begin,
		.limit = LINE_LIMIT + LENGTH_BYTES,
		.torn = &framing_state.torn,
	};

	return framing == FRAMING_NUL ? &nul :
	    framing == FRAMING_LENGTH ? &length : NULL;
}

bool
framing_flatten(struct str *record, struct buf *to)
{
	bool text = false;
	size_t i;

	if (memchr(record->p, '\n', record->n) == NULL)
		return true;
	buf_clear(to);
	buf_put_str(to, *record);
	*record = buf_str(to);
	for (i = 0; i < to->n; i++) {
		if (to->p[i] == '"')
			text = !text;
		else if (to->p[i] == '\\' && text)
			i++;
		else if (to->p[i] == '\n' && text)
			return false;
		else if (to->p[i] == '\n')
			to->p[i] = ' ';
	}
	return true;
}
