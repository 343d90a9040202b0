/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_WATCH_H
#define MFX_STORE_WATCH_H

#include "base/backoff.h"
#include "store/store.h"

/* is the work to be given up? */
bool store_stopped(const struct store_watch *);

/*
 * poll(2) for one descriptor: 1 when it is ready (or has failed), 0 when
 * `ms` have passed, -1 when the work is to be given up.  fd -1 only waits;
 * ms -1 is for ever.
 */
int store_wait(const struct store_watch *, int fd, short events, int ms);

/*
 * For the frame.  A writer has some seconds after a signal to stop, to end
 * what it is about, and none when the store is away.
 *
 *	while ((r = driver->write(...)) == STORE_LATER)
 *		if (!store_try_again(&patience, &fault))
 *			... asked to stop
 *	store_is_back(&patience);
 */
struct store_patience {
	struct store_watch watch;	/* for the driver */
	/* private */
	struct backoff pause;		/* ms */
	bool away;			/* which has been said */
	int64_t since;			/* asked to stop */
};

void store_patience_init(struct store_patience *);
/* says why, the first time, and waits */
bool store_try_again(struct store_patience *, const struct fault *);
/* says so if it was away */
void store_is_back(struct store_patience *);

#endif
