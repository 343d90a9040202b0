/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_HISTORY_H
#define MFX_COAP_HISTORY_H

#include "base/fault.h"
#include "bus/feed.h"

/*
 * The last messages of a channel that a subscription has, from a place of
 * a stream (bus_where_parse) on, as one pack of resolved SenML JSON: those
 * in the last HISTORY_SCAN bytes of the stream, or HISTORY_MESSAGES messages
 * of a bus that counts these (bus_unit), and of them the last that go into
 * `max` bytes.  Read in steps, so that nobody waits for it:
 *
 *	history_open(&h, bus, stream, from, channel, subscription, max, &fault)
 *	while ((r = history_step(h, &pack, &fault)) > 0)
 *		something else;
 *	if (r == 0)
 *		history_put(h, &buf);
 *	history_close(h);
 */
#define HISTORY_SCAN ((uint64_t)4 << 20)
#define HISTORY_MESSAGES ((uint64_t)16384)

struct history;

enum history_result {
	HISTORY_OK,
	HISTORY_BAD_PLACE,	/* `from` is not a valid place */
	HISTORY_ERROR,		/* the stream can't be read; a fault */
};

enum history_result history_open(struct history **, struct bus *,
    const char *stream, struct str from, struct str channel,
    struct str subscription, size_t max, struct fault *);
/* a part of some 100 KiB: 1 when there is more, 0 when not, -1 and a fault;
 * lines that nobody can read are passed over */
int history_step(struct history *, struct pack *, struct passed *,
    struct fault *);
/* appends the pack; nothing more may be read */
void history_put(struct history *, struct buf *);
/* also NULL */
void history_close(struct history *);

#endif
