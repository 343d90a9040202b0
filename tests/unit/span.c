/* SPDX-License-Identifier: Apache-2.0 */
#include "json/span.h"

#include <string.h>

#include "unit.h"

/* exactly n bytes, of all sizes */
static void
test_copy(void)
{
	char from[80], to[82];
	size_t n, i;
	bool same = true;

	for (i = 0; i < sizeof from; i++)
		from[i] = (char)('0' + i);
	for (n = 0; n <= sizeof from; n++) {
		memset(to, '#', sizeof to);
		span_copy(to + 1, from, n);
		same &= to[0] == '#' && memcmp(to + 1, from, n) == 0 &&
		    to[n + 1] == '#';
	}
	CHECK(same);
}

/* every byte at every place */
static void
test_masks(void)
{
	char text[SPAN + 5];
	size_t at, differ = 0, runs = 0;
	unsigned c;

	for (c = 0; c < 256; c++)
		for (at = 0; at < sizeof text; at++) {
			memset(text, '7', sizeof text);
			text[at] = (char)c;
			differ += span_mask_plain(text) !=
			    span_mask_plain_portable(text);
			differ += span_mask_digit(text) !=
			    span_mask_digit_portable(text);
			differ += span_mask_name(text) !=
			    span_mask_name_portable(text);
			differ += span_mask_id(text) !=
			    span_mask_id_portable(text);
			differ += span_mask_hex(text) !=
			    span_mask_hex_portable(text);
			runs += span_plain(text, text + sizeof text) !=
			    (span_is_plain((unsigned char)c) ?
			    sizeof text : at);
			runs += span_digit(text, text + sizeof text) !=
			    (span_is_digit((unsigned char)c) ?
			    sizeof text : at);
			runs += span_name(text, text + sizeof text) !=
			    (span_is_name((unsigned char)c) ?
			    sizeof text : at);
			runs += span_id(text, text + sizeof text) !=
			    (span_is_id((unsigned char)c) ?
			    sizeof text : at);
		}
	CHECK(differ == 0);
	CHECK(runs == 0);
	CHECK(span_first(0) == SPAN);
}

int
main(void)
{
	TEST("copies of all sizes, and not a byte more")
		test_copy();
	TEST("the vector form and its portable twin agree, and so do runs")
		test_masks();
	return unit_end();
}
