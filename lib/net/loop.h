/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_NET_LOOP_H
#define MFX_NET_LOOP_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

/*
 * The event loop of a server: one thread, over libev.
 *
 *	loop_open(&loop, &fault);
 *	loop_watch(loop, &watch, fd, LOOP_READ, ready);
 *	while (!signal_stop())
 *		loop_turn(loop, 1000);
 *
 * One turn waits for the first event and handles all that are there.  What the
 * program does once a turn, such as to write all messages of a turn to disk
 * together, is between two turns.
 */
struct loop;

int loop_open(struct loop **, struct fault *);
void loop_close(struct loop *);		/* NULL is fine */

/*
 * Waits until something is ready, a signal of signal.h has come, or `timeout`
 * milliseconds have passed (0: does not wait), and calls what is ready.  After
 * loop_hurry() the next turn does not wait.
 */
void loop_turn(struct loop *, int timeout);
void loop_hurry(struct loop *);

/* when this turn began to handle events: nanoseconds, as clock_ns() */
int64_t loop_now(const struct loop *);

/*
 * A descriptor to watch; the struct is the caller's, in one of its own.  What
 * can't be polled (a file) is always ready.  `ready` may end any watch, its own
 * too: one that has ended is not called any more, in the same turn either.
 * ready NULL: that there is something ends the wait, and no more.
 */
#define LOOP_READ 1
#define LOOP_WRITE 2

struct loop_watch {
	struct ev_io io;
	struct loop *loop;	/* NULL: not watched */
	void (*ready)(struct loop_watch *, unsigned events);
};

void loop_watch(struct loop *, struct loop_watch *, int fd, unsigned events,
    void (*ready)(struct loop_watch *, unsigned events));
/* other events from now on; 0: none for now */
void loop_want(struct loop_watch *, unsigned events);
/* before the descriptor is closed; one that is not watched is fine */
void loop_unwatch(struct loop_watch *);

/*
 * What is called once in each turn, with loop_now(): `wake` when the wait is
 * over and before any event is handled, `turn` after all have been; either may
 * be NULL.  In them no other hook may be taken off.
 */
struct loop_hook {
	struct loop_hook *prev, *next;
	struct loop *loop;	/* NULL: not hooked */
	void (*wake)(struct loop_hook *, int64_t now);
	void (*turn)(struct loop_hook *, int64_t now);
};

void loop_hook(struct loop *, struct loop_hook *,
    void (*wake)(struct loop_hook *, int64_t now),
    void (*turn)(struct loop_hook *, int64_t now));
void loop_unhook(struct loop_hook *);

#endif
