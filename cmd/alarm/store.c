/* SPDX-License-Identifier: Apache-2.0 */
/* The one transaction of state.h. */
#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "cmd/alarm/state.h"

#define PENDING_TEXT_MAX ((size_t)1 << 30)

struct pending_row {
	enum event_kind kind;
	enum rule_severity severity;
	uint64_t number;
	int64_t raised;
	uint32_t targets;
	/* where they end in the text, each after the one before */
	size_t begin, line, rule, channel, publisher, subtopic, name;
};

void
pending_init(struct pending *p)
{
	*p = (struct pending){ .n = 0 };
	buf_init(&p->text, PENDING_TEXT_MAX);
}

void
pending_release(struct pending *p)
{
	free(p->rows);
	buf_release(&p->text);
}

static size_t
store_text(struct pending *p, struct str text)
{
	buf_put_str(&p->text, text);
	return p->text.n;
}

void
pending_add(struct pending *p, const struct event *e)
{
	struct pending_row *r;

	if (p->n == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 16;
		p->rows = memory_resize(p->rows, p->cap * sizeof *p->rows);
	}
	r = &p->rows[p->n++];
	*r = (struct pending_row){
		.kind = e->kind, .severity = e->severity, .number = e->number,
		.raised = e->kind == EVENT_RAISE ? e->time.ns : e->raised.ns,
		.targets = e->targets, .begin = p->text.n,
	};
	event_put(&p->text, e);
	r->line = p->text.n;
	r->rule = store_text(p, e->rule);
	r->channel = store_text(p, e->about.channel);
	r->publisher = store_text(p, e->about.publisher);
	r->subtopic = store_text(p, e->about.subtopic);
	r->name = store_text(p, e->about.name);
}

static struct str
store_part(const struct pending *p, size_t begin, size_t end)
{
	return (struct str){ p->text.p + begin, end - begin };
}

/* ---- rows ---- */

static int
store_rules(struct state *s, const struct rules *rules, struct fault *fault)
{
	sqlite3_stmt *keep = db_statement(&s->db, "UPDATE rules SET keep = 1"
	    " WHERE name = ?1 AND source = ?2", fault), *add;
	size_t i;

	if (keep == NULL || db_exec(s->db.sql, "UPDATE rules SET keep = 0",
	    fault) < 0)
		return -1;
	for (i = 0; i < rules->n; i++) {
		db_bind_str(keep, 1, rules->v[i]->name);
		db_bind_str(keep, 2, rules->v[i]->source);
		if (db_change(&s->db, keep, fault) < 0)
			return -1;
	}
	add = db_statement(&s->db, "INSERT OR IGNORE INTO rules"
	    " (name, source, keep) VALUES (?1, ?2, 1)", fault);
	if (add == NULL || db_exec(s->db.sql, "DELETE FROM series WHERE rule"
	    " IN (SELECT name FROM rules WHERE keep = 0);"
	    "DELETE FROM rules WHERE keep = 0", fault) < 0)
		return -1;
	for (i = 0; i < rules->n; i++) {
		db_bind_str(add, 1, rules->v[i]->name);
		db_bind_str(add, 2, rules->v[i]->source);
		if (db_change(&s->db, add, fault) < 0)
			return -1;
	}
	return 0;
}

static int
store_series(struct state *s, const struct rule *r, struct series *series,
    struct fault *fault)
{
	sqlite3_stmt *st = db_statement(&s->db, "INSERT OR REPLACE INTO series"
	    " (rule, key, publisher, state, flapping, since, since_record,"
	    " seen, last, last_time, flap_start, flaps, number, raised)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
	    " ?14)", fault);

	if (st == NULL)
		return -1;
	db_bind_str(st, 1, r->name);
	sqlite3_bind_blob64(st, 2, series->key, series->n, SQLITE_STATIC);
	db_bind_str(st, 3, engine_publisher(series));
	sqlite3_bind_int(st, 4, (int)series->state);
	sqlite3_bind_int(st, 5, series->flapping);
	sqlite3_bind_int64(st, 6, series->since);
	sqlite3_bind_int64(st, 7, series->since_record);
	sqlite3_bind_int64(st, 8, series->seen);
	if (series->has_last)
		sqlite3_bind_double(st, 9, series->last);
	else
		sqlite3_bind_null(st, 9);
	sqlite3_bind_int64(st, 10, series->last_time);
	sqlite3_bind_int64(st, 11, series->flap_start);
	sqlite3_bind_int(st, 12, series->flaps);
	sqlite3_bind_int64(st, 13, (int64_t)series->number);
	sqlite3_bind_int64(st, 14, series->raised);
	return db_change(&s->db, st, fault) < 0 ? -1 : 0;
}

/* engine.removed: one after the other */
static int
store_removed(struct state *s, struct str all, struct fault *fault)
{
	sqlite3_stmt *st = db_statement(&s->db, "DELETE FROM series"
	    " WHERE rule = ?1 AND key = ?2", fault);
	uint32_t n;

	while (all.n > 0) {
		struct str rule = { all.p, strlen(all.p) };

		all = str_from(all, rule.n + 1);
		memcpy(&n, all.p, sizeof n);
		all = str_from(all, sizeof n);
		if (st == NULL)
			return -1;
		db_bind_str(st, 1, rule);
		sqlite3_bind_blob64(st, 2, all.p, n, SQLITE_STATIC);
		if (db_change(&s->db, st, fault) < 0)
			return -1;
		all = str_from(all, n);
	}
	return st == NULL ? -1 : 0;
}

static int
store_engine(struct state *s, struct engine *e, struct fault *fault)
{
	sqlite3_stmt *st;
	size_t i;

	/* one may have been removed and made again */
	if (store_removed(s, buf_str(&e->removed), fault) < 0)
		return -1;
	for (i = 0; i < e->n_changed; i++)
		if (e->changed[i].series != NULL &&
		    store_series(s, e->changed[i].watch->rule,
		    e->changed[i].series, fault) < 0)
			return -1;
	st = db_statement(&s->db, "UPDATE site SET clock = ?1, number = ?2",
	    fault);
	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, e->now);
	sqlite3_bind_int64(st, 2, (int64_t)e->number);
	return db_change(&s->db, st, fault) < 0 ? -1 : 0;
}

static int
store_progress(struct state *s, const struct progress *at,
    struct fault *fault)
{
	sqlite3_stmt *st;

	if (s->source == NULL)
		return 0;
	st = db_statement(&s->db, "INSERT OR REPLACE INTO progress"
	    " (source, seq, open_seq, part) VALUES (?1, ?2, ?3, ?4)", fault);
	if (st == NULL)
		return -1;
	db_bind_str(st, 1, str_z(s->source));
	sqlite3_bind_int64(st, 2, (int64_t)at->whole);
	sqlite3_bind_int64(st, 3, (int64_t)at->open);
	sqlite3_bind_int64(st, 4, at->part);
	return db_change(&s->db, st, fault) < 0 ? -1 : 0;
}

/* ---- events ---- */

int
state_put_event(struct state *s, struct str line, struct fault *fault)
{
	sqlite3_stmt *st = db_statement(&s->db, "INSERT INTO events (line)"
	    " VALUES (?1)", fault);

	if (st == NULL)
		return -1;
	db_bind_str(st, 1, line);
	return db_change(&s->db, st, fault) < 0 ? -1 : 0;
}

int
state_put_notice(struct state *s, struct str target, struct str line,
    struct fault *fault)
{
	sqlite3_stmt *st = db_statement(&s->db, "INSERT INTO notices"
	    " (target, line) VALUES (?1, ?2)", fault);

	if (st == NULL)
		return -1;
	db_bind_str(st, 1, target);
	db_bind_str(st, 2, line);
	return db_change(&s->db, st, fault) < 0 ? -1 : 0;
}

static int
store_notices(struct state *s, const struct rules *rules, uint32_t targets,
    struct str line, struct fault *fault)
{
	size_t i;

	for (i = 0; i < rules->n_targets; i++)
		if ((targets & UINT32_C(1) << i) && state_put_notice(s,
		    rules->targets[i].name, line, fault) < 0)
			return -1;
	return 0;
}

static void
store_put_targets(const struct rules *rules, uint32_t targets, struct buf *to)
{
	size_t i;

	for (i = 0; i < rules->n_targets; i++)
		if (targets & UINT32_C(1) << i) {
			buf_put_str(to, rules->targets[i].name);
			buf_putc(to, ',');
		}
}

/* each name has a comma before it and after it, which none has in it */
int
state_forget(struct state *s, const struct rules *rules, struct fault *fault)
{
	sqlite3_stmt *st = db_statement(&s->db, "DELETE FROM notices WHERE"
	    " instr(?1, ',' || target || ',') = 0", fault);
	struct buf names;
	int n;

	if (st == NULL)
		return -1;
	buf_init(&names, RULES_TARGETS_MAX * (RULES_NAME_MAX + 1) + 1);
	buf_putc(&names, ',');
	store_put_targets(rules, UINT32_MAX, &names);
	db_bind_str(st, 1, buf_str(&names));
	n = db_change(&s->db, st, fault);
	buf_release(&names);
	return n;
}

static int
store_raised(struct state *s, const struct rules *rules,
    const struct pending *p, const struct pending_row *r, struct fault *fault)
{
	sqlite3_stmt *st = db_statement(&s->db, "INSERT INTO alarms (number,"
	    " rule, severity, raised, channel, publisher, subtopic, name,"
	    " line, targets) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
	    " ?10)", fault);
	struct buf names;
	int changed;

	if (st == NULL)
		return -1;
	buf_init(&names, RULES_TARGETS_MAX * (RULES_NAME_MAX + 1));
	store_put_targets(rules, r->targets, &names);
	sqlite3_bind_int64(st, 1, (int64_t)r->number);
	db_bind_str(st, 2, store_part(p, r->line, r->rule));
	sqlite3_bind_int(st, 3, (int)r->severity);
	sqlite3_bind_int64(st, 4, r->raised);
	db_bind_str(st, 5, store_part(p, r->rule, r->channel));
	db_bind_str(st, 6, store_part(p, r->channel, r->publisher));
	db_bind_str(st, 7, store_part(p, r->publisher, r->subtopic));
	db_bind_str(st, 8, store_part(p, r->subtopic, r->name));
	db_bind_str(st, 9, store_part(p, r->begin, r->line));
	db_bind_str(st, 10, buf_str(&names));
	changed = db_change(&s->db, st, fault);
	buf_release(&names);
	return changed < 0 ? -1 : 0;
}

static int
store_cleared(struct state *s, uint64_t number, struct fault *fault)
{
	sqlite3_stmt *st = db_statement(&s->db, "DELETE FROM alarms"
	    " WHERE number = ?1", fault);

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, (int64_t)number);
	return db_change(&s->db, st, fault) < 0 ? -1 : 0;
}

static int
store_event(struct state *s, const struct rules *rules,
    const struct pending *p, const struct pending_row *r, struct fault *fault)
{
	struct str line = store_part(p, r->begin, r->line);

	if (state_put_event(s, line, fault) < 0 ||
	    store_notices(s, rules, r->targets, line, fault) < 0)
		return -1;
	return r->kind == EVENT_RAISE ? store_raised(s, rules, p, r, fault) :
	    store_cleared(s, r->number, fault);
}

/* Of too many notices for a target the oldest are dropped. */
static int
store_bound(struct state *s, const struct rules *rules, uint64_t *dropped,
    struct fault *fault)
{
	sqlite3_stmt *st = db_statement(&s->db, "DELETE FROM notices WHERE"
	    " target = ?1 AND id <= (SELECT id FROM notices WHERE target = ?1"
	    " ORDER BY id DESC LIMIT 1 OFFSET ?2)", fault);
	size_t i;
	int n;

	if (st == NULL)
		return -1;
	for (i = 0; i < rules->n_targets; i++) {
		db_bind_str(st, 1, rules->targets[i].name);
		sqlite3_bind_int(st, 2, STATE_NOTICES_MAX);
		if ((n = db_change(&s->db, st, fault)) < 0)
			return -1;
		*dropped += (uint64_t)n;
	}
	return 0;
}

static int
store_all(struct state *s, struct engine *e, const struct rules *rules,
    const struct progress *at, const struct pending *p, uint64_t *dropped,
    struct fault *fault)
{
	size_t i;

	if ((!s->begun && store_rules(s, rules, fault) < 0) ||
	    store_engine(s, e, fault) < 0 || store_progress(s, at, fault) < 0)
		return -1;
	for (i = 0; i < p->n; i++)
		if (store_event(s, rules, p, &p->rows[i], fault) < 0)
			return -1;
	return p->n > 0 ? store_bound(s, rules, dropped, fault) : 0;
}

int
state_store(struct state *s, struct engine *e, const struct rules *rules,
    const struct progress *at, struct pending *p, uint64_t *dropped,
    struct fault *fault)
{
	size_t i;

	*dropped = 0;
	if (p->text.full || e->removed.full)
		return fault_set(fault, EX_IOERR, "one line changes more than "
		    "can be stored");
	if (db_exec(s->db.sql, "BEGIN IMMEDIATE", fault) < 0)
		return -1;
	if (store_all(s, e, rules, at, p, dropped, fault) < 0 ||
	    db_exec(s->db.sql, "COMMIT", fault) < 0) {
		db_rollback(&s->db);
		return -1;
	}
	s->begun = true;
	for (i = 0; i < e->n_changed; i++)
		if (e->changed[i].series != NULL)
			e->changed[i].series->stored = true;
	engine_settle(e);
	p->n = 0;
	buf_clear(&p->text);
	return 0;
}
