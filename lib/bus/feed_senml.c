/* SPDX-License-Identifier: Apache-2.0 */
/* Apart from the feed, as with it the parsers of all forms of SenML come. */
#include "bus/feed.h"
#include "line/message.h"
#include "senml/decode.h"

/* The records of a pack that has come in another form than JSON. */
static void
feed_put_records(struct buf *b, const struct pack *p)
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
	const struct senml_codec *codec;
	struct route ignored;
	size_t labels;

	if (!message_is_wrapped(d->line)) {
		buf_put_str(b, d->payload);
		return;
	}
	codec = codec_find(d->type);
	if (codec != NULL && decode_pack(codec, pack, d->payload,
	    d->route.received) == NULL) {
		if (codec == &codec_json)
			buf_put_str(b, d->payload);
		else
			feed_put_records(b, pack);
		return;
	}
	/* what message_wrap has made of it, without the route */
	route_scan(d->line, &ignored, &labels);
	buf_put_str(b, STR("[{"));
	buf_put_str(b, str_from(d->line, labels));
}
