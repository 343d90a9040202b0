/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as SenML in XML; the first one says in which pieces they come.
 * Beside what the sanitizers see: the pieces change nothing, a pack holds
 * what a stream gives, and strings come back from what the writer makes.
 */
#include <stdint.h>
#include <stdlib.h>

#include "senml/xml_stream.h"
#include "senml/xml_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define NOW ((struct stamp){ 1700000000 * STAMP_SECOND })

static struct pack pack, again;
static struct buf whole, pieces, document;

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static void
begin(void)
{
	static bool begun;

	if (begun)
		return;
	begun = true;
	pack_init(&pack);
	pack_init(&again);
	buf_init(&whole, 64 << 20);
	buf_init(&pieces, 64 << 20);
	buf_init(&document, 64 << 20);
}

/* ---- in pieces ---- */

static const char *
put_record(void *arg, const struct fields *f)
{
	struct buf *b = arg;
	int l;

	buf_printf(b, "\nrecord %x %x %x", f->have, f->wild, f->bad);
	for (l = 0; l < LABEL_SENML; l++) {
		if ((f->have & LABEL_BIT(l)) == 0)
			continue;
		buf_putc(b, ' ');
		if (l == LABEL_VB)
			buf_putc(b, f->truth ? '1' : '0');
		else
			buf_put_str(b, f->text[l]);
	}
	return NULL;
}

static const char *
put_end(void *arg)
{
	buf_puts(arg, "\nend");
	return NULL;
}

static void
put_ignored(void *arg, struct str label)
{
	buf_puts(arg, "\nignored ");
	buf_put_str(arg, label);
}

/* all that the stream says, as text */
static void
stream(struct buf *b, struct str text, unsigned piece, bool open)
{
	struct xml_events events = {
		put_record, put_end, put_ignored, open
	};
	struct xml_stream x;
	size_t n, size = text.n;
	char *copy;

	buf_clear(b);
	xml_stream_init(&x, &events, b);
	do {
		n = piece == 0 ? text.n : piece % 17 + 1;
		/* the next is of another size */
		piece = piece == 0 ? 0 : piece * 5 + 3;
		if (n > text.n)
			n = text.n;
		/* a copy of that size: a byte read too far is seen */
		copy = malloc(n ? n : 1);
		if (n > 0)
			memcpy(copy, text.p, n);
		xml_stream_feed(&x, (struct str){ copy, n }, n == text.n);
		free(copy);
		text = str_from(text, n);
	} while (text.n > 0);
	/* of several errors in a row another one may be seen first */
	if (x.why != NULL)
		buf_puts(b, "\nrefused");
	must(x.why == NULL || x.offset <= size);
	xml_stream_release(&x);
}

static void
check_pieces(struct str text, unsigned piece)
{
	int open;

	for (open = 0; open < 2; open++) {
		stream(&whole, text, 0, open);
		stream(&pieces, text, piece | 1, open);
		must(str_eq(buf_str(&whole), buf_str(&pieces)));
	}
}

/* ---- written and read again ---- */

static void
put_attribute(const char *name, struct str value)
{
	buf_printf(&document, " %s=\"", name);
	/* it has come out of XML, so it can go in */
	must(xml_put_escaped(&document, value));
	buf_putc(&document, '"');
}

static void
put_element(const struct record *r)
{
	char t[STAMP_TEXT + 1];

	t[stamp_print(t, r->time)] = '\0';
	buf_puts(&document, "<senml");
	put_attribute("n", r->name);
	put_attribute("u", r->unit);
	put_attribute("t", str_z(t));
	if (r->kind == VALUE_NUMBER)
		put_attribute("v", r->value);
	else if (r->kind == VALUE_STRING)
		put_attribute("vs", r->value);
	else
		put_attribute("vb", r->truth ? STR("true") : STR("false"));
	if (r->sum.p != NULL)
		put_attribute("s", r->sum);
	buf_puts(&document, "/>");
}

static void
check_written(const struct record *r)
{
	if ((r->kind != VALUE_NUMBER && r->kind != VALUE_STRING &&
	    r->kind != VALUE_BOOL) || r->time.ns < (INT64_C(1) << 28) *
	    STAMP_SECOND)
		return;
	buf_clear(&document);
	buf_puts(&document,
	    "<sensml xmlns='urn:ietf:params:xml:ns:senml'>");
	put_element(r);
	buf_puts(&document, "</sensml>");
	must(pack_parse_xml(&again, buf_str(&document), NOW) == NULL);
	must(again.n == 1);
	must(str_eq(again.records[0].name, r->name));
	must(str_eq(again.records[0].unit, r->unit));
	must(again.records[0].time.ns == r->time.ns);
	must(again.records[0].kind == r->kind);
	must(str_eq(again.records[0].value, r->value));
	must(str_eq(again.records[0].sum, r->sum));
	must(again.records[0].truth == r->truth);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text;
	char *copy;
	size_t i;

	begin();
	if (size == 0)
		return 0;
	copy = malloc(size);
	memcpy(copy, data + 1, size - 1);
	text = (struct str){ copy, size - 1 };
	check_pieces(text, data[0]);
	if (pack_parse_xml(&pack, text, NOW) == NULL)
		for (i = 0; i < pack.n; i++)
			check_written(&pack.records[i]);
	else
		must(pack.at <= text.n && pack.n == 0);
	free(copy);
	return 0;
}
