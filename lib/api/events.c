/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "api/call.h"
#include "base/memory.h"
#include "base/number.h"
#include "http/caller.h"
#include "http/stream.h"
#include "registry/event.h"

/*
 * What a user's things, channels and connections go through, as it happens:
 * lines of JSON, or server-sent events for browsers.  A stream ends with
 * the token that it was asked for with.
 */
#define FEEDS_MAX 256
#define FEEDS_OF_USER 16
#define EVENTS_AT_ONCE 500
/* what a client has not taken yet; more waits in the registry */
#define BACKLOG ((size_t)256 << 10)
/* silence that shows whether the client is still there */
#define BEAT (15 * STAMP_SECOND)

struct feed {
	struct feed *next;
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
closed(void *arg)
{
	struct feed *f = arg, **at;

	for (at = &f->api->feeds; *at != f; at = &(*at)->next)
		;
	*at = f->next;
	f->api->n_feeds--;
	free(f);
}

/* ---- what goes out ---- */

/* one line of event_read: {"seq":7,… */
static void
put_sse(struct buf *to, struct str line)
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
put_all_sse(struct buf *to, struct str lines)
{
	const char *end;
	size_t n;

	while ((end = memchr(lines.p, '\n', lines.n)) != NULL) {
		n = (size_t)(end - lines.p);
		put_sse(to, (struct str){ lines.p, n });
		lines = str_from(lines, n + 1);
		if (lines.n == 0)
			break;
	}
}

/* Who was promised all that there is can tell when that is not it. */
static void
feed_end(struct feed *f)
{
	if (!f->over && f->behind && !f->follow)
		http_stream_break(f->stream);
	else if (!f->over)
		http_stream_end(f->stream);
	f->over = true;
}

static void
feed_events(struct feed *f)
{
	struct api *api = f->api;
	struct buf *to = http_stream_buf(f->stream), *lines = &api->answer;
	struct fault fault;
	bool end;
	int got;

	buf_clear(lines);
	got = event_read_of(api->registry, f->owner, &f->seq, EVENTS_AT_ONCE,
	    lines, &end, &fault);
	if (got < 0) {
		/* the client goes on from what it had */
		feed_end(f);
		return;
	}
	f->behind = !end;
	if (got > 0 && f->sse)
		put_all_sse(to, buf_str(lines));
	else if (got > 0)
		buf_put_str(to, buf_str(lines));
	if (got > 0 || f->sent == 0) {
		f->sent = api->clock;
		http_stream_send(f->stream);
	}
	if (end && !f->follow)
		feed_end(f);
}

static void
feed_beat(struct feed *f)
{
	if (f->api->clock - f->sent < BEAT)
		return;
	buf_puts(http_stream_buf(f->stream), f->sse ? ":\n\n" : "\n");
	http_stream_send(f->stream);
	f->sent = f->api->clock;
}

/* is it still good? */
static bool
feed_allowed(struct feed *f)
{
	struct principal who;

	return api_principal(f->api, (struct str){ f->token, f->token_n },
	    &who) == 1 && who.scope & TOKEN_EVENTS_READ;
}

void
feeds_turn(struct api *api, bool changed)
{
	struct feed *f, *next;

	for (f = api->feeds; f != NULL; f = next) {
		next = f->next;
		if (f->over)
			continue;
		if ((changed || api->clock - f->sent >= BEAT) &&
		    !feed_allowed(f)) {
			feed_end(f);
			continue;
		}
		f->behind |= changed;
		if (f->behind && http_stream_pending(f->stream) < BACKLOG)
			feed_events(f);
		if (!f->over)
			feed_beat(f);
	}
}

void
feeds_end(struct api *api)
{
	struct feed *f;

	for (f = api->feeds; f != NULL; f = f->next)
		feed_end(f);
}

bool
feeds_behind(const struct api *api)
{
	const struct feed *f;

	for (f = api->feeds; f != NULL; f = f->next)
		if (f->behind && !f->over &&
		    http_stream_pending(f->stream) < BACKLOG)
			return true;
	return false;
}

/* ---- the request ---- */

/* start, end, a seq or a time, as mfx-events(1); 0, or -1 and *why */
static int
find_start(struct call *c, uint64_t *seq, const char **why)
{
	struct str from = http_header(c->request, "Last-Event-ID");
	struct registry *r = c->api->registry;
	struct fault fault;
	struct stamp t;
	char text[STAMP_TEXT];
	int64_t n;

	*seq = 0;
	*why = "from must be start, end, a number or a time";
	if (from.p == NULL && call_parameter(c, "from", &from) > 1)
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
feeds_of(const struct api *api, const char *owner)
{
	const struct feed *f;
	unsigned n = 0;

	for (f = api->feeds; f != NULL; f = f->next)
		n += strcmp(f->owner, owner) == 0;
	return n;
}

static void
feed_open(struct call *c, const struct principal *who, uint64_t seq)
{
	struct str accept = http_header(c->request, "Accept"), value;
	struct str token = authorization_key(http_header(c->request,
	    "Authorization"));
	struct feed *f = memory_zero(1, sizeof *f);
	struct http_stream *stream;
	char text[24];

	f->api = c->api;
	f->seq = seq;
	f->behind = true;
	memcpy(f->owner, who->user.id, sizeof f->owner);
	memcpy(f->token, token.p, token.n);
	f->token_n = token.n;
	f->sse = accept.n > 0 && memmem(accept.p, accept.n,
	    "text/event-stream", 17) != NULL;
	call_parameter(c, "follow", &value);
	f->follow = !str_eq(value, STR("false")) && !str_eq(value, STR("0"));
	f->next = c->api->feeds;
	c->api->feeds = f;
	c->api->n_feeds++;
	http_set(c->request, "Cache-Control", "no-store");
	http_set(c->request, "X-Accel-Buffering", "no");
	snprintf(text, sizeof text, "%" PRIu64, seq);
	http_set(c->request, "Mfx-Seq", text);
	stream = http_answer_stream(c->request, f->sse ?
	    "text/event-stream" : "application/x-ndjson", closed, f);
	/* else it has been closed already */
	if (stream != NULL)
		f->stream = stream;
}

void
events_stream(struct call *c)
{
	const struct principal *who;
	const char *why;
	uint64_t seq;

	if ((who = call_user(c, 0)) == NULL)
		return;
	if (c->api->stopping || c->api->n_feeds >= FEEDS_MAX)
		http_problem(c->request, 503, "there are too many streams");
	else if (feeds_of(c->api, who->user.id) >= FEEDS_OF_USER)
		http_problem(c->request, 429, "you have too many streams");
	else if (find_start(c, &seq, &why) == 0)
		feed_open(c, who, seq);
	else if (why != NULL)
		http_problem(c->request, 400, why);
	else
		http_problem(c->request, 503, "events can't be read now");
}
