/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/interpose.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "coap/sanitize.h"

#define BATCH 64
#define DATAGRAM_MAX 1472	/* what libcoap has room for */
#define CONTROL_MAX 128
#define CHUNK 16384
/* what one connection may send in a turn, so that others have theirs */
#define TURN_BYTES (4 * CHUNK)

/* Datagrams that were read and not yet handed on. */
struct interpose_queue {
	struct interpose_queue *next;
	int fd;
	bool plain;
	struct buf text;		/* as they are handed on */
	struct interpose_part {
		unsigned of;		/* the datagram whose address … */
		size_t at, n;		/* … and where in the text */
	} parts[BATCH * SANITIZE_PARTS];
	unsigned n, at;
	struct mmsghdr heads[BATCH];
	struct iovec vectors[BATCH];
	struct sockaddr_storage names[BATCH];
	char control[BATCH][CONTROL_MAX]
	    __attribute__((aligned(__alignof__(struct cmsghdr))));
	char bytes[BATCH][DATAGRAM_MAX];
};

struct interpose_listener {
	struct interpose_listener *next;
	int fd;
	bool plain;
	size_t max;
};

struct interpose_stream {
	struct sanitize_stream sanitizer;
	struct buf out;			/* sanitized … */
	size_t at;			/* … and handed on so far */
	int fd;				/* -1: that is another one's by now */
	SSL *ssl;			/* NULL: of TCP, or that has ended */
	bool plain;			/* of TCP */
	bool owned;			/* by the server */
	bool blocked;			/* the last write was not whole */
	uint64_t sent;
	unsigned turn;			/* the last one, … */
	size_t read;			/* … and what was read in it */
};

/* Of the loop's thread alone: those of a bus with a server receive as well, and
 * what follows may be changed meanwhile. */
static _Thread_local bool interpose_active, interpose_sends;

static struct {
	struct interpose_queue *queues;
	struct interpose_listener *listeners;
	struct interpose_stream **streams;	/* by descriptor */
	int n_streams;
	struct interpose_stream *accepted;	/* the last one */
	bool unblocked;
	unsigned turn;
	size_t max;			/* of those of TLS */
	int tls_index;			/* of theirs in an SSL; 0: not yet */
} interpose;

static struct interpose_queue *
interpose_queue_of(int fd)
{
	struct interpose_queue *q;

	for (q = interpose.queues; q != NULL && q->fd != fd; q = q->next)
		;
	return q;
}

void
interpose_datagrams(int fd, bool plain)
{
	struct interpose_queue *q = memory_zero(1, sizeof *q);

	q->fd = fd;
	q->plain = plain;
	/* a directive makes one longer */
	buf_init(&q->text, BATCH * SANITIZE_PARTS * (DATAGRAM_MAX + 64));
	q->next = interpose.queues;
	interpose.queues = q;
}

void
interpose_streams(int fd, bool plain, size_t max)
{
	struct interpose_listener *l = memory_zero(1, sizeof *l);

	interpose_sends = true;
	*l = (struct interpose_listener){ interpose.listeners, fd, plain, max };
	interpose.listeners = l;
	interpose.max = max;
}

void
interpose_begin(void)
{
	interpose_active = true;
	interpose.turn++;
}

void
interpose_end(void)
{
	interpose_active = false;
}

/* ---- datagrams ---- */

static void
interpose_prepare(struct interpose_queue *q)
{
	unsigned i;

	for (i = 0; i < BATCH; i++) {
		q->vectors[i] = (struct iovec){ q->bytes[i], DATAGRAM_MAX };
		q->heads[i].msg_hdr = (struct msghdr){
			.msg_name = &q->names[i],
			.msg_namelen = sizeof q->names[i],
			.msg_iov = &q->vectors[i], .msg_iovlen = 1,
			.msg_control = q->control[i],
			.msg_controllen = CONTROL_MAX
		};
	}
}

static void
interpose_sanitize(struct interpose_queue *q, unsigned i)
{
	struct str d = { q->bytes[i], q->heads[i].msg_len };
	size_t ends[SANITIZE_PARTS], at = q->text.n;
	int k, n = 1;

	/* one that was cut off is damaged */
	if (q->heads[i].msg_hdr.msg_flags & MSG_TRUNC)
		return;
	if (q->plain) {
		n = sanitize_datagram(d, &q->text, ends);
	} else {
		buf_put_str(&q->text, d);
		ends[0] = q->text.n;
	}
	for (k = 0; k < n; k++) {
		q->parts[q->n++] = (struct interpose_part){ i, at,
		    ends[k] - at };
		at = ends[k];
	}
}

unsigned
interpose_ready(int fd)
{
	struct interpose_queue *q = interpose_queue_of(fd);
	int n, i;

	if (q->at < q->n)
		return q->n - q->at;
	q->n = q->at = 0;
	buf_clear(&q->text);
	interpose_prepare(q);
	n = recvmmsg(fd, q->heads, BATCH, MSG_DONTWAIT, NULL);
	for (i = 0; i < n; i++)
		interpose_sanitize(q, (unsigned)i);
	return q->n;
}

bool
interpose_pending(void)
{
	const struct interpose_queue *q;

	for (q = interpose.queues; q != NULL; q = q->next)
		if (q->at < q->n)
			return true;
	return false;
}

static ssize_t
interpose_next(struct interpose_queue *q, struct msghdr *to)
{
	const struct interpose_part *p;
	const struct msghdr *from;
	size_t n;

	if (interpose_ready(q->fd) == 0) {
		errno = EAGAIN;
		return -1;
	}
	p = &q->parts[q->at++];
	from = &q->heads[p->of].msg_hdr;
	n = p->n < to->msg_iov[0].iov_len ? p->n : to->msg_iov[0].iov_len;
	memcpy(to->msg_iov[0].iov_base, q->text.p + p->at, n);
	if (to->msg_namelen > from->msg_namelen)
		to->msg_namelen = from->msg_namelen;
	memcpy(to->msg_name, from->msg_name, to->msg_namelen);
	if (to->msg_controllen > from->msg_controllen)
		to->msg_controllen = from->msg_controllen;
	memcpy(to->msg_control, from->msg_control, to->msg_controllen);
	to->msg_flags = 0;
	return (ssize_t)n;
}

ssize_t
recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct interpose_queue *q = interpose_active ? interpose_queue_of(fd) :
	    NULL;
	struct mmsghdr one = { .msg_hdr = *msg };
	int n;

	if (q != NULL && msg->msg_iovlen == 1)
		return interpose_next(q, msg);
	n = recvmmsg(fd, &one, 1, flags, NULL);
	*msg = one.msg_hdr;
	return n > 0 ? (ssize_t)one.msg_len : n;
}

/* ---- streams ---- */

static struct interpose_stream *
interpose_stream_new(size_t max)
{
	struct interpose_stream *s = memory_zero(1, sizeof *s);

	s->fd = -1;
	sanitize_stream_init(&s->sanitizer, max);
	/* what one chunk becomes: never more than its heads and their marks */
	buf_init(&s->out, 16 * CHUNK);
	return s;
}

static void
interpose_stream_free(struct interpose_stream *s)
{
	if (s == NULL)
		return;
	if (interpose.accepted == s)
		interpose.accepted = NULL;
	sanitize_stream_release(&s->sanitizer);
	buf_release(&s->out);
	free(s);
}

static struct interpose_stream *
interpose_stream_of(int fd)
{
	return fd >= 0 && fd < interpose.n_streams ? interpose.streams[fd] :
	    NULL;
}

/* The descriptor is another connection's from now on. */
static void
interpose_set_stream(int fd, struct interpose_stream *s)
{
	size_t n = (size_t)interpose.n_streams, more;
	struct interpose_stream *former = interpose_stream_of(fd);

	if (fd >= interpose.n_streams) {
		if (s == NULL)
			return;
		more = (size_t)fd - n + 64;
		interpose.streams = memory_resize(interpose.streams,
		    (n + more) * sizeof *interpose.streams);
		memset(interpose.streams + n, 0,
		    more * sizeof *interpose.streams);
		interpose.n_streams = fd + 64;
	}
	interpose.streams[fd] = s;
	if (former != NULL && former->owned)
		former->fd = -1;
	else
		interpose_stream_free(former);
}

int
accept(int fd, struct sockaddr *address, socklen_t *n)
{
	int s = accept4(fd, address, n, 0);
	const struct interpose_listener *l;
	struct interpose_stream *stream = NULL;

	for (l = interpose.listeners; l != NULL && l->fd != fd; l = l->next)
		;
	if (s < 0)
		return s;
	if (l != NULL) {
		stream = interpose_stream_new(l->max);
		stream->fd = s;
		stream->plain = l->plain;
	}
	/* and whatever had this number before has been closed */
	interpose_set_stream(s, stream);
	interpose.accepted = stream;
	return s;
}

void
interpose_forget(struct interpose_stream *s)
{
	if (s == NULL)
		return;
	if (s->fd >= 0)
		interpose.streams[s->fd] = NULL;
	if (s->ssl != NULL)
		SSL_set_ex_data(s->ssl, interpose.tls_index, NULL);
	interpose_stream_free(s);
}

void
interpose_deafen(struct interpose_stream *s)
{
	sanitize_stream_end(&s->sanitizer);
}

bool
interpose_unfinished(const struct interpose_stream *s, unsigned *message,
    size_t *received)
{
	*message = s->sanitizer.messages;
	*received = s->sanitizer.received;
	return sanitize_stream_unfinished(&s->sanitizer);
}

bool
interpose_begun(const struct interpose_stream *s)
{
	return s->sanitizer.begun;
}

/* As recv(), until the connection has had its part of this turn. */
static ssize_t
interpose_receive(int fd, struct interpose_stream *s, void *to, size_t n,
    int flags)
{
	ssize_t got;

	if (s->turn != interpose.turn)
		s->read = 0;
	s->turn = interpose.turn;
	if (s->read >= TURN_BYTES) {
		errno = EAGAIN;
		return -1;
	}
	got = recvfrom(fd, to, n, flags, NULL, NULL);
	if (got > 0)
		s->read += (size_t)got;
	return got;
}

/* What has been handed on makes room: a client may never let it be all. */
static void
interpose_make_room(struct interpose_stream *s)
{
	if (s->at == 0)
		return;
	s->out.n -= s->at;
	memmove(s->out.p, s->out.p + s->at, s->out.n);
	s->at = 0;
}

static size_t
interpose_take(struct interpose_stream *s, void *to, size_t n)
{
	if (n > s->out.n - s->at)
		n = s->out.n - s->at;
	if (n > 0)
		memcpy(to, s->out.p + s->at, n);
	s->at += n;
	if (s->at == s->out.n) {
		s->at = 0;
		buf_clear(&s->out);
		if (s->out.cap > CHUNK)
			buf_release(&s->out);
	}
	return n;
}

/* libcoap comes again as long as its buffer was filled, and waits for the
 * socket when it was not: so all that was read is handed on. */
static ssize_t
interpose_read(int fd, struct interpose_stream *s, void *to, size_t n,
    int flags)
{
	char chunk[CHUNK];
	ssize_t got = 1;

	while (s->out.n - s->at < n && got > 0) {
		got = interpose_receive(fd, s, chunk, sizeof chunk, flags);
		interpose_make_room(s);
		if (got > 0)
			sanitize_stream(&s->sanitizer, (struct str){ chunk,
			    (size_t)got }, &s->out);
	}
	/* an error or the end comes again with the next read */
	return s->out.n > s->at ? (ssize_t)interpose_take(s, to, n) : got;
}

ssize_t
recv(int fd, void *to, size_t n, int flags)
{
	struct interpose_stream *s = interpose_active ?
	    interpose_stream_of(fd) : NULL;

	if (s == NULL)
		return recvfrom(fd, to, n, flags, NULL, NULL);
	return s->plain ? interpose_read(fd, s, to, n, flags) :
	    interpose_receive(fd, s, to, n, flags);
}

/* libcoap keeps what it can't send, and does not say how much that is. */
ssize_t
send(int fd, const void *from, size_t n, int flags)
{
	ssize_t done = sendto(fd, from, n, flags, NULL, 0);
	struct interpose_stream *s = interpose_sends ?
	    interpose_stream_of(fd) : NULL;

	if (s == NULL)
		return done;
	if (done > 0)
		s->sent += (uint64_t)done;
	interpose.unblocked |= s->blocked && done == (ssize_t)n;
	s->blocked = done < (ssize_t)n;
	return done;
}

bool
interpose_blocked(const struct interpose_stream *s, uint64_t *sent)
{
	*sent = s != NULL ? s->sent : 0;
	return s != NULL && s->blocked;
}

bool
interpose_unblocked(void)
{
	bool unblocked = interpose.unblocked;

	interpose.unblocked = false;
	return unblocked;
}

/* ---- TLS and DTLS ---- */

static void
interpose_tls_free(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index,
    long l, void *arg)
{
	struct interpose_stream *s = ptr;

	(void)parent, (void)data, (void)index, (void)l, (void)arg;
	if (s == NULL)
		return;
	s->ssl = NULL;
	if (s->fd < 0 && !s->owned)
		interpose_stream_free(s);
}

static int
interpose_tls_index(void)
{
	/* 0 may be somebody's already */
	while (interpose.tls_index == 0)
		interpose.tls_index = SSL_get_ex_new_index(0, NULL, NULL, NULL,
		    interpose_tls_free);
	return interpose.tls_index;
}

static struct interpose_stream *
interpose_tls_stream(SSL *ssl)
{
	int index = interpose_tls_index();
	struct interpose_stream *s = SSL_get_ex_data(ssl, index);

	if (s == NULL) {
		s = interpose_stream_new(interpose.max);
		SSL_set_ex_data(ssl, index, s);
	}
	return s;
}

struct interpose_stream *
interpose_accepted(SSL *ssl, const struct sanitize_memory *memory, void *owner)
{
	struct interpose_stream *s = interpose.accepted;

	if (s == NULL || s->owned || s->plain != (ssl == NULL))
		return NULL;
	s->owned = true;
	s->ssl = ssl;
	s->sanitizer.memory = memory;
	s->sanitizer.owner = owner;
	if (ssl != NULL)
		SSL_set_ex_data(ssl, interpose_tls_index(), s);
	return s;
}

/*
 * One record at a time, for which `chunk` has room, so that nothing stays in
 * the SSL; and no more, as libcoap takes it that what comes before a close or
 * an error is lost when both are found by one call.
 */
static int
interpose_tls_read(SSL *ssl, void *to, size_t n)
{
	struct interpose_stream *s = interpose_tls_stream(ssl);
	char chunk[CHUNK];
	int r = 1;

	while (s->out.n == s->at && r > 0) {
		size_t got = 0;

		r = SSL_read_ex(ssl, chunk, sizeof chunk, &got);
		if (r > 0)
			sanitize_stream(&s->sanitizer, (struct str){ chunk,
			    got }, &s->out);
	}
	return s->out.n > s->at ? (int)interpose_take(s, to, n) : r;
}

/* One datagram at a time: that it was reset, libcoap alone is told. */
static int
interpose_dtls_read(SSL *ssl, void *to, size_t n)
{
	char datagram[DATAGRAM_MAX];
	size_t ends[SANITIZE_PARTS], got;
	struct buf out;
	int parts, r;

	buf_init(&out, SANITIZE_PARTS * (DATAGRAM_MAX + 64));
	do {
		buf_clear(&out);
		r = SSL_read_ex(ssl, datagram, sizeof datagram, &got);
		parts = r <= 0 ? 0 : sanitize_datagram((struct str){ datagram,
		    got }, &out, ends);
	} while (r > 0 && parts == 0);
	if (r > 0) {
		r = (int)(ends[0] < n ? ends[0] : n);
		memcpy(to, out.p, (size_t)r);
	}
	buf_release(&out);
	return r;
}

int
SSL_read(SSL *ssl, void *to, int n)
{
	size_t got;

	/* SSL_get_error() takes what another session has left for this one's */
	ERR_clear_error();
	if (n <= 0 || !interpose_active)
		return SSL_read_ex(ssl, to, n > 0 ? (size_t)n : 0, &got) > 0 ?
		    (int)got : -1;
	return SSL_is_dtls(ssl) ? interpose_dtls_read(ssl, to, (size_t)n) :
	    interpose_tls_read(ssl, to, (size_t)n);
}

/*
 * libcoap (4.3.1) ends a session within the write that finds it broken, and
 * frees the message that it is at.  So such a write only fails, as one to a
 * socket that was closed does, and the session ends when it is read next.
 */
int
SSL_write(SSL *ssl, const void *from, int n)
{
	size_t done;
	int r;

	ERR_clear_error();
	r = SSL_write_ex(ssl, from, n > 0 ? (size_t)n : 0, &done);
	if (r > 0)
		return (int)done;
	if (SSL_get_error(ssl, r) == SSL_ERROR_SSL)
		ERR_clear_error();
	return -1;
}

void
interpose_reset(void)
{
	struct interpose_listener *l;
	struct interpose_queue *q;
	int i;

	while ((q = interpose.queues) != NULL) {
		interpose.queues = q->next;
		buf_release(&q->text);
		free(q);
	}
	while ((l = interpose.listeners) != NULL) {
		interpose.listeners = l->next;
		free(l);
	}
	for (i = 0; i < interpose.n_streams; i++)
		interpose_stream_free(interpose.streams[i]);
	free(interpose.streams);
	interpose.streams = NULL;
	interpose.n_streams = 0;
}
