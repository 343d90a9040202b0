/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/documents.h"

static const enum frame_kind frames[DOCUMENTS_KINDS] = {
	[DOCUMENTS_JSON] = FRAME_JSON, [DOCUMENTS_CBOR] = FRAME_CBOR,
	[DOCUMENTS_XML] = FRAME_CHUNKS, [DOCUMENTS_SENSML] = FRAME_SENSML,
	[DOCUMENTS_SENSMLC] = FRAME_SENSMLC,
};

/* Most packs of CBOR are there as a whole: one look instead of two. */
static size_t
take_cbor(void *arg, struct str unread)
{
	struct documents *d = arg;

	/* what watches or counts would see a failed look, too */
	if (d->pack->watch != NULL || d->pack->lax)
		return 0;
	return pack_parse_cbor_head(d->pack, unread, d->now);
}

void
documents_init(struct documents *d, enum documents_kind kind,
    struct pack *pack, const char *(*take)(void *arg), void *arg)
{
	*d = (struct documents){
		.kind = kind, .pack = pack, .take = take, .arg = arg,
	};
	frame_init(&d->frame, frames[kind]);
	if (kind == DOCUMENTS_CBOR) {
		d->frame.take = take_cbor;
		d->frame.take_arg = d;
	}
	stream_init(&d->stream, pack);
}

void
documents_release(struct documents *d)
{
	stream_release(&d->stream);
}

/* ---- XML is read in pieces; its parser says where a document ends ---- */

static const char *
take_xml_record(void *arg, const struct fields *given)
{
	struct documents *d = arg;
	struct fields kept = *given;

	if (!d->begun)
		resolver_begin(&d->resolver, d->pack, d->now);
	d->begun = true;
	return fields_keep(&kept, &d->pack->arena) ?
	    resolver_add(&d->resolver, &kept) : "pack too large";
}

static const char *
take_xml_end(void *arg)
{
	struct documents *d = arg;
	const char *why;

	if (d->begun)
		resolver_end(&d->resolver);
	d->begun = false;
	why = d->take(d->arg);
	d->pack->n = 0;
	return why;
}

static void
ignore_xml(void *arg, struct str label)
{
	struct documents *d = arg;

	fields_ignore(d->pack, label);
}

static const char *
next_xml(struct documents *d, struct str chunk)
{
	static const struct xml_events events = {
		.record = take_xml_record, .end = take_xml_end,
		.ignored = ignore_xml,
	};
	const char *why;

	if (d->frame.items == 1) {
		d->begun = false;
		d->pack->n = 0;
		xml_stream_init(&d->xml, &events, d);
	}
	xml_stream_feed(&d->xml, chunk, chunk.n == 0);
	why = d->xml.why;
	if (why != NULL || chunk.n == 0) {
		d->at = d->xml.offset;
		frame_stop(&d->frame);
		xml_stream_release(&d->xml);
	}
	return why;
}

const char *
documents_next(struct documents *d, struct str item)
{
	struct pack *p = d->pack;
	const char *why = NULL;

	d->at = DOCUMENTS_NOWHERE;
	if (d->frame.why != NULL)
		return d->frame.why;
	if (d->kind == DOCUMENTS_XML)
		return next_xml(d, item);
	if (d->kind >= DOCUMENTS_SENSML && d->frame.items == 1)
		stream_begin(&d->stream);
	p->at = 0;
	if (d->kind == DOCUMENTS_JSON)
		why = pack_parse_json(p, item, d->now);
	else if (d->kind == DOCUMENTS_CBOR)
		why = d->frame.tried ? NULL :
		    pack_parse_cbor(p, item, d->now);
	else if (d->kind == DOCUMENTS_SENSML)
		why = stream_json(&d->stream, item, d->now);
	else
		why = stream_cbor(&d->stream, item, d->now);
	if (why == NULL)
		why = d->take(d->arg);
	d->at = p->at;
	return why;
}
