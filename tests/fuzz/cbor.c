/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a pack in CBOR.  What is taken is well-formed as a whole
 * (a step over it ends where it ends), and its records, written as JSON
 * and read again, are the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "line/records.h"
#include "line/route.h"
#include "senml/cbor.h"
#include "senml/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct pack pack, again;
static struct buf once, twice;
static const struct route nowhere = { .has_seq = false };

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
	pack.input_order = again.input_order = true;
	buf_init(&once, 128 << 20);
	buf_init(&twice, 128 << 20);
}

static void
check_records(void)
{
	struct stamp now = { 1700000000 * STAMP_SECOND };
	struct route route;
	size_t i;

	for (i = 0; i < pack.n; i++) {
		/* a time below 2^28 can't stay as it is (4.5.3) */
		if (pack.records[i].time.ns <
		    (INT64_C(1) << 28) * STAMP_SECOND)
			continue;
		buf_clear(&once);
		buf_clear(&twice);
		record_put_line(&once, &nowhere, &pack.records[i]);
		must(pack_parse_line(&again, (struct str){ once.p,
		    once.n - 1 }, now, &route) == NULL);
		must(pack_put_lines(&twice, &route, &again));
		must(str_eq(buf_str(&once), buf_str(&twice)));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* a copy of exactly that size: a byte read too far is seen */
	char *copy = malloc(size ? size : 1);
	struct str bytes = { copy, size };
	struct cbor c = { .end = copy + size };

	begin();
	if (size > 0)
		memcpy(copy, data, size);
	pack.lax = size > 0 && data[size - 1] % 2;
	if (decode_pack(&codec_cbor, &pack, bytes,
	    (struct stamp){ 1700000000 * STAMP_SECOND }) == NULL) {
		must(cbor_skip(&c, copy) == c.end);
		if (!pack.lax)
			check_records();
	} else {
		must(pack.n == 0 && pack.at <= size);
	}
	free(copy);
	return 0;
}
