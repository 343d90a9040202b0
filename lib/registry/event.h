/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_EVENT_H
#define MFX_REGISTRY_EVENT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/stamp.h"

struct registry;

/*
 * The outbox: every change, in order, written in the same transaction as the
 * change.  Operations and fields are Mainflux's (mfx-events(1)); no event
 * ever holds a key or a password.
 *
 *	event_begin(r, owner->id);
 *	event_text(r, "id", id);
 *	event_json(r, "metadata", json);
 *	event_append(r, "thing.update", &fault);
 */
#define EVENT_MAX ((size_t)512 << 10)

/* `owner`: the id of the user that the changed item belongs to; "": nobody,
 * so that only this machine is told */
void event_begin(struct registry *, const char *owner);
/* Who makes the changes from here on, an email address, when that is not the
 * owner of what is changed: `by` in their events.  NULL: the owner does. */
void event_by(struct registry *, const char *email);
void event_text(struct registry *, const char *name, struct str value);
void event_json(struct registry *, const char *name, struct str json);
int event_append(struct registry *, const char *operation, struct fault *);
/* instead of event_append: the fields as a JSON object, valid until the next
 * event_begin; p NULL when they are too large */
struct str event_end(struct registry *);
/* one event with the fields of each row of the rowset (rowset.h) */
int event_append_rows(struct registry *, const char *owner,
    const char *operation, struct fault *);

/* Appends the events after *seq, at most `max`, to `to` as lines:
 * {"seq":7,"time":1700000000.5,"operation":"thing.create","id":…}
 * Returns their number, and *seq becomes that of the last one; -1. */
int event_read(struct registry *, uint64_t *seq, int max, struct buf *to,
    struct fault *);

/*
 * The same for one user's events among the next `max` events; *seq also
 * passes those of other users.  *end is set when *seq has passed the last
 * event.
 */
int event_read_of(struct registry *, const char *owner, uint64_t *seq,
    int max, struct buf *to, bool *end, struct fault *);

/* A change that was made. */
struct event_record {
	uint64_t seq;
	struct stamp time;
	struct str operation;
	struct str fields;	/* a JSON object */
	struct str user;	/* whose it is: the email address, or the id
				 * of one who was removed; "" of old events */
};

/* Calls `each` for the events after `seq` in whose fields the text `about`
 * occurs (p NULL: all), until it returns non-zero, which is then returned; 0
 * at the end, -1.  The record is borrowed. */
int event_each(struct registry *, uint64_t seq, struct str about,
    int (*each)(void *arg, const struct event_record *, struct fault *),
    void *arg, struct fault *);

/* the seq after which the events since `t` begin; when there are none, that
 * of the last event */
int event_seek(struct registry *, struct stamp t, uint64_t *seq,
    struct fault *);
int event_last(struct registry *, uint64_t *seq, struct fault *);

#endif
