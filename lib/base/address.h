/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_ADDRESS_H
#define MFX_BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/opt.h"
#include "base/str.h"

struct sockaddr;

/*
 * Whose a request is, for limits by address.  It is the other end of its
 * connection; of one from a proxy that is trusted, it is whom the proxy
 * names in X-Forwarded-For.
 *
 * That header is a list to which each proxy adds, at its end, who connected
 * to it.  It is read from there: as long as an address is a trusted proxy's,
 * the one in front of it is believed.  So what a client writes into the
 * header itself is never believed, and of one who is no trusted proxy the
 * header isn't looked at.  What is no address ends the list: then it is the
 * last one that is known, a proxy's.
 */
struct address {
	unsigned char bytes[16];	/* IPv4 as ::ffff:192.0.2.1 */
};

/* false: it has none, as the other end of a Unix socket */
bool address_of(struct address *, const struct sockaddr *);

/* "192.0.2.1", "2001:db8::1", also with a port behind it: "192.0.2.1:80",
 * "[2001:db8::1]", "[2001:db8::1]:80"; false: it is none */
bool address_parse(struct address *, struct str text);

/* What it is counted as: how many of the bytes are filled, 4 of IPv4 and of
 * IPv6 the 8 of its network, where each has as many as it likes. */
size_t address_network(const struct address *, unsigned char to[16]);
/* are they counted as one? */
bool address_same_network(const struct address *, const struct address *);

#define PROXIES_MAX OPT_LIST_MAX
struct proxies {
	struct {
		struct address address;
		unsigned bits;		/* of the 128 that have to match */
	} v[PROXIES_MAX];
	int n;
	bool local;			/* and whoever has a Unix socket */
};

/* "192.0.2.1", "10.0.0.0/8", "2001:db8::/32", or "unix" for all that come
 * over a Unix socket; NULL, or why it is refused */
const char *proxies_add(struct proxies *, const char *text);

/* `peer` NULL: a Unix socket */
bool proxies_trust(const struct proxies *, const struct address *peer);

/*
 * Who is behind a peer that is trusted, by the values of X-Forwarded-For, in
 * order and with commas between; false: that isn't known, and the peer has
 * no address.
 */
bool proxies_client(const struct proxies *, const struct address *peer,
    struct str forwarded, struct address *client);

#endif
