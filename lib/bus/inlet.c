/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/inlet.h"

#include "senml/content_format.h"
#include "senml/payload.h"

/* a payload and its media type are never longer than their line */
#define ARENA_MAX (2 * LINE_LIMIT)

void
inlet_init(struct inlet *in, int fd, const char *name)
{
	*in = (struct inlet){ .fd = fd };
	line_init(&in->in, fd, name, NULL);
	in->in.timeout = 0;
	arena_init(&in->arena, ARENA_MAX);
}

void
inlet_release(struct inlet *in)
{
	line_release(&in->in);
	arena_release(&in->arena);
	in->fd = -1;
}

void
inlet_turn(struct inlet *in)
{
	in->left = INLET_TURN;
}

bool
inlet_hurry(const struct inlet *in)
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

static void
end(struct inlet *in)
{
	in->err = in->in.err;
	in->fd = -1;
}

/* A line: is it a message? */
static bool
take(struct inlet *in, struct str line, struct delivery *d)
{
	uint64_t seq;

	if (line_is_mark(line, &seq)) {
		in->seq = seq;
		return false;
	}
	arena_reset(&in->arena);
	if (!delivery_parse(d, line, &in->arena)) {
		in->rejected++;
		return false;
	}
	if (d->route.has_seq)
		in->seq = d->route.seq;
	in->lines++;
	return true;
}

bool
inlet_next(struct inlet *in, struct delivery *d)
{
	struct str line;

	while (in->fd >= 0 && in->left > 0) {
		switch (line_next(&in->in, &line)) {
		case LINE_OK:
			/* the half that a killed writer has left */
			if (in->in.unended) {
				in->rejected++;
				break;
			}
			in->left -= line.n < in->left ? line.n + 1 :
			    in->left;
			if (take(in, line, d))
				return true;
			break;
		case LINE_LONG:
			in->rejected++;
			in->left = 0;
			break;
		case LINE_IDLE:
			return false;
		default:
			end(in);
			return false;
		}
	}
	return false;
}

/* The records of a pack that has come in another form than JSON. */
static void
put_records(struct buf *b, const struct pack *p)
{
	size_t i;

	buf_putc(b, '[');
	for (i = 0; i < p->n; i++) {
		if (i > 0)
			buf_putc(b, ',');
		record_put_json(b, &p->records[i]);
	}
	buf_putc(b, ']');
}

void
delivery_put_senml(struct buf *b, const struct delivery *d,
    struct pack *pack)
{
	struct record data = {
		.kind = VALUE_DATA, .value = d->payload, .ct = d->type
	};
	struct route ignored;
	size_t labels;

	if (!message_is_wrapped(d->line)) {
		buf_put_str(b, d->payload);
		return;
	}
	if (payload_parse(pack, &data, d->route.received) == NULL) {
		if (content_format_senml(d->type) == SENML_JSON)
			buf_put_str(b, d->payload);
		else
			put_records(b, pack);
		return;
	}
	/* what message_wrap has made of it, without the route */
	route_scan(d->line, &ignored, &labels);
	buf_put_str(b, STR("[{"));
	buf_put_str(b, str_from(d->line, labels));
}
