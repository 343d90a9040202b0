/* SPDX-License-Identifier: Apache-2.0 */
#include "client/events.h"

#include <inttypes.h>

#include "base/ready.h"
#include "base/signal.h"
#include "json/json.h"
#include "registry/event.h"

/* what may have come without a line end in it, and with */
#define BACKLOG (16 * EVENT_MAX)
#define PATH_TEXT 256
#define DIGITS_MAX 18

/* "{"seq":7,…}", one object and nothing else */
static bool
take_seq(struct str line, uint64_t *seq, struct arena *scratch)
{
	static const char label[] = "{\"seq\":";
	struct scan j = { .end = line.p + line.n, .arena = scratch };
	size_t i, n = sizeof label - 1;
	const char *end;

	if (!str_starts(line, STR("{\"seq\":")))
		return false;
	*seq = 0;
	for (i = n; i < line.n && line.p[i] >= '0' && line.p[i] <= '9' &&
	    i - n < DIGITS_MAX; i++)
		*seq = 10 * *seq + (uint64_t)(line.p[i] - '0');
	return i > n && i < line.n && line.p[i] == ',' &&
	    (end = scan_skip(&j, line.p)) != NULL && end == j.end;
}

/* 0, 1 enough */
static int
take_line(struct events_tap *tap, struct str line, struct arena *scratch)
{
	uint64_t seq;

	/* the server shows that it is alive */
	if (line.n == 0)
		return 0;
	arena_reset(scratch);
	if (!take_seq(line, &seq, scratch) || (tap->known && seq <= tap->seq)) {
		tap->odd = true;
		return 1;
	}
	tap->seq = seq;
	tap->known = true;
	buf_put_str(&tap->out->b, line);
	buf_putc(&tap->out->b, '\n');
	if (out_end(tap->out) < 0)
		return 1;
	return tap->count > 0 && --tap->count == 0;
}

int
events_put(struct events_tap *tap, struct buf *come)
{
	struct str rest = buf_str(come);
	struct arena scratch;
	const char *end;
	int enough = 0;

	arena_init(&scratch, 2 * BACKLOG);
	while (!enough && rest.n > 0 &&
	    (end = memchr(rest.p, '\n', rest.n)) != NULL) {
		size_t n = (size_t)(end - rest.p);

		enough = take_line(tap, (struct str){ rest.p, n }, &scratch);
		rest = str_from(rest, n + 1);
	}
	if (rest.n > 0)
		memmove(come->p, rest.p, rest.n);
	come->n = rest.n;
	arena_release(&scratch);
	return enough;
}

struct stream {
	struct session *session;
	struct events_tap *tap;
};

static int
take(void *arg, struct buf *come)
{
	struct stream *stream = arg;
	struct events_tap *tap = stream->tap;
	int enough;

	tap->begun = true;
	if (!tap->known)
		tap->known = session_seq(stream->session, &tap->seq);
	if (tap->ready_fd >= 0) {
		ready_tell(tap->ready_fd);
		tap->ready_fd = -1;
	}
	enough = events_put(tap, come);
	return out_flush(tap->out) < 0 || enough ||
	    signal_wait_input(-1, tap->out->fd, 0) < 0;
}

int
events_take(struct session *s, struct events_tap *tap, struct fault *fault)
{
	struct stream stream = { s, tap };
	struct ask ask = { .limit = BACKLOG, .take = take, .arg = &stream };
	struct buf path;
	int result;

	buf_init(&path, PATH_TEXT);
	buf_printf(&path, "/events?follow=%s&from=",
	    tap->follow ? "true" : "false");
	if (tap->known)
		buf_put_u64(&path, tap->seq);
	else
		session_encode(&path, str_z(tap->from));
	buf_putc(&path, '\0');
	ask.path = path.p;
	result = session_ask(s, &ask, fault);
	buf_release(&path);
	/* the last line, too, has to have its end */
	if (tap->odd || (result == 0 && session_body(s).n > 0))
		return session_strange(s, "no event", fault);
	return result;
}
