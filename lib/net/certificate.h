/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_NET_CERTIFICATE_H
#define MFX_NET_CERTIFICATE_H

#include <openssl/ssl.h>
#include <stdbool.h>

/*
 * The thing that a client certificate names: by its id in a subject alternative
 * name `urn:uuid:<id>` (RFC 5280 4.2.1.6, RFC 9562 4), or else by its key as
 * the common name, as in Mainflux.  A certificate that names two things is
 * refused.
 */
#define CERTIFICATE_TEXT 256

enum certificate_kind {
	CERTIFICATE_NONE,	/* the client has shown none */
	CERTIFICATE_THING,	/* text: an id, in lower case */
	CERTIFICATE_KEY,	/* text: a key, to be wiped after use */
	CERTIFICATE_REFUSED,	/* why */
};

/* which certificate it is, of all that there are: SHA-256 of its DER */
#define CERTIFICATE_HASH 32

struct certificate_id {
	bool known;		/* false: it is no certificate, or none was
				 * shown */
	unsigned char hash[CERTIFICATE_HASH];
};

struct certificate {
	enum certificate_kind kind;
	const char *why;	/* for a log */
	char text[CERTIFICATE_TEXT];
	struct certificate_id id;
};

/* One whose chain somebody else has verified; NULL: there is none. */
void certificate_read(struct certificate *, const X509 *);

/* The one that the client has shown on this connection, whose handshake is
 * over; one that was not verified is refused. */
void certificate_of(struct certificate *, SSL *);

#endif
