/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any pack, in JSON, CBOR or XML by its first byte, written in each of the
 * encodings, in packs of the size that is asked for and as a stream, and
 * read back: the records are the same, and still are after JSON to CBOR to
 * XML to JSON.
 */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "json/number.h"
#include "senml/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define ENCODINGS 3
#define NOW ((struct stamp){ 1700000000 * STAMP_SECOND })

static struct pack original, packs[ENCODINGS + 1];
static struct encoder encoders[ENCODINGS], streams[2];
static struct buf texts[ENCODINGS + 1];

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static void
begin(void)
{
	int i;

	if (texts[0].max != 0)
		return;
	pack_init(&original);
	original.input_order = true;
	for (i = 0; i <= ENCODINGS; i++) {
		pack_init(&packs[i]);
		packs[i].input_order = true;
		buf_init(&texts[i], 64 << 20);
	}
	for (i = 0; i < ENCODINGS; i++)
		encode_init(&encoders[i], (enum encoding)i, false);
	for (i = 0; i < 2; i++)
		encode_init(&streams[i], (enum encoding)i, true);
}

static const char *
parse(enum encoding encoding, struct pack *p, struct str text)
{
	switch (encoding) {
	case ENCODING_JSON:
		return pack_parse_json(p, text, NOW);
	case ENCODING_CBOR:
		return pack_parse_cbor(p, text, NOW);
	case ENCODING_XML:
		return pack_parse_xml(p, text, NOW);
	}
	return "";
}

/* What takes more than 64 bits may become its nearest double, as may what
 * is too small for one. */
static bool
same_number(struct str a, struct str b)
{
	bool negative[2];
	uint64_t m[2];
	int e[2];

	if (a.p == NULL || b.p == NULL)
		return a.p == b.p;
	if (number_decimal(a, &negative[0], &m[0], &e[0]) &&
	    !(fabs(number_value(a)) < DBL_MIN))
		return number_decimal(b, &negative[1], &m[1], &e[1]) &&
		    m[0] == m[1] && e[0] == e[1] &&
		    negative[0] == negative[1];
	return number_value(a) == number_value(b);
}

static void
must_be_same(const struct record *a, const struct record *b)
{
	must(a->kind == b->kind && a->version == b->version);
	must(a->time.ns == b->time.ns && a->truth == b->truth);
	must(str_eq(a->name, b->name) && str_eq(a->unit, b->unit));
	must(a->kind == VALUE_NUMBER ? same_number(a->value, b->value) :
	    str_eq(a->value, b->value));
	must(same_number(a->sum, b->sum));
	must(same_number(a->update, b->update));
	must(str_eq(a->ct, b->ct) && (a->ct.p == NULL) == (b->ct.p == NULL));
}

/* In packs of at most so many bytes, where each record goes into one. */
static void
check_packs(enum encoding encoding, const struct record *records, size_t n,
    size_t max)
{
	struct encoder *e = &encoders[encoding];
	struct pack *p = &packs[encoding];
	struct buf *b = &texts[encoding];
	size_t i, k, put;

	e->max = max;
	for (i = 0; i < n; i++)
		if (encode_check(e, &records[i]) != NULL)
			return;
	for (i = 0; i < n; i += put) {
		buf_clear(b);
		put = encode_pack(e, b, STR_NONE, records + i, n - i);
		must(put > 0 && put <= n - i && !b->full && b->n <= max);
		must(parse(encoding, p, buf_str(b)) == NULL);
		must(p->n == put);
		for (k = 0; k < put; k++)
			must_be_same(&records[i + k], &p->records[k]);
	}
}

/* As a stream, in two parts. */
static void
check_stream(enum encoding encoding, const struct record *records, size_t n,
    size_t first)
{
	struct encoder *e = &streams[encoding];
	struct pack *p = &packs[encoding];
	struct buf *b = &texts[encoding];
	size_t i;

	for (i = 0; i < n; i++)
		if (encode_check(e, &records[i]) != NULL)
			return;
	buf_clear(b);
	encode_stream(e, b, records, first);
	encode_stream(e, b, records + first, n - first);
	encode_stream_end(e, b);
	must(!b->full && parse(encoding, p, buf_str(b)) == NULL);
	must(p->n == n);
	for (i = 0; i < n; i++)
		must_be_same(&records[i], &p->records[i]);
}

static void
check_chain(void)
{
	static const enum encoding chain[] = {
		ENCODING_CBOR, ENCODING_XML, ENCODING_JSON
	};
	const struct pack *from = &original;
	size_t i, k;

	for (i = 0; i < 3; i++) {
		struct encoder *e = &encoders[chain[i]];
		struct buf *b = &texts[i];

		e->max = SIZE_MAX;
		for (k = 0; k < from->n; k++)
			if (encode_check(e, &from->records[k]) != NULL)
				return;
		buf_clear(b);
		must(encode_pack(e, b, STR_NONE, from->records, from->n) ==
		    from->n);
		must(parse(chain[i], &packs[i], buf_str(b)) == NULL);
		from = &packs[i];
	}
	must(from->n == original.n);
	for (k = 0; k < from->n; k++)
		must_be_same(&original.records[k], &from->records[k]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text;
	size_t max;
	char *copy;
	int i;

	begin();
	if (size < 2)
		return 0;
	max = (size_t)data[1] * 8;
	copy = malloc(size - 1);
	memcpy(copy, data + 2, size - 2);
	text = (struct str){ copy, size - 2 };
	if (parse((enum encoding)(data[0] % ENCODINGS), &original, text) ==
	    NULL && original.n > 0) {
		for (i = 0; i < ENCODINGS; i++) {
			check_packs((enum encoding)i, original.records,
			    original.n, max);
			check_packs((enum encoding)i, original.records,
			    original.n, SIZE_MAX);
		}
		for (i = 0; i < 2; i++)
			check_stream((enum encoding)i, original.records,
			    original.n, max % (original.n + 1));
		check_chain();
	}
	free(copy);
	return 0;
}
