/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_AUDIENCE_H
#define MFX_BUS_AUDIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "line/topic.h"

/*
 * Who of an adapter's clients wants which messages: subscriptions by
 * channel, so that a message costs as much as its channel has subscribers,
 * whatever others there are.
 *
 *	audience_join(&a, &session->subscription, channel, filter);
 *	...
 *	for (s = audience_first(&a, channel, subtopic); s; s = next) {
 *		next = audience_next(s, subtopic);
 *		deliver(s->owner);
 *	}
 *	audience_leave(&a, &session->subscription);
 *
 * They come in the order they joined.  Within such a loop the one at hand
 * may leave, and no other.
 */
struct audience_channel;

/* Embedded in what the program has for each client. */
struct subscription {
	void *owner;			/* for the program */
	/* private */
	struct audience_channel *channel;	/* NULL: joined to none */
	struct subscription *prev, *next;
	char *filter;
	uint16_t filter_n;
};

struct audience {
	uint32_t subscriptions, channels;
	/* private */
	uint32_t size;			/* of the table, a power of two */
	struct audience_channel **table;
};

void audience_init(struct audience *);
/* all have left before */
void audience_release(struct audience *);

/* `filter` is what subscription_put (line/topic.h) has made, and is copied.
 * The subscription must not have been joined, and must stay where it is. */
void audience_join(struct audience *, struct subscription *,
    struct str channel, struct str filter);
/* nothing when it is not joined */
void audience_leave(struct audience *, struct subscription *);

/* the first subscription that has a message, and the next; or NULL */
struct subscription *audience_first(const struct audience *,
    struct str channel, struct str subtopic);
struct subscription *audience_next(const struct subscription *,
    struct str subtopic);

/* what it was joined with; borrowed */
struct str subscription_channel(const struct subscription *);
struct str subscription_filter(const struct subscription *);

#endif
