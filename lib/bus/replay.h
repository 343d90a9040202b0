/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_REPLAY_H
#define MFX_BUS_REPLAY_H

#include "bus/bus.h"
#include "bus/inlet.h"

/*
 * Messages that were on the bus before a subscriber came, followed by live
 * ones, without a gap or a repetition.
 *
 * A subscriber that replays has a position `at`: it has seen everything
 * before.  While it replays it does not get lines from the inlet.  In every
 * turn in which it has room it takes a step; when that returns REPLAY_LIVE
 * the subscriber has caught up with the inlet, and from then on gets the
 * lines of the inlet whose seq is greater than `at`.
 *
 *	switch (replay_step(r, &at, inlet.seq, &lines, &before, &fault)) …
 *
 * Until the inlet has returned its first position, it is not known how far it
 * is: then REPLAY_WAIT says that the subscriber has seen all lines of the
 * bus, and the next step is due when the inlet or the bus has more.
 *
 * One reader serves all subscribers in turn.
 */
struct replay;

enum replay_result {
	REPLAY_ERROR = -1,	/* and a fault; with EX_DATAERR (a damaged
				 * line) `at` is after that line */
	REPLAY_LINES,		/* lines were returned; step again */
	REPLAY_WAIT,		/* no lines now */
	REPLAY_LIVE,		/* go on with the inlet, after `at` */
};

int replay_open(struct replay **, const char *stream, struct fault *);
void replay_close(struct replay *);

/*
 * REPLAY_LINES: a run of whole lines, borrowed until the next call; *at is
 * the position before the first.  The caller moves *at past each line that it
 * has handled, and may stop before the last.
 */
enum replay_result replay_step(struct replay *, uint64_t *at,
    uint64_t inlet_seq, struct str *lines, struct fault *);

#endif
