/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_REPLAY_H
#define MFX_BUS_REPLAY_H

#include "bus/bus.h"
#include "bus/inlet.h"

/*
 * What was on the bus before a subscriber came, and then the rest, without a
 * gap and nothing twice.
 *
 * A subscriber that replays has a position `at`: all before it has been
 * looked at.  While it replays, lines that come by the inlet are not for it.
 * In every turn in which it has room it takes a step; when that says
 * REPLAY_LIVE it has seen all that the inlet has given, and from then on
 * gets those lines of the inlet whose seq is greater than `at`.
 *
 *	switch (replay_step(r, &at, inlet.seq, &lines, &before, &fault)) …
 *
 * Until the inlet has given its first position nobody can know where it
 * stands: then REPLAY_WAIT says that all that is there has been seen; the
 * next step is due when the inlet has moved, or the bus.
 *
 * One reader serves all subscribers in turn.
 */
struct replay;

enum replay_result {
	REPLAY_ERROR = -1,	/* and a fault; after EX_DATAERR (a damaged
				 * line) `at` is behind it */
	REPLAY_LINES,		/* here are some; step again */
	REPLAY_WAIT,		/* none now */
	REPLAY_LIVE,		/* go on with the inlet, behind `at` */
};

int replay_open(struct replay **, const char *stream, struct fault *);
void replay_close(struct replay *);

/*
 * REPLAY_LINES: a run of whole lines, borrowed until the next call, *at in
 * front of the first; the caller moves *at behind each line it has done
 * with, and may stop before the end.
 */
enum replay_result replay_step(struct replay *, uint64_t *at,
    uint64_t inlet_seq, struct str *lines, struct fault *);

#endif
