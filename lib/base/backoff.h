/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_BACKOFF_H
#define MFX_BASE_BACKOFF_H

#include <stdint.h>

/*
 * The pauses between attempts: `first`, then twice as long each time, at most
 * `last`.  The unit is that of these two.
 *
 *	struct backoff pause = { .first = 50, .last = 2000 };
 *	...
 *	signal_poll(NULL, 0, (int)backoff_next(&pause));
 */
struct backoff {
	int64_t first, last;
	int64_t next;		/* 0: `first` is next */
};

static inline int64_t
backoff_next(struct backoff *b)
{
	int64_t now = b->next != 0 ? b->next : b->first;

	b->next = now < b->last / 2 ? 2 * now : b->last;
	return now;
}

/* after a success: begins with `first` again */
static inline void
backoff_reset(struct backoff *b)
{
	b->next = 0;
}

#endif
