/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_REGISTRY_WRITER_H
#define MFX_API_REGISTRY_WRITER_H

#include "net/thread_pool.h"
#include "registry/registry.h"

/*
 * The one thread that changes the registry.  What was added while it was
 * writing to disk goes into the next transaction together, so that many
 * wait for one write; each change may be refused (1, EX_DATAERR, EX_NOUSER,
 * EX_NOPERM) without the others.  A change is on disk when its `done` is
 * called.
 *
 * A change with `many` takes up to seconds.  After one come the small ones
 * that wait, even if they came later, and then one of another user.
 */
struct registry_writer;

struct api_change {
	struct task task;		/* `done` is the caller's, not `run` */
	/* What can be done before it, by another thread, so that the others
	 * wait for less: of one with `many`.  It is not made after -1; may
	 * be NULL. */
	int (*prepare)(struct api_change *, const struct keyring *,
	    struct fault *);
	/* in the writer's thread: 0, or -1 and nothing of it happens */
	int (*make)(struct api_change *, struct registry *, struct fault *);
	/* it may be refused half way: has a transaction of its own, as
	 * savepoints make the statements in them slower and slower */
	bool many;
	/* the user of one with `many`; NULL: of no user */
	const char *user;
	/* for `done` */
	int result;
	struct fault fault;
	/* private */
	unsigned opened;
};

/* `home` NULL: as registry_open */
int registry_writer_open(struct registry_writer **, const char *home,
    struct completions *, struct fault *);
/* after all that was added is done; NULL is fine */
void registry_writer_close(struct registry_writer *);
void registry_writer_add(struct registry_writer *, struct api_change *);
/* how many with `many` this user has waiting or under way */
unsigned registry_writer_many_of(struct registry_writer *, const char *user);
/* A change that does not begin within a few seconds from now, as another
 * process has the registry locked or too much waits, is refused with
 * EX_TEMPFAIL. */
void registry_writer_stop(struct registry_writer *);
/* Is it in the midst of a change?  From any thread. */
bool registry_writer_changing(struct registry_writer *);

#endif
