/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_NET_PROXY_H
#define MFX_NET_PROXY_H

#include "base/address.h"

/*
 * The header of the PROXY protocol, versions 1 and 2, which a proxy sends
 * before the first byte of its client (haproxy.org, proxy-protocol.txt).
 *
 *	while ((r = proxy_read(bytes, n, &h)) == PROXY_MORE)
 *		n += what has come
 *	if (r == PROXY_DONE)
 *		the client's own bytes begin at h.n
 *
 * Only a peer that is trusted may send one, and such a one has to: it is never
 * guessed whether there is one.  Nothing is taken that the specification does
 * not have: a text is the one form of version 1, to each space and digit.
 * While more is needed, all bytes belong to the header.
 */
struct proxy_header {
	size_t n;		/* its length */
	/* The client's address.  False: the proxy speaks for itself, as when
	 * it looks whether we live, or does not know. */
	bool known;
	struct address address;
};

enum proxy_result { PROXY_MORE, PROXY_DONE, PROXY_REFUSED };

/* A longer one of version 2 is refused; the specification's own parts have
 * room in 536 bytes, with a chain of certificates in more. */
#define PROXY_HEADER_MAX 4096

enum proxy_result proxy_read(const unsigned char *, size_t n,
    struct proxy_header *);

#endif
