/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_NET_SOCK_H
#define MFX_NET_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "net/loop.h"
#include "net/tls.h"

/*
 * A connected stream socket in a loop, plain or TLS, that never blocks.
 *
 *	sock_open(&s, loop, fd, tls, ready);
 *	sock_want(&s, LOOP_READ);
 *	... ready(&s, events): sock_read(), sock_write()
 *	sock_close(&s);
 *
 * `ready` is called for what is wanted.  With TLS it may be called although
 * nothing can be read or written yet: the handshake, or a record that is not
 * complete, is gone on with by the next call.
 */
struct sock {
	struct loop_watch watch;
	SSL *ssl;		/* NULL: plain */
	int fd;			/* -1: closed */
	unsigned wanted;	/* LOOP_READ, LOOP_WRITE */
	unsigned blocked;	/* what TLS waits for, whatever is wanted */
	void (*ready)(struct sock *, unsigned events);
};

/* Takes the descriptor, also when it can't, and closes it then; tls NULL:
 * plain.  -1: no memory. */
int sock_open(struct sock *, struct loop *, int fd, struct tls *,
    void (*ready)(struct sock *, unsigned events));
/* without a word to the other end when `abort`, which resets the connection;
 * one that is closed already is fine */
void sock_close(struct sock *, bool abort);

/* goes on with it as another struct, which wants nothing yet; `from` is as
 * closed */
void sock_move(struct sock *to, struct sock *from,
    void (*ready)(struct sock *, unsigned events));

void sock_want(struct sock *, unsigned events);

/* Both give the number of bytes, or one of these. */
#define SOCK_LATER (-1)		/* nothing now: `ready` will be called */
#define SOCK_BROKEN (-2)	/* reset, or bytes that are not TLS */

/* 0: the other end sends no more */
ssize_t sock_read(struct sock *, void *to, size_t n);
/* Has TLS decrypted more than was read?  No event will tell of that. */
bool sock_has_more(const struct sock *);

/* at most SOCK_IOV_MAX parts */
#define SOCK_IOV_MAX 8
ssize_t sock_write(struct sock *, const struct iovec *, int n);

/* Sends nothing more, and says so. */
void sock_shutdown(struct sock *);

/* has the other end closed the connection, or its sending half? */
bool sock_gone(const struct sock *);

#endif
