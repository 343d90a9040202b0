/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/encode.h"

#include "senml/cbor.h"
#include "senml/fields_put.h"
#include "senml/xml_write.h"

#define XML_HEAD STR("<sensml xmlns=\"urn:ietf:params:xml:ns:senml\">")
#define XML_TAIL STR("</sensml>")
#define CBOR_OPEN '\x9f'
#define CBOR_BREAK '\xff'

/* one record with all that JSON or XML make of its characters */
#define SCRATCH_MAX ((size_t)16 << 20)
/* what a record takes beside its texts, and a byte of a text at most */
#define RECORD_OVERHEAD 256
#define BYTE_MAX 6

void
encode_init(struct encoder *e, enum encoding encoding, bool stream)
{
	bases_init(&e->bases, encoding, stream);
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

static bool
xml_carries(struct encoder *e, const struct record *r)
{
	buf_clear(&e->scratch);
	return xml_put_escaped(&e->scratch, r->unit) &&
	    xml_put_escaped(&e->scratch, r->ct) &&
	    (r->kind != VALUE_STRING ||
	    xml_put_escaped(&e->scratch, r->value));
}

const char *
encode_check(struct encoder *e, const struct record *r)
{
	size_t most = RECORD_OVERHEAD + r->name.n + r->sum.n + r->update.n +
	    BYTE_MAX * (r->unit.n + r->ct.n + r->value.n);

	if (r->time.ns < RELATIVE_BELOW)
		return "a time before 1978-07-04 can't stand in SenML";
	if (e->bases.encoding == ENCODING_XML && !xml_carries(e, r))
		return "a character that XML can't carry";
	if (e->bases.stream || most <= e->max)
		return NULL;
	buf_clear(&e->scratch);
	encode_pack(e, &e->scratch, STR_NONE, r, 1);
	return e->scratch.full || e->scratch.n > e->max ?
	    "record larger than a pack may be" : NULL;
}

/* Record i as it stands in a pack or a stream, with what parts it from the
 * one before. */
static void
put_record(struct encoder *e, struct buf *b, struct str labels, size_t i)
{
	struct fields f;

	bases_apply(&e->bases, i, &f);
	switch (e->bases.encoding) {
	case ENCODING_JSON:
		fields_put_json(b, labels, &f);
		break;
	case ENCODING_CBOR:
		fields_put_cbor(b, &f);
		break;
	case ENCODING_XML:
		fields_put_xml(b, &f);
		break;
	}
}

static void
put_head(const struct encoder *e, struct buf *b)
{
	if (e->bases.encoding == ENCODING_JSON)
		buf_putc(b, '[');
	else if (e->bases.encoding == ENCODING_XML)
		buf_put_str(b, XML_HEAD);
}

/* The end of a pack, and in CBOR its head, whose size only now is known. */
static void
put_tail(const struct encoder *e, struct buf *b, size_t start, size_t n)
{
	size_t body = b->n - start, head;
	char text[9];

	switch (e->bases.encoding) {
	case ENCODING_JSON:
		buf_putc(b, ']');
		break;
	case ENCODING_XML:
		buf_put_str(b, XML_TAIL);
		break;
	case ENCODING_CBOR:
		cbor_put_head(b, CBOR_ARRAY, n);
		if (b->full)
			break;
		head = b->n - start - body;
		memcpy(text, b->p + start + body, head);
		memmove(b->p + start + head, b->p + start, body);
		memcpy(b->p + start, text, head);
		break;
	}
}

static size_t
tail_size(const struct encoder *e, size_t n)
{
	switch (e->bases.encoding) {
	case ENCODING_JSON:
		return 1;
	case ENCODING_XML:
		return XML_TAIL.n;
	case ENCODING_CBOR:
		return n < 24 ? 1 : n <= UINT8_MAX ? 2 : n <= UINT16_MAX ?
		    3 : 5;
	}
	return 0;
}

static size_t
put_pack(struct encoder *e, struct buf *b, struct str labels,
    const struct record *records, size_t n)
{
	size_t start = b->n, max, i, end;

	max = e->max > SIZE_MAX - labels.n ? SIZE_MAX : e->max + labels.n;
	bases_begin(&e->bases);
	bases_look(&e->bases, records, n);
	put_head(e, b);
	for (i = 0; i < n; i++) {
		end = b->n;
		if (i > 0 && e->bases.encoding == ENCODING_JSON)
			buf_putc(b, ',');
		put_record(e, b, i == 0 ? labels : STR_NONE, i);
		if (i > 0 && (b->full ||
		    b->n - start + tail_size(e, i + 1) > max)) {
			b->n = end;
			b->full = false;
			break;
		}
	}
	put_tail(e, b, start, i);
	return i;
}

size_t
encode_pack(struct encoder *e, struct buf *b, struct str labels,
    const struct record *records, size_t n)
{
	size_t start = b->n, put = put_pack(e, b, labels, records, n);

	/* alone it takes less than in front of others */
	if (put == 1 && n > 1 && b->n - start - labels.n > e->max) {
		b->n = start;
		put = put_pack(e, b, labels, records, 1);
	}
	return put;
}

void
encode_stream(struct encoder *e, struct buf *b, const struct record *records,
    size_t n)
{
	bool json = e->bases.encoding == ENCODING_JSON;
	size_t i;

	bases_look(&e->bases, records, n);
	for (i = 0; i < n; i++) {
		if (json)
			buf_putc(b, e->open ? ',' : '[');
		else if (!e->open)
			buf_putc(b, CBOR_OPEN);
		e->open = true;
		put_record(e, b, STR_NONE, i);
		if (json)
			buf_putc(b, '\n');
	}
}

void
encode_stream_end(struct encoder *e, struct buf *b)
{
	if (!e->open)
		return;
	if (e->bases.encoding == ENCODING_JSON)
		buf_put_str(b, STR("]\n"));
	else
		buf_putc(b, CBOR_BREAK);
	e->open = false;
	bases_begin(&e->bases);
}
