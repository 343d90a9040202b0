/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_ADDRESS_H
#define MFX_BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/opt.h"
#include "base/str.h"

struct sockaddr;

/*
 * The client of a request, for limits by address.  It is the other end of
 * the connection or, when that is a trusted proxy, the address that the
 * proxy names in X-Forwarded-For.
 *
 * That header is a list to whose end each proxy adds the address that
 * connected to it.  It is read backwards: while an address is a trusted
 * proxy's, the one before it is believed.  So what a client writes into the
 * header itself is never believed, and the header of a peer that is not a
 * trusted proxy is ignored.  An element that is not an address ends the
 * list: the client is then the last address known, a proxy's.
 */
struct address {
	unsigned char bytes[16];	/* IPv4 as ::ffff:192.0.2.1 */
};

/* false when there is no address, as for a Unix socket */
bool address_of(struct address *, const struct sockaddr *);

/* "192.0.2.1" or "2001:db8::1", also followed by a port: "192.0.2.1:80",
 * "[2001:db8::1]", "[2001:db8::1]:80"; false when it is not an address */
bool address_parse(struct address *, struct str text);

/* "localhost", or an address of the loopback, also followed by a port: never a
 * name that only begins so */
bool address_is_loopback(struct str host);

/* as inet_ntop(3) has it, IPv4 in dots */
#define ADDRESS_TEXT 46
void address_print(const struct address *, char to[ADDRESS_TEXT]);

/* The key that an address is counted under, and its length: all 4 bytes of
 * IPv4, the 8 of the network of IPv6, as one client has a whole /64. */
size_t address_network(const struct address *, unsigned char to[16]);
/* are both counted under one key? */
bool address_same_network(const struct address *, const struct address *);

#define PROXIES_MAX OPT_LIST_MAX
struct proxies {
	struct {
		struct address address;
		unsigned bits;		/* of the 128, those to match */
	} v[PROXIES_MAX];
	int n;
	bool local;			/* trust peers on a Unix socket, too */
};

/* "192.0.2.1", "10.0.0.0/8", "2001:db8::/32", or "unix" for all that come
 * over a Unix socket; NULL, or why it is refused */
const char *proxies_add(struct proxies *, const char *text);

/* `peer` NULL: a Unix socket */
bool proxies_trust(const struct proxies *, const struct address *peer);

/*
 * The client that a trusted peer speaks for.  `forwarded` holds the values
 * of all X-Forwarded-For headers in order, with commas between.  False when
 * the header names no client and the peer itself has no address.
 */
bool proxies_client(const struct proxies *, const struct address *peer,
    struct str forwarded, struct address *client);

#endif
