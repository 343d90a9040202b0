/* SPDX-License-Identifier: Apache-2.0 */
#include "http/ws_handshake.h"

#include <openssl/evp.h>

#include "http/chars.h"
#include "net/openssl.h"

#define SHA1_BYTES 20
#define KEY_BYTES 16

bool
ws_handshake_asked(const struct http1 *r)
{
	struct str value, protocol;
	unsigned i = 0;
	bool asked = false;

	while (http1_value(r, STR("Upgrade"), &i, &value))
		while (http_list_next(&value, HTTP_PROTOCOL, &protocol) ==
		    HTTP_LIST_ELEMENT)
			asked = asked ||
			    http_same(protocol, STR("websocket"));
	return asked && r->upgrades && r->minor > 0;
}

/* ---- the key ---- */

/* base64 of 16 bytes: 22 letters, of which the last has 4 bits that are 0,
 * and "==" (RFC 6455 4.1, RFC 4648 3.5) */
static bool
ws_handshake_key_valid(struct str key)
{
	static const char last[] = "AQgw";
	size_t i;

	if (key.n != WS_KEY_TEXT || key.p[22] != '=' || key.p[23] != '=' ||
	    memchr(last, key.p[21], sizeof last - 1) == NULL)
		return false;
	for (i = 0; i < 22; i++)
		if (key.p[i] != '+' && key.p[i] != '/' &&
		    (key.p[i] == '-' || key.p[i] == '.' || key.p[i] == '_' ||
		    key.p[i] == '~' || !http_is(key.p[i], HTTP_UNRESERVED)))
			return false;
	return true;
}

/* When memory runs out while OpenSSL looks for it, it is never found again. */
static EVP_MD *handshake_sha1;

bool
ws_handshake_prepare(void)
{
	if (handshake_sha1 == NULL && openssl_is_ready())
		handshake_sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	return handshake_sha1 != NULL;
}

/* base64 of the SHA-1 of the key and the protocol's name (4.2.2) */
static bool
ws_handshake_accept(struct ws_handshake *h, struct str key)
{
	static const char name[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char text[WS_KEY_TEXT + sizeof name];
	unsigned char sum[EVP_MAX_MD_SIZE], out[WS_ACCEPT_TEXT + 1];
	unsigned n = 0;

	memcpy(text, key.p, WS_KEY_TEXT);
	memcpy(text + WS_KEY_TEXT, name, sizeof name - 1);
	if (EVP_Digest(text, WS_KEY_TEXT + sizeof name - 1, sum, &n,
	    handshake_sha1 ? handshake_sha1 : EVP_sha1(), NULL) != 1 ||
	    n != SHA1_BYTES)
		return false;
	EVP_EncodeBlock(out, sum, SHA1_BYTES);
	memcpy(h->accept, out, sizeof h->accept);
	return true;
}

/* ---- extensions and subprotocols ---- */

static struct str
ws_handshake_skip(struct str s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = str_from(s, 1);
	return s;
}

/* takes a token off, with the white space after it */
static bool
ws_handshake_take_token(struct str *s)
{
	size_t n = 0;

	while (n < s->n && http_is(s->p[n], HTTP_TOKEN))
		n++;
	*s = ws_handshake_skip(str_from(*s, n));
	return n > 0;
}

/* the value of a parameter; what is quoted has to be a token (RFC 6455 9.1) */
static bool
ws_handshake_take_value(struct str *s)
{
	size_t n = 1, letters = 0;

	if (s->n == 0 || s->p[0] != '"')
		return ws_handshake_take_token(s);
	while (n < s->n && s->p[n] != '"') {
		if (s->p[n] == '\\')
			n++;
		if (n >= s->n || !http_is(s->p[n++], HTTP_TOKEN))
			return false;
		letters++;
	}
	if (n >= s->n || letters == 0)
		return false;
	*s = ws_handshake_skip(str_from(*s, n + 1));
	return true;
}

static bool
ws_handshake_take_char(struct str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = ws_handshake_skip(str_from(*s, 1));
	return true;
}

/* token *( ";" token [ "=" value ] ), with commas in between; like all lists
 * it may have empty elements (RFC 9110 5.6.1), but not be empty */
static bool
ws_handshake_extensions_valid(struct str s)
{
	bool any = false;

	for (;;) {
		while (ws_handshake_take_char(&s, ','))
			;
		if (s.n == 0)
			return any;
		if (!ws_handshake_take_token(&s))
			return false;
		any = true;
		while (ws_handshake_take_char(&s, ';'))
			if (!ws_handshake_take_token(&s) ||
			    (ws_handshake_take_char(&s, '=') &&
			    !ws_handshake_take_value(&s)))
				return false;
		if (s.n > 0 && s.p[0] != ',')
			return false;
	}
}

static bool
ws_handshake_check_extensions(const struct http1 *r)
{
	struct str value;
	unsigned i = 0;

	while (http1_value(r, STR("Sec-WebSocket-Extensions"), &i, &value))
		if (!ws_handshake_extensions_valid(value))
			return false;
	return true;
}

static struct str
ws_handshake_find(const struct str *protocols, struct str name)
{
	while (protocols != NULL && protocols->p != NULL &&
	    !str_eq(*protocols, name))
		protocols++;
	return protocols != NULL ? *protocols : STR_NONE;
}

/* the k-th name again among those before it */
static bool
ws_handshake_is_twice(const struct http1 *r, unsigned k, struct str name)
{
	struct str value, element;
	unsigned i = 0, n = 0;

	while (http1_value(r, STR("Sec-WebSocket-Protocol"), &i, &value))
		while (n < k && http_list_next(&value, HTTP_TOKEN,
		    &element) == HTTP_LIST_ELEMENT) {
			n++;
			if (str_eq(element, name))
				return true;
		}
	return false;
}

#define PROTOCOLS_MAX 32

/* 1#token, each another (RFC 6455 4.1, 11.3.4) */
static bool
ws_handshake_take_protocols(struct ws_handshake *h, const struct http1 *r,
    const struct str *protocols)
{
	struct str value, name;
	enum http_list next;
	unsigned i = 0, n = 0, before;

	while (http1_value(r, STR("Sec-WebSocket-Protocol"), &i, &value)) {
		before = n;
		while ((next = http_list_next(&value, HTTP_TOKEN, &name)) ==
		    HTTP_LIST_ELEMENT) {
			if (n == PROTOCOLS_MAX ||
			    ws_handshake_is_twice(r, n, name))
				return false;
			n++;
			if (h->protocol.p == NULL)
				h->protocol = ws_handshake_find(protocols,
				    name);
		}
		if (next == HTTP_LIST_BAD || n == before)
			return false;
	}
	return true;
}

/* ---- the whole ---- */

static unsigned
ws_handshake_refuse(struct ws_handshake *h, unsigned status, const char *why)
{
	h->why = why;
	return status;
}

unsigned
ws_handshake_read(struct ws_handshake *h, const struct http1 *r,
    const struct str *protocols)
{
	struct str version, key;

	*h = (struct ws_handshake){ .why = NULL };
	if (!str_eq(r->method, STR("GET")))
		return ws_handshake_refuse(h, 400,
		    "a WebSocket is opened by GET");
	if (r->framing == HTTP1_CHUNKED || r->length > 0)
		return ws_handshake_refuse(h, 400,
		    "a WebSocket's handshake has no body");
	if (!http1_single(r, STR("Sec-WebSocket-Version"), &version) ||
	    version.p == NULL)
		return ws_handshake_refuse(h, 400,
		    "Sec-WebSocket-Version is missing or there twice");
	if (!str_eq(version, STR("13")))
		return ws_handshake_refuse(h, 426,
		    "only version 13 of WebSocket is supported");
	if (!http1_single(r, STR("Sec-WebSocket-Key"), &key) ||
	    !ws_handshake_key_valid(key))
		return ws_handshake_refuse(h, 400,
		    "Sec-WebSocket-Key is not the base64 of 16 bytes");
	if (!ws_handshake_check_extensions(r))
		return ws_handshake_refuse(h, 400,
		    "Sec-WebSocket-Extensions is malformed");
	if (!ws_handshake_take_protocols(h, r, protocols))
		return ws_handshake_refuse(h, 400,
		    "Sec-WebSocket-Protocol is malformed");
	if (!ws_handshake_accept(h, key))
		return ws_handshake_refuse(h, 500, "SHA-1 is not available");
	return 101;
}

void
ws_handshake_answer(struct buf *to, const struct ws_handshake *h,
    const struct http1 *r, struct stamp now)
{
	struct http_response a = { .status = 101, .upgrade = "websocket" };

	/* RFC 9110 7.8 */
	if (r->expects)
		http_response_continue(to);
	http_response_begin(to, &a, r, now);
	http_response_field(to, STR("Sec-WebSocket-Accept"),
	    str_z(h->accept));
	if (h->protocol.p != NULL)
		http_response_field(to, STR("Sec-WebSocket-Protocol"),
		    h->protocol);
	http_response_end(to);
}
