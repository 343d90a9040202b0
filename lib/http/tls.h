/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_TLS_H
#define MFX_HTTP_TLS_H

#include <gnutls/gnutls.h>

#include "base/buf.h"
#include "base/fault.h"

/*
 * TLS for a server: its certificate (chain) and key, and the authorities
 * whose client certificates are believed, all PEM.  Versions 1.2 and 1.3.
 */
struct http_tls {
	struct buf cert, key, ca;	/* each with a NUL; ca may be empty */
};

/* reads and checks the files; `ca` may be NULL; -1 with EX_CONFIG for what
 * is in them */
int http_tls_load(struct http_tls *, const char *cert, const char *key,
    const char *ca, struct fault *);
/* wipes and frees: as soon as http_open has been called */
void http_tls_release(struct http_tls *);

/*
 * Who a client certificate says it is: the thing's id in a subject
 * alternative name `urn:uuid:<id>`, or else the thing's key as common name.
 */
enum tls_peer_kind {
	TLS_PEER_NONE,		/* no certificate */
	TLS_PEER_THING,		/* text: an id, lower case */
	TLS_PEER_KEY,		/* text: a key */
	TLS_PEER_REFUSED,	/* not to be believed */
};

struct tls_peer {
	enum tls_peer_kind kind;
	const char *why;	/* REFUSED: the reason */
	char text[256];
};

void tls_peer_read(struct tls_peer *, gnutls_session_t);
/* the same of a certificate (DER) that has been found good already */
void tls_peer_name(struct tls_peer *, const void *der, size_t n);

#endif
