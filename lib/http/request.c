/* SPDX-License-Identifier: Apache-2.0 */
#include "http/request.h"

#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "http/chars.h"
#include "http/conn.h"
#include "http/cors.h"
#include "http/path.h"

#define FORWARDED STR("X-Forwarded-For")

struct str
http_header(const struct http_request *r, const char *name)
{
	struct str value = STR_NONE;
	unsigned i = 0;

	return http1_value(&r->head, str_z(name), &i, &value) ? value :
	    STR_NONE;
}

/* all lines of a field, as one list; false: there is none */
static bool
request_join(const struct http_request *r, struct str name, struct buf *to)
{
	struct str value;
	unsigned i = 0;
	bool any = false;

	while (http1_value(&r->head, name, &i, &value)) {
		if (any)
			buf_putc(to, ',');
		buf_put_str(to, value);
		any = true;
	}
	return any;
}

struct str
http_headers(const struct http_request *r, const char *name,
    struct arena *arena)
{
	struct str joined = STR_NONE;
	struct buf b;

	buf_init(&b, HTTP1_HEAD_MAX);
	if (request_join(r, str_z(name), &b))
		joined = arena_str(arena, buf_str(&b));
	buf_release(&b);
	return joined;
}

void
http_query(const struct http_request *r,
    void (*each)(void *, struct str, struct str), void *arg)
{
	struct str rest = r->head.query;

	while (rest.n > 0) {
		const char *end = memchr(rest.p, '&', rest.n);
		struct str pair = {
			rest.p, end ? (size_t)(end - rest.p) : rest.n
		};
		const char *eq = pair.n ? memchr(pair.p, '=', pair.n) : NULL;
		struct str value = STR_NONE;

		rest = str_from(rest, end ? pair.n + 1 : pair.n);
		if (eq != NULL) {
			value = str_from(pair, (size_t)(eq - pair.p) + 1);
			pair.n = (size_t)(eq - pair.p);
		}
		if (pair.n > 0 || value.p != NULL)
			each(arg, pair, value);
	}
}

static bool
request_client(const struct http_request *r, struct address *client)
{
	const struct proxies *proxies = r->http->options.proxies;
	const struct peer_address *p = &r->conn->peer;
	const struct address *peer = p->known ? &p->address : NULL;
	struct buf list;
	bool known = peer != NULL;

	if (known)
		*client = *peer;
	if (proxies != NULL && proxies_trust(proxies, peer)) {
		buf_init(&list, HTTP1_HEAD_MAX);
		request_join(r, FORWARDED, &list);
		known = proxies_client(proxies, peer, buf_str(&list), client);
		buf_release(&list);
	}
	return known;
}

bool
http_client(const struct http_request *r, struct address *client)
{
	return r->conn != NULL && request_client(r, client);
}

size_t
http_address(const struct http_request *r, unsigned char to[16])
{
	struct address client;

	return request_client(r, &client) ? address_network(&client, to) : 0;
}

const struct certificate *
http_certificate(const struct http_request *r)
{
	struct http_conn *c = r->conn;

	if (c->sock.ssl == NULL)
		return NULL;
	if (c->certificate == NULL) {
		c->certificate = memory_get(sizeof *c->certificate);
		certificate_of(c->certificate, c->sock.ssl);
	}
	return c->certificate;
}

size_t
http_channel_binding(const struct http_request *r,
    unsigned char to[HTTP_BINDING_MAX])
{
	return r->conn == NULL ? 0 : tls_binding(r->conn->sock.ssl, to,
	    HTTP_BINDING_MAX);
}

bool
http_gone(const struct http_request *r)
{
	return r->conn == NULL || sock_gone(&r->conn->sock);
}

bool
http_origin_admitted(const struct http_request *r)
{
	return cors_admits(r->http->options.cors, &r->head);
}

bool
http_body_uncoded(struct http_request *r)
{
	struct str coding;
	unsigned i = 0;

	while (http1_value(&r->head, STR("Content-Encoding"), &i, &coding)) {
		if (coding.n == 0 || http_same(coding, STR("identity")))
			continue;
		http_set(r, "Accept-Encoding", "identity");
		http_problem(r, 415, "a body must not have a Content-Encoding");
		return false;
	}
	return true;
}
