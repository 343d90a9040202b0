/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_FEED_H
#define MFX_BUS_FEED_H

#include "base/arena.h"
#include "base/line.h"
#include "bus/bus.h"
#include "bus/passed.h"
#include "bus/tail.h"
#include "line/canonical.h"

/*
 * The messages for an adapter's subscribers: lines as mfx-sub writes them,
 * read from stdin within the adapter's own loop.
 *
 *	feed_init(&in, STDIN_FILENO, "<stdin>");
 *	for (;;) {
 *		watch in.fd for POLLIN, unless it is -1; do not wait
 *		while feed_hurry(&in)
 *		feed_turn(&in);
 *		while (feed_next(&in, &d))
 *			... each subscriber of d.route (bus/subscriptions.h)
 *	}
 *
 * Each line is parsed once, for any number of subscribers.  Nothing here
 * blocks: stdin is read when poll says so, and its flags are not changed, as
 * other processes may share it.  A turn returns at most FEED_TURN bytes of
 * lines, so that a full pipe does not keep the loop from its other work.  The
 * adapter may leave lines for later turns, but not because a subscriber does
 * not read: that would hold up the others.
 *
 * At the end of the input (</dev/null, or mfx-sub has ended) `fd` is -1: no
 * more lines will come.  The adapter goes on accepting messages and
 * answering, until it is told to stop.
 *
 * feed_open reads the lines from the bus instead, for an adapter whose stdin
 * is a connection from inetd.  While its servers are away there are none.
 */
#define FEED_TURN ((size_t)256 * 1024)

struct feed {
	int fd;			/* to be watched; -1: the input has ended */
	int err;		/* errno that ended the input, or 0 */
	struct fault fault;	/* the same as a fault, or status 0 */
	uint64_t seq;		/* position of the line or mark read last;
				 * 0: no line has had one yet */
	uint64_t lines;		/* messages returned */
	struct passed passed;	/* lines that could not be delivered */
	/* private */
	const char *stream;	/* of the bus */
	struct line_in in;
	struct bus_tail *tail;	/* NULL: lines come from `in` */
	struct bus_lines run;	/* read from the bus */
	struct canonical canonical;	/* of `in` */
	struct buf labelled;	/* one of them, as mfx-sub writes it */
	struct arena arena;
	size_t left;		/* bytes left of this turn */
	bool idle;		/* no more lines now */
};

/* A message for subscribers; borrowed until the next feed_next. */
struct delivery {
	struct route route;	/* always has a channel */
	struct str line;	/* as it came, without its newline */
	struct str payload;	/* as the device sent it, byte for byte */
	struct str type;	/* media type of the payload */
};

void feed_init(struct feed *, int fd, const char *name);
/* reads the stream from its end; seq is that position */
int feed_open(struct feed *, struct bus *, const char *stream,
    struct fault *);
void feed_release(struct feed *);

/* begins a turn of the loop */
void feed_turn(struct feed *);
/* the next message of this turn; skips marks and, with a warning, lines that
 * are not messages */
bool feed_next(struct feed *, struct delivery *);
/* were there more lines than fit into the turn?  Then do not wait before the
 * next turn. */
bool feed_hurry(const struct feed *);

/*
 * The same from any line: false when it is not a message of a channel.
 * `arena` holds the payload when the line does not contain it as it is.
 */
bool delivery_parse(struct delivery *, struct str line, struct arena *);
/* The same for a line read from the bus.  Its position is added as mfx-sub
 * does: d->line borrows from `labelled`. */
bool delivery_parse_at(struct delivery *, const struct bus_line *,
    struct buf *labelled, struct arena *);
#define DELIVERY_LABELLED_MAX (LINE_LIMIT + 64)

/*
 * Appends the message as one pack of SenML JSON: a device's own JSON as it
 * was sent; CBOR and XML decoded and resolved; anything else as a record with
 * "vd" and "ct" (RFC 9193).  `pack` is scratch space.
 */
void delivery_put_senml(struct buf *, const struct delivery *, struct pack *);

#endif
