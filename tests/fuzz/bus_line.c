/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What mfx-pub takes and mfx-sub gives: any bytes up to a newline.  A line
 * that passes the check comes back as it went in, and its position with it.
 */
#include <stdlib.h>

#include "bus/bus.h"
#include "senml/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
hold(bool what)
{
	if (!what)
		abort();
}

/* what is given with a position is taken without it, and it is found */
static void
check_round(struct str line, uint64_t want)
{
	struct buf given, taken;
	uint64_t seq = 0;

	buf_init(&given, (size_t)4 << 20);
	buf_init(&taken, (size_t)4 << 20);
	bus_line_put(&given, line, want);
	hold(given.n > line.n && given.p[given.n - 1] == '\n');
	hold(bus_line_take(&taken, (struct str){ given.p, given.n - 1 },
	    &seq));
	hold(seq == want && taken.n == line.n + 1);
	hold(memcmp(taken.p, line.p, line.n) == 0);
	buf_release(&given);
	buf_release(&taken);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	/* a copy of its own, so that a byte too far is seen */
	char *copy = malloc(n ? n : 1);
	struct bus_shard shard = { 1, 3 };
	struct str run, line;
	struct stamp t;
	struct buf b;
	uint64_t seq;

	if (copy == NULL)
		return 0;
	memcpy(copy, data, n);
	buf_init(&b, (size_t)4 << 20);
	run = (struct str){ copy, n };
	while (bus_line_next(&run, &line)) {
		bus_line_time(line, &t);
		bus_shard_has(&shard, line);
		buf_clear(&b);
		bus_line_take(&b, line, &seq);
		hold(b.n <= line.n + 1 && b.p[b.n - 1] == '\n');
		if (bus_line_check(line) == NULL)
			check_round(line, n);
	}
	buf_release(&b);
	free(copy);
	return 0;
}
