/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_SIGNING_H
#define MFX_API_SIGNING_H

#include "api/registry_writer.h"
#include "base/str.h"

struct api;

/*
 * Signatures and new keys are made by the pool, fairly by owner: a user, or an
 * address that has shown no user.  RSA keys, which take up to seconds, wait for
 * each other, so that they hold up nothing else.
 *
 *	struct enroll { struct signing signing; ... };
 *	if (!signing_add(api, owner, &e->signing, slow)) ... too many wait
 *	... signing.change.task.run in a thread, then `done` in the loop, which
 *	    calls signing_done first; or `drop`, when the service is stopped
 */
struct signing {
	struct api_change change;	/* its task is for the pool; then all of
					 * it may go to the registry writer */
	void (*drop)(struct signing *);
	/* private */
	struct fair_queue *queue;
};

/* with `at_once` threads for signatures */
void signing_open(struct api *, unsigned at_once);
bool signing_add(struct api *, struct str owner, struct signing *, bool slow);
void signing_done(struct signing *);
/* drops those that no thread has begun */
void signing_end(struct api *);
void signing_close(struct api *);

#endif
