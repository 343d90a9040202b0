/* SPDX-License-Identifier: Apache-2.0 */
#include "http/ws_receive.h"

#define PROTOCOL_ERROR 1002
#define NOT_UTF8 1007
#define TOO_LONG 1009
#define IS_CONTROL 8		/* a bit of the opcode */

void
ws_receive_begin(struct ws_receiver *r, uint64_t max)
{
	memset(r, 0, offsetof(struct ws_receiver, control));
	r->max = max;
}

static enum ws_got
ws_receive_fail(struct ws_receiver *r, unsigned code, const char *why)
{
	r->data = STR_NONE;
	r->over = true;
	r->code = code;
	r->why = why;
	return WS_GOT_ERROR;
}

/* ---- the header of a frame ---- */

/* how many bytes it has, as far as can be said by those that are there */
static size_t
ws_receive_header_size(const struct ws_receiver *r)
{
	unsigned length = r->header_n < 2 ? 0 : r->header[1] & 0x7f;

	return r->header_n < 2 ? 2 : length == 127 ? 14 :
	    length == 126 ? 8 : 6;
}

/* what the first byte says */
static enum ws_got
ws_receive_first(struct ws_receiver *r)
{
	unsigned opcode = r->header[0] & 0x0f;
	bool control = opcode & IS_CONTROL;

	r->final = r->header[0] & 0x80;
	r->opcode = (uint8_t)opcode;
	if (r->header[0] & 0x70)
		return ws_receive_fail(r, PROTOCOL_ERROR,
		    "a reserved bit is set");
	if (opcode > WS_PONG || (opcode > WS_BINARY && !control))
		return ws_receive_fail(r, PROTOCOL_ERROR, "a reserved opcode");
	if (control && !r->final)
		return ws_receive_fail(r, PROTOCOL_ERROR,
		    "a control frame is fragmented");
	if (opcode == WS_CONTINUATION && !r->open)
		return ws_receive_fail(r, PROTOCOL_ERROR,
		    "a continuation of nothing");
	if (opcode != WS_CONTINUATION && !control && r->open)
		return ws_receive_fail(r, PROTOCOL_ERROR,
		    "a message within another");
	return WS_GOT_NOTHING;
}

/* what the second byte says */
static enum ws_got
ws_receive_second(struct ws_receiver *r)
{
	if (!(r->header[1] & 0x80))
		return ws_receive_fail(r, PROTOCOL_ERROR,
		    "a frame is not masked");
	if (r->opcode & IS_CONTROL &&
	    (r->header[1] & 0x7f) > WS_CONTROL_MAX)
		return ws_receive_fail(r, PROTOCOL_ERROR,
		    "a control frame is too long");
	return WS_GOT_NOTHING;
}

/* The header is whole, or all of its length is there. */
static enum ws_got
ws_receive_length(struct ws_receiver *r)
{
	unsigned n = r->header[1] & 0x7f, bytes = n == 127 ? 8 : 2, i;
	uint64_t length = 0;

	if (n < 126) {
		length = n;
	} else {
		for (i = 0; i < bytes; i++)
			length = length << 8 | r->header[2 + i];
		if (length >> 63 || length < (n == 126 ? 126 : 0x10000))
			return ws_receive_fail(r, PROTOCOL_ERROR,
			    "a length is not written as it has to be");
	}
	if (!(r->opcode & IS_CONTROL) && length > r->max - r->size)
		return ws_receive_fail(r, TOO_LONG, "message too long");
	r->left = length;
	return WS_GOT_NOTHING;
}

static void
ws_receive_begin_payload(struct ws_receiver *r)
{
	r->in_payload = true;
	r->turn = 0;
	r->control_n = 0;
	if (r->opcode == WS_TEXT || r->opcode == WS_BINARY) {
		r->text = r->opcode == WS_TEXT;
		r->open = true;
	}
	if (!(r->opcode & IS_CONTROL))
		r->size += r->left;
}

/* One byte of a header; each is checked as soon as it is there. */
static enum ws_got
ws_receive_header(struct ws_receiver *r, unsigned char byte)
{
	enum ws_got got = WS_GOT_NOTHING;

	r->header[r->header_n++] = byte;
	if (r->header_n == 1)
		return ws_receive_first(r);
	if (r->header_n == 2)
		got = ws_receive_second(r);
	/* all but the mask */
	if (got == WS_GOT_NOTHING &&
	    r->header_n + (size_t)4 == ws_receive_header_size(r))
		got = ws_receive_length(r);
	if (got == WS_GOT_NOTHING && r->header_n == ws_receive_header_size(r))
		ws_receive_begin_payload(r);
	return got;
}

/* ---- its payload ---- */

/* Eight bytes at a time, with the mask as it stands at the first of them. */
static void
ws_receive_unmask(struct ws_receiver *r, char *p, size_t n)
{
	const unsigned char *mask = r->header + r->header_n - 4;
	unsigned char turned[8];
	uint64_t word, all;
	size_t i;

	for (i = 0; i < sizeof turned; i++)
		turned[i] = mask[(r->turn + i) & 3];
	memcpy(&all, turned, sizeof all);
	for (i = 0; i + sizeof word <= n; i += sizeof word) {
		memcpy(&word, p + i, sizeof word);
		word ^= all;
		memcpy(p + i, &word, sizeof word);
	}
	for (; i < n; i++)
		p[i] = (char)((unsigned char)p[i] ^ turned[i & 7]);
	r->turn = (uint8_t)((r->turn + n) & 3);
}

/* RFC 6455 7.4, and 1012 to 1014 of IANA's registry */
static bool
ws_receive_code_valid(unsigned code)
{
	return (code >= 1000 && code <= 1003) ||
	    (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

static enum ws_got
ws_receive_close(struct ws_receiver *r)
{
	struct str reason = r->data;

	r->over = true;
	r->code = 0;
	if (reason.n == 0)
		return WS_GOT_CLOSE;
	if (reason.n > 1)
		r->code = (unsigned)(unsigned char)reason.p[0] << 8 |
		    (unsigned char)reason.p[1];
	if (!ws_receive_code_valid(r->code))
		return ws_receive_fail(r, PROTOCOL_ERROR,
		    "a close code that must not be sent");
	r->data = str_from(reason, 2);
	if (!utf8_valid(r->data))
		return ws_receive_fail(r, NOT_UTF8, "a reason is not UTF-8");
	return WS_GOT_CLOSE;
}

/* A control frame is given when it is whole. */
static enum ws_got
ws_receive_control(struct ws_receiver *r, struct str piece)
{
	if (piece.n > 0)
		memcpy(r->control + r->control_n, piece.p, piece.n);
	r->control_n = (uint8_t)(r->control_n + piece.n);
	if (r->left > 0)
		return WS_GOT_NOTHING;
	r->data = (struct str){ r->control, r->control_n };
	switch (r->opcode) {
	case WS_PING:
		return WS_GOT_PING;
	case WS_PONG:
		return WS_GOT_PONG;
	default:
		return ws_receive_close(r);
	}
}

static enum ws_got
ws_receive_data(struct ws_receiver *r, struct str piece)
{
	r->data = piece;
	r->whole = r->final && r->left == 0;
	if (r->text && (!utf8_stream_take(&r->utf8, piece) ||
	    (r->whole && r->utf8.left > 0)))
		return ws_receive_fail(r, NOT_UTF8, "a text is not UTF-8");
	if (r->whole) {
		r->open = false;
		r->size = 0;
	}
	return r->whole || piece.n > 0 ? WS_GOT_DATA : WS_GOT_NOTHING;
}

static enum ws_got
ws_receive_payload(struct ws_receiver *r, char *p, size_t n, size_t *used)
{
	struct str piece = { p, n };

	if (piece.n > r->left)
		piece.n = (size_t)r->left;
	ws_receive_unmask(r, p, piece.n);
	*used += piece.n;
	r->left -= piece.n;
	if (r->left == 0) {
		r->in_payload = false;
		r->header_n = 0;
	}
	return r->opcode & IS_CONTROL ? ws_receive_control(r, piece) :
	    ws_receive_data(r, piece);
}

enum ws_got
ws_receive(struct ws_receiver *r, char *p, size_t n, size_t *used)
{
	enum ws_got got = WS_GOT_NOTHING;

	*used = r->over ? n : 0;
	r->data = STR_NONE;
	r->whole = false;
	/* a frame without payload is whole as soon as its header is */
	while (got == WS_GOT_NOTHING &&
	    (*used < n || (r->in_payload && r->left == 0)))
		got = r->in_payload ?
		    ws_receive_payload(r, p + *used, n - *used, used) :
		    ws_receive_header(r, (unsigned char)p[(*used)++]);
	return got;
}
