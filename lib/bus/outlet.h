/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_OUTLET_H
#define MFX_BUS_OUTLET_H

#include "base/buf.h"
#include "bus/bus.h"

/*
 * Where an adapter's messages go before it answers for them: a stream of
 * the bus, or stdout.
 *
 *	outlet_open(&s, "raw", BUS_SYNC_INTERVAL, &fault);
 *	message_wrap(&s.lines, ...);		one or many
 *	if (outlet_commit(&s, &fault) == 0)	all of them are safe
 *
 * Call outlet_commit in every turn of the loop, with lines or without: it
 * also syncs lines of earlier turns when BUS_SYNC_INTERVAL is due.
 */
struct outlet {
	struct buf lines;	/* whole lines, to be committed together */
	struct bus_writer *bus;	/* NULL: stdout */
	bool broken;		/* no more can be written: the program ends */
};

/* commit `lines` before adding more when it holds more bytes than this */
#define OUTLET_BATCH ((size_t)4 << 20)

/* `stream` "-" is stdout */
int outlet_open(struct outlet *, const char *stream, enum bus_sync,
    struct fault *);
void outlet_close(struct outlet *);

/*
 * 0: all lines are written; -1: none of them may be acknowledged.  `lines` is
 * empty in both cases.  After a failure the bus may accept the next lines;
 * but a failed sync, or a partial write to stdout, sets `broken`.
 * Writing to stdout blocks while its reader is busy, which is the flow
 * control.
 */
int outlet_commit(struct outlet *, struct fault *);

/* Is the reader of stdout gone?  Returns true once, and sets `broken`. */
bool outlet_left(struct outlet *);

/* could lines be committed now?  For a health check. */
int outlet_check(struct outlet *, struct fault *);

#endif
