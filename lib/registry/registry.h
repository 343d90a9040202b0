/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_REGISTRY_H
#define MFX_REGISTRY_REGISTRY_H

/*
 * The files of this room, each of which includes only those before it:
 * keyring, uuid, metadata, tags, jwt, schema, rowset, direction, ndjson,
 * claim, bootstrap_secure; statement; change; event, names; capture, entry;
 * log_state, log_read, log; registry; checksum, user; token, bootstrap_state,
 * grant; item; group; items, share, page; changes, bootstrap_change,
 * bootstrap_unknown; bootstrap; bootstrap_limit, config_json;
 * bootstrap_notes; access.
 * statement.h, item_row.h and group_sql.h are for this room only.
 */

#include <stdbool.h>

#include "base/fault.h"
#include "registry/keyring.h"

/*
 * The registry of a site: $MFX_HOME/registry.db, an SQLite file (WAL).
 * Many processes may have it open at once; one changes it at a time, and
 * others wait.  It is created by REGISTRY_MAKE only, together with
 * master.key: by the command that adds the first user.
 *
 *	if (registry_begin(r, &fault) < 0) ...
 *	if (item_create(r, ...) < 0 || registry_commit(r, &fault) < 0) {
 *		registry_rollback(r);
 *		return -1;
 *	}
 *
 * Every change is made between begin and commit.  What was committed is on
 * disk.  Faults: 1, no such row; EX_DATAERR, conflict with another row;
 * EX_TEMPFAIL, locked for too long, or disk full; EX_CONFIG, there is no
 * registry, or the file is not a registry, or the master key belongs to
 * another one; EX_UNAVAILABLE, this is a replica; EX_IOERR, also when its log
 * is damaged; EX_NOPERM.
 */
struct registry;

enum registry_mode {
	REGISTRY_WRITE,
	REGISTRY_READ,		/* no change can be made through it */
	REGISTRY_MAKE,		/* REGISTRY_WRITE; creates a missing one */
};

/* `home` NULL: $MFX_HOME or its default */
int registry_open(struct registry **, const char *home, enum registry_mode,
    struct fault *);
/* is there a registry? */
bool registry_exists(const char *home, struct fault *);
/* NULL is fine */
void registry_close(struct registry *);

/* Sets a function that is called several times a millisecond during calls; if
 * it returns true the call stops and fails.  NULL removes it. */
void registry_watch(struct registry *, bool (*stop)(void *arg), void *arg);

/* busy timeout in ms; default: half a minute, longer than any change of many
 * takes */
void registry_patience(struct registry *, int ms);

/* the same, but ends earlier when `over`, called now and then, returns true */
void registry_wait(struct registry *, bool (*over)(void *arg), void *arg);

int registry_begin(struct registry *, struct fault *);
int registry_commit(struct registry *, struct fault *);
void registry_rollback(struct registry *);

/*
 * Everything read between these two is as of one moment, that of the first
 * read, and takes the file's locks once.  Not for long: the WAL can't be
 * checkpointed meanwhile.
 */
int registry_read_begin(struct registry *, struct fault *);
void registry_read_end(struct registry *);

/* between begin and commit: writes without changing anything, to see whether
 * a change could be made */
int registry_probe(struct registry *, struct fault *);

/* has another process or handle changed it since the last call?  1, 0, or
 * -1 when it can't be read */
int registry_changed(struct registry *);
/* whether the file may be written */
bool registry_writable(const struct registry *);
/* was the file removed, or replaced by another one? */
bool registry_replaced(const struct registry *);

const struct keyring *registry_keyring(const struct registry *);

#endif
