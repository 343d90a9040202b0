/* SPDX-License-Identifier: Apache-2.0 */
#include "line/records.h"

#include "json/number.h"
#include "senml/fields.h"
#include "senml/print.h"

/* a label of a line that no adapter makes longer */
#define ROUTE_TEXT_MAX 1024

static const char *
records_position(const struct fields *f, struct route *route)
{
	int64_t seq, part;

	if (!number_integer(f->text[LABEL_SEQ], &seq) || seq < 0)
		return "seq is not a position";
	route->seq = (uint64_t)seq;
	route->has_seq = true;
	if ((f->have & LABEL_BIT(LABEL_PART)) == 0)
		return NULL;
	if (!number_integer(f->text[LABEL_PART], &part) || part < 0 ||
	    part > PART_MAX)
		return "part is not a number of 0 or more";
	route->part = (uint32_t)part;
	route->joined = part == 0;
	return NULL;
}

static const char *
records_route(const struct fields *f, struct route *route)
{
	struct str *to[] = {
		&route->channel, &route->publisher, &route->protocol,
		&route->subtopic
	};
	int i;

	for (i = 0; i < 4; i++)
		if (f->have & LABEL_BIT(LABEL_CHANNEL + i)) {
			*to[i] = f->text[LABEL_CHANNEL + i];
			if (to[i]->n > ROUTE_TEXT_MAX)
				return "a routing label over 1024 bytes";
		}
	if (f->have & LABEL_BIT(LABEL_RECEIVED)) {
		if (!number_ns(f->text[LABEL_RECEIVED], &route->received.ns))
			return "received is out of range";
		route->has_received = true;
	}
	/* a part without a seq means nothing */
	return f->have & LABEL_BIT(LABEL_SEQ) ? records_position(f, route) :
	    NULL;
}

struct records_labels {
	struct line_labels labels;	/* first: it is found by this */
	struct route *route;
};

/* The first record of a line says what all of it counts from. */
static const char *
records_begin(struct line_labels *labels, struct resolver *r,
    const struct fields *f, bool *alone)
{
	struct route *route = ((struct records_labels *)labels)->route;
	const char *why = records_route(f, route);

	if (r->now.ns == 0)
		r->now = route->received;
	r->each = route->channel.n + route->publisher.n +
	    route->protocol.n + route->subtopic.n + 64 +
	    (route->has_seq ? POSITION_MAX_TEXT : 0);
	/* a mark */
	*alone = (f->have & ~LABEL_BIT(LABEL_PART)) == LABEL_BIT(LABEL_SEQ);
	return why;
}

const char *
pack_parse_line(struct pack *p, struct str line, struct stamp now,
    struct route *route)
{
	struct records_labels l = {
		.labels = { .take = records_begin }, .route = route
	};

	route_clear(route);
	return pack_parse_labelled(p, line, now, &l.labels);
}

/* The labels that a resolved record keeps, except for its position. */
static void
records_put_route(struct buf *b, const struct route *route)
{
	struct route kept = *route;

	kept.has_received = kept.has_seq = false;
	route_put(b, &kept);
}

void
record_put_line(struct buf *b, const struct route *route,
    const struct record *r)
{
	buf_putc(b, '{');
	records_put_route(b, route);
	if (route->has_seq) {
		position_put(b, route->seq, route->part);
		buf_putc(b, ',');
	}
	record_put_fields(b, r, &(struct time_text){ .n = 0 }, STR("}\n"));
}

/*
 * What the lines of a pack begin with: the labels and, when the lines are
 * numbered, `"seq":N,"part":` up to the number.
 */
struct records_head {
	size_t start, labels, all;	/* where it is, and its lengths */
	bool numbered;
};

static struct records_head
records_put_head(struct buf *b, const struct route *route, size_t n)
{
	struct records_head h = { .start = b->n };

	buf_putc(b, '{');
	records_put_route(b, route);
	h.labels = b->n - h.start;
	h.numbered = n > 1 && route->has_seq && route->part == 0 &&
	    !route->joined;
	if (h.numbered) {
		position_put(b, route->seq, 0);
		buf_put_str(b, STR(",\"part\":"));
	}
	h.all = b->n - h.start;
	return h;
}

static void
records_copy_head(struct buf *b, const struct records_head *h, size_t n)
{
	if (buf_room(b, n) == NULL)
		return;
	memcpy(b->p + b->n, b->p + h->start, n);
	b->n += n;
}

bool
pack_put_lines(struct buf *b, const struct route *route, const struct pack *p)
{
	struct records_head h;
	struct time_text last;
	size_t start = b->n, i;

	last.n = 0;
	if (p->n == 0 && route->has_seq)
		mark_put(b, route->seq, route->part);
	else if (p->n > 0)
		h = records_put_head(b, route, p->n);
	for (i = 0; i < p->n; i++) {
		bool end = i == p->n - 1;

		/* every line begins like the first */
		if (i > 0)
			records_copy_head(b, &h, end ? h.labels : h.all);
		if (!end && h.numbered)
			buf_put_u64(b, i + 1);
		else if (end && route->has_seq)
			position_put(b, route->seq, route->part);
		if (route->has_seq && (end || h.numbered))
			buf_putc(b, ',');
		record_put_fields(b, &p->records[i], &last, STR("}\n"));
	}
	if (b->full)
		b->n = start;
	return !b->full;
}
