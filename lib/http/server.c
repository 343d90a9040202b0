/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/signal.h"
#include "base/stamp.h"
#include "http/daemon.h"

/* for headers and the answer; a key may have 4096 bytes, a path 3 * 1024 */
#define CONNECTION_MEMORY ((size_t)16 * 1024)
/* connections taken in one turn from one socket */
#define ACCEPT_BURST 64
/* files that are not connections */
#define FILES_OTHER 64
#define MILLISECOND (STAMP_SECOND / 1000)
/* out of files: look again after */
#define ACCEPT_PAUSE (100 * MILLISECOND)
/* how long a connection may be without a request when others wait */
#define IDLE_LEAST (2 * STAMP_SECOND)
/* a request's body may take this long for each byte: 1 KiB/s */
#define BYTE_TIME (STAMP_SECOND / 1024)
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

int64_t
http_clock(void)
{
	return clock_ns();
}

unsigned
http_room(unsigned want)
{
	struct rlimit rl;
	rlim_t need = (rlim_t)want + FILES_OTHER;

	if (getrlimit(RLIMIT_NOFILE, &rl) < 0)
		return want;
	if (rl.rlim_cur < need) {
		rl.rlim_cur = rl.rlim_max < need ? rl.rlim_max : need;
		if (setrlimit(RLIMIT_NOFILE, &rl) < 0)
			getrlimit(RLIMIT_NOFILE, &rl);
	}
	if (rl.rlim_cur >= need)
		return want;
	return rl.rlim_cur > 2 * FILES_OTHER ?
	    (unsigned)rl.rlim_cur - FILES_OTHER : (unsigned)rl.rlim_cur / 2;
}

/* ---- connections ---- */

static void
connection_begin(struct http *h, struct http_connection **context,
    struct MHD_Connection *mhd)
{
	struct http_connection *c = memory_zero(1, sizeof *c);
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd,
	    MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	c->http = h;
	c->mhd = mhd;
	c->addressed = info != NULL && info->client_addr != NULL &&
	    address_of(&c->address, info->client_addr);
	c->fd = MHD_get_connection_info(mhd,
	    MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	c->since = h->now;
	c->next = h->first;
	if (c->next != NULL)
		c->next->prev = c;
	h->first = c;
	h->connections++;
	*context = c;
}

static void
connection_end(struct http *h, struct http_connection *c)
{
	if (c->next != NULL)
		c->next->prev = c->prev;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		h->first = c->next;
	h->connections--;
	free(c);
}

static void
connection_notice(void *arg, struct MHD_Connection *connection,
    void **context, enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_CLOSED)
		connection_end(arg, *context);
	else
		connection_begin(arg, (struct http_connection **)context,
		    connection);
}

void
connection_hold(struct http_connection *c)
{
	if (!c->held)
		MHD_suspend_connection(c->mhd);
	c->held = true;
}

void
connection_let_go(struct http_connection *c)
{
	if (c->held)
		MHD_resume_connection(c->mhd);
	c->held = false;
}

bool
connection_gone(const struct http_connection *c)
{
	struct pollfd pfd = { c->fd, POLLRDHUP, 0 };

	return poll(&pfd, 1, 0) > 0;
}

/* the path stays as it was sent: it is decoded strictly later, path.h */
static size_t
leave_escaped(void *arg, struct MHD_Connection *connection, char *z)
{
	(void)arg;
	(void)connection;
	return strlen(z);
}

/*
 * Ends what takes too long.  libmicrohttpd counts from the last byte, so a
 * client that sends one now and then could hold its place for ever.
 */
static void
sweep(struct http *h)
{
	struct http_connection *c;
	int64_t allowed, begun;

	for (c = h->first; c != NULL; c = c->next) {
		allowed = 2 * h->options.timeout;
		begun = c->since;
		if (c->request != NULL) {
			if (c->request->whole)
				continue;
			begun = c->request->begun;
			allowed += (int64_t)c->request->received * BYTE_TIME;
		}
		if (h->now - begun > allowed)
			shutdown(c->fd, SHUT_RDWR);
	}
	h->swept = h->now;
}

/* ---- sockets ---- */

bool
http_listen(struct http *h, int fd)
{
	if (h->n_listeners == HTTP_LISTEN_MAX)
		return false;
	h->listeners[h->n_listeners++] = fd;
	return true;
}

int
http_listener(const struct http *h, int i)
{
	return i < h->n_listeners ? h->listeners[i] : -1;
}

int
http_adopt(struct http *h, int fd, struct fault *fault)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t n = sizeof ss;

	if (getpeername(fd, (struct sockaddr *)&ss, &n) < 0)
		return fault_errno(fault, EX_NOINPUT, "connection");
	h->now = http_clock();
	/* closes fd when it can't */
	if (MHD_add_connection(h->mhd, fd, (struct sockaddr *)&ss, n) !=
	    MHD_YES)
		return fault_errno(fault, EX_TEMPFAIL, "connection");
	return 0;
}

/* Has this address all the connections that one may have? */
static bool
is_full(const struct http *h, const struct sockaddr *from)
{
	const struct http_options *o = &h->options;
	const struct http_connection *c;
	struct address a;
	unsigned n = 0;

	if (o->max_per_address == 0 || !address_of(&a, from) ||
	    (o->proxies != NULL && proxies_trust(o->proxies, &a)))
		return false;
	for (c = h->first; c != NULL; c = c->next)
		n += c->addressed && address_same_network(&c->address, &a);
	return n >= o->max_per_address;
}

/* All places are taken, and somebody waits: the one that has been without a
 * request for the longest has to go.  False: there is no such. */
static bool
make_room(struct http *h)
{
	struct http_connection *c, *longest = NULL;

	for (c = h->first; c != NULL; c = c->next)
		if (c->request == NULL && h->now - c->since >= IDLE_LEAST &&
		    (longest == NULL || c->since < longest->since))
			longest = c;
	if (longest == NULL)
		return false;
	shutdown(longest->fd, SHUT_RDWR);
	return true;
}

static void
accept_from(struct http *h, int i)
{
	struct sockaddr_storage ss;
	socklen_t n;
	int fd, burst;

	h->ready[i] = false;
	if (h->connections >= h->options.max_connections && !make_room(h))
		h->accept_after = h->now + ACCEPT_PAUSE;
	for (burst = 0; burst < ACCEPT_BURST &&
	    h->connections < h->options.max_connections; burst++) {
		n = sizeof ss;
		fd = accept4(h->listeners[i], (struct sockaddr *)&ss, &n,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0 && is_full(h, (struct sockaddr *)&ss)) {
			close(fd);
			continue;
		}
		if (fd >= 0) {
			MHD_add_connection(h->mhd, fd, (struct sockaddr *)&ss,
			    n);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			h->accept_after = h->now + ACCEPT_PAUSE;
		/* of the others, each is one connection's own trouble, or
		 * there is none any more */
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

static bool
accepts(const struct http *h)
{
	return h->now >= h->accept_after;
}

void
http_wait(struct http *const *servers, int n, struct pollfd *also,
    int timeout)
{
	struct pollfd fds[HTTP_SERVERS_MAX * (HTTP_LISTEN_MAX + 1) + 1];
	MHD_UNSIGNED_LONG_LONG ms;
	nfds_t count = 0, at = 0;
	int i, j;

	for (i = 0; i < n; i++) {
		struct http *h = servers[i];

		if (MHD_get_timeout(h->mhd, &ms) == MHD_YES &&
		    ms < (unsigned)timeout)
			timeout = (int)ms;
		if (h->accept_after > h->now && timeout > 100)
			timeout = 100;
		fds[count++] = (struct pollfd){ h->epoll_fd, POLLIN, 0 };
		for (j = 0; j < h->n_listeners; j++)
			fds[count++] = (struct pollfd){
				accepts(h) ? h->listeners[j] : -1, POLLIN, 0
			};
	}
	if (also != NULL)
		fds[count++] = *also;
	if (signal_poll(fds, count, timeout) < 0)
		return;
	for (i = 0; i < n; i++) {
		at++;
		for (j = 0; j < servers[i]->n_listeners; j++)
			servers[i]->ready[j] = fds[at++].revents != 0;
	}
	if (also != NULL)
		also->revents = fds[at].revents;
}

void
http_run(struct http *h)
{
	int i;

	h->now = http_clock();
	for (i = 0; i < h->n_listeners; i++)
		if (h->ready[i])
			accept_from(h, i);
	MHD_run(h->mhd);
	if (h->now - h->swept >= STAMP_SECOND)
		sweep(h);
}

/* ---- begin and end ---- */

static struct MHD_Response *
empty_answer(bool closing)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(0, NULL,
	    MHD_RESPMEM_PERSISTENT);

	if (r != NULL && closing && MHD_add_response_header(r,
	    MHD_HTTP_HEADER_CONNECTION, "close") != MHD_YES) {
		MHD_destroy_response(r);
		r = NULL;
	}
	return r;
}

static struct MHD_Daemon *
start(struct http *h)
{
	const struct http_options *o = &h->options;
	struct MHD_OptionItem tls[5] = { { MHD_OPTION_END, 0, NULL } };
	int n = 0;

	if (o->tls != NULL) {
		tls[n++] = (struct MHD_OptionItem){
			MHD_OPTION_HTTPS_MEM_CERT, 0, o->tls->cert.p };
		tls[n++] = (struct MHD_OptionItem){
			MHD_OPTION_HTTPS_MEM_KEY, 0, o->tls->key.p };
		tls[n++] = (struct MHD_OptionItem){
			MHD_OPTION_HTTPS_PRIORITIES, 0,
			(void *)(uintptr_t)TLS_PRIORITIES };
		if (o->tls->ca.n > 0)
			tls[n++] = (struct MHD_OptionItem){
				MHD_OPTION_HTTPS_MEM_TRUST, 0, o->tls->ca.p };
		tls[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	}
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
	    (o->tls ? MHD_USE_TLS : 0) |
	    (o->late ? MHD_ALLOW_SUSPEND_RESUME : 0), 0, NULL, NULL,
	    request_step, h,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
	    MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)((o->timeout + STAMP_SECOND - 1) / STAMP_SECOND),
	    MHD_OPTION_CONNECTION_LIMIT, o->max_connections,
	    MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
	    MHD_OPTION_NOTIFY_COMPLETED, request_ended, h,
	    MHD_OPTION_NOTIFY_CONNECTION, connection_notice, h,
	    MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

int
http_open(struct http **out, const struct http_options *options,
    struct fault *fault)
{
	struct http *h = memory_zero(1, sizeof *h);

	h->options = *options;
	h->now = h->swept = http_clock();
	h->empty[0] = empty_answer(false);
	h->empty[1] = empty_answer(true);
	if (h->empty[0] == NULL || h->empty[1] == NULL)
		fault_set(fault, EX_OSERR, "libmicrohttpd: no memory");
	else if ((h->mhd = start(h)) == NULL)
		fault_set(fault, EX_OSERR, "libmicrohttpd can't be started");
	if (h->mhd == NULL) {
		http_close(h);
		return -1;
	}
	h->tls = options->tls != NULL;
	h->options.tls = NULL;
	h->epoll_fd = MHD_get_daemon_info(h->mhd,
	    MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	*out = h;
	return 0;
}

static void
listeners_close(struct http *h)
{
	while (h->n_listeners > 0)
		close(h->listeners[--h->n_listeners]);
}

void
http_close(struct http *h)
{
	struct http_connection *c;
	int i;

	if (h == NULL)
		return;
	listeners_close(h);
	/* libmicrohttpd ends none that is suspended */
	for (c = h->first; c != NULL; c = c->next)
		connection_let_go(c);
	if (h->mhd != NULL)
		MHD_stop_daemon(h->mhd);
	for (i = 0; i < 2; i++)
		if (h->empty[i] != NULL)
			MHD_destroy_response(h->empty[i]);
	request_spares_free(h);
	free(h);
}

void
http_stop(struct http *h)
{
	listeners_close(h);
	h->stopping = true;
}

bool
http_idle(const struct http *h)
{
	struct pollfd pfd = { h->epoll_fd, POLLIN, 0 };

	return h->active == 0 && poll(&pfd, 1, 0) == 0;
}

unsigned
http_connections(const struct http *h)
{
	return h->connections;
}

int
http_fd(const struct http *h)
{
	return h->epoll_fd;
}

void
http_ready(struct http *h)
{
	int i;

	h->now = http_clock();
	for (i = 0; i < h->n_listeners; i++)
		h->ready[i] = accepts(h);
}
