/* SPDX-License-Identifier: Apache-2.0 */
#include "cql/node.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"

#define NODE_PAUSE_FIRST (CLOCK_SECOND / 20)
#define NODE_PAUSE_LAST (2 * CLOCK_SECOND)
#define NODE_A_WHILE CLOCK_SECOND
/* of requests that wait to be sent */
#define NODE_OUT_MAX ((size_t)16 << 20)
/* enough for a write(2) of its own */
#define NODE_OUT_SOON ((size_t)64 << 10)
/* reads at one go, so that others have their turn */
#define NODE_READS 4

/* stands for a call that was forgotten */
static struct cql_call node_forgotten;

/* ---- lists ---- */

void
node_list_add(struct node_list *l, struct cql_call *call, enum node_place place)
{
	call->place = (uint8_t)place;
	call->next = NULL;
	call->previous = l->last;
	if (l->last != NULL)
		l->last->next = call;
	else
		l->first = call;
	l->last = call;
}

void
node_list_add_first(struct node_list *l, struct cql_call *call,
    enum node_place place)
{
	call->place = (uint8_t)place;
	call->previous = NULL;
	call->next = l->first;
	if (l->first != NULL)
		l->first->previous = call;
	else
		l->last = call;
	l->first = call;
}

void
node_list_remove(struct node_list *l, struct cql_call *call)
{
	if (call->previous != NULL)
		call->previous->next = call->next;
	else
		l->first = call->next;
	if (call->next != NULL)
		call->next->previous = call->previous;
	else
		l->last = call->previous;
	call->next = call->previous = NULL;
	call->place = NODE_NOWHERE;
}

/* ---- life ---- */

struct cql_node *
node_new(struct node_env *env, const char *host, uint16_t port)
{
	struct cql_node *n = memory_zero(1, sizeof *n);

	n->env = env;
	n->version = env->version;
	n->port = port;
	snprintf(n->host, sizeof n->host, "%s", host);
	snprintf(n->name, sizeof n->name, strchr(host, ':') != NULL ?
	    "[%s]:%u" : "%s:%u", n->host, port);
	n->calls = memory_zero((size_t)env->window, sizeof(*n->calls));
	n->free = memory_zero((size_t)env->window, sizeof(*n->free));
	n->pause = (struct backoff){ NODE_PAUSE_FIRST, NODE_PAUSE_LAST, 0 };
	tcp_init(&n->tcp);
	frames_init(&n->in);
	frames_out_init(&n->out);
	return n;
}

static void
node_close(struct cql_node *n)
{
	tcp_close(&n->tcp);
	frames_release(&n->in);
	frames_out_release(&n->out);
	frames_init(&n->in);
	frames_out_init(&n->out);
	n->state = NODE_DOWN;
}

void
node_free(struct cql_node *n)
{
	node_close(n);
	if (n->found != NULL)
		freeaddrinfo(n->found);
	free(n->calls);
	free(n->free);
	free(n);
}

void
node_fail(struct cql_node *n, enum cql_error e, const char *fmt, ...)
{
	char text[sizeof n->fault.text];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	n->failed = true;
	n->was_ready = n->state == NODE_READY;
	if (!n->was_ready && e == CQL_LOST)
		e = CQL_AWAY;
	n->error = message_fault(&n->fault, e, n->name, "%s", text);
	/* one that was there for a while is tried again at once */
	n->open_at = n->env->now;
	if (n->was_ready && n->open_at - n->ready_at >= NODE_A_WHILE)
		backoff_reset(&n->pause);
	else
		n->open_at += backoff_next(&n->pause);
	node_close(n);
}

/* ---- connecting ---- */

static bool
node_resolve(struct cql_node *n)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICSERV };
	char port[8];
	int r;

	if (n->found != NULL)
		freeaddrinfo(n->found);
	n->found = n->next = NULL;
	snprintf(port, sizeof port, "%u", n->port);
	r = getaddrinfo(n->host, port, &hints, &n->found);
	n->next = n->found;
	if (r != 0)
		node_fail(n, CQL_AWAY, "%s", gai_strerror(r));
	return r == 0;
}

void
node_open(struct cql_node *n)
{
	struct addrinfo *a;

	/* a name may have several addresses */
	if (n->next == NULL && !node_resolve(n))
		return;
	a = n->next;
	n->next = a->ai_next;
	memset(&n->address, 0, sizeof n->address);
	memcpy(&n->address, a->ai_addr, a->ai_addrlen);
	n->state = NODE_CONNECTING;
	n->deadline = n->env->now + n->env->timeout;
	if (tcp_connect(&n->tcp, a->ai_addr, a->ai_addrlen) < 0)
		node_fail(n, CQL_AWAY, "%s", n->tcp.why);
	if (n->state == NODE_DOWN && n->next != NULL)
		n->open_at = n->env->now;
}

static void
node_send_plain(struct cql_node *n, enum frame_opcode opcode, struct str body)
{
	frames_put(&n->out, (uint8_t)n->version, (uint8_t)opcode, 0, &body, 1);
	node_flush(n);
}

static void
node_begin_cql(struct cql_node *n)
{
	n->state = NODE_OPTIONS;
	node_send_plain(n, FRAME_OPTIONS, STR(""));
}

static void
node_secure(struct cql_node *n)
{
	int r = tcp_handshake(&n->tcp);

	if (r < 0)
		node_fail(n, n->tcp.refused ? CQL_CONFIG : CQL_AWAY, "%s%s",
		    n->tcp.why, n->tcp.refused ? "" :
		    " (in the handshake of TLS)");
	else if (r > 0)
		node_begin_cql(n);
}

static void
node_connected(struct cql_node *n)
{
	if (tcp_connected(&n->tcp) < 0) {
		node_fail(n, CQL_AWAY, "%s", n->tcp.why);
		if (n->next != NULL)
			n->open_at = n->env->now;
	} else if (n->env->tls == NULL)
		node_begin_cql(n);
	else if (tcp_secure(&n->tcp, n->env->tls, n->host) < 0)
		node_fail(n, CQL_AWAY, "%s", n->tcp.why);
	else {
		n->state = NODE_SECURING;
		node_secure(n);
	}
}

/* ---- what the server says before it is ready ---- */

static void
node_send_startup(struct cql_node *n)
{
	struct buf b;

	buf_init(&b, 256);
	message_startup(&b);
	n->state = NODE_STARTUP;
	node_send_plain(n, FRAME_STARTUP, buf_str(&b));
	buf_release(&b);
}

static void
node_authenticate(struct cql_node *n)
{
	struct buf b;

	if (n->env->user == NULL || n->env->password == NULL) {
		node_fail(n, CQL_CREDENTIALS,
		    "the server asks for a user and a password");
		return;
	}
	buf_init(&b, 128 << 10);
	message_plain(&b, n->env->user, n->env->password);
	n->state = NODE_AUTH;
	node_send_plain(n, FRAME_AUTH_RESPONSE, buf_str(&b));
	secret_release(&b);
}

static void
node_is_ready(struct cql_node *n)
{
	int i;

	n->state = NODE_READY;
	n->ready_at = n->env->now;
	n->forgotten = 0;
	n->free_n = n->env->window;
	/* 0 is the first */
	for (i = 0; i < n->free_n; i++)
		n->free[i] = (uint16_t)(n->free_n - 1 - i);
	memset(n->calls, 0, (size_t)n->env->window * sizeof(*n->calls));
}

/* once more, at once, with the version before */
static void
node_step_down(struct cql_node *n)
{
	node_close(n);
	n->version = 4;
	n->next = NULL;
	node_open(n);
}

static void
node_refused(struct cql_node *n, struct body b)
{
	char type[16];
	struct str id;
	struct fault fault;
	enum cql_error e = message_error(b, n->name, &fault, type, &id);

	if (e == CQL_PROTOCOL && n->version > 4 && !n->env->pinned) {
		node_step_down(n);
		return;
	}
	node_fail(n, e, "refused");
	n->fault = fault;
}

static void
node_begin(struct cql_node *n, const struct frame *f)
{
	struct body b = message_body(f);
	enum node_state state = n->state;

	/* the answer to STARTUP is the last that is in no segment (v5 2.3.1) */
	if (state == NODE_STARTUP && n->version >= 5 && (f->opcode ==
	    FRAME_READY || f->opcode == FRAME_AUTHENTICATE))
		n->in.segments = n->out.segments = true;
	if (f->opcode == FRAME_ERROR)
		node_refused(n, b);
	else if (f->version != n->version)
		node_fail(n, CQL_PROTOCOL, "the server answers in version %d, "
		    "not %d", f->version, n->version);
	else if (state == NODE_OPTIONS && f->opcode == FRAME_SUPPORTED) {
		if (message_has_version(b, n->version) != 0)
			node_send_startup(n);
		else if (n->version > 4 && !n->env->pinned)
			node_step_down(n);
		else
			node_fail(n, CQL_PROTOCOL, "the server does not have "
			    "version %d of the protocol", n->version);
	} else if (state == NODE_STARTUP && f->opcode == FRAME_AUTHENTICATE)
		node_authenticate(n);
	else if ((state == NODE_STARTUP && f->opcode == FRAME_READY) ||
	    (state == NODE_AUTH && f->opcode == FRAME_AUTH_SUCCESS))
		node_is_ready(n);
	else if (state == NODE_AUTH && f->opcode == FRAME_AUTH_CHALLENGE)
		node_fail(n, CQL_CREDENTIALS, "the server wants more than a "
		    "user and a password");
	else
		node_fail(n, CQL_PROTOCOL, "the server sent an answer of kind "
		    "%d to nothing", f->opcode);
}

/* ---- requests and answers ---- */

bool
node_has_room(const struct cql_node *n)
{
	return n->state == NODE_READY && n->free_n > 0 &&
	    frames_waiting(&n->out) < NODE_OUT_MAX;
}

bool
node_send(struct cql_node *n, struct cql_call *call)
{
	struct str pieces[MESSAGE_PIECES];
	int stream = n->free[n->free_n - 1];

	message_request(call, n->version, n->env->consistency, &n->env->head,
	    &n->env->tail, pieces);
	if (!frames_put(&n->out, (uint8_t)n->version, call->opcode,
	    (int16_t)stream, pieces, MESSAGE_PIECES))
		return false;
	n->free_n--;
	n->calls[stream] = call;
	call->stream = stream;
	call->node = n;
	node_list_add(&n->sent, call, NODE_SENT);
	if (frames_waiting(&n->out) > NODE_OUT_SOON)
		node_flush(n);
	return true;
}

void
node_forget(struct cql_node *n, struct cql_call *call)
{
	n->calls[call->stream] = &node_forgotten;
	if (n->forgotten++ == 0)
		n->deadline = n->env->now + n->env->timeout;
	node_list_remove(&n->sent, call);
}

void
node_flush(struct cql_node *n)
{
	struct str s;
	ssize_t sent = 1;

	while (n->tcp.fd >= 0 && sent > 0 &&
	    (s = frames_pending(&n->out)).n > 0) {
		sent = tcp_write(&n->tcp, s.p, s.n);
		if (sent > 0)
			frames_sent(&n->out, (size_t)sent);
	}
	if (n->tcp.fd >= 0 && sent == 0 && tcp_pending(&n->tcp))
		sent = tcp_write(&n->tcp, "", 0);
	if (sent < 0)
		node_fail(n, CQL_LOST, "%s", n->tcp.why);
}

short
node_events(const struct cql_node *n)
{
	if (n->state == NODE_DOWN)
		return 0;
	if (n->state == NODE_CONNECTING)
		return POLLOUT;
	return frames_waiting(&n->out) > 0 || tcp_pending(&n->tcp) ?
	    POLLIN | POLLOUT : POLLIN;
}

/* A server that wants TLS goes away as soon as it sees that we do not. */
static void
node_read_failed(struct cql_node *n)
{
	bool unanswered = n->env->tls == NULL && n->state == NODE_OPTIONS;

	node_fail(n, n->tcp.refused && n->state < NODE_READY ? CQL_CONFIG :
	    CQL_LOST, "%s%s", n->tcp.why, unanswered ?
	    "; if it speaks TLS, the URL wants ?tls=true" : "");
}

static void
node_read(struct cql_node *n)
{
	size_t room;
	ssize_t got;
	char *p;
	int i;

	for (i = 0; i < NODE_READS; i++) {
		p = frames_room(&n->in, &room);
		got = tcp_read(&n->tcp, p, room);
		/* what came before the end is taken first */
		if (got < 0 && i == 0)
			node_read_failed(n);
		if (got <= 0)
			return;
		frames_added(&n->in, (size_t)got);
		/* what is larger comes in many of these */
		if (n->env->tls == NULL && (size_t)got < room)
			return;
	}
}

void
node_work(struct cql_node *n, short revents)
{
	if (n->state == NODE_CONNECTING)
		node_connected(n);
	else if (n->state == NODE_SECURING)
		node_secure(n);
	else if (n->state != NODE_DOWN) {
		if (revents & ~POLLOUT)
			node_read(n);
		if (n->state != NODE_DOWN)
			node_flush(n);
	}
}

/* The call of a frame, or NULL when nobody waits for it. */
static struct cql_call *
node_settle(struct cql_node *n, const struct frame *f)
{
	struct cql_call *call = f->stream >= 0 &&
	    f->stream < n->env->window ? n->calls[f->stream] : NULL;

	if (call == NULL) {
		node_fail(n, CQL_PROTOCOL, "the server sent an answer to "
		    "nothing, with the stream id %d", f->stream);
		return NULL;
	}
	n->calls[f->stream] = NULL;
	n->free[n->free_n++] = (uint16_t)f->stream;
	if (call == &node_forgotten) {
		n->forgotten--;
		n->deadline = n->env->now + n->env->timeout;
		return NULL;
	}
	node_list_remove(&n->sent, call);
	return call;
}

int
node_take(struct cql_node *n, struct frame *f, struct cql_call **call)
{
	int r = 0;

	*call = NULL;
	while (n->state >= NODE_OPTIONS &&
	    (r = frames_take(&n->in, f)) > 0) {
		if (n->state < NODE_READY) {
			node_begin(n, f);
			continue;
		}
		if (f->version != n->version) {
			node_fail(n, CQL_PROTOCOL, "the server answers in "
			    "version %d, not %d", f->version, n->version);
			return 0;
		}
		if (f->opcode == FRAME_EVENT) {
			n->event = true;
			continue;
		}
		*call = node_settle(n, f);
		return n->state == NODE_READY;
	}
	if (r < 0 && n->state != NODE_DOWN)
		node_fail(n, n->in.large ? CQL_TOO_LARGE : CQL_PROTOCOL,
		    "the server sent %s", n->in.why);
	return 0;
}
