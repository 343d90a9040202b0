/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_LEDGER_H
#define MFX_API_LEDGER_H

#include "api/task.h"
#include "registry/registry.h"

/*
 * The one thread that changes the registry.  What was added while it was
 * writing to disk goes into the next transaction together, so that many
 * wait for one write; each change may be refused (1, EX_DATAERR, EX_NOUSER)
 * without the others.  A change is on disk when its `done` is called.
 *
 * A change with `many` takes up to seconds.  After one come the small ones
 * that wait, whoever was first, and then one of another user.
 */
struct ledger;

struct api_change {
	struct task task;		/* `done` is the caller's, not `run` */
	/* What can be done before it, by another thread, so that the others
	 * wait for less: of one with `many`.  It is not made after -1; may
	 * be NULL. */
	int (*prepare)(struct api_change *, const struct keyring *,
	    struct fault *);
	/* in the ledger's thread: 0, or -1 and nothing of it happens */
	int (*make)(struct api_change *, struct registry *, struct fault *);
	/* it may be refused half way: has a transaction of its own, as
	 * savepoints make the statements in them slower and slower */
	bool many;
	/* whose it is, one with `many`; NULL: nobody's in particular */
	const char *user;
	/* for `done` */
	int result;
	struct fault fault;
	/* private */
	unsigned opened;
};

/* `home` NULL: as registry_open */
int ledger_open(struct ledger **, const char *home, struct inbox *,
    struct fault *);
/* after all that was added is done; NULL is fine */
void ledger_close(struct ledger *);
void ledger_add(struct ledger *, struct api_change *);
/* how many with `many` this user has waiting or under way */
unsigned ledger_many_of(struct ledger *, const char *user);
/* What is not begun within a few seconds from now, as another process has
 * the registry locked or too much is waiting, is refused: EX_TEMPFAIL. */
void ledger_stop(struct ledger *);
/* Is it in the midst of a change?  From any thread. */
bool ledger_changing(struct ledger *);

#endif
