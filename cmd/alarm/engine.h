/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_ALARM_ENGINE_H
#define MFX_CMD_ALARM_ENGINE_H

#include "base/hash.h"
#include "cmd/alarm/event.h"

/*
 * The rules at work: records and time go in, events come out.  It knows no
 * clock and no file, so the same lines and times give the same events.
 *
 *	engine_init(&e, &rules, tell, arg);
 *	engine_time(&e, now);		what is due up to then
 *	engine_line(&e, &route, &pack);	a line that came at that time
 *	engine_release(&e);
 *
 * A series is what a rule watches by itself: the labels that the rule goes by,
 * with the same texts.  It is kept as long as it says something that is not so
 * of a new one.  A rule has a bounded number of them, and one thing may make a
 * tenth of these: what is quiet and was used least recently is forgotten, and
 * when nothing is quiet a new one is not watched.  `note` is told that, once
 * a rule.
 */
enum series_state {
	SERIES_QUIET,
	SERIES_PENDING,		/* the condition holds, not long enough yet */
	SERIES_RAISED,
	SERIES_CLEARING,	/* raised; it holds no more, not long enough
				 * yet */
	SERIES_CALMING,		/* the same, after flapping */
	SERIES_STATES
};

/* what is stored at once: events, and bytes of removed series */
#define ENGINE_EVENTS 1000
#define ENGINE_REMOVED ((size_t)1 << 20)
/* longer labels, together, are not watched */
#define SERIES_KEY_MAX 1024

struct thing;

/* Times are those of engine_time, but what a record says is at least as long
 * ago counts too: a pack may bring an hour at once. */
struct series {
	struct hash_node node;
	struct series *prev, *next;	/* of its state, by when that began */
	size_t at_changed;	/* in engine.changed, when it is: */
	bool changed;		/* since the state was stored */
	bool stored;		/* there is a row of it */
	enum series_state state;
	bool flapping;
	bool has_last;
	int64_t since, since_record;	/* PENDING, CLEARING, CALMING */
	int64_t seen;		/* the last record came */
	double last;		/* number of the last record, and its time */
	int64_t last_time;
	int64_t flap_start;	/* raised `flaps` times since */
	int flaps;
	uint64_t number;	/* of its alarm, when it is raised */
	int64_t raised;
	struct thing *thing;	/* that made it */
	uint32_t n;
	char key[];		/* n bytes: engine_subject */
};

struct track_list {
	struct series *first, *last;
};

struct watch {
	const struct rule *rule;
	struct hash_table series, things;
	struct track_list lists[SERIES_STATES];
	bool told;		/* that some series are not watched */
};

typedef void engine_tell_fn(void *arg, const struct event *);
typedef void engine_note_fn(void *arg, const struct rule *, const char *what);

struct engine {
	struct watch *v;	/* one for each rule */
	size_t n;
	int64_t now;		/* 0: no time is known yet */
	uint64_t number;	/* of the last alarm */
	bool keeps;		/* what changes is collected in these: */
	struct {
		struct watch *watch;
		struct series *series;
	} *changed;
	size_t n_changed, cap_changed;
	size_t told;		/* events */
	struct buf removed;	/* rule '\0' key length (32 bits) key … */
	/* private */
	int64_t due;		/* nothing is due before that */
	uint64_t seed;
	struct buf key, value;
	engine_tell_fn *tell;
	engine_note_fn *note;
	void *arg;
};

void engine_init(struct engine *, const struct rules *, engine_tell_fn *,
    engine_note_fn *, void *arg);
void engine_release(struct engine *);

/* Time goes on to there; it never goes back.  False: it is not there yet, as
 * so much is due at once that it has to be stored first. */
bool engine_time(struct engine *, int64_t now);
static inline bool
engine_is_full(const struct engine *e)
{
	return e->keeps && (e->told >= ENGINE_EVENTS ||
	    e->removed.n >= ENGINE_REMOVED);
}
/* when something is due, at the earliest; INT64_MAX: never */
static inline int64_t
engine_due(const struct engine *e)
{
	return e->due;
}

void engine_line(struct engine *, const struct route *, const struct pack *);

/* Puts a series back that was stored, with this key and all else as in
 * `like`; false when there is no room for it. */
bool engine_restore(struct engine *, struct watch *, struct str key,
    struct str publisher, const struct series *like);
/* the changes have been stored */
void engine_settle(struct engine *);

/* of the thing that made it */
struct str engine_publisher(const struct series *);

/* the labels of a key; false when it is not one */
bool engine_subject(const struct rule *, struct str key, struct subject *);

#endif
