/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/listen.h"
#include "base/memory.h"
#include "coap/inside.h"
#include "coap/wire.h"

#define EVENTS 64
#define ROUNDS 4
#define BACKLOG 1024
#define DOORS_MAX 32
#define PORT_TRIES 64

/*
 * A listening socket of libcoap's.  libcoap has no call to give it one that
 * is there already, and reads one datagram for each look at all of its
 * sessions.  Both are mended by what stands beside the socket in libcoap's
 * epoll: `data` is how libcoap knows it.  An inherited socket takes the
 * place of one that libcoap has made (dup2); and telling libcoap several
 * times in one call that the same socket is readable makes it take as many
 * datagrams of those that wire.c has read.
 */
struct door {
	struct door *next;
	enum station_kind kind;
	int fd;
	uint64_t data;
	bool datagram;
};

/* ---- what libcoap's epoll knows ---- */

static bool
is_known(const struct station *st, enum station_kind kind, uint64_t data)
{
	const struct door *d;

	for (d = st->doors; d != NULL; d = d->next)
		if (d->kind == kind && d->data == data)
			return true;
	return false;
}

/* The socket that was added last: the one that is no door yet.  0 as data
 * is libcoap's timer. */
static bool
find_new(const struct station *st, enum station_kind kind, int *fd,
    uint64_t *data)
{
	char path[64], line[256];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof path, "/proc/self/fdinfo/%d",
	    coap_context_get_coap_fd(st->contexts[kind]));
	if ((f = fopen(path, "re")) == NULL)
		return false;
	while (!found && fgets(line, sizeof line, f) != NULL)
		found = sscanf(line, "tfd: %d events: %*x data: %" SCNx64, fd,
		    data) == 2 && *data != 0 && !is_known(st, kind, *data);
	fclose(f);
	return found;
}

static int
note_door(struct station *st, enum station_kind kind, bool datagram,
    struct fault *fault)
{
	struct door *d = memory_zero(1, sizeof *d);

	d->kind = kind;
	d->datagram = datagram;
	if (!find_new(st, kind, &d->fd, &d->data)) {
		free(d);
		return fault_set(fault, EX_OSERR,
		    "/proc/self/fdinfo is needed and can't be read");
	}
	d->next = st->doors;
	st->doors = d;
	/* libcoap has it at 5 */
	if (!datagram)
		listen(d->fd, BACKLOG);
	if (datagram)
		wire_datagrams(d->fd, kind == STATION_PLAIN);
	else
		wire_streams(d->fd, kind == STATION_PLAIN,
		    st->o.max_body + MESSAGE_OPTIONS);
	return 0;
}

/* ---- opening ---- */

static coap_proto_t
protocol(enum station_kind kind, bool datagram)
{
	if (kind == STATION_PLAIN)
		return datagram ? COAP_PROTO_UDP : COAP_PROTO_TCP;
	return datagram ? COAP_PROTO_DTLS : COAP_PROTO_TLS;
}

static int
open_one(struct station *st, enum station_kind kind, bool datagram,
    const coap_address_t *address, const char *name, struct fault *fault)
{
	static const char *const names[] = { "TCP", "UDP" };

	errno = 0;
	if (coap_new_endpoint(st->contexts[kind], address, protocol(kind,
	    datagram)) == NULL) {
		if (errno == 0)
			errno = EADDRNOTAVAIL;
		return fault_errno(fault, EX_UNAVAILABLE, "%s: %s", name,
		    names[datagram]);
	}
	return note_door(st, kind, datagram, fault);
}

static int
make_room(const struct station *st, struct fault *fault)
{
	const struct door *d;
	int n = 0;

	for (d = st->doors; d != NULL; d = d->next)
		n++;
	return n < DOORS_MAX ? 0 : fault_set(fault, EX_USAGE,
	    "more than %d sockets", DOORS_MAX);
}

static int
bind_new(int type, const coap_address_t *a)
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
pick_port(coap_address_t *a)
{
	const coap_address_t any = *a;
	int tries, tcp, udp = -1;

	for (tries = 0; udp < 0 && tries < PORT_TRIES; tries++) {
		*a = any;
		if ((tcp = bind_new(SOCK_STREAM, a)) < 0)
			break;
		getsockname(tcp, &a->addr.sa, &a->size);
		udp = bind_new(SOCK_DGRAM, a);
		close(tcp);
	}
	if (udp >= 0)
		close(udp);
	else
		*a = any;
}

int
station_listen(struct station *st, enum station_kind kind,
    const char *address, struct fault *fault)
{
	static const char *const options[STATION_KINDS] = {
		"--listen", "--listen-psk", "--listen-tls"
	};
	struct sockaddr_storage ss;
	coap_address_t a;
	unsigned n;

	if (make_room(st, fault) < 0 ||
	    listen_resolve(options[kind], address, &ss, &n, fault) < 0 ||
	    context_open(st, kind, fault) < 0)
		return -1;
	coap_address_init(&a);
	a.size = n;
	memcpy(&a.addr, &ss, n);
	/* at the same place in both families */
	if (a.addr.sin.sin_port == 0)
		pick_port(&a);
	if (open_one(st, kind, true, &a, address, fault) < 0)
		return -1;
	getsockname(st->doors->fd, &a.addr.sa, &a.size);
	return open_one(st, kind, false, &a, address, fault);
}

/* The address family decides how libcoap looks at a socket: a substitute
 * has the same one, on a port that nobody knows. */
static int
open_substitute(struct station *st, enum station_kind kind, int fd,
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
	return open_one(st, kind, datagram, &a, "inherited socket", fault);
}

/* libcoap wants to know at which of our addresses a datagram came. */
static void
ask_for_addresses(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
	setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
}

int
station_adopt(struct station *st, enum station_kind kind, int fd,
    bool datagram, struct fault *fault)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct door *d;
	int r = -1;

	if (make_room(st, fault) == 0 && context_open(st, kind, fault) == 0 &&
	    open_substitute(st, kind, fd, datagram, fault) == 0) {
		d = st->doors;
		e.data.u64 = d->data;
		if (datagram)
			ask_for_addresses(fd);
		if (dup3(fd, d->fd, O_CLOEXEC) < 0 ||
		    epoll_ctl(coap_context_get_coap_fd(st->contexts[kind]),
		    EPOLL_CTL_ADD, d->fd, &e) < 0)
			fault_errno(fault, EX_OSERR, "inherited socket");
		else
			r = 0;
	}
	close(fd);
	return r;
}

int
station_socket(const struct station *st, int i)
{
	const struct door *d;

	for (d = st->doors; d != NULL && i > 0; d = d->next)
		i--;
	return d != NULL ? d->fd : -1;
}

void
doors_close(struct station *st)
{
	struct door *d;

	/* the sockets are libcoap's, and are closed with its contexts */
	while ((d = st->doors) != NULL) {
		st->doors = d->next;
		free(d);
	}
	wire_forget();
}

/* ---- serving ---- */

static struct door *
door_of(const struct station *st, enum station_kind kind, uint64_t data)
{
	struct door *d;

	for (d = st->doors; d != NULL; d = d->next)
		if (d->datagram && d->kind == kind && d->data == data)
			return d;
	return NULL;
}

/* The events that there are, those of datagram sockets for each datagram. */
static void
serve_events(struct station *st, enum station_kind kind,
    const struct epoll_event *events, int n)
{
	struct epoll_event repeated[EVENTS * 4];
	const struct door *d;
	unsigned ready;
	size_t k = 0;
	int i;

	for (i = 0; i < n; i++) {
		d = door_of(st, kind, events[i].data.u64);
		ready = d != NULL ? wire_ready(d->fd) : 1;
		for (; ready > 0; ready--) {
			repeated[k++] = events[i];
			if (k < EVENTS * 4)
				continue;
			coap_io_do_epoll(st->contexts[kind], repeated, k);
			k = 0;
		}
	}
	if (k > 0)
		coap_io_do_epoll(st->contexts[kind], repeated, k);
}

static void
serve(struct station *st, enum station_kind kind)
{
	struct epoll_event events[EVENTS];
	int epfd = coap_context_get_coap_fd(st->contexts[kind]);
	int round, n;

	wire_begin();
	for (round = 0; round < ROUNDS; round++) {
		n = epoll_wait(epfd, events, EVENTS, 0);
		if (n <= 0)
			break;
		serve_events(st, kind, events, n);
	}
	wire_end();
}

void
doors_serve(struct station *st)
{
	int i;

	for (i = 0; i < STATION_KINDS; i++)
		if (st->contexts[i] != NULL)
			serve(st, (enum station_kind)i);
}
