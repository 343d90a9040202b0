/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any input in the format that its first byte names, written in each of the
 * formats, in packs of the size that is asked for or as a stream, and read
 * back: the records are the same, and still are after they went through all
 * formats of packs, one after the other.
 */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "json/number.h"
#include "senml/encode.h"
#include "senml/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define FORMATS CODECS_NAMED
#define NOW ((struct stamp){ 1700000000 * STAMP_SECOND })

static struct pack original, packs[FORMATS];
static struct encoder encoders[FORMATS];
static struct buf texts[FORMATS];

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
	for (i = 0; i < FORMATS; i++) {
		pack_init(&packs[i]);
		packs[i].input_order = true;
		buf_init(&texts[i], 64 << 20);
		encode_init(&encoders[i], codecs[i]);
	}
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

static void
must_read(int format, const struct record *records, size_t n)
{
	struct pack *p = &packs[format];
	size_t i;

	must(decode_pack(codecs[format], p, buf_str(&texts[format]), NOW) ==
	    NULL);
	must(p->n == n);
	for (i = 0; i < n; i++)
		must_be_same(&records[i], &p->records[i]);
}

/* can each of them be written? */
static bool
holds(int format, const struct pack *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (encode_check(&encoders[format], &p->records[i]) != NULL)
			return false;
	return true;
}

/* In packs of at most so many bytes, where each record goes into one. */
static void
check_packs(int format, const struct record *records, size_t n, size_t max)
{
	struct encoder *e = &encoders[format];
	struct buf *b = &texts[format];
	size_t put;

	e->max = max;
	if (!holds(format, &original))
		return;
	for (; n > 0; records += put, n -= put) {
		buf_clear(b);
		put = encode_pack(e, b, STR_NONE, records, n);
		must(put > 0 && put <= n && !b->full && b->n <= max);
		must_read(format, records, put);
	}
}

/* As a stream, in two parts. */
static void
check_stream(int format, const struct record *records, size_t n,
    size_t first)
{
	struct encoder *e = &encoders[format];
	struct buf *b = &texts[format];

	if (!holds(format, &original))
		return;
	buf_clear(b);
	encode_stream(e, b, records, first);
	encode_stream(e, b, records + first, n - first);
	encode_stream_end(e, b);
	must(!b->full);
	must_read(format, records, n);
}

static void
check_chain(void)
{
	const struct pack *from = &original;
	size_t k;
	int i;

	for (i = 0; i < FORMATS; i++) {
		if (codecs[i]->stream)
			continue;
		encoders[i].max = SIZE_MAX;
		if (!holds(i, from))
			return;
		buf_clear(&texts[i]);
		must(encode_pack(&encoders[i], &texts[i], STR_NONE,
		    from->records, from->n) == from->n);
		must_read(i, from->records, from->n);
		from = &packs[i];
	}
	for (k = 0; k < from->n; k++)
		must_be_same(&original.records[k], &from->records[k]);
}

static void
check(size_t max)
{
	const struct record *records = original.records;
	size_t n = original.n;
	int i;

	for (i = 0; i < FORMATS; i++) {
		if (codecs[i]->stream) {
			check_stream(i, records, n, max % (n + 1));
			continue;
		}
		check_packs(i, records, n, max);
		check_packs(i, records, n, SIZE_MAX);
	}
	check_chain();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text;
	char *copy;

	begin();
	if (size < 2)
		return 0;
	copy = malloc(size - 1);
	memcpy(copy, data + 2, size - 2);
	text = (struct str){ copy, size - 2 };
	if (decode_pack(codecs[data[0] % FORMATS], &original, text, NOW) ==
	    NULL && original.n > 0)
		check((size_t)data[1] * 8);
	free(copy);
	return 0;
}
