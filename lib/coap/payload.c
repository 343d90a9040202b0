/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/payload.h"

#include <stdlib.h>

#include "base/memory.h"
#include "coap/format.h"
#include "senml/decode.h"

/* CBOR and JSON of a message take no more than this */
#define TEXT_MAX (4 * LINE_LIMIT)

void
payload_hold(struct payload *n)
{
	n->refs++;
}

void
payload_release(struct payload *n)
{
	if (n == NULL || --n->refs > 0)
		return;
	if (n->charged != NULL) {
		n->charged->queued -= n->n;
		budget_drop(n->budget, n->charged->key, n->n);
		usage_put(n->usages, n->charged);
	}
	budget_free(n->budget, n->n);
	free(n);
}

static struct payload *
payload_new(struct str bytes, int format)
{
	struct payload *n = memory_get(sizeof *n + bytes.n);

	*n = (struct payload){ .refs = 1, .format = format, .n = bytes.n };
	if (bytes.n > 0)
		memcpy(n->bytes, bytes.p, bytes.n);
	return n;
}

void
encodings_init(struct encodings *s)
{
	int i;

	*s = (struct encodings){ .delivery = NULL };
	pack_init(&s->pack);
	for (i = 0; i < CODECS_NAMED; i++)
		encode_init(&s->encoders[i], codecs[i]);
	buf_init(&s->text, TEXT_MAX);
	buf_init(&s->bytes, TEXT_MAX);
}

void
encodings_release(struct encodings *s)
{
	int i;

	pack_release(&s->pack);
	for (i = 0; i < CODECS_NAMED; i++)
		encode_release(&s->encoders[i]);
	buf_release(&s->text);
	buf_release(&s->bytes);
}

void
encodings_begin(struct encodings *s, const struct delivery *d)
{
	s->delivery = d;
}

void
encodings_end(struct encodings *s)
{
	int i;

	payload_release(s->as_sent);
	s->as_sent = NULL;
	for (i = 0; i < CODECS_NAMED; i++) {
		payload_release(s->packs[i]);
		s->packs[i] = NULL;
	}
	s->delivery = NULL;
}

bool
payload_encode(struct buf *to, struct str json, struct stamp now,
    struct pack *pack, struct encoder *e)
{
	size_t i, start = to->n;

	if (decode_pack(&codec_json, pack, json, now) != NULL)
		return false;
	for (i = 0; i < pack->n; i++)
		if (encode_check(e, &pack->records[i]) != NULL)
			return false;
	e->max = SIZE_MAX;
	if (encode_pack(e, to, STR_NONE, pack->records, pack->n) !=
	    pack->n || to->full) {
		to->n = start;
		return false;
	}
	return true;
}

static struct payload *
payload_new_json(struct encodings *s)
{
	buf_clear(&s->text);
	delivery_put_senml(&s->text, s->delivery, &s->pack);
	return s->text.full ? NULL :
	    payload_new(buf_str(&s->text), FORMAT_SENML_JSON);
}

/* In the format of row i. */
static struct payload *
payload_new_pack(struct encodings *s, int i, int format)
{
	struct payload *json = encodings_get(s, FORMAT_SENML_JSON);

	buf_clear(&s->bytes);
	if (json == NULL || !payload_encode(&s->bytes, (struct str){
	    json->bytes, json->n }, s->delivery->route.received, &s->pack,
	    &s->encoders[i]))
		return NULL;
	return payload_new(buf_str(&s->bytes), format);
}

struct payload *
encodings_get(struct encodings *s, int accept)
{
	const struct senml_codec *codec = format_codec(accept);
	int i = 0;

	if (codec == NULL) {
		if (s->as_sent == NULL)
			s->as_sent = payload_new(s->delivery->payload,
			    format_number(s->delivery->type));
		return s->as_sent;
	}
	while (codecs[i] != codec)
		i++;
	if (s->packs[i] == NULL)
		s->packs[i] = codec == &codec_json ? payload_new_json(s) :
		    payload_new_pack(s, i, accept);
	return s->packs[i];
}
