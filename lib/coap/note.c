/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/note.h"

#include <stdlib.h>

#include "base/memory.h"
#include "coap/format.h"
#include "senml/decode.h"

/* CBOR and JSON of a message take no more than this */
#define TEXT_MAX (4 * LINE_LIMIT)

void
note_hold(struct note *n)
{
	n->refs++;
}

void
note_release(struct note *n)
{
	if (n == NULL || --n->refs > 0)
		return;
	if (n->charged != NULL) {
		n->charged->queued -= n->n;
		share_put(n->shares, n->charged);
	}
	free(n);
}

static struct note *
note_new(struct str bytes, int format)
{
	struct note *n = memory_get(sizeof *n + bytes.n);

	*n = (struct note){ .refs = 1, .format = format, .n = bytes.n };
	if (bytes.n > 0)
		memcpy(n->bytes, bytes.p, bytes.n);
	return n;
}

void
notes_init(struct notes *s)
{
	*s = (struct notes){ .delivery = NULL };
	pack_init(&s->pack);
	encode_init(&s->cbor, &codec_cbor);
	buf_init(&s->text, TEXT_MAX);
	buf_init(&s->bytes, TEXT_MAX);
}

void
notes_release(struct notes *s)
{
	pack_release(&s->pack);
	encode_release(&s->cbor);
	buf_release(&s->text);
	buf_release(&s->bytes);
}

void
notes_begin(struct notes *s, const struct delivery *d)
{
	s->delivery = d;
}

void
notes_end(struct notes *s)
{
	int i;

	for (i = 0; i < NOTE_FORMS; i++) {
		note_release(s->forms[i]);
		s->forms[i] = NULL;
	}
	s->delivery = NULL;
}

bool
senml_cbor_put(struct buf *to, struct str json, struct stamp now,
    struct pack *pack, struct encoder *e)
{
	size_t i, start = to->n;

	if (decode_pack(&codec_json, pack, json, now) != NULL)
		return false;
	for (i = 0; i < pack->n; i++)
		if (encode_check(e, &pack->records[i]) != NULL)
			return false;
	e->max = SIZE_MAX;
	if (pack->n == 0)
		buf_putc(to, (char)0x80);
	else if (encode_pack(e, to, STR_NONE, pack->records, pack->n) !=
	    pack->n || to->full) {
		to->n = start;
		return false;
	}
	return true;
}

static struct note *
make_json(struct notes *s)
{
	buf_clear(&s->text);
	delivery_put_senml(&s->text, s->delivery, &s->pack);
	return s->text.full ? NULL :
	    note_new(buf_str(&s->text), FORMAT_SENML_JSON);
}

static struct note *
make_cbor(struct notes *s)
{
	struct note *json = notes_get(s, FORMAT_SENML_JSON);

	buf_clear(&s->bytes);
	if (json == NULL || !senml_cbor_put(&s->bytes, (struct str){
	    json->bytes, json->n }, s->delivery->route.received, &s->pack,
	    &s->cbor))
		return NULL;
	return note_new(buf_str(&s->bytes), FORMAT_SENML_CBOR);
}

struct note *
notes_get(struct notes *s, int accept)
{
	int form = accept == FORMAT_SENML_JSON ? NOTE_JSON :
	    accept == FORMAT_SENML_CBOR ? NOTE_CBOR : NOTE_AS_SENT;
	struct note **n = &s->forms[form];

	if (*n != NULL)
		return *n;
	switch (form) {
	case NOTE_JSON:
		*n = make_json(s);
		break;
	case NOTE_CBOR:
		*n = make_cbor(s);
		break;
	default:
		*n = note_new(s->delivery->payload,
		    format_number(s->delivery->type));
	}
	return *n;
}
