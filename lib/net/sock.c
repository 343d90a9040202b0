/* SPDX-License-Identifier: Apache-2.0 */
#include "net/sock.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* of one record of TLS, which small parts are joined to (RFC 8446 5.1) */
#define RECORD_BYTES ((size_t)16 * 1024)

static void
sock_rewatch(struct sock *s)
{
	/* a handshake is not wanted by anybody, and has to go on */
	loop_want(&s->watch, s->blocked ? s->blocked : s->wanted);
}

/* With TLS a read may wait until something can be written, and a write until
 * something can be read: both are tried then. */
static void
sock_watched(struct loop_watch *w, unsigned events)
{
	struct sock *s = (struct sock *)w;

	if (s->blocked != 0) {
		s->blocked = 0;
		sock_rewatch(s);
		events = s->wanted;
	}
	s->ready(s, events);
}

int
sock_open(struct sock *s, struct loop *loop, int fd, struct tls *tls,
    void (*ready)(struct sock *, unsigned))
{
	*s = (struct sock){ .fd = fd, .ready = ready };
	if (tls != NULL && (s->ssl = tls_accept(tls, fd)) == NULL) {
		close(fd);
		s->fd = -1;
		return -1;
	}
	loop_watch(loop, &s->watch, fd, 0, sock_watched);
	return 0;
}

void
sock_close(struct sock *s, bool abort)
{
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	if (s->fd < 0)
		return;
	loop_unwatch(&s->watch);
	if (s->ssl != NULL && !abort && SSL_is_init_finished(s->ssl))
		SSL_shutdown(s->ssl);
	SSL_free(s->ssl);
	ERR_clear_error();
	if (abort)
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &reset,
		    sizeof reset);
	close(s->fd);
	s->fd = -1;
	s->ssl = NULL;
}

void
sock_move(struct sock *to, struct sock *from,
    void (*ready)(struct sock *, unsigned))
{
	struct loop *loop = from->watch.loop;

	loop_unwatch(&from->watch);
	*to = (struct sock){
		.fd = from->fd, .ssl = from->ssl, .ready = ready
	};
	from->fd = -1;
	from->ssl = NULL;
	loop_watch(loop, &to->watch, to->fd, 0, sock_watched);
}

void
sock_want(struct sock *s, unsigned events)
{
	s->wanted = events;
	if (s->blocked == 0)
		sock_rewatch(s);
}

/* what a call on TLS came to: > 0, 0 at the end, SOCK_LATER, SOCK_BROKEN */
static ssize_t
sock_tls_result(struct sock *s, int result, size_t n, unsigned usual)
{
	switch (result) {
	case SSL_ERROR_NONE:
		return (ssize_t)n;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		s->blocked = result == SSL_ERROR_WANT_READ ? LOOP_READ :
		    LOOP_WRITE;
		if (s->blocked == usual && SSL_is_init_finished(s->ssl))
			s->blocked = 0;
		sock_rewatch(s);
		return SOCK_LATER;
	default:
		ERR_clear_error();
		return SOCK_BROKEN;
	}
}

static ssize_t
sock_plain_result(ssize_t n)
{
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ?
	    SOCK_LATER : SOCK_BROKEN;
}

ssize_t
sock_read(struct sock *s, void *to, size_t n)
{
	size_t got = 0;
	int done;

	if (s->ssl == NULL)
		return sock_plain_result(read(s->fd, to, n));
	done = SSL_read_ex(s->ssl, to, n, &got);
	return sock_tls_result(s, done == 1 ? SSL_ERROR_NONE :
	    SSL_get_error(s->ssl, done), got, LOOP_READ);
}

bool
sock_has_more(const struct sock *s)
{
	return s->ssl != NULL && SSL_has_pending(s->ssl);
}

/* one record after the other, as far as they go */
static ssize_t
sock_write_tls(struct sock *s, const char *p, size_t n)
{
	size_t sent = 0, put;
	ssize_t result = 0;
	int done;

	do {
		put = 0;
		done = SSL_write_ex(s->ssl, p + sent, n - sent, &put);
		result = sock_tls_result(s, done == 1 ? SSL_ERROR_NONE :
		    SSL_get_error(s->ssl, done), put, LOOP_WRITE);
		sent += result > 0 ? (size_t)result : 0;
	} while (result > 0 && sent < n);
	return sent > 0 ? (ssize_t)sent : result;
}

/* Small parts go out in one record. */
static ssize_t
sock_write_joined(struct sock *s, const struct iovec *v, int n)
{
	char joined[RECORD_BYTES];
	size_t filled = 0;
	int i;

	for (i = 0; i < n && filled + v[i].iov_len <= RECORD_BYTES; i++) {
		memcpy(joined + filled, v[i].iov_base, v[i].iov_len);
		filled += v[i].iov_len;
	}
	if (filled == 0)
		return sock_write_tls(s, v[0].iov_base, v[0].iov_len);
	return sock_write_tls(s, joined, filled);
}

ssize_t
sock_write(struct sock *s, const struct iovec *v, int n)
{
	struct msghdr message = {
		.msg_iov = (struct iovec *)(uintptr_t)v, .msg_iovlen = (size_t)n
	};

	if (s->ssl == NULL)
		return sock_plain_result(sendmsg(s->fd, &message,
		    MSG_NOSIGNAL));
	return n == 1 ? sock_write_tls(s, v[0].iov_base, v[0].iov_len) :
	    sock_write_joined(s, v, n);
}

void
sock_shutdown(struct sock *s)
{
	if (s->ssl != NULL && SSL_is_init_finished(s->ssl))
		SSL_shutdown(s->ssl);
	ERR_clear_error();
	shutdown(s->fd, SHUT_WR);
}

bool
sock_gone(const struct sock *s)
{
	struct pollfd pfd = { s->fd, POLLRDHUP, 0 };

	return poll(&pfd, 1, 0) > 0;
}
