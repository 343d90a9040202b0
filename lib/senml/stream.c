/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/stream.h"

/* a base is shorter than the record it came in: FRAME_LIMIT */
#define BASE_MAX ((size_t)16 << 20)

void
stream_init(struct stream *s, struct pack *pack)
{
	size_t i;

	s->pack = pack;
	for (i = 0; i <= LABEL_BCT; i++)
		buf_init(&s->kept[i], BASE_MAX);
	stream_begin(s);
}

void
stream_release(struct stream *s)
{
	size_t i;

	for (i = 0; i <= LABEL_BCT; i++)
		buf_release(&s->kept[i]);
}

void
stream_begin(struct stream *s)
{
	resolver_begin(&s->resolver, s->pack, (struct stamp){ 0 });
	s->broken = false;
}

/* The text of a base that this record has set goes where the next record
 * does not take it away. */
static void
keep(struct stream *s, const struct fields *f, enum label l, struct str *base)
{
	struct buf *b = &s->kept[l];

	if ((f->have & LABEL_BIT(l)) == 0)
		return;
	buf_clear(b);
	/* empty is a value too, and has to be somewhere */
	buf_room(b, base->n + 1);
	buf_put_str(b, *base);
	/* the byte behind a number that is none of it */
	b->p[b->n] = '\0';
	*base = buf_str(b);
}

static const char *
refuse(struct stream *s, const char *why)
{
	s->broken = true;
	s->pack->n = 0;
	return why;
}

const char *
stream_fields(struct stream *s, const struct fields *f, struct stamp now)
{
	struct resolver *r = &s->resolver;
	const char *why;

	if (s->broken)
		return refuse(s, "behind a record that was refused");
	s->pack->n = 0;
	r->now = now;
	r->out = 0;
	if ((why = resolver_add(r, f)) != NULL)
		return refuse(s, why);
	keep(s, f, LABEL_BN, &r->bn);
	keep(s, f, LABEL_BU, &r->bu);
	keep(s, f, LABEL_BV, &r->bv);
	keep(s, f, LABEL_BS, &r->bs);
	keep(s, f, LABEL_BCT, &r->bct);
	return NULL;
}

const char *
stream_json(struct stream *s, struct str item, struct stamp now)
{
	struct fields f;
	const char *why;

	arena_reset(&s->pack->arena);
	if ((why = fields_parse_json(s->pack, item, &f)) != NULL)
		return refuse(s, why);
	return stream_fields(s, &f, now);
}

const char *
stream_cbor(struct stream *s, struct str item, struct stamp now)
{
	struct fields f;
	const char *why;

	arena_reset(&s->pack->arena);
	if ((why = fields_parse_cbor(s->pack, item, &f)) != NULL)
		return refuse(s, why);
	return stream_fields(s, &f, now);
}
