/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/listen.h"
#include "base/memory.h"
#include "coap/internal.h"
#include "coap/fd_snapshot.h"
#include "coap/epoll_batch.h"
#include "coap/interpose.h"

#define EVENTS 64
#define ROUNDS 4
#define BACKLOG 1024
#define LISTENERS_MAX 32
#define PORT_TRIES 64
#define LEARN_MS 1000	/* for what is there at once, on this machine */
#define TIMES_MAX 4096	/* more than interpose.c has at once */

/*
 * A listening socket of libcoap's.  libcoap can't be given one that exists, and
 * reads one datagram each time that it goes through all of its sessions.  Both
 * are mended through `data`, by which libcoap's epoll knows the socket.  An
 * inherited socket replaces one that libcoap has made (dup2).  And libcoap
 * takes as many datagrams of those that interpose.c has read as one call tells
 * it times that the socket is readable.  Where that does not work
 * (epoll_batch.h), it is told of one event at a time.
 */
struct listener {
	struct listener *next;
	enum coap_security kind;
	int fd;
	uint64_t data;		/* 0: not known */
	bool datagram;
};

static int
listener_add(struct coap_server *server, enum coap_security kind,
    bool datagram, const struct fd_snapshot *before, struct fault *fault)
{
	struct listener *d = memory_zero(1, sizeof *d);

	d->kind = kind;
	d->datagram = datagram;
	d->fd = fd_snapshot_find_new(before, datagram ? SOCK_DGRAM :
	    SOCK_STREAM);
	if (d->fd < 0) {
		free(d);
		return fault_set(fault, EX_OSERR, "more than %d open files",
		    FD_SNAPSHOT_MAX);
	}
	server->batches = server->batches && epoll_batch_data(
	    coap_context_get_coap_fd(server->contexts[kind]), d->fd, &d->data);
	if (!server->batches)
		d->data = 0;
	d->next = server->listeners;
	server->listeners = d;
	/* libcoap has it at 5 */
	if (!datagram)
		listen(d->fd, BACKLOG);
	if (datagram)
		interpose_datagrams(d->fd, kind == COAP_NOSEC);
	else
		interpose_streams(d->fd, kind == COAP_NOSEC,
		    server->o.max_body + MESSAGE_OPTIONS);
	return 0;
}

/* ---- opening ---- */

static coap_proto_t
listener_protocol(enum coap_security kind, bool datagram)
{
	if (kind == COAP_NOSEC)
		return datagram ? COAP_PROTO_UDP : COAP_PROTO_TCP;
	return datagram ? COAP_PROTO_DTLS : COAP_PROTO_TLS;
}

static int
listener_open_one(struct coap_server *server, enum coap_security kind,
    bool datagram, const coap_address_t *address, const char *name,
    struct fault *fault)
{
	static const char *const names[] = { "TCP", "UDP" };
	struct fd_snapshot before;

	fd_snapshot_take(&before);
	errno = 0;
	if (coap_new_endpoint(server->contexts[kind], address,
	    listener_protocol(kind, datagram)) == NULL) {
		if (errno == 0)
			errno = EADDRNOTAVAIL;
		return fault_errno(fault, EX_UNAVAILABLE, "%s: %s", name,
		    names[datagram]);
	}
	return listener_add(server, kind, datagram, &before, fault);
}

static int
listener_make_room(const struct coap_server *server, struct fault *fault)
{
	const struct listener *d;
	int n = 0;

	for (d = server->listeners; d != NULL; d = d->next)
		n++;
	return n < LISTENERS_MAX ? 0 : fault_set(fault, EX_USAGE,
	    "more than %d sockets", LISTENERS_MAX);
}

static int
listener_bind_new(int type, const coap_address_t *a)
{
	int fd = socket(a->addr.sa.sa_family, type | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -1;
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, &a->addr.sa, a->size) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Port 0 becomes one that is free for both: what is so for datagrams alone
 * may be that of somebody's connection. */
static void
listener_pick_port(coap_address_t *a)
{
	const coap_address_t any = *a;
	int tries, tcp, udp = -1;

	for (tries = 0; udp < 0 && tries < PORT_TRIES; tries++) {
		*a = any;
		if ((tcp = listener_bind_new(SOCK_STREAM, a)) < 0)
			break;
		getsockname(tcp, &a->addr.sa, &a->size);
		udp = listener_bind_new(SOCK_DGRAM, a);
		close(tcp);
	}
	if (udp >= 0)
		close(udp);
	else
		*a = any;
}

int
coap_server_listen(struct coap_server *server, enum coap_security kind,
    const char *address, struct fault *fault)
{
	static const char *const options[COAP_SECURITIES] = {
		"--listen", "--listen-psk", "--listen-tls"
	};
	struct sockaddr_storage ss;
	coap_address_t a;
	unsigned n;

	if (listener_make_room(server, fault) < 0 ||
	    listen_resolve(options[kind], address, &ss, &n, fault) < 0 ||
	    context_open(server, kind, fault) < 0)
		return -1;
	coap_address_init(&a);
	a.size = n;
	memcpy(&a.addr, &ss, n);
	/* at the same place in both families */
	if (a.addr.sin.sin_port == 0)
		listener_pick_port(&a);
	if (listener_open_one(server, kind, true, &a, address, fault) < 0)
		return -1;
	getsockname(server->listeners->fd, &a.addr.sa, &a.size);
	return listener_open_one(server, kind, false, &a, address, fault);
}

/* The address family decides how libcoap looks at a socket: a substitute
 * has the same one, on a port that nobody knows. */
static int
listener_substitute(struct coap_server *server, enum coap_security kind, int fd,
    bool datagram, struct fault *fault)
{
	coap_address_t a;

	coap_address_init(&a);
	a.size = sizeof a.addr;
	if (getsockname(fd, &a.addr.sa, &a.size) < 0)
		return fault_errno(fault, EX_OSERR, "inherited socket");
	if (a.addr.sa.sa_family == AF_INET) {
		a.addr.sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		a.addr.sin.sin_port = 0;
	} else if (a.addr.sa.sa_family == AF_INET6) {
		a.addr.sin6.sin6_addr = in6addr_loopback;
		a.addr.sin6.sin6_port = 0;
	} else {
		return fault_set(fault, EX_CONFIG,
		    "an inherited socket is not an IP socket");
	}
	return listener_open_one(server, kind, datagram, &a, "inherited socket",
	    fault);
}

static bool
listener_is_known(const struct coap_server *server, enum coap_security kind,
    uint64_t data)
{
	const struct listener *d;

	/* 0 is libcoap's timer */
	for (d = server->listeners; data != 0 && d != NULL; d = d->next)
		if (d->kind == kind && d->data == data)
			return true;
	return data == 0;
}

/* What is ready and not yet known: how many, and the last one's data. */
static int
listener_count_unknown(const struct coap_server *server,
    enum coap_security kind, int wait, uint64_t *data)
{
	struct epoll_event events[EVENTS];
	int i, n, unknown = 0;

	n = epoll_wait(coap_context_get_coap_fd(server->contexts[kind]), events,
	    EVENTS, wait);
	for (i = 0; i < n; i++)
		if (!listener_is_known(server, kind, events[i].data.u64)) {
			*data = events[i].data.u64;
			unknown++;
		}
	return unknown;
}

/* Something is sent to the substitute: what the epoll has more of then is the
 * substitute's.  It is replaced after that, and so is what was sent. */
static bool
listener_learn_data(const struct coap_server *server, struct listener *d)
{
	coap_address_t a;
	uint64_t data = 0;
	bool learnt;
	int client;

	if (d->data != 0)
		return true;
	coap_address_init(&a);
	a.size = sizeof a.addr;
	client = socket(getsockname(d->fd, &a.addr.sa, &a.size) == 0 ?
	    a.addr.sa.sa_family : AF_INET, SOCK_CLOEXEC |
	    (d->datagram ? SOCK_DGRAM : SOCK_STREAM), 0);
	if (client < 0)
		return false;
	learnt = listener_count_unknown(server, d->kind, 0, &data) == 0 &&
	    connect(client, &a.addr.sa, a.size) == 0 &&
	    (!d->datagram || send(client, "", 1, 0) == 1) &&
	    listener_count_unknown(server, d->kind, LEARN_MS, &data) == 1;
	close(client);
	d->data = learnt ? data : 0;
	return learnt;
}

/* libcoap wants to know at which of our addresses a datagram came. */
static void
listener_ask_addresses(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
	setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
}

int
coap_server_adopt(struct coap_server *server, enum coap_security kind, int fd,
    bool datagram, struct fault *fault)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct listener *d;
	int r = -1;

	if (listener_make_room(server, fault) == 0 &&
	    context_open(server, kind, fault) == 0 &&
	    listener_substitute(server, kind, fd, datagram, fault) == 0) {
		d = server->listeners;
		if (!listener_learn_data(server, d)) {
			close(fd);
			return fault_set(fault, EX_OSERR, "inherited socket: "
			    "this libcoap can't be given one: use --listen");
		}
		e.data.u64 = d->data;
		if (datagram)
			listener_ask_addresses(fd);
		if (dup3(fd, d->fd, O_CLOEXEC) < 0 ||
		    epoll_ctl(coap_context_get_coap_fd(server->contexts[kind]),
		    EPOLL_CTL_ADD, d->fd, &e) < 0)
			fault_errno(fault, EX_OSERR, "inherited socket");
		else
			r = 0;
	}
	close(fd);
	return r;
}

int
coap_server_socket(const struct coap_server *server, int i)
{
	const struct listener *d;

	for (d = server->listeners; d != NULL && i > 0; d = d->next)
		i--;
	return d != NULL ? d->fd : -1;
}

void
listeners_close(struct coap_server *server)
{
	struct listener *d;

	/* the sockets are libcoap's, and are closed with its contexts */
	while ((d = server->listeners) != NULL) {
		server->listeners = d->next;
		free(d);
	}
	interpose_reset();
}

/* ---- serving ---- */

static struct listener *
listener_of_datagrams(const struct coap_server *server, enum coap_security kind,
    uint64_t data)
{
	struct listener *d;

	for (d = server->listeners; d != NULL; d = d->next)
		if (d->datagram && d->kind == kind && d->data == data)
			return d;
	return NULL;
}

/* The events that there are, those of datagram sockets for each datagram. */
static void
listener_serve_events(struct coap_server *server, enum coap_security kind,
    const struct epoll_event *events, int n)
{
	struct epoll_event batch[EVENTS * 4];
	const struct listener *d;
	unsigned ready;
	size_t k = 0;
	int i;

	for (i = 0; i < n; i++) {
		d = listener_of_datagrams(server, kind, events[i].data.u64);
		ready = d != NULL ? interpose_ready(d->fd) : 1;
		for (; ready > 0; ready--) {
			batch[k++] = events[i];
			if (k < EVENTS * 4)
				continue;
			coap_io_do_epoll(server->contexts[kind], batch, k);
			k = 0;
		}
	}
	if (k > 0)
		coap_io_do_epoll(server->contexts[kind], batch, k);
}

/* The same, one event at a time, repeated while interpose.c has datagrams that
 * it has read. */
static void
listener_serve_each(struct coap_server *server, enum coap_security kind,
    struct epoll_event *events, int n)
{
	unsigned times;
	int i;

	for (i = 0; i < n; i++) {
		times = 0;
		do {
			coap_io_do_epoll(server->contexts[kind], &events[i], 1);
		} while (interpose_pending() && ++times < TIMES_MAX);
	}
}

static void
listener_serve(struct coap_server *server, enum coap_security kind)
{
	struct epoll_event events[EVENTS];
	int epfd = coap_context_get_coap_fd(server->contexts[kind]);
	int round, n;

	interpose_begin();
	for (round = 0; round < ROUNDS; round++) {
		n = epoll_wait(epfd, events, EVENTS, 0);
		if (n <= 0)
			break;
		if (server->batches)
			listener_serve_events(server, kind, events, n);
		else
			listener_serve_each(server, kind, events, n);
	}
	interpose_end();
}

void
listeners_serve(struct coap_server *server)
{
	int i;

	for (i = 0; i < COAP_SECURITIES; i++)
		if (server->contexts[i] != NULL)
			listener_serve(server, (enum coap_security)i);
}
