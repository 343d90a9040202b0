/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as SenML in XML.  Beside what the sanitizers see: what is a
 * document is one as an open stream, too, and strings come back from what the
 * writer makes.  tests/fuzz/frame.c has the pieces.
 */
#include <stdint.h>
#include <stdlib.h>

#include "senml/decode.h"
#include "senml/xml_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define NOW ((struct stamp){ 1700000000 * STAMP_SECOND })

static struct pack pack, again;
static struct buf document;

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
	buf_init(&document, 64 << 20);
}

/* ---- written and read again ---- */

static void
put_attribute(const char *name, struct str value)
{
	buf_printf(&document, " %s=\"", name);
	/* it has come out of XML, so it can go in */
	must(xml_carries(value));
	xml_put_escaped(&document, value);
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
	must(decode_pack(&codec_xml, &again, buf_str(&document), NOW) == NULL);
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
	if (decode_pack(&codec_xml, &pack, text, NOW) == NULL) {
		for (i = 0; i < pack.n; i++)
			check_written(&pack.records[i]);
		must(decode_pack(&codec_sensmlx, &again, text, NOW) == NULL);
		must(again.n == pack.n);
	} else {
		must(pack.at <= text.n && pack.n == 0);
	}
	free(copy);
	return 0;
}
