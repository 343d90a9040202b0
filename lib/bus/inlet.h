/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_INLET_H
#define MFX_BUS_INLET_H

#include "base/arena.h"
#include "base/line.h"
#include "bus/bus.h"
#include "bus/passed.h"
#include "line/canonical.h"

/*
 * Where an adapter's subscribers get their messages from: lines as mfx-sub
 * writes them, read from stdin within the adapter's own loop.
 *
 *	inlet_init(&in, STDIN_FILENO, "<stdin>");
 *	for (;;) {
 *		watch in.fd for POLLIN, unless it is -1; do not wait at all
 *		while inlet_hurry(&in)
 *		inlet_turn(&in);
 *		while (inlet_next(&in, &d))
 *			... each subscriber of d.route (bus/audience.h)
 *	}
 *
 * Each line is parsed once, however many want it.  Nothing here blocks: stdin
 * is read when poll says so, and stays as it was, as others may share it.  A
 * turn gives at most INLET_TURN bytes of lines, so that a full pipe does not
 * keep the loop from its other work.  The adapter may leave lines for later
 * turns, but a subscriber that does not read is no reason: it would hold up
 * the others.
 *
 * At the end of the input (</dev/null, or mfx-sub has gone) `fd` is -1: no
 * more lines will come.  The adapter goes on taking messages and answering,
 * until it is told to stop.
 *
 * inlet_open takes the lines from the bus instead, for an adapter that has
 * no stdin to read: inetd gave it the connection there.
 */
#define INLET_TURN ((size_t)256 * 1024)

struct inlet {
	int fd;			/* to be watched; -1: it has ended */
	int err;		/* it has ended by this errno, or 0 … */
	struct fault fault;	/* … which here is told, or has status 0 */
	uint64_t seq;		/* position of the line or mark read last;
				 * 0: none has had one yet */
	uint64_t lines;		/* messages given out */
	struct passed passed;	/* lines that are no message for anybody */
	/* private */
	const char *stream;	/* of the bus */
	struct line_in in;
	struct bus_reader *reader;	/* NULL: lines come by `in` */
	struct str run;		/* of lines read from the bus … */
	uint64_t at;		/* … and the position in front of them */
	struct canonical canonical;	/* of `in` */
	struct buf labelled;	/* one of them, as mfx-sub gives it */
	struct arena arena;
	size_t left;		/* of this turn */
	bool idle;		/* there is no more now */
};

/* A message for subscribers; borrowed, and dead at the next inlet_next. */
struct delivery {
	struct route route;	/* with a channel, always */
	struct str line;	/* as it came, without its newline */
	struct str payload;	/* as the device sent it, byte for byte … */
	struct str type;	/* … and its media type */
};

void inlet_init(struct inlet *, int fd, const char *name);
/* the stream from its end on, which is seq at once */
int inlet_open(struct inlet *, const char *stream, struct fault *);
void inlet_release(struct inlet *);

/* begins a turn of the loop */
void inlet_turn(struct inlet *);
/* the next message of this turn; marks are passed over, and so is what is no
 * message, which is warned about */
bool inlet_next(struct inlet *, struct delivery *);
/* the turn ended before the lines did: take another one without waiting */
bool inlet_hurry(const struct inlet *);

/*
 * The same from any line: false when it is no message of a channel.
 * `arena` holds the payload, when it isn't in the line itself.
 */
bool delivery_parse(struct delivery *, struct str line, struct arena *);
/* The same for one read from the bus, to be replayed; it is given its
 * position, behind it, as mfx-sub does: d->line borrows from `labelled`. */
bool delivery_parse_at(struct delivery *, struct str line, uint64_t seq,
    struct buf *labelled, struct arena *);
#define DELIVERY_LABELLED_MAX (LINE_LIMIT + 64)

/*
 * The message as one pack of SenML JSON, appended: a device's own JSON as
 * it was sent; CBOR and XML decoded and resolved; what is no SenML as a
 * record of its own with "vd" and "ct" (RFC 9193).  `pack` is used for it.
 */
void delivery_put_senml(struct buf *, const struct delivery *, struct pack *);

#endif
