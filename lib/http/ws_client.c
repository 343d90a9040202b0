/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "http/ws_server.h"

#define ANSWER_MAX 2048
/* nothing else is spoken */
#define VERSION "13"

/* ---- begin and end ---- */

static bool
find_address(struct address *a, int fd)
{
	struct sockaddr_storage ss = { .ss_family = AF_UNSPEC };
	socklen_t n = sizeof ss;

	return getpeername(fd, (struct sockaddr *)&ss, &n) == 0 &&
	    address_of(a, (struct sockaddr *)&ss);
}

struct ws_client *
ws_client_new(struct ws *s, int fd)
{
	struct ws_client *c = memory_zero(1, sizeof *c);

	c->ws = s;
	c->heard = s->now;
	c->addressed = find_address(&c->address, fd);
	buf_init(&c->message, s->options.max_message);
	c->next = s->first;
	if (c->next != NULL)
		c->next->prev = c;
	s->first = c;
	s->connections++;
	return c;
}

static void
disown(struct ws_client *c)
{
	void *owner = c->owner;

	c->owner = NULL;
	c->open = false;
	if (owner != NULL)
		c->ws->options.closed(owner, c->ws->options.arg);
}

void
ws_client_free(struct ws_client *c)
{
	struct ws *s = c->ws;

	disown(c);
	if (c->next != NULL)
		c->next->prev = c->prev;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		s->first = c->next;
	s->connections--;
	if (s->adopted == c)
		s->adopted = NULL;
	buf_release(&c->message);
	ws_queue_clear(&c->queue);
	free(c);
}

void
ws_client_kill(struct ws_client *c)
{
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_REASON_BASE,
	    LWS_TO_KILL_SYNC);
}

void
ws_end(struct ws_client *c, enum ws_end code, const char *why)
{
	if (c->end != 0 || !c->open)
		return;
	c->end = (uint16_t)code;
	c->why = why;
	c->ending = c->ws->now;
	buf_release(&c->message);
	/* what was sent before a polite end comes before it */
	if (code != WS_GOING_AWAY)
		ws_queue_clear(&c->queue);
	lws_callback_on_writable(c->wsi);
}

/* ---- of one address ---- */

bool
ws_client_forwarded(const struct ws_client *c)
{
	const struct proxies *p = c->ws->options.proxies;

	return p != NULL && proxies_trust(p, c->addressed ? &c->address :
	    NULL);
}

bool
ws_client_crowded(const struct ws_client *c)
{
	unsigned most = c->ws->options.max_per_address, n = 0;
	const struct ws_client *other;

	if (most == 0 || !c->addressed)
		return false;
	for (other = c->ws->first; other != NULL; other = other->next)
		n += other->addressed &&
		    address_same_network(&other->address, &c->address);
	return n > most;
}

/* it is whom the proxy says from now on; false: that is too long */
static bool
look_behind(struct ws_client *c, struct lws *wsi)
{
	const struct proxies *p = c->ws->options.proxies;
	char list[WS_HEADER_MAX];
	int n = lws_hdr_copy(wsi, list, sizeof list,
	    WSI_TOKEN_X_FORWARDED_FOR);
	struct address client;

	if (n < 0 && lws_hdr_total_length(wsi, WSI_TOKEN_X_FORWARDED_FOR) > 0)
		return false;
	c->addressed = proxies_client(p, c->addressed ? &c->address : NULL,
	    (struct str){ list, n > 0 ? (size_t)n : 0 }, &client);
	if (c->addressed)
		c->address = client;
	return true;
}

/* ---- the handshake ---- */

struct str
ws_request_header(const struct ws_request *r, enum ws_header which,
    char to[WS_HEADER_MAX])
{
	int n = lws_hdr_copy(r->wsi, to, WS_HEADER_MAX,
	    which == WS_ORIGIN ? WSI_TOKEN_ORIGIN :
	    WSI_TOKEN_HTTP_AUTHORIZATION);

	return (struct str){ to, n > 0 ? (size_t)n : 0 };
}

bool
ws_request_argument(const struct ws_request *r, int i,
    char to[WS_HEADER_MAX], struct str *argument)
{
	int n;

	if (lws_hdr_fragment_length(r->wsi, WSI_TOKEN_HTTP_URI_ARGS, i) <= 0)
		return false;
	n = lws_hdr_copy_fragment(r->wsi, to, WS_HEADER_MAX,
	    WSI_TOKEN_HTTP_URI_ARGS, i);
	*argument = (struct str){ to, n > 0 ? (size_t)n : 0 };
	return true;
}

static void
fill_request(struct ws_request *r, struct lws *wsi, bool upgrade,
    char path[WS_HEADER_MAX])
{
	static const struct {
		enum lws_token_indexes token;
		bool get;
	} uris[] = {
		{ WSI_TOKEN_GET_URI, true }, { WSI_TOKEN_HEAD_URI, true },
		{ WSI_TOKEN_POST_URI, false }, { WSI_TOKEN_PUT_URI, false },
		{ WSI_TOKEN_DELETE_URI, false },
		{ WSI_TOKEN_PATCH_URI, false },
		{ WSI_TOKEN_OPTIONS_URI, false },
	};
	size_t i;
	int n;

	*r = (struct ws_request){ .wsi = wsi };
	for (i = 0; i < sizeof uris / sizeof *uris; i++) {
		if (lws_hdr_total_length(wsi, uris[i].token) <= 0)
			continue;
		n = lws_hdr_copy(wsi, path, WS_HEADER_MAX, uris[i].token);
		r->path = (struct str){ path, n > 0 ? (size_t)n : 0 };
		r->get = uris[i].get;
		r->upgrade = upgrade && i == 0;
	}
}

/* lws would say HTTP/1.0 to a handshake, which some clients don't take. */
static int
put_answer(struct lws *wsi, const char *status, const char *type,
    const char *more, const char *text)
{
	unsigned char out[LWS_PRE + ANSWER_MAX];
	char *to = (char *)out + LWS_PRE;
	bool head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
	int n = snprintf(to, ANSWER_MAX, "HTTP/1.1 %s\r\nContent-Type: %s\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n%s\r\n%s", status,
	    type, strlen(text), more, head ? "" : text);

	return n >= ANSWER_MAX ? -1 : lws_write(wsi, out + LWS_PRE,
	    (size_t)n, LWS_WRITE_HTTP_HEADERS) < 0 ? -1 : 0;
}

/* A refusal as application/problem+json (RFC 9457), or a text. */
static int
answer(struct lws *wsi, unsigned status, const char *why)
{
	static const struct {
		unsigned status;
		const char *text, *more;
	} known[] = {
		{ 400, "400 Bad Request", "" },
		{ 403, "403 Forbidden", "" },
		{ 404, "404 Not Found", "" },
		{ 429, "429 Too Many Requests", "Retry-After: 1\r\n" },
		{ 426, "426 Upgrade Required", "Upgrade: websocket\r\n"
		    "Sec-WebSocket-Version: " VERSION "\r\n" },
		{ 503, "503 Service Unavailable", "Retry-After: 1\r\n" },
	};
	char text[ANSWER_MAX / 2];
	size_t i = 0;

	if (status == 200)
		return put_answer(wsi, "200 OK", "text/plain; charset=utf-8",
		    "", why);
	while (i < sizeof known / sizeof *known - 1 &&
	    known[i].status != status)
		i++;
	snprintf(text, sizeof text, "{\"type\":\"about:blank\","
	    "\"status\":%u,\"detail\":\"%s\"}\n", status, why);
	return put_answer(wsi, known[i].text, "application/problem+json",
	    known[i].more, text);
}

/* What lws would close without a word. */
static const char *
look(struct lws *wsi, const char *protocol, unsigned *status)
{
	char version[8] = "";

	*status = 400;
	if (strcasecmp(protocol, "websocket") != 0)
		return "only WebSocket is served here";
	if (lws_hdr_total_length(wsi, WSI_TOKEN_KEY) <= 0)
		return "the handshake has no Sec-WebSocket-Key";
	if (lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) > 0)
		return "no subprotocol is supported";
	lws_hdr_copy(wsi, version, sizeof version, WSI_TOKEN_VERSION);
	*status = 426;
	if (strcmp(version, VERSION) != 0)
		return "only version 13 of WebSocket is supported";
	*status = 0;
	return NULL;
}

/* Whom a proxy speaks for is known only now. */
static const char *
look_at_address(struct ws_client *c, struct lws *wsi, unsigned *status)
{
	if (!ws_client_forwarded(c))
		return NULL;
	*status = 400;
	if (!look_behind(c, wsi))
		return "X-Forwarded-For is too long";
	*status = ws_client_crowded(c) ? 429 : 0;
	if (*status == 0)
		return NULL;
	return "too many connections from this address";
}

/* 0: goes on, else it has been answered: -1 to close it at once */
static int
ask(struct ws *s, struct lws *wsi, const char *protocol)
{
	struct ws_client *c = lws_get_opaque_user_data(wsi);
	struct ws_request r;
	struct tls_peer peer;
	char path[WS_HEADER_MAX];
	const char *why = "";
	unsigned status = 0;

	if (c == NULL)
		return -1;
	c->heard = s->now;
	disown(c);
	fill_request(&r, wsi, protocol != NULL, path);
	if (s->tls) {
		ws_tls_peer(lws_get_ssl(wsi), &peer);
		r.peer = &peer;
	}
	if (protocol != NULL)
		why = look(wsi, protocol, &status);
	if (protocol != NULL && status == 0)
		why = look_at_address(c, wsi, &status);
	if (status == 0)
		status = s->options.ask(&r, &c->owner, &why, s->options.arg);
	if (status == 101 && r.upgrade)
		return 0;
	disown(c);
	return answer(wsi, status, why) < 0 ? -1 : 1;
}

/* ---- messages ---- */

static int
receive(struct ws *s, struct ws_client *c, const void *p, size_t n)
{
	c->heard = s->now;
	c->pinged = false;
	if (c->end != 0)
		return 0;
	if (lws_is_first_fragment(c->wsi))
		buf_clear(&c->message);
	buf_put(&c->message, p, n);
	if (c->message.full) {
		ws_end(c, WS_TOO_LONG, "message too long");
		return 0;
	}
	if (!lws_is_final_fragment(c->wsi) ||
	    lws_remaining_packet_payload(c->wsi) > 0)
		return 0;
	s->options.received(c, c->owner, buf_str(&c->message),
	    !lws_frame_is_binary(c->wsi), s->options.arg);
	/* most never send again, or little */
	buf_release(&c->message);
	return 0;
}

bool
ws_send(struct ws_client *c, struct ws_frame *f)
{
	struct ws *s = c->ws;

	if (c->end != 0 || !c->open)
		return false;
	if (c->queue.count > 0 &&
	    c->queue.bytes + f->n > s->options.max_queue) {
		s->slow++;
		ws_end(c, WS_TRY_LATER, "too slow");
		return false;
	}
	/* with more than one it has been asked for already */
	if (c->queue.count == 0)
		lws_callback_on_writable(c->wsi);
	ws_queue_put(&c->queue, f);
	return true;
}

size_t
ws_queued(const struct ws_client *c)
{
	return c->queue.bytes;
}

static int
tell_end(struct ws_client *c)
{
	unsigned char why[128];
	size_t n = strlen(c->why);

	c->told = true;
	memcpy(why, c->why, n);
	lws_close_reason(c->wsi, c->end, why, n);
	return -1;
}

static int
write_some(struct ws *s, struct ws_client *c)
{
	/* lws does not tell of an empty pong */
	unsigned char ping[LWS_PRE + 1] = { 0 };
	struct ws_frame *single;
	size_t n;
	int written = 0;

	/* while lws awaits the answer it asks once more; -1 would cut the
	 * connection, and what is on its way with it */
	if (c->told)
		return 0;
	if (c->end != 0 && c->queue.count == 0)
		return tell_end(c);
	if (c->ping_due) {
		c->ping_due = false;
		written = lws_write(c->wsi, ping + LWS_PRE, 1,
		    LWS_WRITE_PING);
	} else if (c->queue.count > 0) {
		n = ws_queue_take(&c->queue, s->out, &single, &s->frames);
		/* not to be framed once more */
		written = lws_write(c->wsi, single ? single->bytes : s->out,
		    n, LWS_WRITE_RAW);
		ws_frame_drop(single);
	}
	if (c->queue.count > 0 || c->end != 0)
		lws_callback_on_writable(c->wsi);
	return written < 0 ? -1 : 0;
}

static int
established(struct ws *s, struct ws_client *c)
{
	c->open = true;
	s->options.opened(c, c->owner, s->options.arg);
	return 0;
}

/* The connection's own; c is NULL for what is none of ours. */
static int
connection_event(struct ws *s, struct ws_client *c,
    enum lws_callback_reasons reason, void *in, size_t n)
{
	switch (reason) {
	case LWS_CALLBACK_ESTABLISHED:
		return established(s, c);
	case LWS_CALLBACK_RECEIVE:
		return receive(s, c, in, n);
	case LWS_CALLBACK_RECEIVE_PONG:
		c->heard = s->now;
		c->pinged = false;
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return write_some(s, c);
	case LWS_CALLBACK_CLOSED:
		disown(c);
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		lws_set_opaque_user_data(c->wsi, NULL);
		ws_client_free(c);
		return 0;
	default:
		return 0;
	}
}

int
ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user,
    void *in, size_t n)
{
	struct ws *s = lws_context_user(lws_get_context(wsi));
	struct ws_client *c;

	switch (reason) {
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
		/* here wsi is none */
		s->tls = ws_tls_context(user, s->options.tls, s->fault) == 0;
		return !s->tls;
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return ask(s, wsi, in);
	case LWS_CALLBACK_HTTP:
		return ask(s, wsi, NULL) < 0 ||
		    lws_http_transaction_completed(wsi) ? -1 : 0;
	case LWS_CALLBACK_ESTABLISHED:
	case LWS_CALLBACK_RECEIVE:
	case LWS_CALLBACK_RECEIVE_PONG:
	case LWS_CALLBACK_SERVER_WRITEABLE:
	case LWS_CALLBACK_CLOSED:
	case LWS_CALLBACK_WSI_DESTROY:
		c = lws_get_opaque_user_data(wsi);
		if (c == NULL)
			return 0;
		c->wsi = wsi;
		return connection_event(s, c, reason, in, n);
	default:
		return 0;
	}
}
