/* SPDX-License-Identifier: Apache-2.0 */
#include "http/body.h"

#include "http/chars.h"

#define SIZE_DIGITS 16

enum body_state {
	BODY_END,
	BODY_BYTES,		/* of a body with a length */
	BODY_SIZE,		/* chunk-size */
	BODY_EXTENSION_GAP,	/* white space that a ";" has to follow */
	BODY_EXTENSION,		/* after ";" */
	BODY_EXTENSION_NAME,
	BODY_EXTENSION_AFTER,	/* a name, and white space after it */
	BODY_EXTENSION_VALUE,	/* after "=" */
	BODY_EXTENSION_TOKEN,
	BODY_EXTENSION_QUOTED,
	BODY_EXTENSION_ESCAPED,
	BODY_EXTENSION_DONE,	/* a quoted value has ended */
	BODY_SIZE_LF,
	BODY_DATA,
	BODY_DATA_CR,
	BODY_DATA_LF,
	BODY_TRAILER,		/* at the beginning of a line */
	BODY_TRAILER_NAME,
	BODY_TRAILER_VALUE,
	BODY_TRAILER_LF,
	BODY_LAST_LF,
};

static const char body_bad_chunk[] = "a chunk is malformed";
static const char body_bad_trailer[] = "a trailer field is malformed";

void
http_body_begin(struct http_body *b, const struct http1 *r, uint64_t max)
{
	*b = (struct http_body){ .max = max };
	if (r->framing == HTTP1_CHUNKED) {
		b->state = BODY_SIZE;
	} else if (r->framing == HTTP1_LENGTH && r->length > 0) {
		b->state = BODY_BYTES;
		b->left = r->length;
	}
}

static bool
body_refuse(struct http_body *b, unsigned status, const char *why)
{
	b->status = status;
	b->why = why;
	return false;
}

/* ---- the line before a chunk ---- */

static bool
body_end_line(struct http_body *b)
{
	b->state = BODY_SIZE_LF;
	return true;
}

static bool
body_take_size(struct http_body *b, char c)
{
	int digit = http_hex(c);

	if (digit >= 0) {
		if (++b->digits > SIZE_DIGITS || b->left >> 60 != 0)
			return body_refuse(b, 400, "a chunk size is too long");
		b->left = b->left << 4 | (unsigned)digit;
		return true;
	}
	if (b->digits == 0)
		return body_refuse(b, 400, "a chunk has no size");
	b->state = c == ';' ? BODY_EXTENSION : BODY_EXTENSION_GAP;
	if (c == '\r')
		return body_end_line(b);
	return c == ';' || c == ' ' || c == '\t' ||
	    body_refuse(b, 400, body_bad_chunk);
}

/* The state after a byte of an extension, or BODY_END for one that does not
 * belong there: *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted ) ] ) */
static enum body_state
body_extension_next(enum body_state state, char c)
{
	bool white = c == ' ' || c == '\t';
	bool token = http_is(c, HTTP_TOKEN);

	switch (state) {
	case BODY_EXTENSION_GAP:
		return white ? state : c == ';' ? BODY_EXTENSION : BODY_END;
	case BODY_EXTENSION:
		return white ? state : token ? BODY_EXTENSION_NAME : BODY_END;
	case BODY_EXTENSION_NAME:
		if (token)
			return state;
		return white ? BODY_EXTENSION_AFTER :
		    c == '=' ? BODY_EXTENSION_VALUE :
		    c == ';' ? BODY_EXTENSION :
		    c == '\r' ? BODY_SIZE_LF : BODY_END;
	case BODY_EXTENSION_AFTER:
		return white ? state : c == '=' ? BODY_EXTENSION_VALUE :
		    c == ';' ? BODY_EXTENSION : BODY_END;
	case BODY_EXTENSION_VALUE:
		return white ? state : token ? BODY_EXTENSION_TOKEN :
		    c == '"' ? BODY_EXTENSION_QUOTED : BODY_END;
	case BODY_EXTENSION_QUOTED:
		return c == '"' ? BODY_EXTENSION_DONE :
		    c == '\\' ? BODY_EXTENSION_ESCAPED :
		    http_is(c, HTTP_QUOTED) ? state : BODY_END;
	case BODY_EXTENSION_ESCAPED:
		return http_is(c, HTTP_VALUE) ? BODY_EXTENSION_QUOTED :
		    BODY_END;
	default:	/* BODY_EXTENSION_TOKEN, BODY_EXTENSION_DONE */
		if (token && state == BODY_EXTENSION_TOKEN)
			return state;
		return white ? BODY_EXTENSION_GAP :
		    c == ';' ? BODY_EXTENSION :
		    c == '\r' ? BODY_SIZE_LF : BODY_END;
	}
}

static bool
body_take_extension(struct http_body *b, char c)
{
	enum body_state next = body_extension_next(
	    (enum body_state)b->state, c);

	if (next == BODY_END)
		return body_refuse(b, 400, body_bad_chunk);
	if (++b->extensions > HTTP_BODY_EXTRA)
		return body_refuse(b, 400,
		    "the extensions of chunks are too long");
	b->state = (uint8_t)next;
	return true;
}

/* The size is known. */
static bool
body_begin_chunk(struct http_body *b)
{
	b->digits = 0;
	if (b->left == 0) {
		b->state = BODY_TRAILER;
		return true;
	}
	if (b->left > b->max - b->received)
		return body_refuse(b, 413, "the body is too long");
	b->state = BODY_DATA;
	return true;
}

/* ---- trailer fields ---- */

/* RFC 9110 6.5.1: framing and routing */
static bool
body_is_forbidden(const struct http_body *b)
{
	static const struct str forbidden[] = {
		{ "Content-Length", 14 }, { "Transfer-Encoding", 17 },
		{ "Host", 4 }, { "Connection", 10 }, { "Trailer", 7 },
		{ "Upgrade", 7 }, { "Expect", 6 },
	};
	struct str name = { b->name, b->name_n };
	size_t i;

	for (i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
		if (http_same(name, forbidden[i]))
			return true;
	return false;
}

static bool
body_take_name(struct http_body *b, char c)
{
	if (http_is(c, HTTP_TOKEN)) {
		if (b->name_n < sizeof b->name)
			b->name[b->name_n++] = c;
		b->state = BODY_TRAILER_NAME;
		return true;
	}
	if (c != ':' || b->state == BODY_TRAILER)
		return body_refuse(b, 400, body_bad_trailer);
	if (body_is_forbidden(b))
		return body_refuse(b, 400,
		    "a field stands in the trailer that must not");
	if (++b->fields > HTTP_BODY_TRAILERS)
		return body_refuse(b, 431, "too many trailer fields");
	b->state = BODY_TRAILER_VALUE;
	return true;
}

static bool
body_take_trailer(struct http_body *b, char c)
{
	if (++b->trailers > HTTP_BODY_EXTRA)
		return body_refuse(b, 431, "the trailer fields are too long");
	switch (b->state) {
	case BODY_TRAILER:
		b->name_n = 0;
		if (c == '\r') {
			b->state = BODY_LAST_LF;
			return true;
		}
		return body_take_name(b, c);
	case BODY_TRAILER_NAME:
		return body_take_name(b, c);
	default:	/* BODY_TRAILER_VALUE */
		if (c == '\r')
			b->state = BODY_TRAILER_LF;
		return c == '\r' || http_is(c, HTTP_VALUE) ||
		    body_refuse(b, 400, body_bad_trailer);
	}
}

/* ---- bytes ---- */

/* The rest of a CRLF: LF ends a line only after CR. */
static bool
body_take_end(struct http_body *b, char c)
{
	if (c != (b->state == BODY_DATA_CR ? '\r' : '\n'))
		return body_refuse(b, 400, b->state == BODY_TRAILER_LF ||
		    b->state == BODY_LAST_LF ? body_bad_trailer :
		    body_bad_chunk);
	switch (b->state) {
	case BODY_SIZE_LF:
		return body_begin_chunk(b);
	case BODY_DATA_CR:
		b->state = BODY_DATA_LF;
		return true;
	case BODY_DATA_LF:
		b->state = BODY_SIZE;
		return true;
	case BODY_TRAILER_LF:
		b->state = BODY_TRAILER;
		return true;
	default:	/* BODY_LAST_LF */
		b->state = BODY_END;
		return true;
	}
}

/* One byte that is not data; false when it is refused. */
static bool
body_take_byte(struct http_body *b, char c)
{
	switch (b->state) {
	case BODY_SIZE:
		return body_take_size(b, c);
	case BODY_SIZE_LF:
	case BODY_DATA_CR:
	case BODY_DATA_LF:
	case BODY_TRAILER_LF:
	case BODY_LAST_LF:
		return body_take_end(b, c);
	case BODY_TRAILER:
	case BODY_TRAILER_NAME:
	case BODY_TRAILER_VALUE:
		return body_take_trailer(b, c);
	default:
		return body_take_extension(b, c);
	}
}

static enum http_body_result
body_take_data(struct http_body *b, struct str in, struct str *data)
{
	*data = in;
	if (data->n > b->left)
		data->n = (size_t)b->left;
	b->left -= data->n;
	b->received += data->n;
	if (b->left == 0)
		b->state = b->state == BODY_BYTES ? BODY_END : BODY_DATA_CR;
	return HTTP_BODY_DATA;
}

enum http_body_result
http_body_take(struct http_body *b, const char *p, size_t n, size_t *used,
    struct str *data)
{
	enum http_body_result result;

	*used = 0;
	*data = STR_NONE;
	while (b->state != BODY_END && b->why == NULL) {
		if (*used == n)
			return HTTP_BODY_MORE;
		if (b->state == BODY_BYTES || b->state == BODY_DATA) {
			result = body_take_data(b,
			    (struct str){ p + *used, n - *used }, data);
			*used += data->n;
			return result;
		}
		if (body_take_byte(b, p[*used]))
			++*used;
	}
	return b->why == NULL ? HTTP_BODY_END : HTTP_BODY_REFUSED;
}
