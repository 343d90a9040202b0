/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/alarm/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

static const char state_schema[] =
    "CREATE TABLE site (\n"
    "  id TEXT NOT NULL,\n"
    "  clock INTEGER NOT NULL DEFAULT 0,\n"	/* ns: engine.now */
    "  number INTEGER NOT NULL DEFAULT 0\n"	/* of the last alarm */
    ");\n"
    "INSERT INTO site (id) VALUES (lower(hex(randomblob(8))));\n"
    "CREATE TABLE progress (\n"
    "  source TEXT PRIMARY KEY,\n"		/* STREAM/GROUP */
    "  seq INTEGER NOT NULL,\n"			/* struct progress */
    "  open_seq INTEGER NOT NULL,\n"
    "  part INTEGER NOT NULL\n"
    ") WITHOUT ROWID;\n"
    "CREATE TABLE rules (\n"
    "  name TEXT PRIMARY KEY,\n"
    "  source TEXT NOT NULL,\n"			/* its statement */
    "  keep INTEGER NOT NULL\n"
    ") WITHOUT ROWID;\n"
    "CREATE TABLE series (\n"
    "  rule TEXT NOT NULL,\n"
    "  key BLOB NOT NULL,\n"			/* engine_subject */
    "  publisher TEXT NOT NULL,\n"		/* that made it */
    "  state INTEGER NOT NULL,\n"		/* enum series_state */
    "  flapping INTEGER NOT NULL,\n"
    "  since INTEGER NOT NULL,\n"
    "  since_record INTEGER NOT NULL,\n"
    "  seen INTEGER NOT NULL,\n"
    "  last REAL,\n"
    "  last_time INTEGER NOT NULL,\n"
    "  flap_start INTEGER NOT NULL,\n"
    "  flaps INTEGER NOT NULL,\n"
    "  number INTEGER NOT NULL,\n"
    "  raised INTEGER NOT NULL,\n"
    "  PRIMARY KEY (rule, key)\n"
    ") WITHOUT ROWID;\n"
    "CREATE TABLE alarms (\n"			/* raised now */
    "  number INTEGER PRIMARY KEY,\n"
    "  rule TEXT NOT NULL,\n"
    "  severity INTEGER NOT NULL,\n"
    "  raised INTEGER NOT NULL,\n"
    "  channel TEXT NOT NULL,\n"
    "  publisher TEXT NOT NULL,\n"
    "  subtopic TEXT NOT NULL,\n"
    "  name TEXT NOT NULL,\n"
    "  line TEXT NOT NULL,\n"			/* that told of it */
    "  targets TEXT NOT NULL,\n"		/* names, a comma after each */
    "  acked INTEGER,\n"
    "  acked_by TEXT\n"
    ");\n"
    /* AUTOINCREMENT: no number comes twice */
    "CREATE TABLE events (\n"			/* not on their stream yet */
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "  line TEXT NOT NULL\n"
    ");\n"
    "CREATE TABLE notices (\n"			/* not delivered yet */
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "  target TEXT NOT NULL,\n"
    "  line TEXT NOT NULL,\n"
    "  tries INTEGER NOT NULL DEFAULT 0\n"
    ");\n"
    "CREATE INDEX notices_of ON notices (target, id);\n";

static int
state_migrate(struct db *db, int from, struct fault *fault)
{
	(void)from;
	return db_exec(db->sql, state_schema, fault);
}

static const struct db_kind state_kind = {
	.name = "state of mfx-alarm",
	.hint = "",
	.application_id = 0x6d667861,	/* "mfxa" */
	.version = 1,
	.oldest_read = 1,
	.busy_ms = 10000,
	.pragmas = "",
	/* a kill loses nothing; a power failure the last moments, which the
	 * group delivers again */
	.write_pragmas = "PRAGMA synchronous = NORMAL",
	.migrate = state_migrate,
};

/* ---- open and closed ---- */

static int
state_take_lock(struct state *s, const char *path, struct fault *fault)
{
	struct buf name;

	buf_init(&name, 4096);
	buf_printf(&name, "%s.lock", path);
	buf_putc(&name, '\0');
	s->lock = name.full ? -1 : file_open(name.p, O_RDWR);
	buf_release(&name);
	if (s->lock < 0)
		return fault_errno(fault, 0, "%s.lock", path);
	if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	close(s->lock);
	s->lock = -1;
	return fault_set(fault, EX_TEMPFAIL, "%s: another mfx-alarm has it; "
	    "give --state", path);
}

/* the path to use, which the caller frees */
static char *
state_path(const char *path)
{
	return path != NULL ? memory_strdup(path) : home_path("/alarm.db");
}

static int
state_read_id(struct state *s, struct fault *fault)
{
	sqlite3_stmt *st = db_statement(&s->db, "SELECT id FROM site", fault);

	if (st == NULL || db_step(&s->db, st, fault) < 0)
		return -1;
	snprintf(s->id, sizeof s->id, "%.*s", STR_ARG(db_column(st, 0)));
	db_reset(st);
	return 0;
}

static int
state_make(struct state *s, const char *path, bool ours, struct fault *fault)
{
	char *home = NULL;
	int r = 0;

	if (ours) {
		home = home_path("");
		r = dir_make(home, fault);
		free(home);
	}
	if (r < 0 || state_take_lock(s, path, fault) < 0)
		return -1;
	if (db_open(&s->db, path, DB_MAKE, &state_kind, s, fault) == 0 &&
	    state_read_id(s, fault) == 0)
		return 0;
	state_close(s);
	return -1;
}

int
state_open(struct state *s, const char *path, const char *source,
    struct fault *fault)
{
	char *where = state_path(path);
	int r;

	*s = (struct state){ .lock = -1, .source = source };
	r = state_make(s, where, path == NULL, fault);
	free(where);
	return r;
}

int
state_open_beside(struct state *s, const char *path, enum db_mode mode,
    struct fault *fault)
{
	char *where = state_path(path);
	int r;

	*s = (struct state){ .lock = -1 };
	r = db_open(&s->db, where, mode, &state_kind, s, fault);
	free(where);
	return r;
}

void
state_close(struct state *s)
{
	db_close(&s->db);
	if (s->lock >= 0)
		close(s->lock);
	s->lock = -1;
}

int
state_progress(struct state *s, struct progress *at, struct fault *fault)
{
	sqlite3_stmt *st = db_statement(&s->db, "SELECT seq, open_seq, part"
	    " FROM progress WHERE source = ?1", fault);
	int got;

	*at = (struct progress){ .whole = 0 };
	if (st == NULL)
		return -1;
	db_bind_str(st, 1, str_z(s->source));
	got = db_step(&s->db, st, fault);
	if (got <= 0)
		return got;
	at->whole = (uint64_t)sqlite3_column_int64(st, 0);
	at->open = (uint64_t)sqlite3_column_int64(st, 1);
	at->part = (uint32_t)sqlite3_column_int64(st, 2);
	db_reset(st);
	return 0;
}

/* ---- loaded ---- */

static int
state_load_site(struct state *s, struct engine *e, struct fault *fault)
{
	sqlite3_stmt *st = db_statement(&s->db, "SELECT clock, number"
	    " FROM site", fault);

	if (st == NULL || db_step(&s->db, st, fault) < 0)
		return -1;
	e->now = sqlite3_column_int64(st, 0);
	e->number = (uint64_t)sqlite3_column_int64(st, 1);
	db_reset(st);
	return 0;
}

static void
state_read_series(sqlite3_stmt *st, struct series *to)
{
	*to = (struct series){
		.state = (enum series_state)sqlite3_column_int(st, 2),
		.flapping = sqlite3_column_int(st, 3) != 0,
		.since = sqlite3_column_int64(st, 4),
		.since_record = sqlite3_column_int64(st, 5),
		.seen = sqlite3_column_int64(st, 6),
		.has_last = sqlite3_column_type(st, 7) != SQLITE_NULL,
		.last = sqlite3_column_double(st, 7),
		.last_time = sqlite3_column_int64(st, 8),
		.flap_start = sqlite3_column_int64(st, 9),
		.flaps = sqlite3_column_int(st, 10),
		.number = (uint64_t)sqlite3_column_int64(st, 11),
		.raised = sqlite3_column_int64(st, 12),
	};
}

/* the series of a rule that is as it was, in the order of their lists */
static int
state_load_rule(struct state *s, struct engine *e, struct watch *w,
    struct fault *fault)
{
	sqlite3_stmt *st = db_statement(&s->db, "SELECT key, publisher, state,"
	    " flapping, since, since_record, seen, last, last_time,"
	    " flap_start, flaps, number, raised FROM series WHERE rule ="
	    " (SELECT name FROM rules WHERE name = ?1 AND source = ?2)"
	    " ORDER BY CASE state WHEN 0 THEN seen ELSE since END, key", fault);
	struct series like;
	struct subject about;
	int got;

	if (st == NULL)
		return -1;
	db_bind_str(st, 1, w->rule->name);
	db_bind_str(st, 2, w->rule->source);
	while ((got = db_step(&s->db, st, fault)) > 0) {
		state_read_series(st, &like);
		if (like.state >= SERIES_STATES ||
		    !engine_subject(w->rule, db_column(st, 0), &about))
			continue;
		engine_restore(e, w, db_column(st, 0), db_column(st, 1),
		    &like);
	}
	return got;
}

/* the bits of names, each with a comma after it */
static uint32_t
state_targets(const struct rules *rules, struct str names)
{
	uint32_t bits = 0;
	size_t i;

	while (names.n > 0) {
		const char *comma = memchr(names.p, ',', names.n);
		size_t n = comma ? (size_t)(comma - names.p) : names.n;

		for (i = 0; i < rules->n_targets; i++)
			if (str_eq(rules->targets[i].name,
			    (struct str){ names.p, n }))
				bits |= UINT32_C(1) << i;
		names = str_from(names, comma ? n + 1 : n);
	}
	return bits;
}

static const struct rule *
state_find_rule(const struct rules *rules, struct str name)
{
	size_t i;

	for (i = 0; i < rules->n; i++)
		if (str_eq(rules->v[i]->name, name))
			return rules->v[i];
	return NULL;
}

static void
state_clear_orphan(struct engine *e, const struct rules *rules,
    sqlite3_stmt *st, engine_tell_fn *tell, void *arg)
{
	struct event event = {
		.kind = EVENT_CLEAR,
		.number = (uint64_t)sqlite3_column_int64(st, 0),
		.rule = db_column(st, 1),
		.severity = (enum rule_severity)sqlite3_column_int(st, 2),
		.raised = { sqlite3_column_int64(st, 3) },
		.about = { db_column(st, 4), db_column(st, 5),
		    db_column(st, 6), db_column(st, 7) },
		.targets = state_targets(rules, db_column(st, 8)),
		.why = STR("the rule is gone"),
	};

	if (event.severity > SEVERITY_CRITICAL)
		return;
	event.time.ns = e->now;
	if (state_find_rule(rules, event.rule) != NULL)
		event.why = STR("the rule was changed");
	tell(arg, &event);
}

/* What is raised by a rule that is not what it was. */
static int
state_clear_orphans(struct state *s, struct engine *e,
    const struct rules *rules, engine_tell_fn *tell, void *arg,
    struct fault *fault)
{
	sqlite3_stmt *st = db_statement(&s->db, "SELECT a.number, a.rule,"
	    " a.severity, a.raised, a.channel, a.publisher, a.subtopic,"
	    " a.name, a.targets, r.source FROM alarms a LEFT JOIN rules r"
	    " ON r.name = a.rule ORDER BY a.number", fault);
	int got;

	if (st == NULL)
		return -1;
	while ((got = db_step(&s->db, st, fault)) > 0) {
		const struct rule *r = state_find_rule(rules,
		    db_column(st, 1));

		if (r == NULL || !str_eq(r->source, db_column(st, 9)))
			state_clear_orphan(e, rules, st, tell, arg);
	}
	return got;
}

int
state_load(struct state *s, struct engine *e, const struct rules *rules,
    engine_tell_fn *tell, void *arg, struct fault *fault)
{
	size_t i;

	s->begun = false;
	if (state_load_site(s, e, fault) < 0)
		return -1;
	for (i = 0; i < e->n; i++)
		if (state_load_rule(s, e, &e->v[i], fault) < 0)
			return -1;
	return state_clear_orphans(s, e, rules, tell, arg, fault);
}

/* ---- events ---- */

bool
state_changed(struct state *s)
{
	struct fault fault;
	int64_t version;

	if (db_number(&s->db, "PRAGMA data_version", &version, &fault) < 0 ||
	    version == s->version)
		return false;
	s->version = version;
	return true;
}

int64_t
state_notices(struct state *s)
{
	struct fault fault;
	int64_t n;

	return db_number(&s->db, "SELECT count(*) FROM notices", &n,
	    &fault) < 0 ? -1 : n;
}

int64_t
state_waiting(struct state *s)
{
	struct fault fault;
	int64_t n;

	return db_number(&s->db, "SELECT count(*) FROM events", &n,
	    &fault) < 0 ? -1 : n;
}

int
state_events(struct state *s, uint64_t *last, struct buf *lines,
    struct fault *fault)
{
	sqlite3_stmt *st = db_statement(&s->db, "SELECT id, line FROM events"
	    " WHERE id > ?1 ORDER BY id LIMIT ?2", fault);
	int got, n = 0;

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, (int64_t)*last);
	sqlite3_bind_int64(st, 2, BUS_WHOLE_LINES);
	while ((got = db_step(&s->db, st, fault)) > 0) {
		if (lines->n + db_column(st, 1).n > BUS_WHOLE_BYTES && n > 0) {
			db_reset(st);
			return n;
		}
		*last = (uint64_t)sqlite3_column_int64(st, 0);
		buf_put_str(lines, db_column(st, 1));
		n++;
	}
	return got < 0 ? -1 : n;
}

int
state_told(struct state *s, uint64_t last, struct fault *fault)
{
	sqlite3_stmt *st = db_statement(&s->db, "DELETE FROM events"
	    " WHERE id <= ?1", fault);

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, (int64_t)last);
	return db_change(&s->db, st, fault) < 0 ? -1 : 0;
}

int
state_skip(struct state *s, uint64_t last, struct fault *fault)
{
	sqlite3_stmt *st;

	/* sqlite_sequence has no row before the first event */
	if (state_told(s, last, fault) < 0 ||
	    db_exec(s->db.sql, "INSERT INTO sqlite_sequence (name, seq)"
	    " SELECT 'events', 0 WHERE NOT EXISTS"
	    " (SELECT 1 FROM sqlite_sequence WHERE name = 'events')",
	    fault) < 0)
		return -1;
	st = db_statement(&s->db, "UPDATE sqlite_sequence SET seq = ?1"
	    " WHERE name = 'events' AND seq < ?1", fault);
	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, (int64_t)last);
	return db_change(&s->db, st, fault) < 0 ? -1 : 0;
}
