/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_CARRY_H
#define MFX_BUS_CARRY_H

#include "bus/bus.h"

/*
 * A stream of one bus, carried to a stream of another, each line once and in
 * order, whenever a process is killed or a bus is away.
 *
 *	struct carry c = { .from = a, .to = b, .from_stream = …, … };
 *
 *	while ((r = carry_step(&c, &fault)) != 0)
 *		if (r < 0 && fault.status == EX_TEMPFAIL)
 *			pause; the next step goes on
 *	carry_settle(&c, &fault);
 *	carry_close(&c);
 *
 * The target knows how far it has the stream (bus_source_open_abroad), under
 * `name`.  With `follows` there is also a group of that name on the stream, so
 * that nothing is pruned that is not there yet; it never decides, but when it
 * was moved ahead by hand.
 *
 * A step moves some lines.  How many depends on how long the last ones took: a
 * slow link gets few at once, so that each gets its answer in time.  After a
 * failure it is first asked what has got there, and nothing is sent before that
 * is known.
 */
struct carry {
	/* of the caller; the texts are borrowed */
	struct bus *from, *to;
	const char *from_stream, *to_stream, *name;
	enum bus_sync sync;
	bool follows;
	bool adds;		/* also to a stream that has other lines */

	/* for the caller to read */
	uint64_t position;	/* how far on the source */
	uint64_t lines, bytes;	/* that were moved by this process */
	uint64_t refused;	/* lines that can't be on the bus */
	struct bus_reader *reader;	/* NULL until it is open */

	/* private */
	struct bus_writer *writer;
	struct bus_source *source;
	struct bus_group *group;
	struct bus_lines run;	/* read, and not there yet */
	size_t most;		/* bytes at once, about */
	uint64_t grouped;	/* where the group is */
	bool known;		/* the group is ours, and it was judged */
};

/*
 * 1: lines were moved, or passed over.  0: there are none now.  -1: EX_NOINPUT
 * while there is no such stream; EX_TEMPFAIL; EX_DATAERR for a damaged place,
 * after which the next step goes on; EX_CONFIG when the target's knowledge is
 * not of this stream, or it has lines of others.
 */
int carry_step(struct carry *, struct fault *);
/* what has got there is kept as acknowledged on both sides; 0, -1 */
int carry_settle(struct carry *, struct fault *);
void carry_close(struct carry *);

#endif
