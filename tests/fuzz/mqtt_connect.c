/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a CONNECT, and of a DISCONNECT, as a client sends it: what is
 * given out lies inside of it.
 */
#include <stdint.h>
#include <stdlib.h>

#include "mqtt/connect.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_inside(struct str whole, struct str part)
{
	if (part.n > 0 && (part.p < whole.p ||
	    part.p + part.n > whole.p + whole.n))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str body = { (const char *)data, n }, rest;
	struct connect c;
	struct property p;
	uint32_t expiry = 1;

	disconnect_parse(body, &expiry);
	if (!connect_parse(body, &c))
		return 0;
	if (c.version < 3 || c.version > 5 ||
	    (c.version < 5 && c.will_properties.n > 0))
		abort();
	check_inside(body, c.will_properties);
	for (rest = c.will_properties; property_next(&rest, &p); ) {
		check_inside(body, p.name);
		check_inside(body, p.value);
	}
	if (rest.n > 0)
		abort();
	return 0;
}
