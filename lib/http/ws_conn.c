/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/memory.h"
#include "http/ws_server.h"

#define READ_BYTES ((size_t)16 * 1024)
#define READ_ROUNDS 4
/* what is left of one frame, or of some small ones, and of pongs */
#define OUT_MAX ((size_t)256 << 20)
/* pings of a client that does not read their answers */
#define CONTROLS_MAX ((size_t)64 * 1024)
/* what TLS may have encrypted of a write that it has not done: a record */
#define TLS_KEEPS ((size_t)16 * 1024)

static void ws_conn_ready(struct sock *, unsigned events);

/* ---- what is left of a write ---- */

static void
ws_conn_release_out(struct ws_conn *c)
{
	budget_drop(c->queue.budget, c->queue.key, c->out.n);
	budget_free(c->queue.budget, c->out.n);
	buf_release(&c->out);
	c->sent = c->controls = 0;
}

/* Ends it at once, as no frame may follow a part of one, when all clients
 * together hold too much. */
static void
ws_conn_keep(struct ws_conn *c, const char *p, size_t n)
{
	c->full = true;
	if (n == 0)
		return;
	if (!budget_keep(c->queue.budget, c->queue.key, n)) {
		c->ws->slow++;
		ws_conn_kill(c);
		return;
	}
	budget_hold(c->queue.budget, n);
	buf_put(&c->out, p, n);
}

/* ---- what has come of a message ---- */

static void
ws_conn_count_message(struct ws_conn *c, size_t before)
{
	struct budget *b = c->queue.budget;
	size_t n = c->message.cap - before;

	if (budget_keep(b, c->queue.key, n))
		c->message_kept = c->message.cap;
	budget_hold(b, n);
}

/* It is not counted any more, and the caller's. */
static struct buf
ws_conn_take_message(struct ws_conn *c)
{
	struct buf message = c->message;

	budget_free(c->queue.budget, message.cap);
	budget_drop(c->queue.budget, c->queue.key, c->message_kept);
	c->message_kept = 0;
	buf_init(&c->message, message.max);
	return message;
}

static void
ws_conn_release_message(struct ws_conn *c)
{
	struct buf message = ws_conn_take_message(c);

	buf_release(&message);
}

/* What is not a whole message yet counts for its sender, as what waits for it
 * does: false when that is too much. */
static bool
ws_conn_gather(struct ws_conn *c, struct str data)
{
	size_t before = c->message.cap;

	buf_put_str(&c->message, data);
	if (c->message.cap == before)
		return true;
	ws_conn_count_message(c, before);
	if (c->message_kept == c->message.cap)
		return true;
	ws_end(c, WS_TRY_LATER, "too much is being received at once");
	return false;
}

/* ---- begin and end ---- */

void
ws_conn_kill(struct ws_conn *c)
{
	struct ws *s = c->ws;

	if (c->state == WS_DEAD)
		return;
	sock_close(&c->sock, false);
	acceptor_leave(&s->http->acceptor, &c->peer);
	c->state = WS_DEAD;
	if (c->next != NULL)
		c->next->prev = c->prev;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		s->first = c->next;
	c->next_dead = s->dead;
	s->dead = c;
	loop_hurry(s->loop);
}

void
ws_conns_free_dead(struct ws *s)
{
	struct ws_conn *c, *list = s->dead;

	s->dead = NULL;
	while ((c = list) != NULL) {
		list = c->next_dead;
		if (c->writes) {
			/* the next flush still finds it in the other list */
			c->next_dead = s->dead;
			s->dead = c;
			continue;
		}
		s->options.closed(c->owner, s->options.arg);
		ws_conn_release_message(c);
		ws_conn_release_out(c);
		ws_queue_clear(&c->queue);
		free(c);
	}
}

static void
ws_conn_rewatch(struct ws_conn *c)
{
	if (c->state != WS_DEAD)
		sock_want(&c->sock, LOOP_READ | (c->full ? LOOP_WRITE : 0));
}

/* ---- out ---- */

static void
ws_conn_write_later(struct ws_conn *c)
{
	struct ws *s = c->ws;

	if (!c->writes) {
		c->writes = true;
		c->next_writer = s->writers;
		s->writers = c;
	}
	loop_hurry(s->loop);
}

/* false: it is not all gone */
static bool
ws_conn_put(struct ws_conn *c, const void *p, size_t n)
{
	struct iovec v = { (void *)(uintptr_t)p, n };
	ssize_t sent = sock_write(&c->sock, &v, 1);

	if (sent == SOCK_BROKEN) {
		ws_conn_kill(c);
		return false;
	}
	if (sent > 0 && (size_t)sent == n)
		return true;
	sent = sent > 0 ? sent : 0;
	ws_conn_keep(c, (const char *)p + sent, n - (size_t)sent);
	return false;
}

/* The first frames of the queue; false: they are not all gone. */
static bool
ws_conn_put_frames(struct ws_conn *c)
{
	struct ws *s = c->ws;
	struct str head = ws_queue_head(&c->queue, s->out);
	struct iovec v = { (void *)(uintptr_t)head.p, head.n };
	ssize_t sent = sock_write(&c->sock, &v, 1);
	size_t span, done = sent > 0 ? (size_t)sent : 0, begun = done;

	if (sent == SOCK_BROKEN) {
		ws_conn_kill(c);
		return false;
	}
	/* what is begun goes on as it is, whatever becomes of the queue */
	if (c->sock.ssl != NULL)
		begun = head.n - done < TLS_KEEPS ? head.n : done + TLS_KEEPS;
	span = ws_queue_span(&c->queue, begun);
	if (done < head.n)
		ws_conn_keep(c, head.p + done, span - done);
	if (c->state != WS_DEAD)
		s->frames += ws_queue_drop(&c->queue, span);
	return done == head.n;
}

/* what an earlier write has left */
static bool
ws_conn_put_rest(struct ws_conn *c)
{
	struct iovec v = { NULL, c->out.n - c->sent };
	ssize_t sent = 0;

	if (v.iov_len > 0) {
		v.iov_base = c->out.p + c->sent;
		sent = sock_write(&c->sock, &v, 1);
	}
	if (sent == SOCK_BROKEN) {
		ws_conn_kill(c);
		return false;
	}
	c->sent += sent > 0 ? (size_t)sent : 0;
	if (c->sent < c->out.n)
		return false;
	ws_conn_release_out(c);
	c->full = false;
	return true;
}

/* Close goes out after everything else. */
static void
ws_conn_put_close(struct ws_conn *c)
{
	char frame[WS_CONTROL_TEXT];
	size_t n = ws_close_print(frame, c->end, c->why ? c->why : "");

	c->why = NULL;
	ws_conn_put(c, frame, n);
}

/* Both have said Close, and all is sent: the server ends the connection (RFC
 * 6455 7.1.1), and waits for the client to do so too. */
static void
ws_conn_shutdown(struct ws_conn *c)
{
	if (c->state != WS_CLOSED || c->end_due || c->out.n > 0 || c->shut)
		return;
	c->shut = true;
	sock_shutdown(&c->sock);
}

static void
ws_conn_end_slow(struct ws_conn *c)
{
	if (c->state != WS_OPEN)
		return;
	c->ws->slow++;
	ws_end(c, WS_TRY_LATER, "too slow");
}

static void
ws_conn_flush(struct ws_conn *c)
{
	bool goes_on = c->state != WS_DEAD && ws_conn_put_rest(c);

	while (goes_on && c->queue.count > 0)
		goes_on = ws_conn_put_frames(c);
	if (goes_on && c->end_due) {
		c->end_due = false;
		ws_conn_put_close(c);
	}
	if (!ws_queue_keep(&c->queue))
		ws_conn_end_slow(c);
	ws_conn_shutdown(c);
	ws_conn_rewatch(c);
}

void
ws_conns_flush(struct ws *s)
{
	struct ws_conn *c, *list = s->writers;

	s->writers = NULL;
	while ((c = list) != NULL) {
		list = c->next_writer;
		c->writes = false;
		ws_conn_flush(c);
	}
}

bool
ws_send(struct ws_conn *c, struct ws_frame *f)
{
	struct ws *s = c->ws;

	if (c->state != WS_OPEN)
		return false;
	if (c->queue.count > 0 &&
	    c->queue.bytes + f->n > s->options.max_queue) {
		ws_conn_end_slow(c);
		return false;
	}
	ws_queue_put(&c->queue, f);
	ws_conn_write_later(c);
	return true;
}

size_t
ws_queued(const struct ws_conn *c)
{
	return c->queue.bytes;
}

void
ws_charge(struct ws_conn *c, uint64_t key)
{
	c->queue.key = key;
}

static void
ws_conn_put_control(struct ws_conn *c, enum ws_opcode opcode,
    struct str data)
{
	char frame[WS_CONTROL_TEXT];
	size_t n = ws_control_print(frame, opcode, data);

	/* between two frames, as `out` holds whole ones */
	if (c->out.n == 0) {
		ws_conn_put(c, frame, n);
		return;
	}
	c->controls += n;
	if (c->controls > CONTROLS_MAX) {
		c->ws->slow++;
		ws_conn_kill(c);
	} else {
		ws_conn_keep(c, frame, n);
	}
}

void
ws_conn_ping(struct ws_conn *c)
{
	c->pinged = loop_now(c->ws->loop);
	ws_conn_put_control(c, WS_PING, STR_NONE);
	ws_conn_rewatch(c);
}

/* ---- the end ---- */

static void
ws_conn_end(struct ws_conn *c, unsigned code, const char *why,
    enum ws_state state)
{
	c->state = state;
	c->end = (uint16_t)code;
	c->why = why;
	c->end_due = true;
	c->ending = loop_now(c->ws->loop);
	ws_conn_release_message(c);
	/* what was sent before a polite end comes before it */
	if (code != WS_GOING_AWAY)
		ws_queue_clear(&c->queue);
	ws_conn_write_later(c);
}

void
ws_end(struct ws_conn *c, enum ws_end code, const char *why)
{
	if (c->state == WS_OPEN)
		ws_conn_end(c, code, why, WS_ENDING);
}

/* The client has said Close, first or in answer to ours. */
static void
ws_conn_take_close(struct ws_conn *c)
{
	if (c->state == WS_OPEN) {
		ws_conn_end(c, c->receiver.code, NULL, WS_CLOSED);
	} else if (c->state == WS_ENDING) {
		c->state = WS_CLOSED;
		c->ending = loop_now(c->ws->loop);
		ws_conn_shutdown(c);
	}
}

/* ---- in ---- */

static void
ws_conn_take_data(struct ws_conn *c)
{
	struct ws *s = c->ws;
	struct ws_receiver *r = &c->receiver;
	struct buf whole;

	if (c->state != WS_OPEN)
		return;
	if ((!r->whole || c->message.n > 0) && !ws_conn_gather(c, r->data))
		return;
	if (!r->whole)
		return;
	/* most clients never send again, or little */
	whole = ws_conn_take_message(c);
	s->options.received(c, c->owner, whole.n > 0 ? buf_str(&whole) :
	    r->data, r->text, s->options.arg);
	buf_release(&whole);
}

static void
ws_conn_take(struct ws_conn *c, char *p, size_t n)
{
	enum ws_got got;
	size_t used;

	c->heard = loop_now(c->ws->loop);
	c->pinged = 0;
	while (n > 0 && c->state != WS_DEAD && c->state != WS_CLOSED) {
		got = ws_receive(&c->receiver, p, n, &used);
		p += used;
		n -= used;
		if (got == WS_GOT_DATA)
			ws_conn_take_data(c);
		else if (got == WS_GOT_PING && c->state == WS_OPEN)
			ws_conn_put_control(c, WS_PONG, c->receiver.data);
		else if (got == WS_GOT_CLOSE)
			ws_conn_take_close(c);
		else if (got == WS_GOT_ERROR && c->state == WS_OPEN)
			ws_conn_end(c, c->receiver.code, c->receiver.why,
			    WS_CLOSED);
		else if (got == WS_GOT_ERROR)
			ws_conn_kill(c);
	}
}

static bool
ws_conn_read(struct ws_conn *c)
{
	char *in = c->ws->http->in;
	ssize_t n = sock_read(&c->sock, in, READ_BYTES);

	if (n == SOCK_BROKEN || n == 0)
		ws_conn_kill(c);
	if (n <= 0)
		return false;
	ws_conn_take(c, in, (size_t)n);
	return (size_t)n == READ_BYTES || sock_has_more(&c->sock);
}

static void
ws_conn_ready(struct sock *sock, unsigned events)
{
	struct ws_conn *c = (struct ws_conn *)sock;
	int rounds = 0;

	if (events & LOOP_WRITE)
		ws_conn_flush(c);
	if (events & LOOP_READ)
		/* no event tells of what TLS has decrypted already */
		while (c->state != WS_DEAD && (rounds++ < READ_ROUNDS ||
		    sock_has_more(&c->sock)) && ws_conn_read(c))
			;
	ws_conn_rewatch(c);
}

/* ---- the beginning ---- */

void
ws_conn_open(struct ws_conn *c, struct http_conn *conn)
{
	struct ws *s = c->ws;

	http_conn_hand_over(conn, &c->sock, ws_conn_ready, &c->peer);
	c->state = WS_OPEN;
	c->heard = loop_now(s->loop);
	c->checked = tls_generation(s->http->options.tls);
	buf_init(&c->message, s->max_message);
	buf_init(&c->out, OUT_MAX);
	ws_receive_begin(&c->receiver, s->max_message);
	c->queue.budget = s->options.budget;
	c->next = s->first;
	if (c->next != NULL)
		c->next->prev = c;
	s->first = c;
	s->options.opened(c, c->owner, s->options.arg);
	if (http_conn_unsent(conn) > 0)
		ws_conn_keep(c, conn->out.p + conn->sent,
		    http_conn_unsent(conn));
	ws_conn_take(c, conn->in.p, conn->in.n);
	ws_conn_rewatch(c);
}
