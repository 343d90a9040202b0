/* SPDX-License-Identifier: Apache-2.0 */
#include "http/request_receive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/os.h"
#include "http/conn.h"
#include "http/request.h"
#include "http/response.h"

/* a body up to this is received without asking on_headers first */
#define BODY_SMALL ((uint64_t)16 * 1024)
/* what is read away of a refused one, so that its sender sees the answer
 * and can go on with this connection */
#define BODY_DISCARD ((uint64_t)8 << 20)
/* a request that is kept for the next one keeps this much */
#define TEXT_KEPT 2048
#define BODY_KEPT 4096
/* one sender has this part of all bodies at most */
#define BODIES_SHARE 4

static const struct http1_limits request_limits = {
	/* there are parameters with 63 globs, and long ones */
	.line = 16384, .field = 8192, .fields = HTTP1_FIELDS_MAX,
	/* a length of any size is read: a body that is too long is refused in
	 * words, and by callers that know the program's limit */
	.head = 24576, .body = UINT64_MAX
};

/* ---- requests are used again ---- */

static struct http_request *
request_get(struct http *h)
{
	struct http_request *r = h->spare;
	struct buf bytes, text, set;

	if (r == NULL) {
		r = memory_get(sizeof *r);
		buf_init(&bytes, h->options.max_body);
		/* one byte more than may be, so that it is refused */
		buf_init(&text, request_limits.head + 1);
		buf_init(&set, HTTP_SET_MAX);
	} else {
		h->spare = r->next;
		bytes = r->bytes;
		text = r->text;
		set = r->set;
	}
	memset(r, 0, offsetof(struct http_request, decoder));
	r->bytes = bytes;
	r->text = text;
	r->set = set;
	r->http = h;
	http1_begin(&r->head);
	return r;
}

static void
request_shrink(struct buf *b, size_t kept)
{
	size_t max = b->max;

	if (b->cap > kept) {
		buf_release(b);
		buf_init(b, max);
	}
	buf_clear(b);
}

void
request_body_drop(struct http_request *r)
{
	r->http->bodies -= r->bytes.cap;
	request_shrink(&r->bytes, BODY_KEPT);
	r->http->bodies += r->bytes.cap;
}

void
request_put(struct http_request *r)
{
	struct http *h = r->http;

	request_body_drop(r);
	/* there was a key in it */
	os_wipe(r->text.p, r->text.n);
	request_shrink(&r->text, TEXT_KEPT);
	request_shrink(&r->set, TEXT_KEPT);
	r->next = h->spare;
	h->spare = r;
}

void
request_spares_free(struct http *h)
{
	struct http_request *r;

	while ((r = h->spare) != NULL) {
		h->spare = r->next;
		buf_release(&r->bytes);
		buf_release(&r->text);
		buf_release(&r->set);
		free(r);
	}
}

/* ---- the body ---- */

static void
request_refuse_length(struct http_request *r)
{
	char why[80];

	snprintf(why, sizeof why, "the body is longer than %zu bytes",
	    r->http->options.max_body);
	http_problem(r, 413, why);
}

/* Have they one sender: one thing or user; of those of whom that is not
 * known, one address that is not a proxy's? */
static bool
request_same_sender(const struct http *h, const struct http_request *a,
    const struct http_request *b)
{
	const struct proxies *proxies = h->options.proxies;
	const struct peer_address *p = &a->conn->peer, *q = &b->conn->peer;

	if (*a->principal != '\0' || *b->principal != '\0')
		return strcmp(a->principal, b->principal) == 0;
	return p->known && q->known &&
	    address_same_network(&p->address, &q->address) &&
	    (proxies == NULL || !proxies_trust(proxies, &p->address));
}

/* Is too much being received, of all or of the sender of this one? */
static bool
request_bodies_full(const struct http *h, const struct http_request *r)
{
	const struct http_conn *c;
	size_t n = 0;

	if (h->bodies > h->options.max_bodies)
		return true;
	/* most often there is enough for all */
	if (h->bodies <= h->options.max_bodies / BODIES_SHARE)
		return false;
	for (c = h->first; c != NULL; c = c->next)
		if (c->request != NULL &&
		    request_same_sender(h, r, c->request))
			n += c->request->bytes.cap;
	return n > h->options.max_bodies / BODIES_SHARE;
}

static void
request_keep(struct http_request *r, const char *p, size_t n)
{
	struct http *h = r->http;
	size_t cap = r->bytes.cap;

	r->received += n;
	if (r->status != 0) {
		/* it has been refused, and is read away, up to a point */
		if (r->received > BODY_DISCARD + h->options.max_body) {
			r->conn->closes = true;
			http_conn_answered(r->conn);
		}
		return;
	}
	buf_put(&r->bytes, p, n);
	h->bodies += r->bytes.cap - cap;
	if (r->bytes.full) {
		request_refuse_length(r);
	} else if (r->bytes.cap > cap && request_bodies_full(h, r)) {
		http_problem(r, 503, "too much is being received at once");
	}
}

/* the length that a body claims to have; UINT64_MAX when unknown */
static uint64_t
request_claims(const struct http_request *r)
{
	return r->head.framing == HTTP1_CHUNKED ? UINT64_MAX :
	    r->head.framing == HTTP1_LENGTH ? r->head.length : 0;
}

/* Does the client wait for 100 before it sends?  One without content has
 * nothing to wait for (RFC 9110 10.1.1). */
static bool
request_waits(const struct http_request *r)
{
	return r->head.expects && request_claims(r) > 0;
}

bool
request_can_be_read_away(const struct http_request *r)
{
	/* a client that waits for 100 may send its body after all, or not */
	if (request_waits(r) && !r->continued)
		return false;
	return r->head.framing == HTTP1_CHUNKED ||
	    r->head.length - r->received <= BODY_DISCARD;
}

static void
request_whole(struct http_conn *c)
{
	struct http_request *r = c->request;
	struct http *h = c->http;

	r->whole = true;
	r->body = buf_str(&r->bytes);
	if (r->status != 0) {
		http_conn_answered(c);
		return;
	}
	c->state = CONN_WAITING;
	h->options.handle(r, h->options.arg);
}

/* ---- the head ---- */

/* each of these says one thing, and two would say two */
static const char *
request_ambiguous(const struct http_request *r)
{
	static const struct {
		struct str name;
		const char *why;
	} singles[] = {
		{ { "Authorization", 13 }, "Authorization is given twice" },
		{ { "Content-Type", 12 }, "Content-Type is given twice" },
		{ { "Last-Event-ID", 13 }, "Last-Event-ID is given twice" },
	};
	struct str value;
	size_t i;

	for (i = 0; i < sizeof singles / sizeof *singles; i++)
		if (!http1_single(&r->head, singles[i].name, &value))
			return singles[i].why;
	return NULL;
}

/* The client waits for this before it sends its body (RFC 9110 10.1.1). */
static void
request_continue(struct http_conn *c)
{
	struct buf *b = &c->http->head;
	struct iovec v;

	c->request->continued = true;
	buf_clear(b);
	http_response_continue(b);
	v = (struct iovec){ b->p, b->n };
	http_conn_send(c, &v, 1);
}

/* May its body come?  Else it has been answered, and may be gone. */
static void
request_admit(struct http_conn *c)
{
	struct http_request *r = c->request;
	struct http *h = c->http;
	uint64_t claims = request_claims(r);
	const char *why = request_ambiguous(r);

	if (why != NULL) {
		c->closes = true;
		http_problem(r, 400, why);
		return;
	}
	/* OPTIONS of the server as a whole (RFC 9110 9.3.7) */
	if (str_eq(r->path, STR("*"))) {
		http_answer(r, 204);
		return;
	}
	if ((request_waits(r) || claims > BODY_SMALL) &&
	    h->options.on_headers != NULL)
		h->options.on_headers(r, h->options.arg);
	if (c->request != r || r->status != 0)
		return;
	if (r->head.framing == HTTP1_LENGTH && claims > h->options.max_body)
		request_refuse_length(r);
	else if (request_waits(r))
		request_continue(c);
}

/* in place: a '+' of a query is a space, of anything else it is not */
static void
request_read_plus(struct http_request *r)
{
	char *p = r->text.p + (r->head.query.p ? r->head.query.p - r->text.p :
	    0);
	char *end = p + r->head.query.n;

	for (; p < end; p++)
		if (*p == '+')
			*p = ' ';
}

static void
request_begin(struct http_conn *c)
{
	struct http_request *r = c->request;

	r->method = r->head.method;
	r->path = r->head.path;
	r->begun = c->since = loop_now(c->http->loop);
	c->closes = !r->head.keep;
	request_read_plus(r);
	http_body_begin(&r->decoder, &r->head, UINT64_MAX);
	c->state = CONN_BODY;
	request_admit(c);
}

static void
request_refuse(struct http_conn *c, unsigned status, const char *why)
{
	struct http_request *r = c->request;

	/* where the next request would begin is not known */
	c->closes = true;
	r->whole = true;
	if (r->status == 0)
		http_problem(r, status, why);
	else
		http_conn_answered(c);
}

/* also with no bytes at all, as a body may be empty */
static size_t
request_take_body(struct http_conn *c, const char *p, size_t n)
{
	struct http_request *r = c->request;
	enum http_body_result got;
	struct str data;
	size_t used, at = 0;

	do {
		got = http_body_take(&r->decoder, p + at, n - at, &used,
		    &data);
		at += used;
		if (got == HTTP_BODY_DATA)
			request_keep(r, data.p, data.n);
	} while (got == HTTP_BODY_DATA && c->state == CONN_BODY);
	if (c->state != CONN_BODY)
		return n;
	if (got == HTTP_BODY_END)
		request_whole(c);
	else if (got == HTTP_BODY_REFUSED)
		request_refuse(c, r->decoder.status, r->decoder.why);
	return got == HTTP_BODY_END ? at : n;
}

static size_t
request_take_head(struct http_conn *c, const char *p, size_t n)
{
	struct http_request *r = c->request;
	struct http1_limits limits = request_limits;
	size_t before, room;

	if (r == NULL) {
		r = c->request = request_get(c->http);
		r->conn = c;
		c->http->active++;
		c->since = loop_now(c->http->loop);
	}
	before = r->text.n;
	room = r->text.max - before;
	buf_put(&r->text, p, n < room ? n : room);
	limits.secure = c->sock.ssl != NULL;
	switch (http1_head(&r->head, &limits, r->text.p, r->text.n)) {
	case HTTP1_MORE:
		return r->text.n - before;
	case HTTP1_DONE:
		n = r->head.size - before;
		r->text.n = r->head.size;
		request_begin(c);
		if (c->state == CONN_BODY)
			request_take_body(c, "", 0);
		return n;
	case HTTP1_REFUSED:
		break;
	}
	request_refuse(c, r->head.status, r->head.why);
	return n;
}

size_t
request_take(struct http_conn *c, const char *p, size_t n)
{
	return c->state == CONN_HEAD ? request_take_head(c, p, n) :
	    request_take_body(c, p, n);
}

void
request_cut(struct http_conn *c)
{
	struct http_request *r = c->request;

	if (r == NULL || (c->state == CONN_HEAD && !http1_begun(&r->head)))
		http_conn_close(c, false);
	else
		request_refuse(c, 400, "the request ends too early");
}

void
request_end(struct http_conn *c)
{
	struct http_request *r = c->request;
	struct http *h = c->http;

	c->request = NULL;
	h->active--;
	r->elapsed = r->begun ? clock_ns() - r->begun : 0;
	/* one that never had a method is nothing to count */
	if (h->options.on_complete != NULL && (r->begun != 0 || r->status != 0))
		h->options.on_complete(r, h->options.arg);
	r->conn = NULL;
	/* else the program still has it */
	if (r->status != 0 || !r->whole)
		request_put(r);
}
