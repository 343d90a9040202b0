/* SPDX-License-Identifier: Apache-2.0 */
#include "http/answer.h"

#include <stdio.h>
#include <string.h>

#include "http/chars.h"
#include "http/conn.h"
#include "http/cors.h"
#include "http/request_receive.h"
#include "json/json.h"

#define PROBLEM_MAX 8192

/* ---- the head ---- */

struct iovec
answer_head(struct http_request *r, struct http_response *a, const char *type)
{
	struct http_conn *c = r->conn;
	struct buf *b = &r->http->head;

	a->status = r->status;
	/* what follows a body without a length is most likely that body */
	a->close = c->closes || c->ended || r->http->stopping ||
	    r->status == 411;
	buf_clear(b);
	http_response_begin(b, a, &r->head, stamp_now());
	if (type != NULL)
		http_response_field(b, STR("Content-Type"), str_z(type));
	buf_put_str(b, buf_str(&r->set));
	/* of a request that could not be read there are no fields to go by */
	if (r->begun != 0)
		cors_put(b, r->http->options.cors, &r->head);
	http_response_end(b);
	c->closes = a->close;
	return (struct iovec){ b->p, b->n };
}

bool
http_set(struct http_request *r, const char *name, const char *value)
{
	return http_response_field(&r->set, str_z(name), str_z(value)) &&
	    !r->set.full;
}

static bool
answer_is_set(const struct http_request *r, struct str name)
{
	struct str lines = buf_str(&r->set), line;

	while (str_take_line(&lines, &line))
		if (line.n > name.n && line.p[name.n] == ':' &&
		    http_same((struct str){ line.p, name.n }, name))
			return true;
	return false;
}

/* ---- whole answers ---- */

void
http_answer_text(struct http_request *r, unsigned status, const char *type,
    struct str body)
{
	struct http_response a = {
		.length = body.n,
		.upgrade = status == 426 ? "websocket" : NULL
	};
	struct http_conn *c = r->conn;
	struct iovec v[2];

	r->status = status;
	if (c == NULL) {
		request_put(r);
		return;
	}
	if (r->http->options.on_answer != NULL)
		r->http->options.on_answer(r, r->http->options.arg);
	if (!r->whole) {
		request_body_drop(r);
		c->closes |= !request_can_be_read_away(r);
	}
	v[0] = answer_head(r, &a, type);
	v[1] = (struct iovec){ (char *)(uintptr_t)body.p, body.n };
	http_conn_send(c, v, a.has_content && body.n > 0 ? 2 : 1);
	if (c->state != CONN_DEAD && (r->whole || c->closes))
		http_conn_answered(c);
}

void
http_answer(struct http_request *r, unsigned status)
{
	http_answer_text(r, status, NULL, STR_NONE);
}

void
http_problem_item(struct http_request *r, unsigned status,
    const char *detail, size_t item)
{
	struct buf b;

	buf_init(&b, PROBLEM_MAX);
	buf_puts(&b, "{\"type\":\"about:blank\",\"title\":");
	json_put_string(&b, str_z(http_reason(status)));
	buf_printf(&b, ",\"status\":%u,\"detail\":", status);
	json_put_string(&b, str_z(detail));
	/* where clients of Mainflux of 2023 look */
	buf_puts(&b, ",\"error\":");
	json_put_string(&b, str_z(detail));
	buf_puts(&b, ",\"message\":");
	json_put_string(&b, str_z(http_reason(status)));
	if (item > 0)
		buf_printf(&b, ",\"item\":%zu", item);
	buf_puts(&b, "}\n");
	if ((status == 503 || status == 429) &&
	    !answer_is_set(r, STR("Retry-After")))
		http_set(r, "Retry-After", "1");
	http_answer_text(r, status, "application/problem+json", buf_str(&b));
	buf_release(&b);
}

void
http_problem(struct http_request *r, unsigned status, const char *detail)
{
	http_problem_item(r, status, detail, 0);
}

void
http_refuse_method(struct http_request *r, const char *allow)
{
	static const char known[] =
	    " GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH ";
	char method[HTTP1_METHOD_MAX + 3];

	http_set(r, "Allow", allow);
	if (cors_is_preflight(r->http->options.cors, &r->head))
		cors_put_preflight(&r->set, r->http->options.cors, allow);
	snprintf(method, sizeof method, " %.*s ", STR_ARG(r->method));
	if (str_eq(r->method, STR("OPTIONS")))
		http_answer(r, 204);
	else if (strstr(known, method) != NULL)
		http_problem(r, 405, "this path does not have that method");
	else
		http_problem(r, 501, "this is not a method of HTTP");
}
