/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/encode.h"

/* one record with all that JSON or XML make of its characters */
#define SCRATCH_MAX ((size_t)16 << 20)
/* what a record takes beside its texts, and a byte of a text at most */
#define RECORD_OVERHEAD 256
#define BYTE_MAX 6

void
encode_init(struct encoder *e, const struct senml_codec *codec)
{
	e->codec = codec;
	bases_init(&e->bases, codec);
	buf_init(&e->scratch, SCRATCH_MAX);
	e->max = SIZE_MAX;
	e->open = false;
}

void
encode_release(struct encoder *e)
{
	bases_release(&e->bases);
	buf_release(&e->scratch);
}

const char *
encode_check(struct encoder *e, const struct record *r)
{
	size_t most = RECORD_OVERHEAD + r->name.n + r->sum.n + r->update.n +
	    BYTE_MAX * (r->unit.n + r->ct.n + r->value.n);
	const char *why;

	if (r->time.ns < RELATIVE_BELOW)
		return "a time before 1978-07-04 can't stand in SenML";
	if (e->codec->refuse != NULL && (why = e->codec->refuse(r)) != NULL)
		return why;
	if (e->codec->stream || most <= e->max)
		return NULL;
	buf_clear(&e->scratch);
	encode_pack(e, &e->scratch, STR_NONE, r, 1);
	return e->scratch.full || e->scratch.n > e->max ?
	    "record larger than a pack may be" : NULL;
}

static inline void
encode_separator(struct buf *b, char c)
{
	if (c != '\0')
		buf_putc(b, c);
}

static void
encode_record(struct encoder *e, struct buf *b, struct str labels, size_t i)
{
	struct fields f;

	bases_apply(&e->bases, i, &f);
	e->codec->put(b, labels, &f);
}

/* What the end of a pack of n records takes: its tail, and its head, when
 * only now it is known. */
static size_t
encode_end_size(const struct encoder *e, size_t n)
{
	char head[CODEC_COUNT_MAX];

	return e->codec->tail.n +
	    (e->codec->count ? e->codec->count(head, n) : 0);
}

static void
encode_end(const struct encoder *e, struct buf *b, size_t start, size_t n)
{
	char head[CODEC_COUNT_MAX];
	size_t size;

	buf_put_str(b, e->codec->tail);
	if (e->codec->count == NULL)
		return;
	size = e->codec->count(head, n);
	if (buf_room(b, size) == NULL)
		return;
	memmove(b->p + start + size, b->p + start, b->n - start);
	memcpy(b->p + start, head, size);
	b->n += size;
}

/* As many of the records as fit, one at least; returns their number. */
static size_t
encode_some(struct encoder *e, struct buf *b, struct str labels,
    const struct record *records, size_t n)
{
	size_t start = b->n, max, i, end;

	max = e->max > SIZE_MAX - labels.n ? SIZE_MAX : e->max + labels.n;
	bases_begin(&e->bases);
	bases_look(&e->bases, records, n);
	buf_put_str(b, e->codec->head);
	for (i = 0; i < n; i++) {
		end = b->n;
		if (i > 0)
			encode_separator(b, e->codec->between);
		encode_record(e, b, i == 0 ? labels : STR_NONE, i);
		if (i > 0 && (b->full ||
		    b->n - start + encode_end_size(e, i + 1) > max)) {
			b->n = end;
			b->full = false;
			break;
		}
	}
	encode_end(e, b, start, i);
	return i;
}

size_t
encode_pack(struct encoder *e, struct buf *b, struct str labels,
    const struct record *records, size_t n)
{
	size_t start = b->n, put = encode_some(e, b, labels, records, n);

	/* alone it takes less than in front of others */
	if (put == 1 && n > 1 && b->n - start - labels.n > e->max) {
		b->n = start;
		put = encode_some(e, b, labels, records, 1);
	}
	return put;
}

void
encode_stream(struct encoder *e, struct buf *b, const struct record *records,
    size_t n)
{
	size_t i;

	bases_look(&e->bases, records, n);
	for (i = 0; i < n; i++) {
		if (e->open)
			encode_separator(b, e->codec->between);
		else
			buf_put_str(b, e->codec->head);
		e->open = true;
		encode_record(e, b, STR_NONE, i);
		encode_separator(b, e->codec->after);
	}
}

void
encode_stream_end(struct encoder *e, struct buf *b)
{
	if (!e->open)
		return;
	buf_put_str(b, e->codec->tail);
	e->open = false;
	bases_begin(&e->bases);
}
