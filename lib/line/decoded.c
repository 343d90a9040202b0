/* SPDX-License-Identifier: Apache-2.0 */
#include "line/decoded.h"

#include "line/message.h"
#include "senml/payload.h"

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
	const char *why;

	d->records = &d->pack;
	d->note = NULL;
	why = pack_parse_line(&d->pack, line, now, route);
	if (why != NULL || d->pack.n != 1 || !message_is_wrapped(line))
		return why;
	why = payload_parse(&d->payload, &d->pack.records[0],
	    now.ns ? now : route->received);
	if (why == NULL)
		d->records = &d->payload;
	else if (why != payload_no_senml)
		d->note = why;
	return NULL;
}
