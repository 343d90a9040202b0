/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_NET_TLS_H
#define MFX_NET_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/fault.h"

/*
 * TLS 1.2 and 1.3 (RFC 8446) of a server, by OpenSSL: its certificate chain and
 * key, and the CA whose client certificates are accepted, all in PEM.
 *
 *	tls_open(&tls, &files, &fault);
 *	ssl = tls_accept(tls, fd);	for each connection
 *	tls_reload(tls, &fault);	the files have changed
 *
 * A client is asked for a certificate when there is a CA.  One that does not
 * verify does not end the handshake: certificate_of() says so, and whoever
 * knows what the client wants refuses it in words.
 */
struct tls_files {
	const char *cert, *key;
	const char *ca;		/* may be NULL */
	const char *crl;	/* revoked client certificates; may be NULL */
};

struct tls;

/* A file that is missing is EX_NOINPUT; one with something else in it than it
 * should have is EX_CONFIG, and the fault names the file and says why.  The
 * paths are borrowed. */
int tls_open(struct tls **, const struct tls_files *, struct fault *);
void tls_close(struct tls *);	/* NULL is fine */

/* Reads the files again, for all connections that begin after it.  -1: what
 * was there before stays in use. */
int tls_reload(struct tls *, struct fault *);
/* how often they have been read; 0 for NULL */
unsigned tls_generation(const struct tls *);

/* a connection that waits for the client's handshake; NULL: no memory */
SSL *tls_accept(struct tls *, int fd);

/* For a handshake that another library has begun, before it has chosen a
 * certificate: gives it what was read last.  False without memory. */
bool tls_lend(const struct tls *, SSL *);

/* Would the client's certificate be accepted with what was read last?  True for
 * a client that has shown none; false, when there is a CRL, for one whose
 * handshake goes on with an older one. */
bool tls_accepts(const struct tls *, SSL *);

/* The channel binding of a connection whose handshake is over: tls-exporter of
 * TLS 1.3 (RFC 9266), which has 32 bytes; tls-unique (RFC 5929 3) of an earlier
 * one, which is the client's Finished, as no session is resumed.  How many
 * bytes; 0 when there are more than `max`, and without TLS. */
size_t tls_binding(SSL *, unsigned char *to, size_t max);

#endif
