/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_EVENTS_TARGET_H
#define MFX_CMD_EVENTS_TARGET_H

#include "base/stamp.h"
#include "client/client.h"

/*
 * Where mfx-events writes, in place of stdout, each event once: a stream of
 * Redis, or of the bus.  The target keeps the position: the number of the last
 * event that it has, and its time, so that another registry, or an older copy
 * of this one, is noticed.
 *
 *	start()		finds the position, or that there is none
 *	put()		lines, in order, that follow it
 *	settle()	all of them are there; and that position, if there
 *			was none
 *
 * Like filter.h, targets print messages: that the other end is away is said
 * once, and waited for.
 */
enum target_result {
	TARGET_DONE,
	TARGET_AGAIN,		/* from start() on */
	TARGET_STOPPED,		/* by a signal */
	TARGET_FAILED,		/* with a fault */
};

struct position {
	bool known;
	uint64_t seq;
	char time[STAMP_TEXT];	/* "": not known */
};

/* an event as it is in the line that mfx-events prints */
struct event_line {
	struct str text;
	uint64_t seq;
	struct str time;
	struct str rest;	/* the members after those two */
};

struct target {
	enum target_result (*start)(struct target *, struct position *,
	    struct fault *);
	enum target_result (*put)(struct target *, const struct event_line *,
	    struct fault *);
	/* `at`: of the last that was put, or where it begins */
	enum target_result (*settle)(struct target *,
	    const struct position *at, struct fault *);
	void (*end)(struct target *);
};

struct target_setup {
	const char *redis, *password_file, *stream;	/* of Redis */
	int64_t maxlen;		/* 0: it is not trimmed */
	bool all;		/* what Mainflux does not have, too */
	const char *bus;	/* a stream of the bus */
	int64_t timeout;	/* ns, of a server that is silent */
	bool begins;		/* it was said where, so a stream that is
				 * there already may have no position */
};

/* NULL, with a fault, when what the setup says is wrong */
struct target *target_redis(const struct target_setup *, struct fault *);
struct target *target_bus(const struct target_setup *, struct fault *);

/*
 * Moves the events that the client gives into the target, until there are no
 * more, or a signal comes.  `events` has no count.  0, or -1.
 */
int deliver(struct client *, struct client_events *, struct target *,
    struct fault *);

#endif
