/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server on the core of lib/http, for clients that others wrote: one
 * process, poll(2), 127.0.0.1.
 *
 *	server READY_FD		a free port, which is written to READY_FD
 *
 * /echo answers with the body of the request, /chunked with it in chunks, /ws
 * is a WebSocket that sends back each message, anything else answers with a
 * line that says what was asked for; ?status=N has that status.  Each request
 * is named on stdout when all of it is there, and each message.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/number.h"
#include "http/response.h"
#include "http/ws_handshake.h"
#include "http/ws_receive.h"
#include "tests/http/stream.h"

#define CONNECTIONS 256
#define BODY_MAX ((size_t)1 << 20)
/* a client that does not read is not read from */
#define OUT_FULL ((size_t)256 * 1024)
#define OUT_MAX ((size_t)8 << 20)

struct connection {
	int fd;
	bool ws, closing;		/* closing: once `out` is sent */
	bool refusing;			/* said, and heard out: RFC 9112 9.6 */
	struct stream in;
	struct http_response answer;
	struct buf body, text, out;
	struct ws_receiver frames;
	struct buf message;
};

static struct connection *all[CONNECTIONS];

static struct stamp
now(void)
{
	return stamp_now();
}

/* ---- begin and end ---- */

static void
connection_new(int fd)
{
	static const struct http1_limits limits = HTTP1_LIMITS;
	struct connection *c;
	int i = 0;

	while (i < CONNECTIONS && all[i] != NULL)
		i++;
	if (i == CONNECTIONS) {
		close(fd);
		return;
	}
	c = memory_zero(1, sizeof *c);
	c->fd = fd;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	stream_begin(&c->in, limits);
	buf_init(&c->body, BODY_MAX);
	buf_init(&c->text, 64 * 1024);
	buf_init(&c->out, OUT_MAX);
	buf_init(&c->message, BODY_MAX);
	all[i] = c;
}

static void
connection_free(struct connection *c)
{
	close(c->fd);
	stream_release(&c->in);
	buf_release(&c->body);
	buf_release(&c->text);
	buf_release(&c->out);
	buf_release(&c->message);
	free(c);
}

/* ---- answers ---- */

static void
answer(struct connection *c, unsigned status, const char *type,
    struct str content)
{
	struct http_response *a = &c->answer;

	a->status = status;
	a->length = content.n;
	http_response_begin(&c->out, a, &c->in.r, now());
	http_response_field(&c->out, STR("Content-Type"), str_z(type));
	if (status == 426)
		http_response_field(&c->out,
		    STR("Sec-WebSocket-Version"), STR("13"));
	http_response_end(&c->out);
	if (a->has_content && a->in_chunks) {
		http_chunk_put(&c->out, content);
		http_chunk_end(&c->out);
	} else if (a->has_content) {
		buf_put_str(&c->out, content);
	}
	c->closing = c->closing || a->close;
	*a = (struct http_response){ .close = false };
}

static void
answer_problem(struct connection *c, unsigned status, const char *why)
{
	char text[300];

	/* nothing here has to be escaped in JSON */
	snprintf(text, sizeof text, "{\"type\":\"about:blank\",\"title\":"
	    "\"%s\",\"status\":%u,\"detail\":\"%s\"}\n", http_reason(status),
	    status, why);
	answer(c, status, "application/problem+json", str_z(text));
}

static void
refuse(struct connection *c)
{
	c->answer.close = true;
	answer_problem(c, c->in.status, c->in.why);
	c->refusing = true;
}

/* ---- requests ---- */

/* what was asked for, while the head lies still */
static void
describe(struct connection *c)
{
	const struct http1 *r = &c->in.r;

	buf_clear(&c->text);
	buf_clear(&c->body);
	buf_printf(&c->text, "%.*s %.*s", STR_ARG(r->method),
	    STR_ARG(r->path));
	if (r->query.p != NULL)
		buf_printf(&c->text, "?%.*s", STR_ARG(r->query));
	buf_printf(&c->text, " %.*s 1.%u", STR_ARG(r->authority), r->minor);
	c->answer.chunked = str_eq(r->path, STR("/chunked"));
	if (str_starts(r->query, STR("status="))) {
		uint64_t status = 200;

		number_digits(str_from(r->query, 7), 599, &status);
		c->answer.status = status >= 200 ? (unsigned)status : 200;
	}
	/* what has come already says that it is not waited for */
	if (r->expects && r->framing != HTTP1_EMPTY && c->in.n == r->size)
		http_response_continue(&c->out);
}

static void
open_ws(struct connection *c)
{
	static const struct str protocols[] = { { "echo", 4 }, { NULL, 0 } };
	struct ws_handshake h;
	unsigned status = ws_handshake_read(&h, &c->in.r, protocols);

	c->ws = status == 101;
	if (c->ws) {
		ws_handshake_answer(&c->out, &h, &c->in.r, now());
		ws_receive_begin(&c->frames, BODY_MAX);
		return;
	}
	if (status == 426)
		c->answer.upgrade = "websocket";
	c->answer.close = true;
	answer_problem(c, status, h.why);
	c->refusing = true;
}

static void
serve(struct connection *c)
{
	unsigned status = c->answer.status ? c->answer.status : 200;
	struct str text;

	printf("%.*s %zu\n", STR_ARG(buf_str(&c->text)), c->body.n);
	if (c->body.full) {
		answer_problem(c, 413, "the body is too long");
		return;
	}
	buf_printf(&c->text, " %zu\n", c->body.n);
	text = buf_str(&c->text);
	if (c->answer.chunked || str_starts(text, STR("POST /echo ")))
		text = buf_str(&c->body);
	answer(c, status, "text/plain", text);
}

/* ---- WebSockets ---- */

static void
put_control(struct connection *c, enum ws_opcode opcode, struct str data)
{
	char text[WS_CONTROL_TEXT];

	buf_put(&c->out, text, ws_control_print(text, opcode, data));
}

static void
put_close(struct connection *c, unsigned code, const char *why)
{
	char text[WS_CONTROL_TEXT];

	buf_put(&c->out, text, ws_close_print(text, code, why));
	c->closing = true;
	c->refusing = true;
}

static void
put_message(struct connection *c, bool text)
{
	struct ws_queue q = { .ring = NULL };
	struct ws_frame *f = ws_frame_new(buf_str(&c->message), text);
	static char out[WS_OUT_BYTES];

	printf("message %zu\n", c->message.n);
	ws_queue_put(&q, f);
	ws_frame_drop(f);
	buf_put_str(&c->out, ws_queue_head(&q, out));
	ws_queue_clear(&q);
	buf_clear(&c->message);
}

static void
take_frames(struct connection *c, char *p, size_t n)
{
	size_t used;

	for (; n > 0; p += used, n -= used) {
		switch (ws_receive(&c->frames, p, n, &used)) {
		case WS_GOT_DATA:
			buf_put_str(&c->message, c->frames.data);
			if (c->frames.whole)
				put_message(c, c->frames.text);
			break;
		case WS_GOT_PING:
			put_control(c, WS_PONG, c->frames.data);
			break;
		case WS_GOT_CLOSE:
			put_close(c, c->frames.code, "");
			break;
		case WS_GOT_ERROR:
			put_close(c, c->frames.code, c->frames.why);
			break;
		default:
			break;
		}
	}
}

/* ---- bytes ---- */

static void
take(struct connection *c, enum stream_event event, struct str data)
{
	switch (event) {
	case STREAM_HEAD:
		describe(c);
		if (str_eq(c->in.r.path, STR("/ws")) &&
		    ws_handshake_asked(&c->in.r))
			open_ws(c);
		break;
	case STREAM_DATA:
		buf_put_str(&c->body, data);
		break;
	case STREAM_END:
		serve(c);
		break;
	case STREAM_REFUSED:
		refuse(c);
		break;
	case STREAM_MORE:
		break;
	}
}

static void
take_requests(struct connection *c, const char *p, size_t n)
{
	struct str data;
	enum stream_event event;

	stream_put(&c->in, p, n);
	while (!c->closing && !c->ws &&
	    (event = stream_next(&c->in, &data)) != STREAM_MORE)
		take(c, event, data);
	/* what follows the handshake is frames */
	if (c->ws)
		take_frames(c, c->in.p + c->in.at, c->in.n - c->in.at);
}

/* false: it has ended */
static bool
receive(struct connection *c)
{
	static char p[64 * 1024];
	ssize_t n = read(c->fd, p, sizeof p);

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	if (c->closing)
		return true;	/* heard out, so that the answer arrives */
	if (c->ws)
		take_frames(c, p, (size_t)n);
	else
		take_requests(c, p, (size_t)n);
	fflush(stdout);
	return true;
}

static bool
transmit(struct connection *c)
{
	ssize_t n = write(c->fd, c->out.p, c->out.n);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	c->out.n -= (size_t)n;
	memmove(c->out.p, c->out.p + n, c->out.n);
	if (c->out.n == 0 && c->closing)
		shutdown(c->fd, SHUT_WR);
	return true;
}

/* false: nothing more is to be done for it */
static bool
turn(struct connection *c, short events)
{
	bool alive = true;

	if (events & (POLLIN | POLLHUP | POLLERR))
		alive = receive(c);
	if (c->out.full)
		return false;
	/* one that has sent its half is still answered */
	if (c->out.n > 0 && !transmit(c))
		return false;
	if (!alive && c->out.n > 0)
		c->closing = true;
	return alive || c->out.n > 0;
}

static void
run(int listener)
{
	struct pollfd fds[CONNECTIONS + 1];
	int at[CONNECTIONS + 1], n, i, fd;

	fds[0] = (struct pollfd){ listener, POLLIN, 0 };
	for (n = 1, i = 0; i < CONNECTIONS; i++) {
		struct connection *c = all[i];

		if (c == NULL)
			continue;
		at[n] = i;
		fds[n++] = (struct pollfd){ c->fd, (short)(
		    (c->out.n < OUT_FULL ? POLLIN : 0) |
		    (c->out.n > 0 ? POLLOUT : 0)), 0 };
	}
	if (poll(fds, (nfds_t)n, -1) < 0)
		return;
	for (i = 1; i < n; i++) {
		if (fds[i].revents == 0 || turn(all[at[i]], fds[i].revents))
			continue;
		connection_free(all[at[i]]);
		all[at[i]] = NULL;
	}
	if (fds[0].revents && (fd = accept(listener, NULL, NULL)) >= 0)
		connection_new(fd);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int64_t ready = 0;

	signal(SIGPIPE, SIG_IGN);
	if (argc != 2 || !number_parse(argv[1], 0, 1024, &ready) ||
	    bind(listener, (struct sockaddr *)&a, n) < 0 ||
	    listen(listener, 128) < 0 ||
	    getsockname(listener, (struct sockaddr *)&a, &n) < 0 ||
	    dprintf((int)ready, "%u\n", ntohs(a.sin_port)) < 0) {
		perror("server");
		return 1;
	}
	for (;;)
		run(listener);
}
