/* SPDX-License-Identifier: Apache-2.0 */
#include "http/conn.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/os.h"

/* one read: also the most that is kept of what comes before its turn */
#define READ_BYTES ((size_t)16 * 1024)
/* reads in one turn, so that no connection has the loop for itself */
#define READ_ROUNDS 4
#define OUT_MAX ((size_t)256 << 20)
/* an idle connection keeps this much for what it sends */
#define OUT_KEPT 1024

/* ---- begin and end ---- */

static void conn_ready(struct sock *, unsigned events);

struct http_conn *
http_conn_open(struct http *h, int fd, const struct peer_address *peer)
{
	struct http_conn *c = memory_zero(1, sizeof *c);

	c->http = h;
	c->peer = *peer;
	c->moved = c->since = loop_now(h->loop);
	c->checked = tls_generation(h->options.tls);
	buf_init(&c->in, READ_BYTES);
	buf_init(&c->out, OUT_MAX);
	if (sock_open(&c->sock, h->loop, fd, h->options.tls, conn_ready) < 0) {
		acceptor_leave(&h->acceptor, &c->peer);
		free(c);
		return NULL;
	}
	c->next = h->first;
	if (c->next != NULL)
		c->next->prev = c;
	h->first = c;
	sock_want(&c->sock, LOOP_READ);
	return c;
}

static void
conn_unlink(struct http_conn *c)
{
	if (c->next != NULL)
		c->next->prev = c->prev;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		c->http->first = c->next;
}

/* the end of it, but not of its socket */
static void
conn_end(struct http_conn *c)
{
	struct http *h = c->http;

	c->state = CONN_DEAD;
	conn_unlink(c);
	c->next_dead = h->dead;
	h->dead = c;
	h->calls->over(c);
}

void
http_conn_close(struct http_conn *c, bool abort)
{
	struct http *h = c->http;

	if (c->state == CONN_DEAD)
		return;
	sock_close(&c->sock, abort);
	acceptor_leave(&h->acceptor, &c->peer);
	conn_end(c);
}

void
http_conn_upgrade(struct http_conn *c,
    void (*upgraded)(struct http_conn *, void *), void *arg)
{
	c->state = CONN_UPGRADED;
	c->upgraded = upgraded;
	c->upgraded_arg = arg;
}

void
http_conn_hand_over(struct http_conn *c, struct sock *to,
    void (*ready)(struct sock *, unsigned), struct peer_address *peer)
{
	sock_move(to, &c->sock, ready);
	*peer = c->peer;
	conn_end(c);
}

static void
conn_free(struct http_conn *c)
{
	buf_release(&c->in);
	buf_release(&c->out);
	if (c->certificate != NULL) {
		os_wipe(c->certificate, sizeof *c->certificate);
		free(c->certificate);
	}
	free(c);
}

void
http_conns_free_dead(struct http *h)
{
	struct http_conn *c, *list = h->dead;

	h->dead = NULL;
	while ((c = list) != NULL) {
		list = c->next_dead;
		if (!c->resumes) {
			conn_free(c);
			continue;
		}
		/* the next turn still finds it in the other list */
		c->next_dead = h->dead;
		h->dead = c;
	}
}

/* All is sent.  What the client still sends is read away, as it would not see
 * the answer if the connection were reset (RFC 9112 9.6). */
static void
conn_linger(struct http_conn *c)
{
	if (c->ended) {
		http_conn_close(c, false);
		return;
	}
	c->state = CONN_LINGERING;
	c->since = loop_now(c->http->loop);
	sock_shutdown(&c->sock);
}

/* ---- what is waited for ---- */

static void
conn_rewatch(struct http_conn *c)
{
	unsigned events = 0;

	if (c->state == CONN_DEAD)
		return;
	if (http_conn_unsent(c) > 0)
		events |= LOOP_WRITE;
	if (!c->ended && c->in.n == 0)
		events |= LOOP_READ;
	sock_want(&c->sock, events);
}

static void
conn_resume_later(struct http_conn *c)
{
	struct http *h = c->http;

	if (!c->resumes) {
		c->resumes = true;
		c->next_resume = h->resume;
		h->resume = c;
	}
	loop_hurry(h->loop);
}

/* ---- in ---- */

static bool
conn_is_receiving(const struct http_conn *c)
{
	return c->state == CONN_HEAD || c->state == CONN_BODY;
}

static void
conn_take(struct http_conn *c, const char *p, size_t n)
{
	size_t taken;

	while (n > 0 && conn_is_receiving(c)) {
		taken = c->http->calls->take(c, p, n);
		p += taken;
		n -= taken;
	}
	/* the next request, before its turn */
	if (c->state != CONN_LINGERING && c->state != CONN_DEAD)
		buf_put(&c->in, p, n);
	if (c->state == CONN_UPGRADED)
		c->upgraded(c, c->upgraded_arg);
}

static void
conn_take_end(struct http_conn *c)
{
	c->ended = true;
	if (c->state == CONN_LINGERING)
		http_conn_close(c, false);
	else if (conn_is_receiving(c))
		c->http->calls->cut(c);
}

/* false: nothing more for now */
static bool
conn_read(struct http_conn *c)
{
	ssize_t n = sock_read(&c->sock, c->http->in, READ_BYTES);

	if (n == SOCK_BROKEN)
		http_conn_close(c, true);
	else if (n == 0)
		conn_take_end(c);
	if (n <= 0)
		return false;
	c->moved = loop_now(c->http->loop);
	conn_take(c, c->http->in, (size_t)n);
	return (size_t)n == READ_BYTES || sock_has_more(&c->sock);
}

void
http_conn_receive(struct http_conn *c)
{
	int rounds = 0;

	while (c->state != CONN_DEAD && !c->ended && c->in.n == 0) {
		if (!conn_read(c))
			return;
		if (++rounds == READ_ROUNDS) {
			conn_resume_later(c);
			return;
		}
	}
}

void
http_conns_resume(struct http *h)
{
	struct http_conn *c, *list = h->resume;
	struct buf in;

	h->resume = NULL;
	while ((c = list) != NULL) {
		list = c->next_resume;
		c->resumes = false;
		in = c->in;
		buf_init(&c->in, READ_BYTES);
		conn_take(c, in.p, in.n);
		buf_release(&in);
		http_conn_receive(c);
		conn_rewatch(c);
	}
}

/* ---- out ---- */

size_t
http_conn_unsent(const struct http_conn *c)
{
	return c->out.n - c->sent;
}

static void
conn_keep(struct http_conn *c, const struct iovec *v, int n, size_t sent)
{
	int i;

	for (i = 0; i < n; i++) {
		size_t skip = sent < v[i].iov_len ? sent : v[i].iov_len;

		sent -= skip;
		buf_put(&c->out, (char *)v[i].iov_base + skip,
		    v[i].iov_len - skip);
	}
	if (c->out.full)
		http_conn_close(c, true);
}

void
http_conn_send(struct http_conn *c, const struct iovec *v, int n)
{
	ssize_t sent = 0;

	if (c->state == CONN_DEAD)
		return;
	if (http_conn_unsent(c) == 0) {
		/* the time that a client has to take it begins now */
		c->moved = loop_now(c->http->loop);
		sent = sock_write(&c->sock, v, n);
	}
	if (sent == SOCK_BROKEN) {
		http_conn_close(c, true);
		return;
	}
	conn_keep(c, v, n, sent > 0 ? (size_t)sent : 0);
	conn_rewatch(c);
}

static void
conn_done(struct http_conn *c)
{
	c->http->calls->over(c);
	if (c->closes || c->ended || c->http->stopping) {
		conn_linger(c);
		return;
	}
	c->state = CONN_HEAD;
	c->since = loop_now(c->http->loop);
	if (c->in.n > 0)
		conn_resume_later(c);
}

void
http_conn_answered(struct http_conn *c)
{
	if (c->state == CONN_DEAD)
		return;
	c->state = CONN_ANSWERING;
	if (http_conn_unsent(c) == 0)
		conn_done(c);
	conn_rewatch(c);
}

static void
conn_drained(struct http_conn *c)
{
	c->sent = 0;
	buf_clear(&c->out);
	if (c->out.cap > OUT_KEPT) {
		buf_release(&c->out);
		buf_init(&c->out, OUT_MAX);
	}
	if (c->state == CONN_ANSWERING)
		conn_done(c);
}

static void
conn_flush(struct http_conn *c)
{
	struct iovec v = { NULL, http_conn_unsent(c) };
	ssize_t n = SOCK_LATER;

	if (v.iov_len > 0) {
		v.iov_base = c->out.p + c->sent;
		n = sock_write(&c->sock, &v, 1);
	}
	if (n == SOCK_BROKEN) {
		http_conn_close(c, true);
	} else if (n > 0) {
		c->moved = loop_now(c->http->loop);
		c->sent += (size_t)n;
		if (http_conn_unsent(c) == 0)
			conn_drained(c);
	}
}

static void
conn_ready(struct sock *s, unsigned events)
{
	struct http_conn *c = (struct http_conn *)s;

	if (events & LOOP_WRITE)
		conn_flush(c);
	if (events & LOOP_READ)
		http_conn_receive(c);
	conn_rewatch(c);
}
