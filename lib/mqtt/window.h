/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_WINDOW_H
#define MFX_MQTT_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * The messages that a broker is to acknowledge, in order, and what becomes
 * of one that it does not take: no message can stop those that follow it.
 *
 *	while ((s = window_next(&w)) != NULL)
 *		send it, then window_sent(&w, s, mid)
 *	window_acked, window_refused	what the broker answers
 *	window_down			the connection has ended
 *
 * - A message that the broker refuses waits until the broker takes another
 *   one, and is then set aside.  While it takes none, the fault is not the
 *   message's.
 * - Two connections in a row that end while the same message is the oldest
 *   one unanswered make suspects of all that were on their way.  Those are
 *   sent one by one.  One with which three connections more have ended is
 *   refused.
 *
 * Set aside: `aside` is called, and the message counts as done.
 */
enum sent_state { SENT_WAITING, SENT_ON_WAY, SENT_REFUSED, SENT_DONE };

struct sent {
	enum sent_state state;
	int mid;		/* libmosquitto's, while it is on its way */
	bool suspect;		/* goes alone */
	unsigned ends;		/* connections that ended with it */
	int reason;		/* of a refusal: MQTT's, 0: the end of … */
	const char *why;	/* … the connection; static text */
	uint64_t place;		/* position or line number, for messages */
	bool by_seq;		/* it is a position */
	char *line;
	size_t line_n;
	/* private */
	bool has_seq;
	uint64_t seq;		/* all up to there is this and those before */
};

typedef void window_aside_fn(void *arg, const struct sent *, const char *why);

struct window {
	size_t n;		/* messages that are not done, and those
				 * after the first of them */
	size_t on_way, refused;
	uint64_t seq;		/* all up to there is done */
	/* private */
	struct sent *sent;	/* a ring: n of them from `first` */
	size_t size, first, bytes, done;
	size_t next;		/* none before it waits */
	size_t suspects;	/* neither done nor refused */
	window_aside_fn *aside;
	void *arg;
};

/* bytes of lines at once; one line more may be */
#define WINDOW_BYTES ((size_t)16 << 20)

void window_init(struct window *, size_t size, window_aside_fn *, void *arg);
void window_release(struct window *);

bool window_has_room(const struct window *);
/* copies the line; there must be room */
struct sent *window_add(struct window *, struct str line, uint64_t place,
    bool by_seq);
/* all up to this position is what has been added up to now */
void window_position(struct window *, uint64_t seq);

/* the next one to be sent, NULL when none may be now; again the same one
 * until it was sent or set aside */
struct sent *window_next(struct window *);
void window_sent(struct window *, struct sent *, int mid);
/* can't be sent, ever */
void window_set_aside(struct window *, struct sent *, const char *why);

/* false when nothing of that mid is on its way */
bool window_acked(struct window *, int mid);
/* with `certain` it is set aside at once; the sent one, or NULL as above or
 * when it has been set aside */
const struct sent *window_refused(struct window *, int mid, int reason,
    const char *why, bool certain);

/* All that was on its way is to be sent again.  `telling`: the end may have
 * to do with what was sent, and `why` says how it looks.  True when there are
 * suspects. */
bool window_down(struct window *, bool telling, const char *why);

/* nothing is left of it but messages that are refused */
bool window_is_stuck(const struct window *);
/* the first of those, or NULL */
const struct sent *window_first_refused(struct window *);
/* nothing more can come: those that ended connections are set aside */
void window_end(struct window *);

#endif
