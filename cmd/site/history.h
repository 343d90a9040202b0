/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_SITE_HISTORY_H
#define MFX_CMD_SITE_HISTORY_H

#include "base/arena.h"
#include "client/client.h"

/* The members that events have, of those that are given. */
struct event_fields {
	struct str id, name, metadata, tags, status, email, channel, thing;
	struct str direction, group, level, parent, description;
};

/* reads the fields of an event; texts may borrow from the arena; false when
 * they are damaged */
bool history_read(const struct event_record *, struct event_fields *,
    struct arena *);

/* What a thing, channel, group or grant was before an event, as the events
 * before it say. */
struct history {
	bool there;
	struct str name, metadata, tags;	/* p NULL: not known */
	struct str description, parent;		/* of a group */
	struct str level;			/* of a grant */
	bool disabled;
	/* pairs of a thing and a channel: the other one, what the thing might
	 * do (direction.h), and the event; or of a group and what was in it,
	 * or of these and it */
	struct history_pair {
		struct str other;
		bool place, channel;	/* a place; `other` is a channel */
		unsigned direction;
		uint64_t seq;
	} *pairs;
	size_t n, cap;
	struct arena *keep;
};

/* 0 or -1; history_end afterwards in any case */
int history_before(struct client *, struct str id, uint64_t seq,
    struct history *, struct arena *keep, struct fault *);
/* its connection with this one: of enum direction; 0: there was none */
unsigned history_direction(const struct history *, struct str other);
/* that of a thing.connect */
unsigned event_direction(const struct event_fields *);
void history_end(struct history *);

#endif
