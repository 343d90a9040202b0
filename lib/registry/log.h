/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_LOG_H
#define MFX_REGISTRY_LOG_H

#include "registry/log_state.h"

struct registry;

/*
 * The log of a registry: a stream of a bus, which has each transaction as an
 * entry (entry.h).  It is the truth, and registry.db a copy of it up to some
 * entry.  Where a registry has a log is written in the registry itself, so
 * that no program can forget it: registry_begin and registry_commit do all
 * that is needed.
 *
 * An entry is valid when it says the number and the hash of the last valid one
 * before it, and who is the primary.  So of two that were made from the same
 * state the first in the stream counts, and everybody who reads the stream
 * drops the other.  A writer appends its entry, reads the stream up to it, and
 * commits its transaction only when it was valid; else the change was not
 * made.  When a process dies in between, the next transaction on this machine
 * begins with what is in the log and not yet in the file.
 *
 * To take over, a replica appends an entry that makes it the primary, in the
 * next epoch.  The old primary can't append a valid one after that, however
 * late it sees it.
 */

/* starts a log, whose primary is this registry: EX_CONFIG when it has one.
 * What is in the registry is not in the log: replicas begin with a copy. */
int log_start(struct registry *, const char *bus, const char *stream,
    const char *node, struct fault *);
/* from now on without a log */
int log_leave(struct registry *, struct fault *);
/* names this registry, if it has no name yet */
int log_set_node(struct registry *, const char *node, struct fault *);

/*
 * Waits for entries, at most `ms`, and makes their changes: how many, 0 when
 * there are none or a signal came, -1.  EX_TEMPFAIL: the bus is away, or the
 * registry is locked; the next call goes on.  Any other fault stays until
 * somebody mends it.
 */
int log_follow(struct registry *, int ms, struct fault *);

/* becomes the primary */
int log_promote(struct registry *, struct fault *);

/* how much of the stream was not read, in bus_unit's; what was read and is
 * not in the registry is an entry that has no end yet */
int log_lag(struct registry *, uint64_t *lag, struct fault *);
/* Keeps what comes after here from being pruned, for the next time that this
 * registry follows. */
int log_hold(struct registry *, struct fault *);

/* ---- for registry.c ---- */

struct log;

void log_close(struct log *);
/* Begins a transaction, and applies what is in the log only; may commit and
 * begin again.  EX_UNAVAILABLE: this is a replica. */
int log_begin(struct registry *, struct fault *);
/* before COMMIT: the changes are in the log */
int log_commit(struct registry *, struct fault *);
/* after COMMIT, or ROLLBACK */
void log_end(struct registry *, bool kept);

#endif
