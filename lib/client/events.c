/* SPDX-License-Identifier: Apache-2.0 */
#include "client/events.h"

#include "base/number.h"
#include "json/json.h"

/* "{"seq":7,…}", one object and nothing else */
static bool
events_take_seq(struct str line, uint64_t *seq, struct arena *scratch)
{
	const struct str label = STR("{\"seq\":");
	struct scan j = { .end = line.p + line.n, .arena = scratch };
	struct str digits;
	const char *end;

	if (!str_starts(line, label))
		return false;
	digits = str_from(line, label.n);
	end = memchr(digits.p, ',', digits.n);
	if (end == NULL)
		return false;
	digits.n = (size_t)(end - digits.p);
	return number_digits(digits, INT64_MAX, seq) &&
	    scan_skip(&j, line.p) == j.end;
}

/* 0, 1 enough */
static int
events_take_line(struct client_events *e, struct out *out, struct str line,
    struct arena *scratch)
{
	uint64_t seq;

	/* with an empty line the server shows that it is alive */
	if (line.n == 0)
		return 0;
	arena_reset(scratch);
	if (!events_take_seq(line, &seq, scratch) ||
	    (e->from == EVENTS_AFTER && seq <= e->seq)) {
		e->broken = true;
		return 1;
	}
	e->seq = seq;
	e->from = EVENTS_AFTER;
	buf_put_str(&out->b, line);
	buf_putc(&out->b, '\n');
	if (out_end(out) < 0)
		return 1;
	return e->count > 0 && --e->count == 0;
}

int
events_put(struct client_events *e, struct out *out, struct buf *come)
{
	struct str rest = buf_str(come);
	struct arena scratch;
	const char *end;
	int enough = 0;

	arena_init(&scratch, 2 * EVENTS_BACKLOG);
	while (!enough && rest.n > 0 &&
	    (end = memchr(rest.p, '\n', rest.n)) != NULL) {
		size_t n = (size_t)(end - rest.p);

		enough = events_take_line(e, out, (struct str){ rest.p, n },
		    &scratch);
		rest = str_from(rest, n + 1);
	}
	if (rest.n > 0)
		memmove(come->p, rest.p, rest.n);
	come->n = rest.n;
	arena_release(&scratch);
	return enough;
}
