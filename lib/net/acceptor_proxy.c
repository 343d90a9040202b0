/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of proxies that speak the PROXY protocol, until its header has
 * been read: then they are those of the clients that it names.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/acceptor.h"
#include "net/proxy.h"

/* a proxy sends it at once */
#define HEADER_TIME (5 * CLOCK_SECOND)

struct acceptor_proxy {
	struct loop_watch watch;
	struct acceptor *acceptor;
	struct acceptor_proxy *prev, *next;	/* the oldest one is first */
	struct peer_address peer;
	int64_t until;
	size_t n;		/* bytes that have been taken off the socket */
	unsigned char bytes[PROXY_HEADER_MAX];
};

bool
acceptor_proxy_is(const struct acceptor *a, const struct peer_address *peer)
{
	const struct proxies *senders = a->options.senders;

	return senders != NULL && proxies_trust(senders,
	    peer->known ? &peer->address : NULL);
}

/* takes it off the list; the descriptor is left */
static void
acceptor_proxy_free(struct acceptor_proxy *p)
{
	struct acceptor *a = p->acceptor;

	loop_unwatch(&p->watch);
	if (p->prev != NULL)
		p->prev->next = p->next;
	else
		a->pending = p->next;
	if (p->next != NULL)
		p->next->prev = p->prev;
	else
		a->pending_last = p->prev;
	free(p);
}

static void
acceptor_proxy_close(struct acceptor_proxy *p)
{
	struct acceptor *a = p->acceptor;
	int fd = p->watch.io.fd;

	acceptor_leave(a, &p->peer);
	acceptor_proxy_free(p);
	close(fd);
}

static void
acceptor_proxy_done(struct acceptor_proxy *p, const struct proxy_header *h)
{
	struct acceptor *a = p->acceptor;
	struct peer_address peer = p->peer;
	int fd = p->watch.io.fd;

	if (h->known)
		peer.address = h->address;
	peer.known = peer.known || h->known;
	if (h->known && !acceptor_limits(a, &peer)) {
		acceptor_proxy_close(p);
		return;
	}
	acceptor_proxy_free(p);
	a->options.accepted(fd, &peer, a->options.arg);
}

/*
 * Looks at what has come before it takes it: what follows the header is the
 * client's, and stays.
 */
static void
acceptor_proxy_ready(struct loop_watch *w, unsigned events)
{
	struct acceptor_proxy *p = (struct acceptor_proxy *)w;
	struct proxy_header h = { .n = 0 };
	enum proxy_result r = PROXY_MORE;
	size_t before = p->n, n;
	ssize_t got;

	(void)events;
	got = recv(w->io.fd, p->bytes + p->n, sizeof p->bytes - p->n,
	    MSG_PEEK | MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0) {
		p->n += (size_t)got;
		r = proxy_read(p->bytes, p->n, &h);
	}
	n = (r == PROXY_DONE ? h.n : p->n) - before;
	if (got <= 0 || r == PROXY_REFUSED ||
	    recv(w->io.fd, p->bytes + before, n, MSG_DONTWAIT) != (ssize_t)n)
		acceptor_proxy_close(p);
	else if (r == PROXY_DONE)
		acceptor_proxy_done(p, &h);
}

void
acceptor_proxy_take(struct acceptor *a, int fd,
    const struct peer_address *peer)
{
	struct acceptor_proxy *p = memory_get(sizeof *p);

	*p = (struct acceptor_proxy){
		.acceptor = a, .peer = *peer, .prev = a->pending_last,
		.until = loop_now(a->loop) + HEADER_TIME
	};
	if (p->prev != NULL)
		p->prev->next = p;
	else
		a->pending = p;
	a->pending_last = p;
	loop_watch(a->loop, &p->watch, fd, LOOP_READ, acceptor_proxy_ready);
}

void
acceptor_proxy_sweep(struct acceptor *a, int64_t now)
{
	while (a->pending != NULL && a->pending->until <= now)
		acceptor_proxy_close(a->pending);
}
