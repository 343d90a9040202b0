/* SPDX-License-Identifier: Apache-2.0 */
#include "api/event_stream.h"

#include <inttypes.h>
#include <stdlib.h>

#include "api/auth.h"
#include "api/handlers.h"
#include "api/parameters.h"
#include "api/state.h"
#include "base/memory.h"
#include "base/number.h"
#include "http/thing_auth.h"
#include "http/stream.h"
#include "registry/event.h"

/*
 * What a user's things, channels and connections go through, as it happens:
 * lines of JSON, or server-sent events for browsers.  A stream ends with
 * the token that it was asked for with.
 */
#define STREAMS_MAX 256
#define STREAMS_OF_USER 16
#define EVENTS_AT_ONCE 500
/* what a client has not taken yet; more waits in the registry */
#define BACKLOG ((size_t)256 << 10)
/* silence that shows whether the client is still there */
#define BEAT (15 * STAMP_SECOND)

struct event_stream {
	struct event_stream *next;
	struct api *api;
	struct http_stream *stream;
	char owner[ID_TEXT + 1];
	char token[JWT_MAX];
	size_t token_n;
	uint64_t seq;
	int64_t sent;			/* when it was */
	bool sse, follow, behind, over;
};

static void
event_stream_closed(void *arg)
{
	struct event_stream *s = arg, **at;

	for (at = &s->api->event_streams; *at != s; at = &(*at)->next)
		;
	*at = s->next;
	s->api->n_event_streams--;
	free(s);
}

/* ---- what goes out ---- */

/* one line of event_read: {"seq":7,… */
static void
event_stream_put_sse(struct buf *to, struct str line)
{
	const size_t label = sizeof "{\"seq\":" - 1;
	size_t n = label;

	while (n < line.n && line.p[n] >= '0' && line.p[n] <= '9')
		n++;
	buf_puts(to, "id: ");
	buf_put(to, line.p + label, n - label);
	buf_puts(to, "\ndata: ");
	buf_put_str(to, line);
	buf_puts(to, "\n\n");
}

static void
event_stream_put_all_sse(struct buf *to, struct str lines)
{
	const char *end;
	size_t n;

	while ((end = memchr(lines.p, '\n', lines.n)) != NULL) {
		n = (size_t)(end - lines.p);
		event_stream_put_sse(to, (struct str){ lines.p, n });
		lines = str_from(lines, n + 1);
		if (lines.n == 0)
			break;
	}
}

/* A client that was promised all there is can tell when something is
 * missing. */
static void
event_stream_end(struct event_stream *s)
{
	if (!s->over && s->behind && !s->follow)
		http_stream_break(s->stream);
	else if (!s->over)
		http_stream_end(s->stream);
	s->over = true;
}

static void
event_stream_send(struct event_stream *s)
{
	struct api *api = s->api;
	struct buf *to = http_stream_buf(s->stream), *lines = &api->answer;
	struct fault fault;
	bool end;
	int got;

	buf_clear(lines);
	got = event_read_of(api->registry, s->owner, &s->seq, EVENTS_AT_ONCE,
	    lines, &end, &fault);
	if (got < 0) {
		/* the client goes on from what it had */
		event_stream_end(s);
		return;
	}
	s->behind = !end;
	if (got > 0 && s->sse)
		event_stream_put_all_sse(to, buf_str(lines));
	else if (got > 0)
		buf_put_str(to, buf_str(lines));
	if (got > 0 || s->sent == 0) {
		s->sent = api->clock;
		http_stream_send(s->stream);
	}
	if (end && !s->follow)
		event_stream_end(s);
}

static void
event_stream_beat(struct event_stream *s)
{
	if (s->api->clock - s->sent < BEAT)
		return;
	buf_puts(http_stream_buf(s->stream), s->sse ? ":\n\n" : "\n");
	http_stream_send(s->stream);
	s->sent = s->api->clock;
}

/* is it still good? */
static bool
event_stream_allowed(struct event_stream *s)
{
	struct principal principal;

	return auth_principal(s->api, (struct str){ s->token, s->token_n },
	    &principal) == 1 && principal.scope & TOKEN_EVENTS_READ;
}

void
event_streams_turn(struct api *api, bool changed)
{
	struct event_stream *s, *next;

	for (s = api->event_streams; s != NULL; s = next) {
		next = s->next;
		if (s->over)
			continue;
		if ((changed || api->clock - s->sent >= BEAT) &&
		    !event_stream_allowed(s)) {
			event_stream_end(s);
			continue;
		}
		s->behind |= changed;
		if (s->behind && http_stream_pending(s->stream) < BACKLOG)
			event_stream_send(s);
		if (!s->over)
			event_stream_beat(s);
	}
}

void
event_streams_end(struct api *api)
{
	struct event_stream *s;

	for (s = api->event_streams; s != NULL; s = s->next)
		event_stream_end(s);
}

bool
event_streams_behind(const struct api *api)
{
	const struct event_stream *s;

	for (s = api->event_streams; s != NULL; s = s->next)
		if (s->behind && !s->over &&
		    http_stream_pending(s->stream) < BACKLOG)
			return true;
	return false;
}

/* ---- the request ---- */

/* start, end, a seq or a time, as mfx-events(1); 0, or -1 and *why */
static int
event_stream_find_start(struct request_ctx *c, uint64_t *seq, const char **why)
{
	struct str from = http_header(c->request, "Last-Event-ID");
	struct registry *r = c->api->registry;
	struct fault fault;
	struct stamp t;
	char text[STAMP_TEXT];
	int64_t n;

	*seq = 0;
	*why = "from must be start, end, a number or a time";
	if (from.p == NULL && parameter_get(c, "from", &from) > 1)
		return -1;
	if (from.n == 0 || str_eq(from, STR("start")))
		return 0;
	if (from.n >= sizeof text)
		return -1;
	snprintf(text, sizeof text, "%.*s", STR_ARG(from));
	if (*text >= '0' && *text <= '9' &&
	    number_parse(text, 0, INT64_MAX, &n)) {
		*seq = (uint64_t)n;
		return 0;
	}
	*why = NULL;
	if (str_eq(from, STR("end")))
		return event_last(r, seq, &fault);
	if (stamp_parse(from, stamp_now(), &t))
		return event_seek(r, t, seq, &fault);
	*why = "from must be start, end, a number or a time";
	return -1;
}

static unsigned
event_streams_of(const struct api *api, const char *owner)
{
	const struct event_stream *s;
	unsigned n = 0;

	for (s = api->event_streams; s != NULL; s = s->next)
		n += strcmp(s->owner, owner) == 0;
	return n;
}

static void
event_stream_open(struct request_ctx *c, const struct principal *principal,
    uint64_t seq)
{
	struct str accept = http_header(c->request, "Accept"), value;
	struct str token = authorization_key(http_header(c->request,
	    "Authorization"));
	struct event_stream *s = memory_zero(1, sizeof *s);
	struct http_stream *stream;
	char text[24];

	s->api = c->api;
	s->seq = seq;
	s->behind = true;
	memcpy(s->owner, principal->user.id, sizeof s->owner);
	memcpy(s->token, token.p, token.n);
	s->token_n = token.n;
	s->sse = accept.n > 0 && memmem(accept.p, accept.n,
	    "text/event-stream", 17) != NULL;
	parameter_get(c, "follow", &value);
	s->follow = !str_eq(value, STR("false")) && !str_eq(value, STR("0"));
	s->next = c->api->event_streams;
	c->api->event_streams = s;
	c->api->n_event_streams++;
	http_set(c->request, "Cache-Control", "no-store");
	http_set(c->request, "X-Accel-Buffering", "no");
	snprintf(text, sizeof text, "%" PRIu64, seq);
	http_set(c->request, "Mfx-Seq", text);
	stream = http_answer_stream(c->request, s->sse ? "text/event-stream" :
	    "application/x-ndjson", event_stream_closed, s);
	/* else it has been closed already */
	if (stream != NULL)
		s->stream = stream;
}

void
events_stream(struct request_ctx *c)
{
	const struct principal *principal;
	const char *why;
	uint64_t seq;

	if ((principal = auth_user(c, 0)) == NULL)
		return;
	if (c->api->stopping || c->api->n_event_streams >= STREAMS_MAX)
		http_problem(c->request, 503, "there are too many streams");
	else if (event_streams_of(c->api,
	    principal->user.id) >= STREAMS_OF_USER)
		http_problem(c->request, 429, "you have too many streams");
	else if (event_stream_find_start(c, &seq, &why) == 0)
		event_stream_open(c, principal, seq);
	else if (why != NULL)
		http_problem(c->request, 400, why);
	else
		http_problem(c->request, 503, "events can't be read now");
}
