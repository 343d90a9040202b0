/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_ALARM_STATE_H
#define MFX_CMD_ALARM_STATE_H

#include "bus/bus.h"
#include "cmd/alarm/engine.h"
#include "sqlite/db.h"

/*
 * What mfx-alarm knows, in an SQLite file: series, raised alarms, how far it
 * is with its group, and what it still has to say and to whom.  All of that
 * changes in one transaction, so a kill leaves it as before a line or as after
 * it.
 *
 * Events wait in a table until they are on their stream, under numbers that are
 * never used again; notices, one for each event and target, until they are
 * delivered.
 */
struct state {
	struct db db;
	int lock;
	const char *source;	/* STREAM/GROUP, or NULL */
	char id[17];		/* of the file: at random, when it was made */
	bool begun;		/* the rules are in it */
	int64_t version;	/* of the data: state_changed */
};

/* notices that wait for one target; of more the oldest is dropped */
#define STATE_NOTICES_MAX 10000
/* events that wait for their stream, before no more lines are read */
#define STATE_EVENTS_MAX 10000

/*
 * EX_TEMPFAIL: another process has the file.  `path` NULL: alarm.db under
 * $MFX_HOME.
 */
int state_open(struct state *, const char *path, const char *source,
    struct fault *);
/* For what looks or acknowledges beside it: DB_READ or DB_WRITE. */
int state_open_beside(struct state *, const char *path, enum db_mode,
    struct fault *);
void state_close(struct state *);

/* how far it is with its group */
int state_progress(struct state *, struct progress *, struct fault *);

/*
 * Puts the series back into a new engine, and its time.  Rules that changed, or
 * are gone, begin again: what they had raised is cleared, by `tell`, in the
 * first transaction of state_store.
 */
int state_load(struct state *, struct engine *, const struct rules *,
    engine_tell_fn *, void *arg, struct fault *);

/* Events since the last transaction, to go into the next. */
struct pending {
	struct pending_row *rows;
	size_t n, cap;
	struct buf text;	/* what they point into */
};

void pending_init(struct pending *);
void pending_release(struct pending *);
/* copies it */
void pending_add(struct pending *, const struct event *);

/* In one transaction: what changed in the engine, the events with their
 * notices, and how far that is.  After -1 nothing is stored; EX_TEMPFAIL: it
 * may be later.  *dropped: notices that were too many. */
int state_store(struct state *, struct engine *, const struct rules *,
    const struct progress *, struct pending *, uint64_t *dropped,
    struct fault *);

/* One event or notice more, for who acknowledges an alarm in a transaction of
 * its own. */
int state_put_event(struct state *, struct str line, struct fault *);
int state_put_notice(struct state *, struct str target, struct str line,
    struct fault *);

/* Drops the notices for targets that are not in the rules any more: how many
 * there were, or -1. */
int state_forget(struct state *, const struct rules *, struct fault *);

/* has another process changed it since the last call? */
bool state_changed(struct state *);

/* how many notices, or events, wait; -1: that can't be told */
int64_t state_notices(struct state *);
int64_t state_waiting(struct state *);

/* The events after number *last, lines one after the other, at most
 * BUS_WHOLE_LINES: the number of lines, and *last that of the last one. */
int state_events(struct state *, uint64_t *last, struct buf *lines,
    struct fault *);
/* they are where they should be: all up to there */
int state_told(struct state *, uint64_t last, struct fault *);
/* no number up to there is used any more: it was, before a backup */
int state_skip(struct state *, uint64_t last, struct fault *);

#endif
