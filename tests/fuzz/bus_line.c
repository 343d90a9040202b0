/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in a stream and mfx-sub gives: any bytes up to a newline.  A
 * line that has a message's form is given with its position, but for one that
 * begins with a `part` of its own.
 */
#include <stdlib.h>

#include "bus/bus.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
hold(bool what)
{
	if (!what)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	/* a copy of its own, so that a byte too far is seen */
	char *copy = malloc(n ? n : 1);
	struct bus_shard shard = { 1, 3 };
	struct str run, line;
	struct stamp t;
	struct route route;
	struct buf b;
	size_t rest;

	if (copy == NULL)
		return 0;
	memcpy(copy, data, n);
	buf_init(&b, (size_t)4 << 20);
	run = (struct str){ copy, n };
	while (str_take_line(&run, &line)) {
		bus_line_time(line, &t);
		route_scan(line, &route, &rest);
		bus_shard_has(&shard, route.channel);
		buf_clear(&b);
		bus_line_put(&b, line, n);
		hold(b.n > line.n && b.p[b.n - 1] == '\n');
		if (bus_line_check(line) == NULL &&
		    line.p[line.p[0] == '[' ? 3 : 2] != 'p')
			hold(route_scan(buf_str(&b), &route, &rest) &&
			    route.has_seq && route.seq == n);
	}
	buf_release(&b);
	free(copy);
	return 0;
}
