/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_TAIL_H
#define MFX_BUS_TAIL_H

#include "bus/bus.h"

/*
 * A stream that a program with its own loop reads, and a group that it moves;
 * either may be missing.  Nothing but bus_tail_open() and bus_tail_settle()
 * waits for a server: where the bus has one, a thread does, which has a bus of
 * its own, the one that $MFX_BUS names, and reads one run ahead.
 *
 *	bus_tail_open(&tail, bus, &options, &fault);
 *	for (;;) {
 *		wait for bus_tail_fd(tail)
 *		bus_tail_turn(tail);
 *		while (bus_tail_read(tail, &lines, &fault) > 0) ...
 *		bus_tail_move(tail, seq);
 *	}
 *	bus_tail_settle(tail, ms);
 *	bus_tail_close(tail);
 *
 * While the servers are away there are no lines; that is said once, and when it
 * goes on, after the last line that was returned.
 */
struct bus_tail;

struct bus_tail_options {
	const char *stream;
	const char *group;	/* NULL: none */
	bool reads;		/* from the group, which is joined (a new one
				 * begins at the end); or from the end */
};

int bus_tail_open(struct bus_tail **, struct bus *,
    const struct bus_tail_options *, struct fault *);
/* does not wait for a server; NULL is fine */
void bus_tail_close(struct bus_tail *);

/* readable when there may be more lines; to be read once before that.  -1: it
 * does not read. */
int bus_tail_fd(const struct bus_tail *);
/* once in each turn of the loop */
void bus_tail_turn(struct bus_tail *);

/* as bus_read, bus_reader_position and bus_reader_gone; after an error that is
 * not EX_DATAERR there are no more lines */
int bus_tail_read(struct bus_tail *, struct bus_lines *, struct fault *);
uint64_t bus_tail_position(const struct bus_tail *);
bool bus_tail_gone(struct bus_tail *, uint64_t *from, uint64_t *to);

/* The group goes to this position, soon; a failure is not repeated. */
void bus_tail_move(struct bus_tail *, uint64_t seq);
/* Where it is; -1: the last move has failed. */
int bus_tail_moved(struct bus_tail *, uint64_t *seq, struct fault *);
/* waits until the last move is done or has failed, at most so many ms */
void bus_tail_settle(struct bus_tail *, int64_t ms);

/* Does the bus answer, as far as is known?  It is asked, for the next call. */
int bus_tail_check(struct bus_tail *, struct fault *);

#endif
