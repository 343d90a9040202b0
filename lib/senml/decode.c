/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/decode.h"

static const char *
decode_items(const struct senml_codec *codec, struct resolver *r,
    struct str bytes)
{
	struct frame frame;
	const char *why = NULL;

	frame_init(&frame, codec);
	while (why == NULL && bytes.n > 0) {
		struct str item = STR_NONE;
		size_t n = frame.cut.next(&frame, bytes, true, &item);

		bytes = str_from(bytes, n);
		if (item.p == NULL)
			continue;
		why = frame.why ? frame.why : codec->parse(r, item);
	}
	return why;
}

const char *
decode_pack(const struct senml_codec *codec, struct pack *p, struct str bytes,
    struct stamp now)
{
	struct resolver r;
	const char *why;

	resolver_begin(&r, p, now);
	resolver_bound(&r, bytes.n);
	why = codec->stream && codec->cut != NULL ?
	    decode_items(codec, &r, bytes) : codec->parse(&r, bytes);
	if (why != NULL)
		p->n = 0;
	else if (!codec->stream)
		resolver_end(&r);
	return why;
}

/* Most packs of CBOR are there as a whole: one look instead of two. */
static size_t
decode_head(struct decoder *r, struct str unread)
{
	struct resolver resolver;
	size_t n;

	resolver_begin(&resolver, r->pack, r->now);
	resolver_bound(&resolver, unread.n);
	n = r->codec->parse_head(&resolver, unread);
	if (n > 0)
		resolver_end(&resolver);
	else
		r->pack->n = 0;
	return n;
}

static size_t
decode_cut(void *arg, struct str unread, bool end, struct str *item)
{
	struct decoder *r = arg;
	size_t n;

	r->parsed = false;
	/* what watches or counts would see a failed look, too */
	if (r->codec->parse_head == NULL || unread.n == 0 ||
	    frame_inside(&r->frame) || r->pack->watch != NULL ||
	    r->pack->lax || (n = decode_head(r, unread)) == 0)
		return r->frame.cut.next(&r->frame, unread, end, item);
	r->parsed = true;
	*item = (struct str){ unread.p, n };
	return n;
}

static void
decode_begin(void *arg)
{
	struct decoder *r = arg;

	r->frame.cut.begin(&r->frame);
}

void
decode_init(struct decoder *r, const struct senml_codec *codec,
    struct pack *pack)
{
	size_t i;

	*r = (struct decoder){ .codec = codec, .pack = pack };
	frame_init(&r->frame, codec);
	r->cut = r->frame.cut;
	r->cut.next = decode_cut;
	r->cut.begin = decode_begin;
	r->cut.arg = r;
	/* a base is shorter than the record that it came in */
	for (i = 0; i < sizeof r->bases / sizeof *r->bases; i++)
		buf_init(&r->bases[i], FRAME_LIMIT);
}

void
decode_release(struct decoder *r)
{
	size_t i;

	for (i = 0; i < sizeof r->bases / sizeof *r->bases; i++)
		buf_release(&r->bases[i]);
}

/* A text that is in force goes where the next record does not take it
 * away. */
static void
decode_keep(struct buf *kept, struct str *base)
{
	if (base->p == NULL || base->p == kept->p)
		return;
	buf_clear(kept);
	/* empty is a value too, and has to be somewhere */
	buf_room(kept, base->n + 1);
	buf_put_str(kept, *base);
	/* a byte that belongs to no number */
	kept->p[kept->n] = '\0';
	*base = buf_str(kept);
}

static const char *
decode_next_record(struct decoder *r, struct str item)
{
	struct resolver *resolver = &r->resolver;
	struct str *bases[] = {
		&resolver->bn, &resolver->bu, &resolver->bct, &resolver->bv,
		&resolver->bs
	};
	const char *why;
	size_t i;

	if (decode_begins(r)) {
		resolver_begin(resolver, r->pack, r->now);
		r->broken = false;
	}
	if (r->broken) {
		r->pack->at = 0;
		return "after a record that was refused";
	}
	arena_reset(&r->pack->arena);
	resolver->now = r->now;
	resolver->out = 0;
	if ((why = r->codec->parse(resolver, item)) == NULL)
		for (i = 0; i < sizeof bases / sizeof *bases; i++)
			decode_keep(&r->bases[i], bases[i]);
	r->broken = why != NULL;
	return why;
}

const char *
decode_next(struct decoder *r, struct str item)
{
	struct pack *p = r->pack;
	const char *why;

	if (r->parsed)
		return NULL;
	p->n = 0;
	p->at = PACK_NOWHERE;
	if (r->frame.why != NULL)
		return r->frame.why;
	if (!r->codec->stream)
		return decode_pack(r->codec, p, item, r->now);
	if ((why = decode_next_record(r, item)) != NULL)
		p->n = 0;
	else
		p->at = 0;
	return why;
}
