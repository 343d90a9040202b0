/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a proxy sends first.  A header is understood alike whole and in pieces:
 * each beginning of one that is taken wants more, and no byte after it changes
 * what it says.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct proxy_header whole, part;
	enum proxy_result r = proxy_read(data, n, &whole);
	size_t i;

	if (r == PROXY_MORE && n >= PROXY_HEADER_MAX)
		abort();
	if (r != PROXY_DONE)
		return 0;
	if (whole.n > n || whole.n > PROXY_HEADER_MAX || whole.n == 0)
		abort();
	for (i = 0; i < whole.n; i++)
		if (proxy_read(data, i, &part) != PROXY_MORE)
			abort();
	if (proxy_read(data, whole.n, &part) != PROXY_DONE ||
	    part.n != whole.n || part.known != whole.known ||
	    memcmp(&part.address, &whole.address, sizeof part.address) != 0)
		abort();
	return 0;
}
