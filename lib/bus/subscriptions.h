/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_SUBSCRIPTIONS_H
#define MFX_BUS_SUBSCRIPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/str.h"
#include "line/topic.h"

/*
 * Which clients of an adapter want which messages: subscriptions by channel
 * and filter, so that a message costs as much as its subscribers, and as the
 * different filters with wildcards that its channel has.
 *
 *	subscriptions_join(&a, &session->subscription, channel, filter);
 *	...
 *	for (s = subscriptions_first(&a, channel, subtopic); s; s = next) {
 *		next = subscriptions_next(s, subtopic);
 *		deliver(s->owner);
 *	}
 *	subscriptions_leave(&a, &session->subscription);
 *
 * Those without wildcards come first.  Those with the same filter come in the
 * order in which they joined.  Within such a loop only the current one may
 * leave.
 */
struct subscriptions_topic;

/* Embedded in the program's own struct of a client. */
struct subscription {
	void *owner;			/* for the program */
	/* private */
	struct subscriptions_topic *topic;	/* NULL: has not joined */
	struct subscription *prev, *next;
};

struct subscriptions {
	uint32_t n;
	/* private */
	struct hash_table channels, topics;
	uint64_t seed;
};

void subscriptions_init(struct subscriptions *);
/* all subscriptions must have left */
void subscriptions_release(struct subscriptions *);

/* `filter` comes from subscription_put (line/topic.h), and is copied.  The
 * subscription must not have joined, and its address must not change. */
void subscriptions_join(struct subscriptions *, struct subscription *,
    struct str channel, struct str filter);
/* does nothing when it has not joined */
void subscriptions_leave(struct subscriptions *, struct subscription *);

/* the first subscription that includes a message, and the next; or NULL */
struct subscription *subscriptions_first(const struct subscriptions *,
    struct str channel, struct str subtopic);
struct subscription *subscriptions_next(const struct subscription *,
    struct str subtopic);

/* what it joined with; borrowed while it has not left */
struct str subscription_channel(const struct subscription *);
struct str subscription_filter(const struct subscription *);

#endif
