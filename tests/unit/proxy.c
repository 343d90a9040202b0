/* SPDX-License-Identifier: Apache-2.0 */
/* The PROXY protocol, by the sections of proxy-protocol.txt. */
#include <string.h>

#include "net/proxy.h"
#include "unit.h"

static const unsigned char signature[] = "\r\n\r\n\0\r\nQUIT\n";

static struct proxy_header h;

static enum proxy_result
reads(const char *text)
{
	return proxy_read((const unsigned char *)text, strlen(text), &h);
}

/* a line is whole only with its last byte, and the rest is the client's */
static bool
takes(const char *line, const char *address)
{
	unsigned char bytes[256];
	char text[ADDRESS_TEXT];
	size_t i, n = strlen(line);

	memcpy(bytes, line, n);
	memcpy(bytes + n, "GET", 3);
	for (i = 0; i < n; i++)
		if (proxy_read(bytes, i, &h) != PROXY_MORE)
			return false;
	if (proxy_read(bytes, n + 3, &h) != PROXY_DONE || h.n != n)
		return false;
	if (address == NULL || !h.known)
		return address == NULL && !h.known;
	address_print(&h.address, text);
	return strcmp(text, address) == 0;
}

static bool
refuses(const char *line)
{
	return reads(line) == PROXY_REFUSED;
}

static void
test_line(void)
{
	CHECK(takes("PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n",
	    "192.0.2.7"));
	CHECK(takes("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535"
	    "\r\n", "255.255.255.255"));
	CHECK(takes("PROXY TCP4 192.0.2.7 198.51.100.1 0 0\r\n", "192.0.2.7"));
	CHECK(takes("PROXY TCP6 2001:db8::7 ::1 1 2\r\n", "2001:db8::7"));
	CHECK(takes("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
}

static void
test_unknown(void)
{
	CHECK(takes("PROXY UNKNOWN\r\n", NULL));
	CHECK(takes("PROXY UNKNOWN what is here is not read\r\n", NULL));
	CHECK(refuses("PROXY UNKNOWNS\r\n"));
}

static void
test_line_refused(void)
{
	static const char *const bad[] = {
		"GET / HTTP/1.1\r\n", "proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
		"PROXY  TCP4 192.0.2.7 198.51.100.1 1 2\r\n",
		"PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 1 2 \r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 01 2\r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 1 65536\r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 1 +2\r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 1 -\r\n",
		"PROXY TCP4 192.0.2.7:1 198.51.100.1 1 2\r\n",
		"PROXY TCP4 192.0.2.07 198.51.100.1 1 2\r\n",
		"PROXY TCP4 192.0.2 198.51.100.1 1 2\r\n",
		"PROXY TCP4 2001:db8::7 ::1 1 2\r\n",
		"PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n",
		"PROXY TCP6 [2001:db8::7] ::1 1 2\r\n",
		"PROXY TCP6 2001:db8::7 198.51.100.1 1 2\r\n",
		"PROXY TCP5 192.0.2.7 198.51.100.1 1 2\r\n",
		"PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\r\n",
		"PROXY TCP4\t192.0.2.7 198.51.100.1 1 2\r\n",
		"PROXY \r\n", "PROXY TCP4\r\n", "PROXY\r\n", "\r\nPROXY",
	};
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(refuses(bad[i]));
	CHECK(proxy_read((const unsigned char *)"PROXY UNKNOWN\0\r\n", 16,
	    &h) == PROXY_REFUSED);
}

/* 107 bytes with CR LF are the most */
static void
test_line_length(void)
{
	char line[120];

	memset(line, 'x', sizeof line);
	memcpy(line, "PROXY UNKNOWN ", 14);
	memcpy(line + 105, "\r\n", 3);
	CHECK(takes(line, NULL));
	CHECK(strlen(line) == 107);
	memset(line + 105, 'x', sizeof line - 105);
	memcpy(line + 106, "\r\n", 3);
	CHECK(refuses(line));
	memset(line + 106, 'x', sizeof line - 106);
	CHECK(proxy_read((unsigned char *)line, 107, &h) == PROXY_REFUSED);
}

/* `at` is where the header is made: a length, and so many bytes of zeros */
static size_t
make(unsigned char *at, unsigned command, unsigned family, size_t length)
{
	memset(at, 0, 16 + length + 3);
	memcpy(at, signature, 12);
	at[12] = (unsigned char)command;
	at[13] = (unsigned char)family;
	at[14] = (unsigned char)(length >> 8);
	at[15] = (unsigned char)length;
	return 16 + length;
}

static enum proxy_result
binary(unsigned command, unsigned family, size_t length)
{
	static unsigned char bytes[PROXY_HEADER_MAX + 64];
	size_t n = make(bytes, command, family, length), i;
	enum proxy_result r = proxy_read(bytes, n, &h);

	/* in pieces it is understood as when it is whole */
	for (i = 0; r == PROXY_DONE && i < n; i++)
		if (proxy_read(bytes, i, &h) != PROXY_MORE)
			return PROXY_MORE;
	if (r == PROXY_DONE)
		CHECK(proxy_read(bytes, n + 3, &h) == r && h.n == n);
	return r;
}

static void
test_binary(void)
{
	unsigned char bytes[256];
	char text[ADDRESS_TEXT];
	size_t n;

	n = make(bytes, 0x21, 0x11, 12);
	memcpy(bytes + 16, "\300\0\2\7", 4);
	CHECK(proxy_read(bytes, n + 3, &h) == PROXY_DONE && h.known);
	address_print(&h.address, text);
	CHECK(strcmp(text, "192.0.2.7") == 0 && h.n == n);
	n = make(bytes, 0x21, 0x21, 36);
	memcpy(bytes + 16, "\x20\x01\x0d\xb8", 4);
	bytes[31] = 7;
	CHECK(proxy_read(bytes, n, &h) == PROXY_DONE && h.known);
	address_print(&h.address, text);
	CHECK(strcmp(text, "2001:db8::7") == 0 && h.n == n);
}

static void
test_binary_more(void)
{
	CHECK(binary(0x21, 0x11, 12) == PROXY_DONE && h.known);
	/* TLVs after the addresses are not read */
	CHECK(binary(0x21, 0x11, 500) == PROXY_DONE && h.known);
	CHECK(binary(0x21, 0x31, 216) == PROXY_DONE && !h.known);
	CHECK(binary(0x21, 0x00, 0) == PROXY_DONE && !h.known);
	CHECK(binary(0x21, 0x00, 20) == PROXY_DONE && !h.known);
}

static void
test_local(void)
{
	CHECK(binary(0x20, 0x00, 0) == PROXY_DONE && !h.known);
	CHECK(binary(0x20, 0x11, 12) == PROXY_DONE && !h.known);
	CHECK(binary(0x20, 0x99, 7) == PROXY_DONE && !h.known);
}

static void
test_binary_refused(void)
{
	CHECK(binary(0x11, 0x11, 12) == PROXY_REFUSED);
	CHECK(binary(0x31, 0x11, 12) == PROXY_REFUSED);
	CHECK(binary(0x22, 0x11, 12) == PROXY_REFUSED);
	CHECK(binary(0x2f, 0x11, 12) == PROXY_REFUSED);
	CHECK(binary(0x21, 0x11, 11) == PROXY_REFUSED);
	CHECK(binary(0x21, 0x21, 35) == PROXY_REFUSED);
	CHECK(binary(0x21, 0x31, 215) == PROXY_REFUSED);
	CHECK(binary(0x21, 0x12, 12) == PROXY_REFUSED);
	CHECK(binary(0x21, 0x41, 12) == PROXY_REFUSED);
	CHECK(binary(0x21, 0x10, 12) == PROXY_REFUSED);
}

static void
test_binary_length(void)
{
	unsigned char bytes[64];

	CHECK(binary(0x21, 0x11, PROXY_HEADER_MAX - 16) == PROXY_DONE);
	make(bytes, 0x21, 0x11, 0);
	bytes[14] = bytes[15] = 0xff;
	CHECK(proxy_read(bytes, 16, &h) == PROXY_REFUSED);
	/* a wrong byte of the signature, wherever it is */
	make(bytes, 0x21, 0x11, 12);
	bytes[11] = 'x';
	CHECK(proxy_read(bytes, 28, &h) == PROXY_REFUSED);
}

int
main(void)
{
	TEST("2.1: a line with the addresses of TCP4 and TCP6")
		test_line();
	TEST("2.1: UNKNOWN, and what follows is not read")
		test_unknown();
	TEST("2.1: one space, one form of each number, CR LF, no more")
		test_line_refused();
	TEST("2.1: a line has 107 bytes at most")
		test_line_length();
	TEST("2.2: the client's address of IPv4 and IPv6, in network order")
		test_binary();
	TEST("2.2: the length counts, whatever is in it")
		test_binary_more();
	TEST("2.2: LOCAL is the proxy itself, with any family")
		test_local();
	TEST("2.2: other versions, commands and families, short addresses")
		test_binary_refused();
	TEST("2.2: a length that is too long, a signature that is not valid")
		test_binary_length();
	return unit_end();
}
