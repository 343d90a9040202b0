/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/feed.h"

#include "line/message.h"

#include <errno.h>
#include <sysexits.h>

/* a payload and its media type are never longer than their line */
#define ARENA_MAX (2 * LINE_LIMIT)

static void
feed_begin(struct feed *in)
{
	*in = (struct feed){ .fd = -1 };
	canonical_init(&in->canonical);
	buf_init(&in->labelled, DELIVERY_LABELLED_MAX);
	arena_init(&in->arena, ARENA_MAX);
}

void
feed_init(struct feed *in, int fd, const char *name)
{
	feed_begin(in);
	in->fd = fd;
	line_init(&in->in, fd, name, NULL);
	in->in.timeout = 0;
}

int
feed_open(struct feed *in, struct bus *bus, const char *stream,
    struct fault *fault)
{
	feed_begin(in);
	in->stream = stream;
	if (bus_tail_open(&in->tail, bus, &(struct bus_tail_options){
	    .stream = stream, .reads = true }, fault) < 0)
		return -1;
	in->fd = bus_tail_fd(in->tail);
	in->seq = bus_tail_position(in->tail);
	return 0;
}

void
feed_release(struct feed *in)
{
	line_release(&in->in);
	bus_tail_close(in->tail);
	canonical_release(&in->canonical);
	buf_release(&in->labelled);
	arena_release(&in->arena);
	in->fd = -1;
}

void
feed_turn(struct feed *in)
{
	in->left = FEED_TURN;
	if (in->tail != NULL)
		bus_tail_turn(in->tail);
}

static void
feed_pass_over(struct feed *in, uint64_t seq, const char *why)
{
	if (in->tail != NULL)
		passed_over(&in->passed, in->stream, '@', seq, why);
	else
		passed_over(&in->passed, in->in.name, ':', in->in.number,
		    why);
}

static void
feed_pass_line(struct feed *in, struct str line)
{
	const char *why = passed_reason(line);

	feed_pass_over(in, in->seq, why ? why : "not a message of a channel");
}

bool
feed_hurry(const struct feed *in)
{
	return in->fd >= 0 && in->left == 0;
}

bool
delivery_parse(struct delivery *d, struct str line, struct arena *arena)
{
	size_t labels;

	d->line = line;
	return route_scan(line, &d->route, &labels) &&
	    d->route.channel.n > 0 &&
	    message_payload(line, arena, &d->payload, &d->type);
}

bool
delivery_parse_at(struct delivery *d, const struct bus_line *line,
    struct buf *labelled, struct arena *arena)
{
	struct str text, first;

	buf_clear(labelled);
	bus_line_put(labelled, line->text, line->seq);
	text = buf_str(labelled);
	return !labelled->full && str_take_line(&text, &first) &&
	    delivery_parse(d, first, arena);
}

/* A line from stdin: is it a message? */
static bool
feed_take(struct feed *in, struct str line, struct delivery *d)
{
	const char *why = canonical_read(&in->canonical, &line);
	struct route mark;

	if (why != NULL)
		feed_pass_over(in, 0, why);
	if (line.n == 0)
		return false;
	if (line_is_mark(line, &mark)) {
		in->seq = mark.seq;
		return false;
	}
	arena_reset(&in->arena);
	if (!delivery_parse(d, line, &in->arena)) {
		feed_pass_line(in, line);
		return false;
	}
	if (d->route.has_seq)
		in->seq = d->route.seq;
	in->lines++;
	return true;
}

/* What was read counts for the turn. */
static void
feed_spend(struct feed *in, size_t n)
{
	in->left -= n < in->left ? n : in->left;
}

static bool
feed_next_of_stdin(struct feed *in, struct delivery *d)
{
	struct str line;

	switch (line_next(&in->in, &line)) {
	case LINE_OK:
		feed_spend(in, line.n + 1);
		/* the half that a killed writer has left */
		if (!in->in.unended)
			return feed_take(in, line, d);
		feed_pass_over(in, 0, "cut off");
		return false;
	case LINE_LONG:
		feed_pass_over(in, 0, "line over 1 MiB");
		in->left = 0;
		return false;
	case LINE_IDLE:
		in->idle = true;
		return false;
	case LINE_ERROR:
		in->err = errno = in->in.err;
		fault_errno(&in->fault, EX_IOERR, "%s", in->in.name);
		__attribute__((fallthrough));
	default:
		in->fd = -1;
		return false;
	}
}

static bool
feed_next_of_bus(struct feed *in, struct delivery *d)
{
	struct bus_line line;
	int got;

	if (bus_lines_next(&in->run, &line)) {
		in->seq = line.seq;
		feed_spend(in, line.text.n + 1);
		arena_reset(&in->arena);
		if (delivery_parse_at(d, &line, &in->labelled, &in->arena)) {
			in->lines++;
			return true;
		}
		if (!line_is_mark(line.text, &d->route))
			feed_pass_line(in, line.text);
		return false;
	}
	got = bus_tail_read(in->tail, &in->run, &in->fault);
	in->idle = got == 0;
	if (got < 0 && in->fault.status == EX_DATAERR) {
		in->fault.status = 0;
		feed_pass_over(in, bus_tail_position(in->tail),
		    in->fault.text);
	} else if (got < 0) {
		in->fd = -1;
	}
	return false;
}

bool
feed_next(struct feed *in, struct delivery *d)
{
	in->idle = false;
	while (in->fd >= 0 && in->left > 0 && !in->idle)
		if (in->tail ? feed_next_of_bus(in, d) :
		    feed_next_of_stdin(in, d))
			return true;
	return false;
}
