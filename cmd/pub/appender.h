/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_PUB_APPENDER_H
#define MFX_CMD_PUB_APPENDER_H

#include "bus/bus.h"

/*
 * Appends what mfx-pub has read.  It exists nowhere else, so when the disk is
 * full or the bus is away this waits.  Like filter.h it prints messages.
 */
struct appender {
	struct bus *bus;
	struct bus_writer *writer;
	struct bus_source *source;	/* for exactly once, or NULL */
	int64_t timeout;	/* gives up after this time, ns; 0: never */
	bool each;		/* without a source: one append per line */
};

/* Opens it all; `timeout` is set.  `ack` is the STREAM/GROUP that lines come
 * from, or NULL.  0, or the exit status to end with. */
int appender_open(struct appender *, const char *stream, enum bus_sync,
    const char *ack);
void appender_close(struct appender *);

/*
 * Appends whole lines and, with `moves`, moves the source's group to its
 * `at`.  0, or the exit status to end with.
 */
int appender_append(struct appender *, struct str lines, bool moves);

#endif
