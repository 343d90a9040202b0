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
 * outlet_commit belongs into every turn of the loop, with lines or without:
 * it also brings to disk what BUS_SYNC_INTERVAL has left.
 */
struct outlet {
	struct buf lines;	/* whole ones, to be committed together */
	struct bus_writer *bus;	/* NULL: stdout */
	bool broken;		/* nothing more goes: the program ends */
};

/* more bytes than this in `lines` are to be committed before the next */
#define OUTLET_BATCH ((size_t)4 << 20)

/* `stream` "-" is stdout */
int outlet_open(struct outlet *, const char *stream, enum bus_sync,
    struct fault *);
void outlet_close(struct outlet *);

/*
 * All lines are written; or none of them may be acknowledged.  None is left
 * in `lines` either way.  The bus may take the next ones, but what could
 * not be synced, or went to stdout in part, leaves the outlet `broken`.
 * Writing to stdout blocks while its reader is busy: that is the flow
 * control.
 */
int outlet_commit(struct outlet *, struct fault *);

/* Whether the reader of stdout has gone, said once: then it is broken. */
bool outlet_left(struct outlet *);

/* could lines be committed now?  For a health check. */
int outlet_check(struct outlet *, struct fault *);

#endif
