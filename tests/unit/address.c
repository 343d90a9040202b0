/* SPDX-License-Identifier: Apache-2.0 */
/* The client behind a proxy, and which peers are not believed to be one. */
#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "tests/unit/unit.h"

static struct proxies proxies;

static const char *
print(const struct address *a)
{
	static char text[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, a->bytes, text, sizeof text);
	return strncmp(text, "::ffff:", 7) == 0 ? text + 7 : text;
}

static bool
parses(const char *text, const char *want)
{
	struct address a;

	return address_parse(&a, str_z(text)) && strcmp(print(&a), want) == 0;
}

static bool
refuses(const char *text)
{
	struct address a;

	return !address_parse(&a, str_z(text));
}

static bool
trusted(const char *text)
{
	struct address a;

	return address_parse(&a, str_z(text)) && proxies_trust(&proxies, &a);
}

/* the client that comes from `peer` with this header */
static const char *
client(const char *peer, const char *forwarded)
{
	struct address a, who;

	CHECK(address_parse(&a, str_z(peer)));
	CHECK(proxies_client(&proxies, &a, str_z(forwarded), &who));
	return print(&who);
}

static bool
loopback(const char *host)
{
	return address_is_loopback(str_z(host));
}

static void
check_loopbacks(void)
{
	CHECK(loopback("localhost") && loopback("LocalHost:80"));
	CHECK(loopback("127.0.0.1") && loopback("127.9.8.7:8086"));
	CHECK(loopback("::1") && loopback("[::1]") && loopback("[::1]:443"));
	CHECK(!loopback("") && !loopback("localhost.example"));
	CHECK(!loopback("127.0.0.1.example") && !loopback("127.example"));
	CHECK(!loopback("128.0.0.1") && !loopback("::2"));
	CHECK(!loopback("[::1].example") && !loopback("[::ffff:10.0.0.1]"));
}

#define CLIENT(peer, forwarded, want)					\
	CHECK(strcmp(client(peer, forwarded), want) == 0)

static void
check_texts(void)
{
	static const char none[][20] = {
		"", " ", "unknown", "_hidden", "1.2.3", "1.2.3.4.5",
		"1.2.3.256",
		"01.2.3.4", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:123456", "[::1",
		"::1]", "[]", "[1.2.3.4]", "[::1]x", "[::1]:", "1.2.3.4 ",
		" 1.2.3.4", "fe80::1%eth0", ":80", "1::2::3",
		"unix:", "\"::1\"",
		"1.2.3.4, 5.6.7.8", "12345::", "[::1]]", "1.2.3.4:80:90",
	};
	size_t i;

	CHECK(parses("192.0.2.1", "192.0.2.1"));
	CHECK(parses("192.0.2.1:65535", "192.0.2.1"));
	CHECK(parses("2001:db8::1", "2001:db8::1"));
	CHECK(parses("2001:DB8:0::1", "2001:db8::1"));
	CHECK(parses("[2001:db8::1]", "2001:db8::1"));
	CHECK(parses("[2001:db8::1]:443", "2001:db8::1"));
	/* the same, however it is written */
	CHECK(parses("::ffff:192.0.2.1", "192.0.2.1"));
	CHECK(parses("[::ffff:192.0.2.1]:80", "192.0.2.1"));
	for (i = 0; i < sizeof none / sizeof *none; i++) {
		if (!refuses(none[i]))
			printf("# %s\n", none[i]);
		CHECK(refuses(none[i]));
	}
}

static void
check_networks(void)
{
	static const char *const wrong[] = {
		"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
		"10.0.0.0/8x", "::/129", "example.com", "10.0.0.0/8/8",
		"10.0.0", "*", "unix:", "10.0.0.0:80", "[::1]", "all",
	};
	unsigned char key[16];
	struct address a, b;
	size_t i;

	for (i = 0; i < sizeof wrong / sizeof *wrong; i++)
		CHECK(proxies_add(&proxies, wrong[i]) != NULL);
	CHECK(proxies.n == 0 && !proxies_trust(&proxies, NULL));
	CHECK(!trusted("127.0.0.1"));
	CHECK(proxies_add(&proxies, "10.1.0.0/20") == NULL);
	CHECK(proxies_add(&proxies, "127.0.0.1") == NULL);
	CHECK(proxies_add(&proxies, "2001:db8:80::/41") == NULL);
	CHECK(trusted("10.1.0.0") && trusted("10.1.15.255"));
	CHECK(trusted("::ffff:10.1.1.1") && trusted("127.0.0.1"));
	CHECK(trusted("2001:db8:80::1") && trusted("2001:db8:ff:ffff::"));
	CHECK(!trusted("10.1.16.0") && !trusted("10.0.255.255"));
	CHECK(!trusted("127.0.0.2") && !trusted("2001:db8:7f::"));
	CHECK(!trusted("::10.1.0.0") && !trusted("::1"));
	CHECK(!proxies_trust(&proxies, NULL));
	/* what counts as one */
	CHECK(address_parse(&a, STR("192.0.2.1")) &&
	    address_network(&a, key) == 4 &&
	    memcmp(key, "\300\0\2\1", 4) == 0);
	CHECK(address_parse(&a, STR("2001:db8:1:2:3::4")) &&
	    address_network(&a, key) == 8 &&
	    memcmp(key, "\40\1\15\270\0\1\0\2", 8) == 0);
	CHECK(address_parse(&b, STR("2001:db8:1:2:ffff::1")) &&
	    address_same_network(&a, &b));
	CHECK(address_parse(&b, STR("2001:db8:1:3:3::4")) &&
	    !address_same_network(&a, &b));
	CHECK(address_parse(&a, STR("::ffff:192.0.2.1")) &&
	    address_parse(&b, STR("192.0.2.1")) &&
	    address_same_network(&a, &b));
	CHECK(address_parse(&b, STR("192.0.2.2")) &&
	    !address_same_network(&a, &b));
}

static void
check_clients(void)
{
	struct address a;

	/* with nothing said, it is the proxy itself */
	CLIENT("127.0.0.1", "", "127.0.0.1");
	CLIENT("127.0.0.1", "192.0.2.1", "192.0.2.1");
	/* what the client wrote comes first */
	CLIENT("127.0.0.1", "8.8.8.8, 192.0.2.1", "192.0.2.1");
	CLIENT("127.0.0.1", "127.0.0.1,10.1.0.1,192.0.2.1", "192.0.2.1");
	CLIENT("127.0.0.1", "x, , '; DROP,192.0.2.1", "192.0.2.1");
	/* through a second proxy of ours, and a third one that isn't */
	CLIENT("127.0.0.1", "8.8.8.8, 192.0.2.1, 10.1.0.9", "192.0.2.1");
	CLIENT("127.0.0.1", "8.8.8.8, 192.0.2.1, 10.2.0.9", "10.2.0.9");
	/* all of them ours: the first one */
	CLIENT("127.0.0.1", "10.1.0.2, 10.1.0.1", "10.1.0.2");
	/* anything but an address ends it */
	CLIENT("127.0.0.1", "192.0.2.1, unknown", "127.0.0.1");
	CLIENT("127.0.0.1", "192.0.2.1, unknown, 10.1.0.1", "10.1.0.1");
	CLIENT("127.0.0.1", ",, 192.0.2.1 ,\t,", "192.0.2.1");
	CLIENT("127.0.0.1", "[2001:db8::5]:99", "2001:db8::5");
	/* over a Unix socket */
	CHECK(proxies_add(&proxies, "unix") == NULL);
	CHECK(proxies_trust(&proxies, NULL));
	CHECK(!proxies_client(&proxies, NULL, STR(""), &a));
	CHECK(!proxies_client(&proxies, NULL, STR("unix:"), &a));
	CHECK(proxies_client(&proxies, NULL, STR("1.1.1.1, 192.0.2.1"), &a) &&
	    strcmp(print(&a), "192.0.2.1") == 0);
}

static void
check_sockets(void)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr local = { .sa_family = AF_UNIX };
	struct address a;

	v4.sin_addr.s_addr = htonl(0xc0000201);
	CHECK(address_of(&a, (struct sockaddr *)&v4) &&
	    strcmp(print(&a), "192.0.2.1") == 0);
	CHECK(!address_of(&a, &local));
}

static void
check_maximum(void)
{
	char n[32];
	int i;

	for (i = proxies.n; i < PROXIES_MAX; i++) {
		snprintf(n, sizeof n, "10.9.0.%d", i);
		CHECK(proxies_add(&proxies, n) == NULL);
	}
	CHECK(proxies_add(&proxies, "10.9.9.9") != NULL);
}

int
main(void)
{
	TEST("the address of a socket")
		check_sockets();
	TEST("addresses as text, with ports and in brackets")
		check_texts();
	TEST("this machine's own, and names that only begin so")
		check_loopbacks();
	TEST("networks of proxies, and addresses that count as one")
		check_networks();
	TEST("the client behind proxies is the first that is not a proxy")
		check_clients();
	TEST("at most PROXIES_MAX networks")
		check_maximum();
	return unit_end();
}
