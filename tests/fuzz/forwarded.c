/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as X-Forwarded-For: whatever a client has written, behind what
 * our proxy says of it there is nothing else to be believed; and what is an
 * address is the same one when it is printed.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_address(struct str text)
{
	struct address a, again;
	char z[INET6_ADDRSTRLEN];

	if (!address_parse(&a, text))
		return;
	if (inet_ntop(AF_INET6, a.bytes, z, sizeof z) == NULL ||
	    !address_parse(&again, str_z(z)) ||
	    memcmp(&a, &again, sizeof a) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct proxies proxies;
	struct str text = { (const char *)data, n };
	struct address peer, who, client;
	struct buf b;

	if (proxies.n == 0 && (proxies_add(&proxies, "10.0.0.0/8") != NULL ||
	    proxies_add(&proxies, "unix") != NULL))
		abort();
	check_address(text);
	if (!address_parse(&peer, STR("10.0.0.1")) ||
	    !address_parse(&who, STR("192.0.2.1")) ||
	    !proxies_client(&proxies, &peer, text, &client))
		abort();
	buf_init(&b, n + 64);
	buf_put_str(&b, text);
	buf_puts(&b, ", 192.0.2.1, 10.2.3.4");
	if (!proxies_client(&proxies, &peer, buf_str(&b), &client) ||
	    memcmp(&client, &who, sizeof who) != 0)
		abort();
	if (proxies_client(&proxies, NULL, buf_str(&b), &client) != true ||
	    memcmp(&client, &who, sizeof who) != 0)
		abort();
	buf_release(&b);
	return 0;
}
