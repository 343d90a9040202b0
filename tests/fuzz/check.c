/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a pack that is checked: every place is inside of them, and
 * to be watched changes nothing of what a parser says.  The first byte
 * picks the encoding.
 */
#include <stdint.h>
#include <stdlib.h>

#include "cmd/check/check.h"

#include "line/records.h"
#include "line/route.h"
#include "senml/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct pack pack, alone;
static struct check check;
static size_t length;

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static void
warn(void *arg, size_t at, const char *what, struct str subject)
{
	volatile char sum = 0;
	size_t i;

	(void)arg;
	must(what != NULL);
	must(at == CHECK_NOWHERE || at < length);
	/* all of it can be read */
	for (i = 0; i < subject.n; i++)
		sum = (char)(sum + subject.p[i]);
}

static const char *
parse(struct pack *p, struct str text, unsigned kind)
{
	struct stamp now = { 1700000000 * STAMP_SECOND };
	struct route route;
	/* the corpus has CBOR, XML, JSON and lines in this order */
	static const struct senml_codec *const kinds[] = {
		&codec_cbor, &codec_xml, &codec_json
	};

	return kind % 4 < 3 ? decode_pack(kinds[kind % 4], p, text, now) :
	    pack_parse_line(p, text, now, &route);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text;
	const char *why;
	char *copy;

	if (check.warn == NULL) {
		pack_init(&pack);
		pack_init(&alone);
		check_init(&check, warn, NULL);
		pack.watch = &check.watch;
		pack.input_order = alone.input_order = true;
	}
	if (size == 0)
		return 0;
	length = size - 1;
	/* a copy of exactly that size: a byte read too far is seen */
	copy = malloc(length ? length : 1);
	memcpy(copy, data + 1, length);
	text = (struct str){ copy, length };
	check_begin(&check);
	check_text(&check, text);
	why = parse(&pack, text, data[0]);
	must(why == parse(&alone, text, data[0]) && pack.n == alone.n);
	if (why == NULL)
		check_end(&check, &pack);
	free(copy);
	return 0;
}
