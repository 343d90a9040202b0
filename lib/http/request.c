/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/utf8.h"
#include "http/daemon.h"
#include "http/path.h"
#include "json/json.h"
#include "json/span.h"

/* a body up to this is received without asking `early` first */
#define BODY_SMALL ((uint64_t)16 * 1024)
/* what is read away of a refused one, so that its sender sees the answer
 * and can go on with this connection */
#define BODY_DISCARD ((uint64_t)8 << 20)
/* a request kept for the next one keeps this much for the body */
#define BODY_KEEP 4096
/* one sender has this part of all bodies at most */
#define BODIES_SHARE 4
#define PROBLEM_MAX 8192
#define FORWARDED "X-Forwarded-For"
/* more than headers may have */
#define HEADERS_MAX ((size_t)64 * 1024)

static struct http_request *
request_get(struct http *h)
{
	struct http_request *r = h->spare;
	struct buf bytes;

	if (r == NULL) {
		r = memory_get(sizeof *r);
		buf_init(&bytes, h->options.max_body);
	} else {
		h->spare = r->next;
		bytes = r->bytes;
		buf_clear(&bytes);
	}
	*r = (struct http_request){ .bytes = bytes };
	return r;
}

static void
body_drop(struct http *h, struct http_request *r)
{
	h->bodies -= r->bytes.cap;
	if (r->bytes.cap > BODY_KEEP) {
		buf_release(&r->bytes);
		buf_init(&r->bytes, h->options.max_body);
	}
	h->bodies += r->bytes.cap;
}

static void
request_put(struct http *h, struct http_request *r)
{
	body_drop(h, r);
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
		free(r);
	}
}

struct str
http_header(const struct http_request *r, const char *name)
{
	const char *value = NULL;
	size_t n = 0;

	if (MHD_lookup_connection_value_n(r->connection, MHD_HEADER_KIND,
	    name, strlen(name), &value, &n) != MHD_YES || value == NULL)
		return STR_NONE;
	return (struct str){ value, n };
}

struct each_parameter {
	void (*each)(void *arg, struct str name, struct str value);
	void *arg;
};

static enum MHD_Result
give_parameter(void *arg, enum MHD_ValueKind kind, const char *name, size_t n,
    const char *value, size_t value_n)
{
	struct each_parameter *e = arg;

	(void)kind;
	e->each(e->arg, (struct str){ name, n },
	    (struct str){ value, value ? value_n : 0 });
	return MHD_YES;
}

void
http_query(const struct http_request *r,
    void (*each)(void *, struct str, struct str), void *arg)
{
	struct each_parameter e = { each, arg };

	MHD_get_connection_values_n(r->connection, MHD_GET_ARGUMENT_KIND,
	    give_parameter, &e);
}

static void
look_at_parameter(void *arg, struct str name, struct str value)
{
	bool *sound = arg;
	struct buf b;

	buf_init(&b, name.n + value.n + 1);
	*sound = *sound && percent_decode(&b, name) &&
	    percent_decode(&b, value) && utf8_valid(buf_str(&b));
	buf_release(&b);
}

bool
http_query_sound(const struct http_request *r)
{
	bool sound = true;

	http_query(r, look_at_parameter, &sound);
	return sound;
}

struct header_lines {
	const char *name;
	size_t name_n;
	struct buf *to;
	bool any;
};

static enum MHD_Result
add_line(void *arg, enum MHD_ValueKind kind, const char *name, size_t n,
    const char *value, size_t value_n)
{
	struct header_lines *l = arg;

	(void)kind;
	if (n != l->name_n || strncasecmp(name, l->name, n) != 0)
		return MHD_YES;
	if (l->any)
		buf_putc(l->to, ',');
	buf_put(l->to, value, value ? value_n : 0);
	l->any = true;
	return MHD_YES;
}

/* all of a header's lines, as one list; false: there is none */
static bool
join_lines(const struct http_request *r, const char *name, struct buf *to)
{
	struct header_lines l = { name, strlen(name), to, false };

	MHD_get_connection_values_n(r->connection, MHD_HEADER_KIND, add_line,
	    &l);
	return l.any;
}

struct str
http_headers(const struct http_request *r, const char *name,
    struct arena *arena)
{
	struct str joined = STR_NONE;
	struct buf b;

	buf_init(&b, HEADERS_MAX);
	if (join_lines(r, name, &b))
		joined = arena_str(arena, buf_str(&b));
	buf_release(&b);
	return joined;
}

size_t
http_address(const struct http_request *r, unsigned char to[16])
{
	const struct proxies *proxies = r->http->options.proxies;
	const struct http_connection *c = r->peer;
	const struct address *peer = c->addressed ? &c->address : NULL;
	struct address client;
	struct buf list;
	bool known = peer != NULL;

	if (known)
		client = *peer;
	if (proxies != NULL && proxies_trust(proxies, peer)) {
		buf_init(&list, HEADERS_MAX);
		join_lines(r, FORWARDED, &list);
		known = proxies_client(proxies, peer, buf_str(&list),
		    &client);
		buf_release(&list);
	}
	return known ? address_network(&client, to) : 0;
}

const struct tls_peer *
http_peer(const struct http_request *r)
{
	struct http_connection *c = r->peer;
	const union MHD_ConnectionInfo *info;

	if (!c->http->tls)
		return NULL;
	if (!c->asked) {
		info = MHD_get_connection_info(r->connection,
		    MHD_CONNECTION_INFO_GNUTLS_SESSION);
		if (info == NULL)
			c->peer = (struct tls_peer){
				.kind = TLS_PEER_REFUSED,
				.why = "it can't be asked for"
			};
		else
			tls_peer_read(&c->peer, info->tls_session);
		c->asked = true;
	}
	return &c->peer;
}

bool
http_gone(const struct http_request *r)
{
	return r->peer == NULL || connection_gone(r->peer);
}

/* ---- answers ---- */

void
request_decide(struct http_request *r, unsigned status,
    struct MHD_Response *answer, bool owned)
{
	if (r->peer == NULL) {
		if (owned)
			MHD_destroy_response(answer);
		request_put(r->http, r);
		return;
	}
	r->status = status;
	r->answer = answer;
	r->owned = owned;
	connection_let_go(r->peer);
}

static bool
is_set(const struct http_request *r, const char *name)
{
	unsigned i;

	for (i = 0; i < r->n_set; i++)
		if (strcasecmp(r->set[i].name, name) == 0)
			return true;
	return false;
}

bool
http_set(struct http_request *r, const char *name, const char *value)
{
	size_t n = strlen(value);

	if (r->n_set == HTTP_SET_MAX || n >= HTTP_SET_TEXT)
		return false;
	r->set[r->n_set].name = name;
	memcpy(r->set[r->n_set++].value, value, n + 1);
	return true;
}

struct MHD_Response *
request_dress(struct http_request *r, struct MHD_Response *answer,
    const char *type)
{
	unsigned i;

	if (answer == NULL)
		return NULL;
	if (type != NULL)
		MHD_add_response_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE,
		    type);
	for (i = 0; i < r->n_set; i++)
		MHD_add_response_header(answer, r->set[i].name,
		    r->set[i].value);
	if (r->http->stopping)
		MHD_add_response_header(answer, MHD_HTTP_HEADER_CONNECTION,
		    "close");
	return answer;
}

static void
answer_bytes(struct http_request *r, unsigned status, const char *type,
    struct str body)
{
	struct MHD_Response *answer = request_dress(r,
	    MHD_create_response_from_buffer(body.n,
	    body.n ? (void *)(uintptr_t)body.p : NULL,
	    MHD_RESPMEM_MUST_COPY), type);

	if (answer != NULL)
		request_decide(r, status, answer, true);
	else	/* no memory for words, but the status is what counts */
		request_decide(r, status, r->http->empty[r->http->stopping],
		    false);
}

void
http_answer(struct http_request *r, unsigned status)
{
	if (r->n_set > 0)
		answer_bytes(r, status, NULL, STR_NONE);
	else
		request_decide(r, status, r->http->empty[r->http->stopping],
		    false);
}

void
http_answer_text(struct http_request *r, unsigned status, const char *type,
    struct str body)
{
	answer_bytes(r, status, type, body);
}

void
http_problem_item(struct http_request *r, unsigned status,
    const char *detail, size_t item)
{
	struct buf b;

	buf_init(&b, PROBLEM_MAX);
	buf_puts(&b, "{\"title\":");
	json_put_string(&b, str_z(MHD_get_reason_phrase_for(status)));
	buf_printf(&b, ",\"status\":%u,\"detail\":", status);
	json_put_string(&b, str_z(detail));
	/* where clients of Mainflux of 2023 look */
	buf_puts(&b, ",\"error\":");
	json_put_string(&b, str_z(detail));
	buf_puts(&b, ",\"message\":");
	json_put_string(&b, str_z(MHD_get_reason_phrase_for(status)));
	if (item > 0)
		buf_printf(&b, ",\"item\":%zu", item);
	buf_puts(&b, "}\n");
	if ((status == MHD_HTTP_SERVICE_UNAVAILABLE ||
	    status == MHD_HTTP_TOO_MANY_REQUESTS) &&
	    !is_set(r, MHD_HTTP_HEADER_RETRY_AFTER))
		http_set(r, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	answer_bytes(r, status, "application/problem+json", buf_str(&b));
	buf_release(&b);
}

void
http_problem(struct http_request *r, unsigned status, const char *detail)
{
	http_problem_item(r, status, detail, 0);
}

static enum MHD_Result
give_answer(struct http_request *r)
{
	struct MHD_Response *answer = r->answer;
	enum MHD_Result given;

	given = MHD_queue_response(r->connection, r->status, answer);
	r->answer = NULL;
	if (r->owned)
		MHD_destroy_response(answer);
	return given;
}

/* ---- what comes in ---- */

/*
 * What libmicrohttpd 0.9.75 takes and another server in front of us could
 * read otherwise is refused: a space in the path or behind a name, two
 * lengths, a length beside chunks, an encoding that is none.
 */
struct framing {
	int lengths, encodings, hosts;
	/* each of these says one thing, and two would say two */
	int keys, types, seen;
	bool chunked, malformed;
};

/* a space or a control character */
static bool
has_gap(const char *p, size_t n)
{
	size_t i;

	for (i = n < SPAN ? 0 : span_name(p, p + n); i < n; i++)
		if ((unsigned char)p[i] <= ' ' || p[i] == 0x7f)
			return true;
	return false;
}

/* what would end a header's line elsewhere */
static bool
has_break(const char *p, size_t n)
{
	size_t plain = n > 0 ? span_plain(p, p + n) : 0;

	return plain < n && (memchr(p + plain, '\r', n - plain) != NULL ||
	    memchr(p + plain, '\0', n - plain) != NULL);
}

static enum MHD_Result
look_at_header(void *arg, enum MHD_ValueKind kind, const char *name, size_t n,
    const char *value, size_t value_n)
{
	struct framing *f = arg;

	(void)kind;
	if (n == 0 || has_gap(name, n) || has_break(value, value_n))
		f->malformed = true;
	if (n == 4 && strcasecmp(name, "Host") == 0)
		f->hosts++;
	else if (n == 13 && strcasecmp(name, "Authorization") == 0)
		f->keys++;
	else if (n == 12 && strcasecmp(name, "Content-Type") == 0)
		f->types++;
	else if (n == 13 && strcasecmp(name, "Last-Event-ID") == 0)
		f->seen++;
	else if (n == 14 && strcasecmp(name, "Content-Length") == 0)
		f->lengths++;
	else if (n == 17 && strcasecmp(name, "Transfer-Encoding") == 0) {
		f->encodings++;
		f->chunked = value != NULL && strcasecmp(value, "chunked") == 0;
	}
	return MHD_YES;
}

static bool
framing_sound(const struct framing *f, bool host_needed)
{
	return !f->malformed && f->hosts <= 1 && f->hosts >= host_needed &&
	    f->keys <= 1 && f->types <= 1 && f->seen <= 1 &&
	    f->lengths + f->encodings <= 1 &&
	    (f->encodings == 0 || f->chunked);
}

/* the length that a body claims to have; UINT64_MAX when unknown */
static uint64_t
body_claimed(const struct http_request *r, const struct framing *f)
{
	struct str text = http_header(r, MHD_HTTP_HEADER_CONTENT_LENGTH);
	int64_t n;

	if (f->encodings > 0)
		return UINT64_MAX;
	if (text.p == NULL)
		return 0;
	/* libmicrohttpd has refused what is no number */
	return number_parse(text.p, 0, INT64_MAX, &n) ? (uint64_t)n :
	    UINT64_MAX - 1;
}

static void
refuse_length(struct http_request *r)
{
	char why[80];

	snprintf(why, sizeof why, "the body is longer than %zu bytes",
	    r->http->options.max_body);
	http_problem(r, MHD_HTTP_CONTENT_TOO_LARGE, why);
}

/* The headers are there.  True when the answer is to be sent at once, which
 * ends the connection; else the body is read first, even if for nothing. */
static bool
begin(struct http *h, struct http_request *r, const char *version)
{
	struct framing f = { .malformed = has_gap(r->path.p, r->path.n) };
	bool waits = http_header(r, MHD_HTTP_HEADER_EXPECT).p != NULL;
	uint64_t claimed;

	MHD_get_connection_values_n(r->connection, MHD_HEADER_KIND,
	    look_at_header, &f);
	if (!framing_sound(&f, strcmp(version, MHD_HTTP_VERSION_1_1) == 0)) {
		http_problem(r, MHD_HTTP_BAD_REQUEST,
		    "the request is ambiguous or malformed");
		return true;
	}
	claimed = body_claimed(r, &f);
	if ((waits || claimed > BODY_SMALL) && h->options.early != NULL)
		h->options.early(r, h->options.arg);
	if (r->answer == NULL && f.encodings == 0 &&
	    claimed > h->options.max_body)
		refuse_length(r);
	return r->answer != NULL && (waits ||
	    (f.encodings == 0 && claimed > BODY_DISCARD));
}

/* Have they one sender: one thing or user; of those of whom that is not
 * known, one address that is not a proxy's? */
static bool
same_sender(const struct http *h, const struct http_request *a,
    const struct http_request *b)
{
	const struct proxies *proxies = h->options.proxies;

	if (*a->caller != '\0' || *b->caller != '\0')
		return strcmp(a->caller, b->caller) == 0;
	return a->peer->addressed && b->peer->addressed &&
	    address_same_network(&a->peer->address, &b->peer->address) &&
	    (proxies == NULL || !proxies_trust(proxies, &a->peer->address));
}

/* Is too much being received, of all or of this one's sender? */
static bool
bodies_full(const struct http *h, const struct http_request *r)
{
	const struct http_connection *c;
	size_t n = 0;

	if (h->bodies > h->options.max_bodies)
		return true;
	for (c = h->first; c != NULL; c = c->next)
		if (c->request != NULL && same_sender(h, r, c->request))
			n += c->request->bytes.cap;
	return n > h->options.max_bodies / BODIES_SHARE;
}

static enum MHD_Result
body_take(struct http *h, struct http_request *r, const char *data, size_t n)
{
	size_t cap = r->bytes.cap;

	r->received += n;
	if (r->answer != NULL)
		return r->received > BODY_DISCARD + h->options.max_body ?
		    MHD_NO : MHD_YES;
	buf_put(&r->bytes, data, n);
	h->bodies += r->bytes.cap - cap;
	if (r->bytes.full) {
		refuse_length(r);
		body_drop(h, r);
	} else if (r->bytes.cap > cap && bodies_full(h, r)) {
		http_problem(r, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "too much is being received at once");
		body_drop(h, r);
	}
	return MHD_YES;
}

static struct http_request *
request_new(struct http *h, struct MHD_Connection *connection,
    const char *url, const char *method)
{
	struct http_request *r = request_get(h);

	r->http = h;
	r->connection = connection;
	r->peer = MHD_get_connection_info(connection,
	    MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	r->peer->request = r;
	r->method = str_z(method);
	r->path = str_z(url);
	r->begun = h->now;
	h->active++;
	return r;
}

enum MHD_Result
request_step(void *http, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *n,
    void **request)
{
	struct http *h = http;
	struct http_request *r = *request;
	enum MHD_Result ret;

	if (r == NULL) {
		*request = r = request_new(h, connection, url, method);
		return begin(h, r, version) ? give_answer(r) : MHD_YES;
	}
	if (*n > 0) {
		ret = body_take(h, r, data, *n);
		*n = 0;
		return ret;
	}
	if (!r->whole) {
		r->whole = true;
		r->body = buf_str(&r->bytes);
		if (r->answer == NULL)
			h->options.handle(r, h->options.arg);
		if (r->answer == NULL && h->options.late)
			connection_hold(r->peer);
	}
	/* without an answer we are asked again at the next turn */
	return r->answer != NULL ? give_answer(r) : MHD_YES;
}

void
request_ended(void *http, struct MHD_Connection *connection, void **request,
    enum MHD_RequestTerminationCode how)
{
	struct http *h = http;
	struct http_request *r = *request;

	(void)connection;
	(void)how;
	if (r == NULL)
		return;
	*request = NULL;
	r->elapsed = http_clock() - r->begun;
	if (h->options.ended != NULL)
		h->options.ended(r, h->options.arg);
	r->peer->request = NULL;
	r->peer->since = h->now;
	r->peer = NULL;
	h->active--;
	if (r->whole && r->status == 0)
		return;		/* the program still has it */
	if (r->answer != NULL && r->owned)
		MHD_destroy_response(r->answer);
	request_put(h, r);
}
