/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_PUBLISHER_H
#define MFX_BUS_PUBLISHER_H

#include "base/buf.h"
#include "bus/bus.h"

/*
 * Where an adapter's messages go before it answers for them: a stream of
 * the bus, or stdout.
 *
 *	publisher_open(&s, bus, "raw", BUS_SYNC_INTERVAL, &fault);
 *	message_wrap(&s.lines, ...);		one or many
 *	if (publisher_commit(&s, &fault) == 0)	all of them are safe
 *
 * Call publisher_commit in every turn of the loop, with lines or without: it
 * also syncs lines of earlier turns when BUS_SYNC_INTERVAL is due.
 */
struct publisher {
	struct buf lines;	/* whole lines, to be committed together */
	struct bus_writer *bus;	/* NULL: stdout */
	bool broken;		/* no more can be written: the program ends */
};

/* commit `lines` before adding more when it holds more bytes than this */
#define PUBLISHER_BATCH ((size_t)4 << 20)

/* `stream` "-" is stdout */
int publisher_open(struct publisher *, struct bus *, const char *stream,
    enum bus_sync, struct fault *);
void publisher_close(struct publisher *);

/*
 * 0: all lines are written; -1: none of them may be acknowledged.  `lines` is
 * empty in both cases.  After a failure the bus may accept the next lines;
 * but a failed sync, or a partial write to stdout, sets `broken`.
 * Writing to stdout blocks while its reader is busy, which is the flow
 * control.
 */
int publisher_commit(struct publisher *, struct fault *);

/* Is the reader of stdout gone?  Returns true once, and sets `broken`. */
bool publisher_left(struct publisher *);

/* could lines be committed now?  For a health check. */
int publisher_check(struct publisher *, struct fault *);

#endif
