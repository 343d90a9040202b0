/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_ADAPTER_PUBLISH_THREAD_H
#define MFX_ADAPTER_PUBLISH_THREAD_H

#include "bus/publisher.h"

/*
 * A thread that waits for the servers or the disk of a bus, so that the loop
 * does not.  It has a bus of its own, the one that $MFX_BUS names, and one job
 * at a time:
 *
 *	publish_thread_commit(t, &lines)	or publish_thread_check(t)
 *	... publish_thread_fd(t) is readable
 *	publish_thread_result(t, &result)
 */
struct publish_thread;

enum publish_job { PUBLISH_IDLE, PUBLISH_COMMIT, PUBLISH_CHECK };

struct publish_result {
	enum publish_job job;	/* that is done */
	bool broken;		/* as publisher.broken */
	struct fault fault;	/* status 0: it was done */
};

int publish_thread_open(struct publish_thread **, const char *stream,
    enum bus_sync, struct fault *);
/* waits for the job in hand, which the driver bounds; NULL is fine */
void publish_thread_close(struct publish_thread *);

int publish_thread_fd(const struct publish_thread *);

/* While it is idle.  The lines are moved to it: what is left in `lines` is
 * empty. */
void publish_thread_commit(struct publish_thread *, struct buf *lines);
void publish_thread_check(struct publish_thread *);

/* Is a job done?  Then it is idle again, and the descriptor empty. */
bool publish_thread_result(struct publish_thread *, struct publish_result *);
/* the same, after waiting until it is */
void publish_thread_await(struct publish_thread *, struct publish_result *);

#endif
