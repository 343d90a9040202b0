/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/alarm/engine.h"

#include <stdlib.h>

#include "base/memory.h"
#include "cmd/alarm/track.h"
#include "json/json.h"
#include "json/number.h"

/* one line removes at most a share of the series of each rule */
#define REMOVED_MAX ((size_t)1 << 30)
/* bytes of a device's text in an event */
#define VALUE_MAX 256

void
engine_init(struct engine *e, const struct rules *rules, engine_tell_fn *tell,
    engine_note_fn *note, void *arg)
{
	size_t i;

	*e = (struct engine){
		.n = rules->n, .due = INT64_MAX, .seed = hash_seed(),
		.tell = tell, .note = note, .arg = arg,
	};
	e->v = memory_zero(e->n + 1, sizeof *e->v);
	for (i = 0; i < e->n; i++) {
		e->v[i].rule = rules->v[i];
		hash_table_init(&e->v[i].series, 16);
		hash_table_init(&e->v[i].things, 16);
	}
	buf_init(&e->removed, REMOVED_MAX);
	buf_init(&e->key, SERIES_KEY_MAX);
	buf_init(&e->value, 8 * VALUE_MAX);
}

void
engine_release(struct engine *e)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		track_release_all(&e->v[i]);
	free(e->v);
	free(e->changed);
	buf_release(&e->removed);
	buf_release(&e->key);
	buf_release(&e->value);
}

void
engine_settle(struct engine *e)
{
	size_t i;

	for (i = 0; i < e->n_changed; i++)
		if (e->changed[i].series != NULL)
			e->changed[i].series->changed = false;
	e->n_changed = e->told = 0;
	buf_clear(&e->removed);
}

/* ---- when something is due ---- */

static int64_t
engine_after(int64_t t, int64_t duration)
{
	return t > INT64_MAX - duration ? INT64_MAX : t + duration;
}

/* how long the condition must not hold before the alarm is cleared */
static int64_t
engine_calm(const struct rule *r, const struct series *s)
{
	return s->flapping && r->flap_within > r->clear_hold ?
	    r->flap_within : r->clear_hold;
}

/* INT64_MAX: this state ends by a record only */
static int64_t
engine_due_of(const struct rule *r, const struct series *s)
{
	switch (s->state) {
	case SERIES_QUIET:
		return r->kind == RULE_SILENT ?
		    engine_after(s->seen, r->silent) : INT64_MAX;
	case SERIES_PENDING:
		return engine_after(s->since, r->hold);
	case SERIES_CLEARING:
	case SERIES_CALMING:
		return engine_after(s->since, engine_calm(r, s));
	case SERIES_RAISED:
	case SERIES_STATES:
		break;
	}
	return INT64_MAX;
}

static void
engine_enter(struct engine *e, struct watch *w, struct series *s,
    enum series_state state)
{
	int64_t due;

	track_move(w, s, state);
	due = engine_due_of(w->rule, s);
	if (due < e->due)
		e->due = due;
}

/* ---- events ---- */

static void
engine_tell(struct engine *e, struct watch *w, struct series *s,
    struct event *event)
{
	const struct rule *r = w->rule;

	event->rule = r->name;
	event->number = s->number;
	event->severity = r->severity;
	event->time.ns = e->now;
	event->raised.ns = s->raised;
	event->flapping = s->flapping;
	event->targets = r->targets;
	engine_subject(r, (struct str){ s->key, s->n }, &event->about);
	e->told++;
	e->tell(e->arg, event);
}

/* a device's text as JSON, not all of a long one */
static void
engine_put_text(struct buf *b, struct str text)
{
	if (text.n > VALUE_MAX)
		for (text.n = VALUE_MAX; text.n > 0 &&
		    (text.p[text.n] & 0xc0) == 0x80; text.n--)
			;
	json_put_string(b, text);
}

/* the value as JSON; without a record the last number */
static struct str
engine_value(struct engine *e, const struct rule *r, const struct series *s,
    const struct record *record)
{
	struct buf *b = &e->value;

	buf_clear(b);
	if (r->kind == RULE_SILENT)
		return STR_NONE;
	if (record == NULL || r->kind == RULE_RATE ||
	    record->kind == VALUE_NUMBER) {
		if (s->has_last)
			number_put(b, s->last);
	} else if (record->kind == VALUE_STRING) {
		engine_put_text(b, record->value);
	} else if (record->kind == VALUE_BOOL) {
		buf_puts(b, record->truth ? "true" : "false");
	}
	return buf_str(b);
}

static void
engine_count_flap(struct engine *e, const struct rule *r, struct series *s)
{
	if (r->flaps == 0)
		return;
	if (s->flaps == 0 ||
	    engine_after(s->flap_start, r->flap_within) < e->now) {
		s->flap_start = e->now;
		s->flaps = 0;
	}
	s->flaps++;
	s->flapping = s->flaps >= r->flaps;
}

static void
engine_raise(struct engine *e, struct watch *w, struct series *s,
    const struct record *record)
{
	const struct rule *r = w->rule;
	struct event event = { .kind = EVENT_RAISE, .condition = r->condition,
	    .says = r->says, .value = engine_value(e, r, s, record) };

	engine_count_flap(e, r, s);
	s->number = ++e->number;
	s->raised = e->now;
	engine_enter(e, w, s, SERIES_RAISED);
	track_changed(e, w, s);
	engine_tell(e, w, s, &event);
}

static void
engine_clear(struct engine *e, struct watch *w, struct series *s,
    const struct record *record)
{
	const struct rule *r = w->rule;
	struct event event = { .kind = EVENT_CLEAR,
	    .value = engine_value(e, r, s, record) };

	engine_tell(e, w, s, &event);
	if (s->flapping)
		s->flaps = 0;
	s->flapping = false;
	s->number = 0;
	engine_enter(e, w, s, SERIES_QUIET);
	track_changed(e, w, s);
	/* nothing of it differs from a new one */
	if (r->kind == RULE_VALUE && s->flaps == 0)
		track_remove(e, w, s);
}

/* ---- time ---- */

/* its state has lasted long enough */
static void
engine_fire(struct engine *e, struct watch *w, struct series *s)
{
	const struct rule *r = w->rule;

	if (s->state == SERIES_QUIET || s->state == SERIES_PENDING) {
		engine_raise(e, w, s, NULL);
	} else if (r->kind == RULE_SILENT &&
	    engine_after(s->seen, r->silent) < e->now) {
		engine_enter(e, w, s, SERIES_RAISED);
		track_changed(e, w, s);
	} else {
		engine_clear(e, w, s, NULL);
	}
}

/* the one that is due first, at *due */
static struct series *
engine_first_due(struct engine *e, struct watch **of, int64_t *due)
{
	struct series *first = NULL;
	size_t i;
	int k;

	*due = INT64_MAX;
	for (i = 0; i < e->n; i++)
		for (k = 0; k < SERIES_STATES; k++) {
			struct series *s = e->v[i].lists[k].first;
			int64_t t = s ? engine_due_of(e->v[i].rule, s) :
			    INT64_MAX;

			if (t >= *due)
				continue;
			*due = t;
			*of = &e->v[i];
			first = s;
		}
	return first;
}

bool
engine_time(struct engine *e, int64_t now)
{
	struct series *s;
	struct watch *w = NULL;
	int64_t due;

	while (e->due <= now) {
		if (engine_is_full(e))
			return false;
		s = engine_first_due(e, &w, &due);
		e->due = due;
		if (s == NULL || due > now)
			break;
		if (due > e->now)
			e->now = due;
		engine_fire(e, w, s);
	}
	if (now > e->now)
		e->now = now;
	return true;
}

/* ---- records ---- */

enum verdict { VERDICT_NONE, VERDICT_BAD, VERDICT_GOOD, VERDICT_BETWEEN };

/* `number` is what a number compares as, or the record itself */
static enum verdict
engine_judge(const struct rule *r, const struct record *record,
    const double *number)
{
	bool bad = number ? comparison_number_holds(r->raise.op, *number,
	    r->raise.number) : comparison_holds(&r->raise, record);

	if (bad)
		return VERDICT_BAD;
	if (!r->has_clear)
		return VERDICT_GOOD;
	return (number ? comparison_number_holds(r->clear.op, *number,
	    r->clear.number) : comparison_holds(&r->clear, record)) ?
	    VERDICT_GOOD : VERDICT_BETWEEN;
}

/* the change since the record before, in the time that the rule says */
static enum verdict
engine_judge_rate(struct engine *e, struct watch *w, struct series *s,
    const struct record *record)
{
	double v = number_value(record->value), rate;
	double elapsed = (double)record->time.ns - (double)s->last_time;
	enum verdict verdict = VERDICT_NONE;

	if (s->has_last && record->time.ns > s->last_time) {
		rate = (v - s->last) / elapsed * (double)w->rule->per;
		verdict = engine_judge(w->rule, record, &rate);
	}
	s->last = v;
	s->last_time = record->time.ns;
	s->has_last = true;
	track_changed(e, w, s);
	return verdict;
}

/* has what began then lasted, by the device's own time or by ours? */
static bool
engine_lasted(const struct engine *e, const struct series *s,
    const struct record *record, int64_t duration)
{
	return engine_after(s->since, duration) <= e->now ||
	    engine_after(s->since_record, duration) <= record->time.ns;
}

static void
engine_begin(struct engine *e, struct watch *w, struct series *s,
    const struct record *record, enum series_state state)
{
	s->since = e->now;
	s->since_record = record->time.ns;
	engine_enter(e, w, s, state);
	track_changed(e, w, s);
}

static void
engine_bad(struct engine *e, struct watch *w, struct series *s,
    const struct record *record)
{
	const struct rule *r = w->rule;

	switch (s->state) {
	case SERIES_QUIET:
		if (r->hold == 0)
			engine_raise(e, w, s, record);
		else
			engine_begin(e, w, s, record, SERIES_PENDING);
		break;
	case SERIES_PENDING:
		if (engine_lasted(e, s, record, r->hold))
			engine_raise(e, w, s, record);
		break;
	case SERIES_CLEARING:
	case SERIES_CALMING:
		engine_enter(e, w, s, SERIES_RAISED);
		track_changed(e, w, s);
		break;
	case SERIES_RAISED:
	case SERIES_STATES:
		break;
	}
}

static void
engine_good(struct engine *e, struct watch *w, struct series *s,
    const struct record *record)
{
	int64_t calm = engine_calm(w->rule, s);

	switch (s->state) {
	case SERIES_RAISED:
		if (calm == 0)
			engine_clear(e, w, s, record);
		else
			engine_begin(e, w, s, record, s->flapping ?
			    SERIES_CALMING : SERIES_CLEARING);
		break;
	case SERIES_CLEARING:
	case SERIES_CALMING:
		if (engine_lasted(e, s, record, calm))
			engine_clear(e, w, s, record);
		break;
	case SERIES_QUIET:
	case SERIES_PENDING:
	case SERIES_STATES:
		break;
	}
}

/* The condition does not hold any more, and what it takes to be good neither:
 * a raised alarm stays, all else is as if nothing had been. */
static void
engine_between(struct engine *e, struct watch *w, struct series *s)
{
	if (s->state != SERIES_CLEARING && s->state != SERIES_CALMING)
		return;
	engine_enter(e, w, s, SERIES_RAISED);
	track_changed(e, w, s);
}

static void
engine_quieten(struct engine *e, struct watch *w, struct series *s)
{
	engine_enter(e, w, s, SERIES_QUIET);
	track_changed(e, w, s);
	if (w->rule->kind == RULE_VALUE && s->flaps == 0)
		track_remove(e, w, s);
}

static void
engine_apply(struct engine *e, struct watch *w, struct series *s,
    const struct record *record, enum verdict verdict)
{
	if (verdict == VERDICT_BAD)
		engine_bad(e, w, s, record);
	else if (verdict != VERDICT_NONE && s->state == SERIES_PENDING)
		engine_quieten(e, w, s);
	else if (verdict == VERDICT_GOOD)
		engine_good(e, w, s, record);
	else if (verdict == VERDICT_BETWEEN)
		engine_between(e, w, s);
}

/* The series of e->key; a new one begins with this record. */
static struct series *
engine_take_series(struct engine *e, struct watch *w,
    const struct route *route, const struct record *record)
{
	struct series *s = track_find(e, w);

	if (s == NULL && (s = track_make(e, w, route->publisher)) == NULL)
		return NULL;
	/* a gap while it was to be cleared: it counts from now on */
	if (w->rule->kind == RULE_SILENT && s->state > SERIES_RAISED &&
	    engine_after(s->seen, w->rule->silent) < e->now)
		engine_begin(e, w, s, record, s->state);
	s->seen = e->now;
	/* those that are used are forgotten last */
	if (s->state == SERIES_QUIET)
		engine_enter(e, w, s, SERIES_QUIET);
	return s;
}

static void
engine_record(struct engine *e, struct watch *w, const struct route *route,
    const struct record *record)
{
	const struct rule *r = w->rule;
	enum verdict verdict = VERDICT_GOOD;
	struct subject about = { route->channel, route->publisher,
	    route->subtopic, record->name };
	struct series *s;

	if (r->kind != RULE_SILENT && record->kind != r->raise.kind)
		return;
	if (r->kind == RULE_VALUE) {
		verdict = engine_judge(r, record, NULL);
		/* most are as they should be, and nothing is known of them */
		if (verdict != VERDICT_BAD && w->series.n == 0)
			return;
	}
	if (!track_key(e, r, &about) ||
	    (r->kind == RULE_VALUE && verdict != VERDICT_BAD &&
	    track_find(e, w) == NULL) ||
	    (s = engine_take_series(e, w, route, record)) == NULL)
		return;
	if (r->kind == RULE_RATE) {
		verdict = engine_judge_rate(e, w, s, record);
	} else if (r->kind == RULE_SILENT) {
		track_changed(e, w, s);
	} else if (record->kind == VALUE_NUMBER) {
		s->last = number_value(record->value);
		s->has_last = true;
	}
	engine_apply(e, w, s, record, verdict);
}

void
engine_line(struct engine *e, const struct route *route,
    const struct pack *pack)
{
	size_t i, k;

	for (i = 0; i < e->n; i++) {
		struct watch *w = &e->v[i];

		if (!match_route(&w->rule->match, route))
			continue;
		for (k = 0; k < pack->n; k++)
			if (match_record(&w->rule->match, &pack->records[k]))
				engine_record(e, w, route, &pack->records[k]);
	}
}

bool
engine_restore(struct engine *e, struct watch *w, struct str key,
    struct str publisher, const struct series *like)
{
	struct series *s;

	buf_clear(&e->key);
	buf_put_str(&e->key, key);
	if (e->key.full || (s = track_make(e, w, publisher)) == NULL)
		return false;
	s->stored = true;
	s->flapping = like->flapping;
	s->has_last = like->has_last;
	s->since = like->since;
	s->since_record = like->since_record;
	s->seen = like->seen;
	s->last = like->last;
	s->last_time = like->last_time;
	s->flap_start = like->flap_start;
	s->flaps = like->flaps;
	s->number = like->number;
	s->raised = like->raised;
	engine_enter(e, w, s, like->state);
	return true;
}
