/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_NET_TCP_H
#define MFX_NET_TCP_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/fault.h"

/*
 * A connection that never blocks and never raises SIGPIPE, plain or with TLS
 * (1.2 or newer).  After -1 `why` says what is wrong, and nothing but
 * tcp_close may follow.
 *
 *	tcp_connect(&t, &address, size);
 *	... when poll says POLLOUT ...
 *	tcp_connected(&t), then with TLS tcp_secure(&t, ctx, host)
 *	... as often as something comes ...
 *	while ((r = tcp_handshake(&t)) == 0) ...
 *	tcp_read, tcp_write
 */
struct tcp {
	int fd;			/* -1: closed */
	char why[160];
	bool refused;		/* TLS: what is wrong is the certificate, or
				 * that the other end wants none or another */
	/* private */
	SSL *ssl;
	struct buf out;		/* encrypted */
	size_t sent;
};

/* NULL, with a fault of EX_CONFIG, when a file is wrong; that of fault_input
 * when it is the key and can't be opened */
SSL_CTX *tcp_context(const char *cacert, const char *cert, const char *key,
    bool insecure, struct fault *);

void tcp_init(struct tcp *);
int tcp_connect(struct tcp *, const struct sockaddr *, socklen_t);
int tcp_connected(struct tcp *);
/* verifies, unless the context is insecure, that the certificate is that of
 * this host or IP address */
int tcp_secure(struct tcp *, SSL_CTX *, const char *host);
int tcp_handshake(struct tcp *);	/* 1: done; 0: more has to come */
/* how many bytes; 0: none now; -1: also at the end */
ssize_t tcp_read(struct tcp *, void *, size_t);
ssize_t tcp_write(struct tcp *, const void *, size_t);
/* are there encrypted bytes that tcp_write has taken and not sent? */
static inline bool
tcp_pending(const struct tcp *t)
{
	return t->out.n > t->sent;
}
void tcp_close(struct tcp *);

#endif
