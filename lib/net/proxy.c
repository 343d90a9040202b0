/* SPDX-License-Identifier: Apache-2.0 */
#include "net/proxy.h"

#include <arpa/inet.h>
#include <string.h>

/* version 1: the longest line, with its CR LF */
#define PROXY_LINE 107

/* version 2 */
#define PROXY_FIXED 16
#define PROXY_VERSION 0x20
#define PROXY_LOCAL 0
#define PROXY_PROXY 1

static const unsigned char proxy_signature[] = {
	'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'
};

static bool
proxy_begins(const unsigned char *p, size_t n, const void *with, size_t with_n)
{
	return memcmp(p, with, n < with_n ? n : with_n) == 0;
}

/* ---- version 1 ---- */

/* the word before the next space, or at the end; a second space is a word
 * without a byte */
static bool
proxy_word(struct str *rest, struct str *word)
{
	const char *end = rest->n > 0 ? memchr(rest->p, ' ', rest->n) : NULL;

	*word = (struct str){ rest->p, end ? (size_t)(end - rest->p) :
	    rest->n };
	*rest = end ? str_from(*rest, word->n + 1) : STR_NONE;
	return word->n > 0;
}

static bool
proxy_address(struct str word, int family, struct address *a)
{
	char z[INET6_ADDRSTRLEN];
	unsigned char bytes[16];

	if (word.n >= sizeof z)
		return false;
	memcpy(z, word.p, word.n);
	z[word.n] = '\0';
	return inet_pton(family, z, bytes) == 1 && address_parse(a, word);
}

/* 0 to 65535, without a zero in front */
static bool
proxy_port(struct str word)
{
	unsigned long port = 0;
	size_t i;

	if (word.n > 5 || (word.n > 1 && word.p[0] == '0'))
		return false;
	for (i = 0; i < word.n; i++) {
		if (word.p[i] < '0' || word.p[i] > '9')
			return false;
		port = port * 10 + (unsigned long)(word.p[i] - '0');
	}
	return port <= 65535;
}

/* "TCP4 192.0.2.1 198.51.100.1 56324 443" */
static bool
proxy_addresses(struct str rest, struct proxy_header *h)
{
	struct str protocol, from, to, from_port, to_port;
	struct address ours;
	int family;

	if (!proxy_word(&rest, &protocol) || !proxy_word(&rest, &from) ||
	    !proxy_word(&rest, &to) || !proxy_word(&rest, &from_port) ||
	    !proxy_word(&rest, &to_port) || rest.p != NULL)
		return false;
	if (str_eq(protocol, STR("TCP4")))
		family = AF_INET;
	else if (str_eq(protocol, STR("TCP6")))
		family = AF_INET6;
	else
		return false;
	h->known = proxy_address(from, family, &h->address);
	return h->known && proxy_address(to, family, &ours) &&
	    proxy_port(from_port) && proxy_port(to_port);
}

/* Until its CR LF, no other CR or LF may come.  What follows UNKNOWN is of no
 * meaning. */
static enum proxy_result
proxy_line(const unsigned char *p, size_t n, struct proxy_header *h)
{
	static const char unknown[] = "UNKNOWN";
	size_t i, at = sizeof "PROXY " - 1;
	struct str rest;

	for (i = at; i < n && i < PROXY_LINE && p[i] != '\r'; i++)
		if (p[i] == '\n' || p[i] == '\0')
			return PROXY_REFUSED;
	if (i >= PROXY_LINE - 1)
		return PROXY_REFUSED;
	if (n < i + 2)
		return PROXY_MORE;
	if (p[i + 1] != '\n')
		return PROXY_REFUSED;
	h->n = i + 2;
	rest = (struct str){ (const char *)p + at, i - at };
	if (str_starts(rest, STR(unknown)) && (rest.n == sizeof unknown - 1 ||
	    rest.p[sizeof unknown - 1] == ' '))
		return PROXY_DONE;
	return proxy_addresses(rest, h) ? PROXY_DONE : PROXY_REFUSED;
}

/* ---- version 2 ---- */

/* its blocks of addresses, by family: the first one is the client's */
static enum proxy_result
proxy_block(const unsigned char *p, size_t n, unsigned family,
    struct proxy_header *h)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	switch (family) {
	case 0x11:	/* TCP over IPv4: two addresses, two ports */
		if (n < 12)
			return PROXY_REFUSED;
		memcpy(&v4.sin_addr, p, 4);
		h->known = address_of(&h->address, (struct sockaddr *)&v4);
		return PROXY_DONE;
	case 0x21:	/* and IPv6 */
		if (n < 36)
			return PROXY_REFUSED;
		memcpy(&v6.sin6_addr, p, 16);
		h->known = address_of(&h->address, (struct sockaddr *)&v6);
		return PROXY_DONE;
	case 0x31:	/* unix: two paths */
		return n < 216 ? PROXY_REFUSED : PROXY_DONE;
	case 0x00:	/* UNSPEC: the proxy does not know */
		return PROXY_DONE;
	default:	/* datagrams, and what has no meaning yet */
		return PROXY_REFUSED;
	}
}

static enum proxy_result
proxy_binary(const unsigned char *p, size_t n, struct proxy_header *h)
{
	unsigned command;
	size_t length;

	if (n > 12 && (p[12] & 0xf0) != PROXY_VERSION)
		return PROXY_REFUSED;
	command = n > 12 ? p[12] & 0x0fU : PROXY_LOCAL;
	if (command > PROXY_PROXY)
		return PROXY_REFUSED;
	if (n < PROXY_FIXED)
		return PROXY_MORE;
	length = (size_t)p[14] << 8 | p[15];
	h->n = PROXY_FIXED + length;
	if (h->n > PROXY_HEADER_MAX)
		return PROXY_REFUSED;
	if (n < h->n)
		return PROXY_MORE;
	return command == PROXY_LOCAL ? PROXY_DONE :
	    proxy_block(p + PROXY_FIXED, length, p[13], h);
}

enum proxy_result
proxy_read(const unsigned char *p, size_t n, struct proxy_header *h)
{
	static const char line[] = "PROXY ";

	*h = (struct proxy_header){ .n = 0 };
	if (proxy_begins(p, n, proxy_signature, sizeof proxy_signature))
		return n < sizeof proxy_signature ? PROXY_MORE :
		    proxy_binary(p, n, h);
	if (proxy_begins(p, n, line, sizeof line - 1))
		return n < sizeof line - 1 ? PROXY_MORE : proxy_line(p, n, h);
	return PROXY_REFUSED;
}
