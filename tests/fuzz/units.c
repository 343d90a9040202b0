/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a pack that goes into primary units: no number that is
 * written then is out of range or changes its kind, and doing it again,
 * as a pack or line by line, changes nothing.
 */
#include <stdint.h>
#include <stdlib.h>

#include "json/number.h"
#include "line/records.h"
#include "line/route.h"
#include "senml/decode.h"
#include "senml/unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct pack pack, again;
static struct buf once, twice;

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
	buf_init(&once, 128 << 20);
	buf_init(&twice, 128 << 20);
}

/* Each record alone, read again from its line. */
static void
check_line(const struct record *r)
{
	struct route none = { .has_seq = false };
	struct stamp now = { 1700000000 * STAMP_SECOND };

	buf_clear(&once);
	buf_clear(&twice);
	record_put_line(&once, &none, r);
	must(pack_parse_line(&again, (struct str){ once.p, once.n - 1 }, now,
	    &none) == NULL);
	must(again.n == 1);
	again.records[0].time = r->time;
	must(pack_to_primary(&again) == NULL);
	must(pack_put_lines(&twice, &none, &again));
	must(str_eq(buf_str(&once), buf_str(&twice)));
}

static void
check(struct str text)
{
	struct stamp now = { 1700000000 * STAMP_SECOND };
	const struct record *r;
	size_t i;

	if (decode_pack(&codec_json, &pack, text, now) != NULL)
		return;
	if (pack_to_primary(&pack) != NULL) {
		must(pack.n == 0);
		return;
	}
	for (i = 0; i < pack.n; i++) {
		r = &pack.records[i];
		must(r->kind != VALUE_NUMBER || number_in_range(r->value));
		must(r->sum.p == NULL || number_in_range(r->sum));
		check_line(r);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* a copy of exactly that size: a byte read too far is seen */
	char *copy = malloc(size ? size : 1);

	begin();
	if (size > 0)
		memcpy(copy, data, size);
	check((struct str){ copy, size });
	free(copy);
	return 0;
}
