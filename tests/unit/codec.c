/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every format of lib/senml/codec.h has to do: the same tests for each
 * row of the table, also for one that was added.  tests/codec.bats has what
 * the programs do with them.
 */
#include "senml/codec.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "json/number.h"
#include "senml/decode.h"
#include "senml/encode.h"
#include "unit.h"

#define NOW ((struct stamp){ 1700000000 * STAMP_SECOND })
/* at a time: what is cut at every byte should be short */
#define SHORT 4

/* each value kind, each field, numbers that a double can't hold */
static const char *const samples[] = {
	"[{\"bn\":\"d:\",\"bt\":1700000000.25,\"n\":\"a\",\"u\":\"Cel\","
	"\"v\":21.5},{\"n\":\"b\",\"vs\":\"x \\u00e9\\t\\\\\\n<&>\\\"'=,;\"},"
	"{\"n\":\"c\",\"vb\":true,\"t\":1.5},{\"n\":\"d\",\"vb\":false}]",
	"[{\"n\":\"e\",\"vd\":\"AAH_-Q\",\"ct\":\"60\"},"
	"{\"n\":\"f\",\"vd\":\"\"},{\"n\":\"g\",\"vs\":\"\"},"
	"{\"n\":\"h\",\"s\":3.25,\"ut\":10,\"u\":\"J\"}]",
	"[{\"bver\":26,\"n\":\"i\",\"u\":\"km/h\",\"v\":-0.1,\"s\":1e3},"
	"{\"n\":\"j\",\"v\":18446744073709551615},"
	"{\"n\":\"k\",\"v\":0.12345678901234567},"
	"{\"n\":\"l\",\"v\":-9007199254740993}]",
	"[{\"bn\":\"m:\",\"bv\":0.1,\"bs\":2,\"bu\":\"W\",\"v\":0.2},"
	"{\"n\":\"n\",\"v\":1e-7,\"s\":0.5},{\"n\":\"o\",\"u\":\"V\","
	"\"v\":1e22,\"s\":1},{\"n\":\"p\",\"t\":-5,\"v\":0}]",
};

static struct pack original, back;
static struct encoder encoder;
static struct buf text, got, want;

/* Text formats keep every digit; others the value, as long as a double or 64
 * bits hold it. */
static bool
same_number(const struct senml_codec *c, struct str a, struct str b)
{
	bool negative[2];
	uint64_t m[2];
	int e[2];

	if (a.p == NULL || b.p == NULL)
		return a.p == b.p;
	if (c->text)
		return str_eq(a, b);
	if (number_decimal(a, &negative[0], &m[0], &e[0]) &&
	    !(fabs(number_value(a)) < DBL_MIN))
		return number_decimal(b, &negative[1], &m[1], &e[1]) &&
		    m[0] == m[1] && e[0] == e[1] &&
		    negative[0] == negative[1];
	return number_value(a) == number_value(b);
}

static bool
same_record(const struct senml_codec *c, const struct record *a,
    const struct record *b)
{
	return a->kind == b->kind && a->version == b->version &&
	    a->time.ns == b->time.ns && a->truth == b->truth &&
	    str_eq(a->name, b->name) && str_eq(a->unit, b->unit) &&
	    (a->kind == VALUE_NUMBER ? same_number(c, a->value, b->value) :
	    str_eq(a->value, b->value)) &&
	    same_number(c, a->sum, b->sum) &&
	    same_number(c, a->update, b->update) &&
	    str_eq(a->ct, b->ct) && (a->ct.p == NULL) == (b->ct.p == NULL);
}

/* Some JSON as `original`, and in the format as `text`. */
static bool
write_as(const struct senml_codec *c, struct str json, size_t max)
{
	size_t i;

	if (decode_pack(&codec_json, &original, json, NOW) != NULL)
		return false;
	if (original.n > max)
		original.n = max;
	encode_release(&encoder);
	encode_init(&encoder, c);
	buf_clear(&text);
	for (i = 0; i < original.n; i++)
		if (encode_check(&encoder, &original.records[i]) != NULL)
			return false;
	if (c->stream) {
		encode_stream(&encoder, &text, original.records, original.n);
		encode_stream_end(&encoder, &text);
	} else if (encode_pack(&encoder, &text, STR_NONE, original.records,
	    original.n) != original.n) {
		return false;
	}
	return !text.full;
}

static bool
comes_back(const struct senml_codec *c, struct str json)
{
	const char *why = "it can't be written";
	size_t i;

	if (write_as(c, json, SIZE_MAX))
		why = decode_pack(c, &back, buf_str(&text), NOW);
	if (why != NULL || back.n != original.n) {
		printf("# %.*s: %s\n", STR_ARG(c->type), why ? why : "");
		return false;
	}
	for (i = 0; i < back.n; i++)
		if (!same_record(c, &original.records[i], &back.records[i])) {
			printf("# %.*s: record %zu of %.*s\n",
			    STR_ARG(c->type), i, STR_ARG(json));
			return false;
		}
	return true;
}

static bool
read_vector(struct buf *to, const char *name)
{
	char path[256];
	FILE *f;
	int c;

	snprintf(path, sizeof path, "tests/vectors/%s", name);
	buf_clear(to);
	if ((f = fopen(path, "r")) == NULL)
		return false;
	while ((c = fgetc(f)) != EOF)
		buf_putc(to, (char)c);
	fclose(f);
	return true;
}

/* every pack in JSON that the vectors have, and that is valid */
static void
test_vectors(const struct senml_codec *c)
{
	static struct buf vector;
	char line[512], name[128];
	FILE *cases = fopen("tests/vectors/CASES.tsv", "r");
	size_t n = 0;

	buf_init(&vector, 1 << 20);
	while (cases != NULL && fgets(line, sizeof line, cases) != NULL) {
		if (sscanf(line, "%127[^\t]", name) != 1 ||
		    strstr(name, ".json") == NULL ||
		    !read_vector(&vector, name) ||
		    decode_pack(&codec_json, &back, buf_str(&vector), NOW) !=
		    NULL || back.n == 0)
			continue;
		CHECK(comes_back(c, buf_str(&vector)));
		n++;
	}
	if (cases != NULL)
		fclose(cases);
	buf_release(&vector);
	CHECK(n >= 17);
}

static void
keep(const struct pack *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		record_put_json(&got, &p->records[i]);
		buf_putc(&got, '\n');
	}
}

static const char never_read[] = "the rest is never read";

/* All that is read of the input, `have` bytes of which are there at first and
 * then `piece` more at a time, as JSON in `got`; NULL or what is wrong. */
static const char *
read_pieces(const struct senml_codec *c, struct str input, size_t have,
    size_t piece)
{
	struct decoder d;
	const char *why = NULL;
	size_t start = 0, n;
	char *copy;

	buf_clear(&got);
	decode_init(&d, c, &back);
	d.now = NOW;
	d.cut.begin(d.cut.arg);
	while (start < input.n && why == NULL) {
		struct str item = STR_NONE;

		/* a copy of that size: a byte read too far is seen */
		copy = malloc(have - start + 1);
		memcpy(copy, input.p + start, have - start);
		n = d.cut.next(d.cut.arg, (struct str){ copy, have - start },
		    have == input.n, &item);
		if (item.p != NULL && (why = decode_next(&d, item)) == NULL)
			keep(&back);
		free(copy);
		start += n;
		if (n == 0 && have == input.n && why == NULL)
			why = never_read;
		if (n == 0)
			have = input.n - have > piece ? have + piece :
			    input.n;
	}
	decode_release(&d);
	return why;
}

static void
test_split(const struct senml_codec *c, struct str json)
{
	size_t at;

	CHECK(write_as(c, json, SHORT));
	/* several packs one after the other */
	if (!c->stream) {
		buf_clear(&want);
		buf_put_str(&want, buf_str(&text));
		if (c->text)
			buf_putc(&text, '\n');
		buf_put_str(&text, buf_str(&want));
	}
	CHECK(read_pieces(c, buf_str(&text), text.n, 1) == NULL);
	CHECK(got.n > 0);
	buf_clear(&want);
	buf_put_str(&want, buf_str(&got));
	for (at = 1; at < text.n; at++)
		if (read_pieces(c, buf_str(&text), at, SIZE_MAX) != NULL ||
		    !str_eq(buf_str(&got), buf_str(&want)))
			CHECK(!"split at some byte it is something else");
	CHECK(read_pieces(c, buf_str(&text), 1, 1) == NULL &&
	    str_eq(buf_str(&got), buf_str(&want)));
}

/* a pack is refused as a whole; of a stream whole records are out */
static void
test_truncated(const struct senml_codec *c, struct str json)
{
	size_t n, last = 0;
	const char *why;

	CHECK(write_as(c, json, SHORT));
	CHECK(read_pieces(c, buf_str(&text), text.n, 1) == NULL);
	buf_clear(&want);
	buf_put_str(&want, buf_str(&got));
	for (n = 1; n < text.n; n++) {
		struct str part = { text.p, n };

		why = read_pieces(c, part, n, 1);
		CHECK(str_starts(buf_str(&want), buf_str(&got)));
		CHECK(c->stream ? got.n >= last : why != NULL && got.n == 0);
		CHECK(why == NULL || (strlen(why) > 8 && back.n == 0));
		CHECK(why != never_read);
		last = got.n;
		why = decode_pack(c, &back, part, NOW);
		CHECK(c->stream || why != NULL);
		CHECK(why == NULL || (back.n == 0 && back.at <= n) ||
		    back.at == PACK_NOWHERE);
	}
}

static void
must_hold(const struct senml_codec *c, struct str input)
{
	const char *why = decode_pack(c, &back, input, NOW);

	if (why != NULL && (back.n > 0 || (back.at > input.n &&
	    back.at != PACK_NOWHERE)))
		CHECK(!"it is refused, and has records or an impossible place");
	if (read_pieces(c, input, input.n, 1) == never_read)
		CHECK(!"some of it is never read");
}

/* every byte replaced, and noise */
static void
test_hostile(const struct senml_codec *c, struct str json)
{
	static char bytes[4096];
	unsigned random = 1;
	size_t i, k, n;
	int b;

	CHECK(write_as(c, json, 2));
	for (i = 0; i < text.n; i++)
		for (b = 0; b < 256; b += i % 4 ? 17 : 1) {
			char before = text.p[i];

			text.p[i] = (char)b;
			must_hold(c, buf_str(&text));
			text.p[i] = before;
		}
	for (i = 0; i < 2000; i++) {
		n = i % sizeof bytes / 8;
		for (k = 0; k < n; k++) {
			random = random * 1103515245u + 12345u;
			bytes[k] = (char)(random >> 16);
		}
		must_hold(c, (struct str){ bytes, n });
	}
}

/* A long name once, and many records that have it: the same bytes again and
 * again take more memory than was sent. */
static void
test_limits(const struct senml_codec *c)
{
	static char name[30001];
	struct buf json;
	size_t i;

	/* of a stream the end is not known */
	if (c->stream)
		return;
	memset(name, 'n', sizeof name - 1);
	buf_init(&json, 64 << 20);
	buf_printf(&json, "[{\"bn\":\"%s\",\"v\":1}", name);
	for (i = 0; i < 1000; i++)
		buf_printf(&json, ",{\"v\":%zu}", i);
	buf_putc(&json, ']');
	original.expand = 1000000;
	CHECK(write_as(c, buf_str(&json), SIZE_MAX) && original.n == 1001);
	original.expand = 0;
	CHECK(decode_pack(c, &back, buf_str(&text), NOW) != NULL &&
	    back.n == 0);
	buf_release(&json);
}

/* is the row found by what it says it is, and by nothing else? */
static void
test_row(const struct senml_codec *c)
{
	const struct senml_codec *const *other;
	char type[128];
	size_t i;

	CHECK(c->cut != NULL && c->parse != NULL && c->put != NULL);
	CHECK(c->type.n > 0 && c->type.n < 64);
	for (other = codecs; *other != NULL; other++)
		CHECK(*other == c || (!str_eq((*other)->type, c->type) &&
		    (c->number.n == 0 || !str_eq((*other)->number,
		    c->number))));
	CHECK(codec_find(c->type) == c);
	CHECK(c->number.n == 0 || codec_find(c->number) == c);
	snprintf(type, sizeof type, "%.*s ;a=b", STR_ARG(c->type));
	CHECK(codec_find(str_z(type)) == c);
	for (i = 0; i < c->type.n; i++)
		type[i] &= type[i] >= 'a' && type[i] <= 'z' ? ~0x20 : ~0;
	CHECK(codec_find(str_z(type)) == c);
	snprintf(type, sizeof type, "%.*s@gzip", STR_ARG(c->type));
	CHECK(codec_find(str_z(type)) == NULL);
	CHECK(codec_find((struct str){ c->type.p, c->type.n - 1 }) == NULL);
	CHECK(codec_find(STR_NONE) == NULL);
}

/* without expat there is nothing that reads XML */
static bool
readable(const struct senml_codec *c)
{
#ifndef HAVE_EXPAT
	return c != &codec_xml;
#else
	return c != NULL;
#endif
}

static void
each(void (*test)(const struct senml_codec *))
{
	size_t i;

	for (i = 0; i < CODECS_NAMED; i++)
		if (readable(codecs[i]))
			test(codecs[i]);
}

static void
each_sample(void (*test)(const struct senml_codec *, struct str))
{
	size_t i, k;

	for (i = 0; i < CODECS_NAMED; i++)
		for (k = 0; readable(codecs[i]) &&
		    k < sizeof samples / sizeof *samples; k++)
			test(codecs[i], str_z(samples[k]));
}

static void
test_back(const struct senml_codec *c, struct str json)
{
	CHECK(comes_back(c, json));
}

int
main(void)
{
	pack_init(&original);
	pack_init(&back);
	original.input_order = back.input_order = true;
	encode_init(&encoder, &codec_json);
	buf_init(&text, 64 << 20);
	buf_init(&got, 64 << 20);
	buf_init(&want, 64 << 20);
	TEST("a row is complete, and found by its type and number")
		each(test_row);
	TEST("values of each kind come back, with all their digits")
		each_sample(test_back);
	TEST("the records of all vectors come back")
		each(test_vectors);
	TEST("input is the same however it is cut into pieces")
		each_sample(test_split);
	TEST("input that ends too early is refused, at every byte")
		each_sample(test_truncated);
	TEST("what a pack expands to is limited")
		each(test_limits);
	TEST("hostile bytes are refused or read, and nothing else")
		each_sample(test_hostile);
	encode_release(&encoder);
	pack_release(&original);
	pack_release(&back);
	buf_release(&text);
	buf_release(&got);
	buf_release(&want);
	return unit_end();
}
