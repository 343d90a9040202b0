/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_TESTS_UNIT_BUS_LAST_H
#define MFX_TESTS_UNIT_BUS_LAST_H

#include "tests/unit/bus_shared.h"

/* how many lines up to `end` follow the place of the last n */
static unsigned
last_of(const char *stream, uint64_t n, uint64_t end)
{
	unsigned got = 0;
	struct walk k;
	uint64_t seq;

	if (bus_last(bus, stream, n, end, &seq, &fault) < 0)
		return 0;
	walk_begin(&k, stream, seq);
	while (walk_next(&k) && k.line.seq <= end)
		got++;
	walk_end(&k);
	return got;
}

static void
ask_last(void)
{
	const char *stream = fresh("last");
	uint64_t end;

	fill(stream, 1, 40, 7);
	end = end_of(stream);
	CHECK(last_of(stream, 1, end) == 1);
	CHECK(last_of(stream, 100, end) == 100);
	CHECK(last_of(stream, 279, end) == 279);
	CHECK(last_of(stream, 280, end) == 280);
	CHECK(last_of(stream, 281, end) == 280);
	CHECK(last_of(stream, INT64_MAX, end) == 280);
	/* what came later does not count */
	fill(stream, 41, 45, 7);
	CHECK(last_of(stream, 3, end) == 3);
}

#endif
