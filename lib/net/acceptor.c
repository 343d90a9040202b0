/* SPDX-License-Identifier: Apache-2.0 */
#include "net/acceptor.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

/* connections taken in one turn from one socket */
#define ACCEPT_BURST 64
/* out of descriptors, or of places: look again after */
#define ACCEPT_PAUSE (CLOCK_SECOND / 10)

/* how many connections there are of one address */
struct acceptor_count {
	struct hash_node node;
	unsigned char key[16];
	size_t key_n;
	unsigned n;
};

/* ---- counts ---- */

static bool
acceptor_trusts(const struct acceptor *a, const struct peer_address *peer)
{
	const struct proxies *proxies = a->options.proxies;

	return proxies != NULL && proxies_trust(proxies,
	    peer->known ? &peer->address : NULL);
}

/* the one of this address, which is made when there is none */
static struct acceptor_count *
acceptor_count_of(struct acceptor *a, const struct address *address)
{
	unsigned char key[16];
	size_t n = address_network(address, key);
	uint64_t hash = hash_seeded(a->seed, (struct str){ (char *)key, n });
	struct hash_node *node;
	struct acceptor_count *c;

	for (node = hash_first(&a->counts, hash); node != NULL;
	    node = hash_next(node)) {
		c = (struct acceptor_count *)node;
		if (c->key_n == n && memcmp(c->key, key, n) == 0)
			return c;
	}
	c = memory_zero(1, sizeof *c);
	memcpy(c->key, key, n);
	c->key_n = n;
	hash_table_add(&a->counts, &c->node, hash);
	return c;
}

static void
acceptor_count_drop(struct acceptor *a, struct acceptor_count *c)
{
	if (c == NULL || --c->n > 0)
		return;
	hash_table_remove(&a->counts, &c->node);
	free(c);
}

bool
acceptor_count_for(struct acceptor *a, struct peer_address *peer,
    const struct address *client)
{
	unsigned most = a->options.max_per_address;

	acceptor_count_drop(a, peer->count);
	peer->count = NULL;
	if (most == 0)
		return true;
	peer->count = acceptor_count_of(a, client);
	if (peer->count->n++ < most)
		return true;
	acceptor_count_drop(a, peer->count);
	peer->count = NULL;
	return false;
}

/* ---- connections ---- */

static void
acceptor_find_peer(struct peer_address *peer, const struct sockaddr *from)
{
	*peer = (struct peer_address){ .known = false };
	peer->known = address_of(&peer->address, from);
}

void
acceptor_enter(struct acceptor *a, int fd, struct peer_address *peer)
{
	struct sockaddr_storage from = { .ss_family = AF_UNSPEC };
	socklen_t n = sizeof from;

	getpeername(fd, (struct sockaddr *)&from, &n);
	acceptor_find_peer(peer, (struct sockaddr *)&from);
	a->connections++;
}

static void
acceptor_pause(struct acceptor *a, bool pause)
{
	int i;

	a->paused = pause;
	a->again = loop_now(a->loop) + ACCEPT_PAUSE;
	for (i = 0; i < a->n; i++)
		loop_want(&a->sockets[i].watch, pause ? 0 : LOOP_READ);
}

void
acceptor_leave(struct acceptor *a, struct peer_address *peer)
{
	a->connections--;
	acceptor_count_drop(a, peer->count);
	peer->count = NULL;
	if (a->paused && a->connections < a->options.max)
		acceptor_pause(a, false);
}

bool
acceptor_limits(struct acceptor *a, struct peer_address *peer)
{
	return !peer->known || acceptor_trusts(a, peer) ||
	    acceptor_count_for(a, peer, &peer->address);
}

static void
acceptor_take(struct acceptor *a, int fd, const struct sockaddr *from)
{
	struct peer_address peer;
	int on = 1;
	bool proxy;

	acceptor_find_peer(&peer, from);
	proxy = acceptor_proxy_is(a, &peer);
	if (!proxy && !acceptor_limits(a, &peer)) {
		close(fd);
		return;
	}
	if (peer.known)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	a->connections++;
	if (proxy)
		acceptor_proxy_take(a, fd, &peer);
	else
		a->options.accepted(fd, &peer, a->options.arg);
}

static bool
acceptor_has_room(struct acceptor *a)
{
	const struct acceptor_options *o = &a->options;

	if (a->connections >= o->max && o->make_room != NULL)
		o->make_room(o->arg);
	return a->connections < o->max;
}

static void
acceptor_ready(struct loop_watch *w, unsigned events)
{
	struct acceptor *a = ((struct acceptor_socket *)w)->acceptor;
	struct sockaddr_storage from;
	int fd, burst;
	socklen_t n;

	(void)events;
	for (burst = 0; burst < ACCEPT_BURST; burst++) {
		if (!acceptor_has_room(a)) {
			acceptor_pause(a, true);
			return;
		}
		n = sizeof from;
		fd = accept4(w->io.fd, (struct sockaddr *)&from, &n,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			acceptor_take(a, fd, (struct sockaddr *)&from);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			acceptor_pause(a, true);
		/* of the others, each is the trouble of one connection, or
		 * says that there is none any more */
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

/* ---- begin and end ---- */

static void
acceptor_turn(struct loop_hook *hook, int64_t now)
{
	struct acceptor *a = (struct acceptor *)((char *)hook -
	    offsetof(struct acceptor, hook));

	if (a->paused && now >= a->again)
		acceptor_pause(a, false);
	acceptor_proxy_sweep(a, now);
}

void
acceptor_init(struct acceptor *a, struct loop *loop,
    const struct acceptor_options *options)
{
	*a = (struct acceptor){ .loop = loop, .options = *options };
	a->seed = hash_seed();
	hash_table_init(&a->counts, 64);
	loop_hook(loop, &a->hook, NULL, acceptor_turn);
}

bool
acceptor_add(struct acceptor *a, int fd)
{
	struct acceptor_socket *s = a->sockets + a->n;

	if (a->n == ACCEPTOR_SOCKETS_MAX)
		return false;
	s->acceptor = a;
	loop_watch(a->loop, &s->watch, fd, LOOP_READ, acceptor_ready);
	a->n++;
	return true;
}

int
acceptor_socket(const struct acceptor *a, int i)
{
	return i < a->n ? a->sockets[i].watch.io.fd : -1;
}

void
acceptor_stop(struct acceptor *a)
{
	while (a->n > 0) {
		struct loop_watch *w = &a->sockets[--a->n].watch;

		loop_unwatch(w);
		close(w->io.fd);
	}
	acceptor_proxy_sweep(a, INT64_MAX);
}

void
acceptor_release(struct acceptor *a)
{
	acceptor_stop(a);
	loop_unhook(&a->hook);
	hash_table_release(&a->counts);
}
