/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_NET_ACCEPTOR_H
#define MFX_NET_ACCEPTOR_H

#include <stdbool.h>

#include "base/address.h"
#include "base/hash.h"
#include "net/loop.h"

/*
 * Accepts the connections of listening sockets, and limits how many there are,
 * in all and of one address.
 *
 *	acceptor_init(&a, loop, &options);
 *	acceptor_add(&a, fd);			for each listening socket
 *	... options.accepted(fd, &peer, arg)
 *	acceptor_leave(&a, &peer);		the connection is closed
 *	acceptor_stop(&a);
 *	acceptor_release(&a);
 *
 * What is over the limit of all waits in the queue of the kernel; what is over
 * that of an address is closed.
 */
struct acceptor;
struct acceptor_count;
struct acceptor_proxy;

/* the other end of a connection, to be kept as long as that */
struct peer_address {
	struct address address;
	bool known;			/* not for a unix socket */
	struct acceptor_count *count;	/* private */
};

struct acceptor_options {
	unsigned max;
	unsigned max_per_address;	/* 0: no limit; a /64 of IPv6 is one */
	const struct proxies *proxies;	/* these are not limited, as each is
					 * of many clients; may be NULL */
	/* These speak the PROXY protocol, and have to: the peer is the client
	 * that they name, and is limited.  May be NULL. */
	const struct proxies *senders;
	/* takes a descriptor that does not block, and copies the peer */
	void (*accepted)(int fd, const struct peer_address *, void *arg);
	/* All places are taken, and a client waits: closes the connection
	 * that is of least use, if there is one.  May be NULL. */
	void (*make_room)(void *arg);
	void *arg;
};

#define ACCEPTOR_SOCKETS_MAX 16

struct acceptor_socket {
	struct loop_watch watch;
	struct acceptor *acceptor;
};

struct acceptor {
	struct loop *loop;
	struct acceptor_options options;
	struct acceptor_socket sockets[ACCEPTOR_SOCKETS_MAX];
	int n;
	unsigned connections;
	bool paused;
	int64_t again;			/* out of descriptors: not before */
	/* their headers have not come yet: the oldest one, the newest one */
	struct acceptor_proxy *pending, *pending_last;
	struct loop_hook hook;
	struct hash_table counts;
	uint64_t seed;
};

void acceptor_init(struct acceptor *, struct loop *,
    const struct acceptor_options *);
/* all connections have left */
void acceptor_release(struct acceptor *);

/* false when there are ACCEPTOR_SOCKETS_MAX already; closed by
 * acceptor_stop */
bool acceptor_add(struct acceptor *, int fd);
/* the i-th of them, from 0; -1 after the last */
int acceptor_socket(const struct acceptor *, int i);
/* closes all listening sockets, and what waits for a proxy's header */
void acceptor_stop(struct acceptor *);

/* counts a connection that was not accepted here, whatever the limits */
void acceptor_enter(struct acceptor *, int fd, struct peer_address *);
void acceptor_leave(struct acceptor *, struct peer_address *);

/*
 * A trusted proxy has this connection for a client: counts it as one of that
 * client's from now on.  False: the client has enough.
 */
bool acceptor_count_for(struct acceptor *, struct peer_address *,
    const struct address *client);

/* ---- between its files ---- */

/* Is one more of this address allowed?  Then it is counted. */
bool acceptor_limits(struct acceptor *, struct peer_address *);
/* acceptor_proxy.c */
bool acceptor_proxy_is(const struct acceptor *, const struct peer_address *);
void acceptor_proxy_take(struct acceptor *, int fd,
    const struct peer_address *);
/* closes those whose header has not come before `now` */
void acceptor_proxy_sweep(struct acceptor *, int64_t now);

#endif
