/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http1.h"

#include "http/chars.h"
#include "http/target.h"

void
http1_begin(struct http1 *r)
{
	memset(r, 0, offsetof(struct http1, lines));
}

bool
http1_begun(const struct http1 *r)
{
	uint32_t n = r->at - r->first;

	return n > 1 || (n == 1 && r->base[r->first] != '\r');
}

enum http1_result
http1_refuse(struct http1 *r, unsigned status, const char *why)
{
	r->status = status;
	r->why = why;
	r->keep = false;
	return HTTP1_REFUSED;
}

static struct str
http1_text(const struct http1 *r, struct http1_span span)
{
	return (struct str){ r->base + span.at, span.n };
}

bool
http1_value(const struct http1 *r, struct str name, unsigned *i,
    struct str *value)
{
	while (*i < r->fields) {
		const struct http1_line *line = &r->lines[(*i)++];

		if (line->name.n != name.n ||
		    !http_same(http1_text(r, line->name), name))
			continue;
		*value = http1_text(r, line->value);
		return true;
	}
	return false;
}

bool
http1_single(const struct http1 *r, struct str name, struct str *value)
{
	struct str other;
	unsigned i = 0;

	*value = STR_NONE;
	return !http1_value(r, name, &i, value) ||
	    !http1_value(r, name, &i, &other);
}

/* ---- the request line ---- */

static enum http1_result
http1_take_version(struct http1 *r, struct str s)
{
	if (s.n != 8 || !str_starts(s, STR("HTTP/")) || s.p[6] != '.' ||
	    s.p[5] < '0' || s.p[5] > '9' || s.p[7] < '0' || s.p[7] > '9')
		return http1_refuse(r, 400, "the request line is malformed");
	if (s.p[5] != '1' || s.p[7] > '1')
		return http1_refuse(r, 505,
		    "only HTTP/1.1 and HTTP/1.0 are spoken here");
	r->minor = (unsigned)(s.p[7] - '0');
	return HTTP1_MORE;
}

/* A method that is longer than all that are known; it may have no end. */
static enum http1_result
http1_refuse_method(struct http1 *r)
{
	return http1_refuse(r, 501, "the method is not supported");
}

/*
 * method SP request-target SP HTTP-version, each once (RFC 9112 3).  Only
 * checked here: the target is read once the head is whole and lies still.
 */
static enum http1_result
http1_take_request_line(struct http1 *r, const char *p, size_t n)
{
	const char *space = memchr(p, ' ', n), *end = p + n, *second;

	if (space == NULL || !http_all((struct str){ p, (size_t)(space - p) },
	    HTTP_TOKEN))
		return http1_refuse(r, 400, "the request line is malformed");
	if (space - p > HTTP1_METHOD_MAX)
		return http1_refuse_method(r);
	r->method = (struct str){ p, (size_t)(space - p) };
	r->is_head = str_eq(r->method, STR("HEAD"));
	r->has_request_line = true;
	second = memchr(space + 1, ' ', (size_t)(end - space) - 1);
	if (second == NULL || second == space + 1)
		return http1_refuse(r, 400, "the request line is malformed");
	r->target = (struct http1_span){ (uint16_t)(space + 1 - r->base),
	    (uint16_t)(second - space - 1) };
	return http1_take_version(r, (struct str){ second + 1,
	    (size_t)(end - second) - 1 });
}

/* The head is whole, and the buffer does not move any more. */
static enum http1_result
http1_take_target(struct http1 *r, char *buf)
{
	struct http_target target;
	const char *why;

	r->method.p = buf + r->first;
	/* a tunnel is not made here, and its target has another form */
	if (str_eq(r->method, STR("CONNECT")))
		return http1_refuse(r, 501, "CONNECT is not supported");
	why = http_target_read(&target, buf + r->target.at, r->target.n,
	    str_eq(r->method, STR("OPTIONS")));
	if (why != NULL)
		return http1_refuse(r, 400, why);
	r->path = target.path;
	r->query = target.query;
	r->authority = target.authority;
	r->https = target.https;
	return HTTP1_MORE;
}

/* ---- field lines ---- */

/* field-name ":" OWS field-value OWS (RFC 9112 5) */
static enum http1_result
http1_take_field(struct http1 *r, const struct http1_limits *l, char *buf,
    struct str line)
{
	const char *colon = memchr(line.p, ':', line.n);
	struct str name, value;

	if (line.p[0] == ' ' || line.p[0] == '\t')
		return http1_refuse(r, 400, "a field line is folded");
	if (colon == NULL)
		return http1_refuse(r, 400, "a field line has no colon");
	name = (struct str){ line.p, (size_t)(colon - line.p) };
	if (!http_all(name, HTTP_TOKEN))
		return http1_refuse(r, 400, "a field name is not a token");
	if (r->fields >= l->fields || r->fields >= HTTP1_FIELDS_MAX)
		return http1_refuse(r, 431, "too many fields");
	value = http_trim(str_from(line, name.n + 1));
	r->lines[r->fields++] = (struct http1_line){
		{ (uint16_t)(name.p - buf), (uint16_t)name.n },
		{ (uint16_t)(value.p - buf), (uint16_t)value.n },
	};
	return HTTP1_MORE;
}

/* ---- lines ---- */

/* A whole line without its CRLF. */
static enum http1_result
http1_take_line(struct http1 *r, const struct http1_limits *l, char *buf)
{
	struct str line = { buf + r->line, r->at - r->line - 2 };

	if (!r->has_request_line && line.n == 0) {
		/* some clients send one after a body (RFC 9112 2.2) */
		if (r->first > 0)
			return http1_refuse(r, 400, "an empty request line");
		r->first = (uint16_t)r->at;
		return HTTP1_MORE;
	}
	if (!r->has_request_line)
		return http1_take_request_line(r, buf + r->line, line.n);
	if (line.n > 0)
		return http1_take_field(r, l, buf, line);
	r->size = r->at;
	if (http1_take_target(r, buf) == HTTP1_REFUSED)
		return HTTP1_REFUSED;
	return http1_frame(r, l);
}

/* Is this byte good where it stands?  None but CRLF ends a line. */
static const char *
http1_check_byte(const struct http1 *r, const char *buf)
{
	char c = buf[r->at];
	bool after_cr = r->at > r->line && buf[r->at - 1] == '\r';

	if (c == '\n')
		return after_cr ? NULL : "a line ends with LF alone";
	if (after_cr)
		return "a CR without LF";
	if (c != '\r' && !http_is(c, HTTP_VALUE))
		return "a control character";
	return NULL;
}

/* is what has come of this line too long? */
static enum http1_result
http1_check_length(struct http1 *r, const struct http1_limits *l,
    const char *buf)
{
	uint32_t n = r->at - r->line;

	if (!r->has_request_line && n > l->line)
		return memchr(buf + r->line, ' ', HTTP1_METHOD_MAX + 1) ?
		    http1_refuse(r, 414, "the request line is too long") :
		    http1_refuse_method(r);
	if (r->has_request_line && n > l->field)
		return http1_refuse(r, 431, "a field is too long");
	if (r->at > l->head || r->at > HTTP1_HEAD_MAX)
		return http1_refuse(r, 431, "the fields are too long");
	return HTTP1_MORE;
}

/* Past the bytes within a line, as far as no limit is reached. */
static void
http1_skip(struct http1 *r, const struct http1_limits *l, const char *buf,
    size_t n)
{
	size_t at = r->at;
	size_t end = (size_t)r->line + (r->has_request_line ? l->field :
	    l->line);

	if (end > n)
		end = n;
	if (end > l->head)
		end = l->head;
	if (at > r->line && buf[at - 1] == '\r')
		return;
	while (at < end && http_is(buf[at], HTTP_VALUE))
		at++;
	r->at = (uint32_t)at;
}

enum http1_result
http1_head(struct http1 *r, const struct http1_limits *l, char *buf, size_t n)
{
	enum http1_result result = HTTP1_MORE;
	const char *why;

	r->base = buf;
	while (result == HTTP1_MORE && r->at < n) {
		http1_skip(r, l, buf, n);
		if (r->at == n)
			break;
		why = http1_check_byte(r, buf);
		if (why != NULL)
			return http1_refuse(r, 400, why);
		r->at++;
		result = http1_check_length(r, l, buf);
		if (result == HTTP1_MORE && buf[r->at - 1] == '\n') {
			result = http1_take_line(r, l, buf);
			r->line = r->at;
		}
	}
	return result;
}
