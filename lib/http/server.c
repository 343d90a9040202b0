/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/conn.h"
#include "http/request_receive.h"
#include "http/request.h"
#include "http/stream.h"

/* files that are not connections */
#define FILES_OTHER 64
/* how long a connection may be without a request when others wait */
#define IDLE_LEAST (2 * CLOCK_SECOND)
/* after the last answer of a connection, until the client closes it */
#define LINGER_TIME (2 * CLOCK_SECOND)
/* a request's body may take this long for each byte: 1 KiB/s */
#define BYTE_TIME (CLOCK_SECOND / 1024)
#define RECHECK_BURST 64
#define READ_BYTES ((size_t)16 * 1024)
#define HEAD_MAX ((size_t)HTTP_SET_MAX + 2048)

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

/* ---- time ---- */

/* when it is closed unless something happens; INT64_MAX: it is waited for */
static int64_t
server_deadline(const struct http *h, const struct http_conn *c)
{
	int64_t timeout = h->options.timeout, last = c->moved + timeout, all;

	switch (c->state) {
	case CONN_LINGERING:
		return c->since + LINGER_TIME;
	case CONN_WAITING:
		return INT64_MAX;
	case CONN_ANSWERING:
	case CONN_STREAM:
		return http_conn_unsent(c) > 0 ? last : INT64_MAX;
	default:
		all = c->since + 2 * timeout;
		if (c->request != NULL)
			all += (int64_t)c->request->received * BYTE_TIME;
		return all < last ? all : last;
	}
}

/* A client that sends a byte now and then would hold its place for ever. */
static void
server_sweep(struct http *h, int64_t now)
{
	struct http_conn *c, *next;

	for (c = h->first; c != NULL; c = next) {
		next = c->next;
		if (now < server_deadline(h, c))
			continue;
		http_conn_close(c, c->state == CONN_STREAM ||
		    c->state == CONN_ANSWERING);
	}
	h->swept = now;
}

/* The files of TLS have been read again: which clients may not stay?  Some in
 * each turn, as it takes a tenth of a millisecond for each. */
static void
server_recheck(struct http *h)
{
	struct tls *tls = h->options.tls;
	unsigned generation = tls_generation(tls), left = RECHECK_BURST;
	struct http_conn *c, *next;

	for (c = h->first; c != NULL; c = next) {
		next = c->next;
		if (c->checked == generation)
			continue;
		if (left-- == 0) {
			loop_hurry(h->loop);
			return;
		}
		c->checked = generation;
		if (!tls_accepts(tls, c->sock.ssl))
			http_conn_close(c, true);
	}
	h->checked = generation;
}

/* The same for what the program knows of certificates.  A pass goes through all
 * before the next one begins, as changes may come in each turn. */
static void
server_review(struct http *h)
{
	unsigned left = RECHECK_BURST;
	struct http_conn *c, *next;

	for (c = h->first; c != NULL; c = next) {
		next = c->next;
		if (c->reviewed == h->review)
			continue;
		if (left-- == 0) {
			loop_hurry(h->loop);
			return;
		}
		c->reviewed = h->review;
		if (c->certificate != NULL &&
		    !h->stays(c->certificate, h->stays_arg))
			http_conn_close(c, true);
	}
	h->reviewed = h->review;
	if (h->review_again) {
		h->review_again = false;
		h->review++;
		loop_hurry(h->loop);
	}
}

void
http_review(struct http *h, bool (*stays)(const struct certificate *,
    void *arg), void *arg)
{
	h->stays = stays;
	h->stays_arg = arg;
	if (h->options.tls == NULL)
		return;
	if (h->reviewed != h->review)
		h->review_again = true;
	else
		h->review++;
}

static void
server_turn(struct loop_hook *hook, int64_t now)
{
	struct http *h = (struct http *)((char *)hook -
	    offsetof(struct http, hook));

	http_conns_resume(h);
	if (now - h->swept >= CLOCK_SECOND)
		server_sweep(h, now);
	if (h->checked != tls_generation(h->options.tls))
		server_recheck(h);
	if (h->reviewed != h->review)
		server_review(h);
	streams_free_over(h);
	http_conns_free_dead(h);
}

/* ---- connections ---- */

static void
server_accepted(int fd, const struct peer_address *peer, void *arg)
{
	http_conn_open(arg, fd, peer);
}

/* All places are taken, and a client waits: the connection that has been
 * without a request for the longest has to go. */
static void
server_make_room(void *arg)
{
	struct http *h = arg;
	struct http_conn *c, *longest = NULL;
	int64_t now = loop_now(h->loop);

	for (c = h->first; c != NULL; c = c->next)
		if ((c->state == CONN_HEAD || c->state == CONN_LINGERING) &&
		    now - c->since >= IDLE_LEAST &&
		    (longest == NULL || c->since < longest->since))
			longest = c;
	if (longest != NULL)
		http_conn_close(longest, false);
}

bool
http_listen(struct http *h, int fd)
{
	return acceptor_add(&h->acceptor, fd);
}

int
http_listener(const struct http *h, int i)
{
	return acceptor_socket(&h->acceptor, i);
}

int
http_adopt(struct http *h, int fd, struct fault *fault)
{
	struct peer_address peer;

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	acceptor_enter(&h->acceptor, fd, &peer);
	return http_conn_open(h, fd, &peer) != NULL ? 0 :
	    fault_set(fault, EX_OSERR, "connection: no memory");
}

/* ---- begin and end ---- */

static void
server_conn_over(struct http_conn *c)
{
	if (c->stream != NULL)
		stream_over(c->stream);
	if (c->request != NULL)
		request_end(c);
}

int
http_open(struct http **out, struct loop *loop,
    const struct http_options *options, struct fault *fault)
{
	static const struct http_conn_calls calls = {
		.take = request_take, .cut = request_cut,
		.over = server_conn_over
	};
	struct http *h = memory_zero(1, sizeof *h);
	struct acceptor_options a = {
		.max = options->max_connections,
		.max_per_address = options->max_per_address,
		.proxies = options->proxies, .senders = options->senders,
		.accepted = server_accepted, .make_room = server_make_room,
		.arg = h
	};

	(void)fault;
	h->loop = loop;
	h->options = *options;
	h->calls = &calls;
	h->swept = clock_ns();
	h->checked = tls_generation(options->tls);
	h->in = memory_get(READ_BYTES);
	buf_init(&h->head, HEAD_MAX);
	acceptor_init(&h->acceptor, loop, &a);
	loop_hook(loop, &h->hook, NULL, server_turn);
	*out = h;
	return 0;
}

void
http_close(struct http *h)
{
	if (h == NULL)
		return;
	while (h->first != NULL)
		http_conn_close(h->first, h->first->state != CONN_HEAD);
	http_conns_resume(h);
	streams_free_over(h);
	http_conns_free_dead(h);
	acceptor_release(&h->acceptor);
	loop_unhook(&h->hook);
	request_spares_free(h);
	buf_release(&h->head);
	free(h->in);
	free(h);
}

void
http_stop(struct http *h)
{
	struct http_conn *c, *next;

	acceptor_stop(&h->acceptor);
	h->stopping = true;
	for (c = h->first; c != NULL; c = next) {
		next = c->next;
		/* a request may have come that no turn has looked at */
		if (c->request == NULL)
			http_conn_receive(c);
		if (c->state == CONN_HEAD && c->request == NULL &&
		    c->in.n == 0)
			http_conn_close(c, false);
	}
}

bool
http_idle(const struct http *h)
{
	return h->active == 0 && h->resume == NULL;
}

unsigned
http_connections(const struct http *h)
{
	return h->acceptor.connections;
}
