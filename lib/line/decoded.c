/* SPDX-License-Identifier: Apache-2.0 */
#include "line/decoded.h"

#include "line/message.h"
#include "senml/decode.h"

void
decoded_init(struct decoded *d)
{
	pack_init(&d->pack);
	pack_init(&d->payload);
	d->records = &d->pack;
	d->note = NULL;
}

void
decoded_release(struct decoded *d)
{
	pack_release(&d->pack);
	pack_release(&d->payload);
}

const char *
decoded_parse(struct decoded *d, struct str line, struct stamp now,
    struct route *route)
{
	const struct senml_codec *codec;
	const struct record *data;
	const char *why;

	d->records = &d->pack;
	d->note = NULL;
	why = pack_parse_line(&d->pack, line, now, route);
	data = d->pack.records;
	if (why != NULL || d->pack.n != 1 || data->kind != VALUE_DATA ||
	    !message_is_wrapped(line))
		return why;
	if ((codec = codec_find(data->ct)) == NULL)
		return NULL;
	d->note = decode_pack(codec, &d->payload, data->value,
	    now.ns ? now : route->received);
	if (d->note == NULL)
		d->records = &d->payload;
	return NULL;
}
