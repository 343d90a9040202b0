/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_AUDIENCE_H
#define MFX_BUS_AUDIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "line/topic.h"

/*
 * Which clients of an adapter want which messages: subscriptions by channel,
 * so that the cost of a message depends on the subscribers of its channel
 * only.
 *
 *	audience_join(&a, &session->subscription, channel, filter);
 *	...
 *	for (s = audience_first(&a, channel, subtopic); s; s = next) {
 *		next = audience_next(s, subtopic);
 *		deliver(s->owner);
 *	}
 *	audience_leave(&a, &session->subscription);
 *
 * Subscriptions are returned in the order in which they joined.  Within such
 * a loop only the current one may leave.
 */
struct audience_channel;

/* Embedded in the program's own struct of a client. */
struct subscription {
	void *owner;			/* for the program */
	/* private */
	struct audience_channel *channel;	/* NULL: has not joined */
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
/* all subscriptions must have left */
void audience_release(struct audience *);

/* `filter` comes from subscription_put (line/topic.h), and is copied.  The
 * subscription must not have joined, and its address must not change. */
void audience_join(struct audience *, struct subscription *,
    struct str channel, struct str filter);
/* does nothing when it has not joined */
void audience_leave(struct audience *, struct subscription *);

/* the first subscription that includes a message, and the next; or NULL */
struct subscription *audience_first(const struct audience *,
    struct str channel, struct str subtopic);
struct subscription *audience_next(const struct subscription *,
    struct str subtopic);

/* what it joined with; borrowed */
struct str subscription_channel(const struct subscription *);
struct str subscription_filter(const struct subscription *);

#endif
