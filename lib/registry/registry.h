/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_REGISTRY_H
#define MFX_REGISTRY_REGISTRY_H

#include <stdbool.h>

#include "base/fault.h"
#include "registry/keyring.h"

/*
 * The registry of a site: $MFX_HOME/registry.db, an SQLite file (WAL).
 * Many processes may have it open at once, one changes it at a time, the
 * others wait.  A question makes none: only REGISTRY_MAKE does, and
 * master.key with it, which is what adds the first user.
 *
 *	if (registry_begin(r, &fault) < 0) ...
 *	if (item_create(r, ...) < 0 || registry_commit(r, &fault) < 0) {
 *		registry_rollback(r);
 *		return -1;
 *	}
 *
 * All that changes something is called inside of begin and commit.  What
 * was committed is on disk.  Faults: 1 there is no such row; EX_DATAERR it
 * clashes with another; EX_TEMPFAIL locked for too long, or disk full;
 * EX_CONFIG there is no registry, or it is not one of ours, or the master key
 * is not its own;
 * EX_IOERR, EX_NOPERM as they say.
 */
struct registry;

enum registry_mode {
	REGISTRY_WRITE,
	REGISTRY_READ,		/* no change can be made through it */
	REGISTRY_MAKE,		/* as REGISTRY_WRITE, and made if need be */
};

/* `home` NULL: $MFX_HOME or its default */
int registry_open(struct registry **, const char *home, enum registry_mode,
    struct fault *);
/* is there a registry? */
bool registry_exists(const char *home, struct fault *);
/* NULL is fine */
void registry_close(struct registry *);

/* Who is asked several times a millisecond, within a call too, whether to
 * stop; NULL: nobody any more.  What was stopped has failed. */
void registry_watch(struct registry *, bool (*stop)(void *arg), void *arg);

/* how long another's change is waited for, ms, instead of half a minute */
void registry_patience(struct registry *, int ms);

/* the same, but not any longer once `over` says so, which is asked now and
 * then */
void registry_wait(struct registry *, bool (*over)(void *arg), void *arg);

int registry_begin(struct registry *, struct fault *);
int registry_commit(struct registry *, struct fault *);
void registry_rollback(struct registry *);

/*
 * What is read between these two is as of one moment, that of the first
 * read, and takes the file's locks once.  Not to be kept for long: the file
 * can't be tidied up meanwhile.
 */
int registry_look(struct registry *, struct fault *);
void registry_look_away(struct registry *);

/* inside of begin and commit: writes something that changes nothing, to
 * see whether that can be done */
int registry_probe(struct registry *, struct fault *);

/* has another process or handle changed it since the last call?  1, 0, or
 * -1 when it can't be asked */
int registry_changed(struct registry *);
/* is the file gone from its place, or another one in it? */
bool registry_replaced(const struct registry *);

const struct keyring *registry_keyring(const struct registry *);

#endif
