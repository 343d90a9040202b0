/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_EVENTS_H
#define MFX_CLIENT_EVENTS_H

#include "base/out.h"
#include "client/session.h"

/*
 * The events of a user from a mfx-api(1), as lines.  Each is whole and its
 * seq greater than that of the one before, whatever the server says.
 */
struct events_tap {
	const char *from;	/* start, end or @TIME; not looked at when... */
	uint64_t seq;		/* ...that of the last one is known */
	bool known;
	bool follow;
	int64_t count;		/* end after as many; 0: no limit */
	struct out *out;
	int ready_fd;		/* is told once, as soon as it has begun */
	bool begun;		/* the server has answered once */
	bool odd;		/* something else than events has come */
};

/* Takes what comes over one connection.  1: enough, or the output can't be
 * written; 0: the server has ended it, without `follow` behind the last one;
 * -1: on what was taken so far one may go on. */
int events_take(struct session *, struct events_tap *, struct fault *);

/* For that, and for tests: puts the lines that are whole into tap->out and
 * removes them from what has come.  1 enough, or what is no event: tap->odd;
 * else 0. */
int events_put(struct events_tap *, struct buf *come);

#endif
