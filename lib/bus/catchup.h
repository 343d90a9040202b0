/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_CATCHUP_H
#define MFX_BUS_CATCHUP_H

#include "bus/bus.h"
#include "bus/feed.h"

/*
 * Messages that were on the bus before a subscriber came, followed by live
 * ones, without a gap or a repetition.
 *
 * A subscriber that replays has a position `at`: it has seen everything
 * before.  While it replays it does not get lines from the feed.  In every
 * turn in which it has room it takes a step; when that returns CATCHUP_LIVE
 * the subscriber has caught up with the feed, and from then on gets the
 * lines of the feed whose seq is greater than `at`.
 *
 *	switch (catchup_step(c, &at, feed.seq, &lines, &fault)) …
 *
 * Until the feed has returned its first position, it is not known how far it
 * is: then CATCHUP_WAIT says that the subscriber has seen all lines of the
 * bus, and the next step is due when the feed or the bus has more.
 *
 * One reader serves all subscribers in turn.
 */
struct catchup;

enum catchup_result {
	CATCHUP_ERROR = -1,	/* and a fault; with EX_DATAERR (a damaged
				 * line) `at` is after that line */
	CATCHUP_LINES,		/* lines were returned; step again */
	CATCHUP_WAIT,		/* no lines now */
	CATCHUP_LIVE,		/* go on with the feed, after `at` */
};

int catchup_open(struct catchup **, struct bus *, const char *stream,
    struct fault *);
void catchup_close(struct catchup *);

/* the position where a subscriber wants to begin, or the end if that is
 * before it */
int catchup_find(struct catchup *, const struct bus_where *, uint64_t *at,
    struct fault *);

/*
 * CATCHUP_LINES: a run of lines, borrowed until the next call; *at is the
 * position before the first.  The caller moves *at to that of each line that
 * it has handled, and may stop before the last.
 */
enum catchup_result catchup_step(struct catchup *, uint64_t *at,
    uint64_t feed_seq, struct bus_lines *, struct fault *);

#endif
