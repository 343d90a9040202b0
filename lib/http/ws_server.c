/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/request.h"
#include "http/ws_handshake.h"
#include "http/ws_server.h"

/* for a client that is ended to take note of it, beyond the timeout */
#define ENDING_TIME (20 * CLOCK_SECOND)
#define RECHECK_BURST 64

/* ---- handshakes ---- */

static void
ws_answer(struct http_request *r, unsigned status, const char *why)
{
	if (status == 200) {
		http_answer_text(r, 200, "text/plain; charset=utf-8",
		    str_z(why));
		return;
	}
	if (status == 426)
		http_set(r, "Sec-WebSocket-Version", "13");
	http_problem(r, status, why);
}

/* A trusted proxy has all its connections from one address: the client is the
 * one that is counted. */
static bool
ws_count(struct ws *s, struct http_request *r)
{
	struct http_conn *c = r->conn;
	const struct proxies *proxies = s->http->options.proxies;
	struct address client;

	return proxies == NULL || !proxies_trust(proxies, c->peer.known ?
	    &c->peer.address : NULL) || !http_client(r, &client) ||
	    acceptor_count_for(&s->http->acceptor, &c->peer, &client);
}

/* all that came with the handshake is there */
static void
ws_upgraded(struct http_conn *conn, void *client)
{
	ws_conn_open(client, conn);
}

static void
ws_accept(struct ws *s, struct http_request *r, const struct ws_handshake *h,
    void *owner)
{
	struct http_conn *conn = r->conn;
	struct buf *head = &s->http->head;
	struct ws_conn *c;
	struct iovec v;

	r->status = 101;
	buf_clear(head);
	ws_handshake_answer(head, h, &r->head, stamp_now());
	v = (struct iovec){ head->p, head->n };
	http_conn_send(conn, &v, 1);
	if (conn->state == CONN_DEAD) {
		s->options.closed(owner, s->options.arg);
		return;
	}
	c = memory_zero(1, sizeof *c);
	c->ws = s;
	c->owner = owner;
	http_conn_upgrade(conn, ws_upgraded, c);
}

static void
ws_handle(struct http_request *r, void *arg)
{
	struct ws *s = arg;
	struct ws_handshake handshake;
	bool upgrade = ws_handshake_asked(&r->head);
	unsigned status = upgrade ?
	    ws_handshake_read(&handshake, &r->head, NULL) : 0;
	const char *why = upgrade ? handshake.why : NULL;
	void *owner = NULL;

	if (status == 101 && !ws_count(s, r)) {
		status = 429;
		why = "too many connections from this address";
	}
	if (status == 101 || !upgrade)
		status = s->options.on_handshake(r, upgrade, &owner, &why,
		    s->options.arg);
	if (status == 101)
		ws_accept(s, r, &handshake, owner);
	else
		ws_answer(r, status, why);
}

/* ---- time ---- */

/* A client that is silent is pinged, and ended when it does not answer, as is
 * one that does not take note of its end. */
static bool
ws_is_lost(const struct ws *s, const struct ws_conn *c, int64_t now)
{
	if (c->state != WS_OPEN)
		return now - c->ending > ENDING_TIME + s->timeout;
	return now - c->heard > s->timeout && c->pinged != 0 &&
	    now - c->pinged > s->timeout / 2;
}

static void
ws_sweep(struct ws *s, int64_t now)
{
	struct ws_conn *c, *next;

	for (c = s->first; c != NULL; c = next) {
		next = c->next;
		if (ws_is_lost(s, c, now))
			ws_conn_kill(c);
		else if (c->state == WS_OPEN && c->pinged == 0 &&
		    now - c->heard >= s->timeout / 2)
			ws_conn_ping(c);
	}
	s->swept = now;
}

/* as in server.c */
static void
ws_recheck(struct ws *s)
{
	struct tls *tls = s->http->options.tls;
	unsigned generation = tls_generation(tls), left = RECHECK_BURST;
	struct ws_conn *c;

	for (c = s->first; c != NULL; c = c->next) {
		if (c->checked == generation || c->state == WS_DEAD)
			continue;
		if (left-- == 0) {
			loop_hurry(s->loop);
			return;
		}
		c->checked = generation;
		if (!tls_accepts(tls, c->sock.ssl))
			ws_end(c, WS_REVOKED, "certificate not valid");
	}
	s->checked = generation;
}

static struct ws *
ws_of_hook(struct loop_hook *hook)
{
	return (struct ws *)((char *)hook - offsetof(struct ws, hook));
}

/* what was put between two turns */
static void
ws_wake(struct loop_hook *hook, int64_t now)
{
	(void)now;
	ws_conns_flush(ws_of_hook(hook));
}

static void
ws_turn(struct loop_hook *hook, int64_t now)
{
	struct ws *s = ws_of_hook(hook);

	ws_conns_flush(s);
	if (now - s->swept >= CLOCK_SECOND)
		ws_sweep(s, now);
	if (s->checked != tls_generation(s->http->options.tls))
		ws_recheck(s);
	ws_conns_free_dead(s);
}

/* ---- begin and end ---- */

int
ws_open(struct ws **out, struct http_setup *setup, struct loop *loop,
    const struct ws_options *options, struct fault *fault)
{
	struct ws *s = memory_zero(1, sizeof *s);
	struct http_options o = {
		.handle = ws_handle, .on_headers = ws_handle, .arg = s
	};

	s->options = *options;
	s->loop = loop;
	s->max_message = (size_t)setup->max_body;
	s->timeout = setup->timeout;
	s->swept = clock_ns();
	s->out = memory_get(WS_OUT_BYTES);
	loop_hook(loop, &s->hook, ws_wake, ws_turn);
	/* many WebSockets from one address are usual: no share unless asked */
	if (setup->max_per_address == 0)
		setup->max_per_address = setup->max_connections;
	*out = s;
	if (!ws_handshake_prepare())
		fault_set(fault, EX_OSERR, "OpenSSL has no SHA-1");
	else if (http_setup_open(setup, loop, &o, &s->http, fault) == 0) {
		s->checked = tls_generation(setup->tls);
		return 0;
	}
	ws_close(s);
	*out = NULL;
	return -1;
}

void
ws_close(struct ws *s)
{
	struct ws_conn *c;

	if (s == NULL)
		return;
	for (c = s->first; c != NULL; c = c->next)
		ws_end(c, WS_GOING_AWAY, WS_STOPPED);
	ws_conns_flush(s);
	while (s->first != NULL)
		ws_conn_kill(s->first);
	ws_conns_flush(s);
	ws_conns_free_dead(s);
	http_close(s->http);
	loop_unhook(&s->hook);
	free(s->out);
	free(s);
}

struct http *
ws_http(const struct ws *s)
{
	return s->http;
}

void
ws_stop(struct ws *s)
{
	struct ws_conn *c;

	http_stop(s->http);
	for (c = s->first; c != NULL; c = c->next)
		if (s->options.busy == NULL ||
		    !s->options.busy(c->owner, s->options.arg))
			ws_end(c, WS_GOING_AWAY, WS_STOPPED);
}

unsigned
ws_connections(const struct ws *s)
{
	return http_connections(s->http);
}

uint64_t
ws_slow(const struct ws *s)
{
	return s->slow;
}

uint64_t
ws_frames(const struct ws *s)
{
	return s->frames;
}
