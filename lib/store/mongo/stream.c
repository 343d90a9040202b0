/* SPDX-License-Identifier: Apache-2.0 */
#include "store/mongo/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* libmongoc has 1 to 7 */
#define STREAM_TYPE 77
/* between two looks at the watch, where it polls several */
#define STREAM_SLICE_MS 100
/* of one system call */
#define STREAM_PIECES 16

struct stream {
	mongoc_stream_t base;		/* the first member */
	int fd;
	bool again, late;		/* how the last call failed */
	struct stream_guard *guard;
};

static struct stream *
stream_of(mongoc_stream_t *s)
{
	return (struct stream *)(void *)s;
}

static void
stream_say(struct stream_guard *g, const char *why)
{
	snprintf(g->why, sizeof g->why, "%.*s", (int)sizeof g->why - 1, why);
}

const char *
stream_hint(const struct stream_guard *g)
{
	if (g->answered)
		return "";
	return g->tls ? "; does it speak TLS? without, tls=true is wrong" :
	    "; if it speaks TLS, the URL wants ?tls=true";
}

/* The other end is gone. */
static void
stream_say_gone(struct stream_guard *g, const char *why)
{
	snprintf(g->why, sizeof g->why, "%.160s%s", why, stream_hint(g));
	g->broken = true;
}

/* ---- waiting ---- */

/* Until it is ready: 0, or -1 and errno. */
static int
stream_wait(struct stream *s, short events, int ms)
{
	int got = store_wait(s->guard->watch, s->fd, events, ms);

	if (got > 0)
		return 0;
	s->late = got == 0;
	errno = got == 0 ? ETIMEDOUT : ECANCELED;
	if (got == 0)
		s->guard->silent = true;
	return -1;
}

/* Goes on where a call would have waited?  With ms 0 the caller polls. */
static bool
stream_goes_on(struct stream *s, short events, int ms)
{
	if (errno == EINTR)
		return true;
	if (errno != EAGAIN && errno != EWOULDBLOCK) {
		int err = errno;

		stream_say_gone(s->guard, strerror(err));
		errno = err;
		return false;
	}
	s->again = ms == 0;
	return ms != 0 && stream_wait(s, events, ms) == 0;
}

/* ---- bytes ---- */

/* The caller's pieces are not ours to change. */
struct stream_pieces {
	const mongoc_iovec_t *v;
	size_t n, at, done;	/* piece `at`, of which `done` bytes are */
	struct iovec now[STREAM_PIECES];
	struct msghdr message;
};

static void
stream_advance(struct stream_pieces *p, size_t n)
{
	p->done += n;
	while (p->at < p->n && p->done >= p->v[p->at].iov_len)
		p->done -= p->v[p->at++].iov_len;
}

/* The next ones, or NULL when all are done. */
static struct msghdr *
stream_pieces(struct stream_pieces *p)
{
	size_t i;

	for (i = 0; i < STREAM_PIECES && p->at + i < p->n; i++) {
		p->now[i] = p->v[p->at + i];
		if (i > 0)
			continue;
		p->now[i].iov_base = (char *)p->now[i].iov_base + p->done;
		p->now[i].iov_len -= p->done;
	}
	p->message = (struct msghdr){ .msg_iov = p->now, .msg_iovlen = i };
	return i > 0 ? &p->message : NULL;
}

static ssize_t
stream_writev(mongoc_stream_t *base, mongoc_iovec_t *iov, size_t n,
    int32_t ms)
{
	struct stream *s = stream_of(base);
	struct stream_pieces p = { .v = iov, .n = n };
	struct msghdr *m;
	ssize_t all = 0, put;

	s->again = s->late = false;
	stream_advance(&p, 0);
	while ((m = stream_pieces(&p)) != NULL) {
		put = sendmsg(s->fd, m, MSG_NOSIGNAL);
		if (put >= 0) {
			all += put;
			stream_advance(&p, (size_t)put);
		} else if (!stream_goes_on(s, POLLOUT, ms)) {
			return s->again && all > 0 ? all : -1;
		}
	}
	return all;
}

static ssize_t
stream_readv(mongoc_stream_t *base, mongoc_iovec_t *iov, size_t n,
    size_t least, int32_t ms)
{
	struct stream *s = stream_of(base);
	struct stream_pieces p = { .v = iov, .n = n };
	struct msghdr *m;
	ssize_t all = 0, got;

	s->again = s->late = false;
	stream_advance(&p, 0);
	while ((m = stream_pieces(&p)) != NULL) {
		got = readv(s->fd, m->msg_iov, (int)m->msg_iovlen);
		if (got > 0) {
			all += got;
			s->guard->answered = true;
			stream_advance(&p, (size_t)got);
			if ((size_t)all >= least)
				break;
		} else if (got == 0) {
			stream_say_gone(s->guard, "the server closed the "
			    "connection");
			errno = 0;
			return least > 0 ? -1 : 0;
		} else if (!stream_goes_on(s, POLLIN, ms)) {
			return -1;
		}
	}
	return all;
}

/* ---- the rest of what libmongoc asks for ---- */

static int
stream_close(mongoc_stream_t *base)
{
	struct stream *s = stream_of(base);
	int r = s->fd >= 0 ? close(s->fd) : 0;

	s->fd = -1;
	return r;
}

static void
stream_destroy(mongoc_stream_t *base)
{
	stream_close(base);
	free(stream_of(base));
}

static int
stream_flush(mongoc_stream_t *base)
{
	(void)base;
	return 0;
}

static int
stream_setsockopt(mongoc_stream_t *base, int level, int name, void *value,
    mongoc_socklen_t n)
{
	return setsockopt(stream_of(base)->fd, level, name, value, n);
}

static bool
stream_check_closed(mongoc_stream_t *base)
{
	char byte;
	/* lib/coap/interpose.c has a recv(2) and a recvmsg(2) of its own */
	ssize_t got = recvfrom(stream_of(base)->fd, &byte, 1, MSG_PEEK, NULL,
	    NULL);

	return got == 0 || (got < 0 && errno != EAGAIN &&
	    errno != EWOULDBLOCK && errno != EINTR);
}

static bool
stream_timed_out(mongoc_stream_t *base)
{
	return stream_of(base)->late;
}

static bool
stream_should_retry(mongoc_stream_t *base)
{
	return stream_of(base)->again;
}

/* All of them fail when the work is to be given up. */
static ssize_t
stream_give_up(mongoc_stream_poll_t *streams, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		streams[i].revents = POLLERR;
	return (ssize_t)n;
}

static ssize_t
stream_poll(mongoc_stream_poll_t *streams, size_t n, int32_t ms)
{
	struct stream_guard *g = stream_of(streams[0].stream)->guard;
	int64_t end = clock_ms() + ms, left;
	struct pollfd *fds = memory_zero(n, sizeof *fds);
	int ready = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		fds[i].fd = stream_of(streams[i].stream)->fd;
		fds[i].events = (short)streams[i].events;
	}
	do {
		/* lets signals in, too */
		if (store_wait(g->watch, -1, 0, 0) < 0) {
			free(fds);
			return stream_give_up(streams, n);
		}
		left = end - clock_ms();
		if (ms < 0 || left > STREAM_SLICE_MS)
			left = STREAM_SLICE_MS;
		ready = poll(fds, (nfds_t)n, left < 0 ? 0 : (int)left);
	} while (ready <= 0 && (ms < 0 || clock_ms() < end));
	for (i = 0; i < n; i++)
		streams[i].revents = ready > 0 ? fds[i].revents : 0;
	g->silent = ready <= 0;
	free(fds);
	return ready > 0 ? ready : 0;
}

static mongoc_stream_t *
stream_new(int fd, struct stream_guard *g)
{
	struct stream *s = memory_zero(1, sizeof *s);

	s->fd = fd;
	s->guard = g;
	s->base.type = STREAM_TYPE;
	s->base.destroy = stream_destroy;
	s->base.close = stream_close;
	s->base.flush = stream_flush;
	s->base.writev = stream_writev;
	s->base.readv = stream_readv;
	s->base.setsockopt = stream_setsockopt;
	s->base.check_closed = stream_check_closed;
	s->base.poll = stream_poll;
	s->base.timed_out = stream_timed_out;
	s->base.should_retry = stream_should_retry;
	return &s->base;
}

/* ---- connecting ---- */

/* A socket that is connected, or -1 and the reason in the guard. */
static int
stream_connect_to(struct stream_guard *g, const struct sockaddr *to,
    socklen_t n)
{
	int fd = socket(to->sa_family, SOCK_STREAM, 0), one = 1, err = 0;
	socklen_t size = sizeof err;
	int got = 1;

	if (fd < 0) {
		stream_say(g, strerror(errno));
		return -1;
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (connect(fd, to, n) < 0)
		err = errno;
	if (err == EINPROGRESS) {
		got = store_wait(g->watch, fd, POLLOUT, g->timeout);
		if (got <= 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &err,
		    &size) < 0)
			err = got == 0 ? ETIMEDOUT : ECANCELED;
	}
	if (err == 0) {
		if (to->sa_family != AF_UNIX)
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
			    sizeof one);
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
		return fd;
	}
	g->silent = got == 0;
	stream_say(g, strerror(err));
	close(fd);
	return -1;
}

static int
stream_connect(struct stream_guard *g, const mongoc_host_list_t *host)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *all, *a;
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	char port[8];
	int fd = -1, e;

	if (host->family == AF_UNIX) {
		if (strlen(host->host) >= sizeof local.sun_path) {
			stream_say(g, "the path of the socket is too long");
			return -1;
		}
		memcpy(local.sun_path, host->host, strlen(host->host));
		return stream_connect_to(g, (struct sockaddr *)&local,
		    sizeof local);
	}
	snprintf(port, sizeof port, "%u", (unsigned)host->port);
	e = getaddrinfo(host->host, port, &hints, &all);
	if (e != 0) {
		stream_say(g, gai_strerror(e));
		return -1;
	}
	for (a = all; a != NULL && fd < 0 && !store_stopped(g->watch);
	    a = a->ai_next)
		fd = stream_connect_to(g, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(all);
	return fd;
}

/* ---- TLS ---- */

static void
stream_tls_options(mongoc_ssl_opt_t *to, const mongoc_uri_t *uri,
    const struct stream_guard *g)
{
	bool any = mongoc_uri_get_option_as_bool(uri, MONGOC_URI_TLSINSECURE,
	    false);

	*to = (mongoc_ssl_opt_t){
		.pem_file = mongoc_uri_get_option_as_utf8(uri,
		    MONGOC_URI_TLSCERTIFICATEKEYFILE, NULL),
		.pem_pwd = mongoc_uri_get_option_as_utf8(uri,
		    MONGOC_URI_TLSCERTIFICATEKEYFILEPASSWORD, NULL),
		.ca_file = g->cacert != NULL ? g->cacert :
		    mongoc_uri_get_option_as_utf8(uri, MONGOC_URI_TLSCAFILE,
		    NULL),
		.weak_cert_validation = any || mongoc_uri_get_option_as_bool(
		    uri, MONGOC_URI_TLSALLOWINVALIDCERTIFICATES, false),
		.allow_invalid_hostname = any || mongoc_uri_get_option_as_bool(
		    uri, MONGOC_URI_TLSALLOWINVALIDHOSTNAMES, false),
	};
}

/* NULL and the reason; the base is gone then. */
static mongoc_stream_t *
stream_secure(mongoc_stream_t *base, const mongoc_uri_t *uri,
    const mongoc_host_list_t *host, struct stream_guard *g)
{
	mongoc_ssl_opt_t opt;
	mongoc_stream_t *s;
	bson_error_t error;

	stream_tls_options(&opt, uri, g);
	s = mongoc_stream_tls_new_with_hostname(base, host->host, &opt, 1);
	if (s == NULL) {
		mongoc_stream_destroy(base);
		stream_say(g, "a file of certificates can't be used");
		g->untrusted = true;
		return NULL;
	}
	if (mongoc_stream_tls_handshake_block(s, host->host, g->timeout,
	    &error))
		return s;
	mongoc_stream_destroy(s);
	/* what the connection said is the cause of what TLS says */
	if (g->why[0] == '\0')
		stream_say(g, error.message);
	g->untrusted = strstr(error.message, "certificate") != NULL;
	return NULL;
}

static mongoc_stream_t *
stream_initiate(const mongoc_uri_t *uri, const mongoc_host_list_t *host,
    void *arg, bson_error_t *error)
{
	struct stream_guard *g = arg;
	mongoc_stream_t *s = NULL;
	int fd;

	g->why[0] = '\0';
	g->tls = mongoc_uri_get_tls(uri);
	g->answered = false;
	fd = stream_connect(g, host);
	if (fd >= 0)
		s = stream_new(fd, g);
	if (s != NULL && g->tls)
		s = stream_secure(s, uri, host, g);
	if (s != NULL)
		return mongoc_stream_buffered_new(s, 1024);
	bson_set_error(error, MONGOC_ERROR_STREAM,
	    MONGOC_ERROR_STREAM_CONNECT, "%s", g->why);
	return NULL;
}

void
stream_use(mongoc_client_t *client, struct stream_guard *g)
{
	mongoc_client_set_stream_initiator(client, stream_initiate, g);
}
