/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/alarm/track.h"

#include <stdlib.h>

#include "base/memory.h"

/* how many of a rule's series one thing may make: 1 / this, at least some */
#define SHARE 10
#define SHARE_LEAST 10

struct thing {
	struct hash_node node;
	size_t series;
	size_t n;
	char publisher[];
};

/* ---- keys ---- */

static struct str *
track_label(struct subject *s, enum match_label label)
{
	return label == MATCH_CHANNEL ? &s->channel :
	    label == MATCH_PUBLISHER ? &s->publisher :
	    label == MATCH_SUBTOPIC ? &s->subtopic :
	    label == MATCH_NAME ? &s->name : NULL;
}

/* each label that the rule goes by: its length in 16 bits, and its text */
bool
track_key(struct engine *e, const struct rule *r, const struct subject *s)
{
	struct subject labels = *s;
	int i;

	buf_clear(&e->key);
	for (i = 0; i < MATCH_LABELS; i++) {
		struct str *text = track_label(&labels, (enum match_label)i);
		uint16_t n;

		if (!(r->by & 1u << i) || text == NULL)
			continue;
		if (text->n > SERIES_KEY_MAX)
			return false;
		n = (uint16_t)text->n;
		buf_put(&e->key, &n, sizeof n);
		buf_put_str(&e->key, *text);
	}
	return !e->key.full;
}

bool
engine_subject(const struct rule *r, struct str key, struct subject *to)
{
	uint16_t n;
	int i;

	*to = (struct subject){ .name = STR_NONE };
	for (i = 0; i < MATCH_LABELS; i++) {
		struct str *text = track_label(to, (enum match_label)i);

		if (!(r->by & 1u << i) || text == NULL)
			continue;
		if (key.n < sizeof n)
			return false;
		memcpy(&n, key.p, sizeof n);
		key = str_from(key, sizeof n);
		if (key.n < n)
			return false;
		*text = (struct str){ key.p, n };
		key = str_from(key, n);
	}
	return key.n == 0;
}

struct series *
track_find(const struct engine *e, const struct watch *w)
{
	uint64_t h = hash_seeded(e->seed, buf_str(&e->key));
	struct hash_node *n;

	for (n = hash_first(&w->series, h); n != NULL; n = hash_next(n)) {
		struct series *s = (struct series *)n;

		if (str_eq((struct str){ s->key, s->n }, buf_str(&e->key)))
			return s;
	}
	return NULL;
}

/* ---- lists ---- */

static void
track_unlink(struct watch *w, struct series *s)
{
	struct track_list *l = &w->lists[s->state];

	*(s->prev ? &s->prev->next : &l->first) = s->next;
	*(s->next ? &s->next->prev : &l->last) = s->prev;
}

static void
track_link(struct watch *w, struct series *s)
{
	struct track_list *l = &w->lists[s->state];

	s->next = NULL;
	s->prev = l->last;
	*(l->last ? &l->last->next : &l->first) = s;
	l->last = s;
}

void
track_move(struct watch *w, struct series *s, enum series_state to)
{
	track_unlink(w, s);
	s->state = to;
	track_link(w, s);
}

/* ---- things ---- */

static struct thing *
track_find_thing(const struct watch *w, struct str publisher, uint64_t h)
{
	struct hash_node *n;

	for (n = hash_first(&w->things, h); n != NULL; n = hash_next(n)) {
		struct thing *t = (struct thing *)n;

		if (str_eq((struct str){ t->publisher, t->n }, publisher))
			return t;
	}
	return NULL;
}

static struct thing *
track_make_thing(struct watch *w, struct str publisher, uint64_t h)
{
	struct thing *t = memory_zero(1, sizeof *t + publisher.n);

	t->n = publisher.n;
	if (t->n > 0)
		memcpy(t->publisher, publisher.p, t->n);
	hash_table_add(&w->things, &t->node, h);
	return t;
}

struct str
engine_publisher(const struct series *s)
{
	return (struct str){ s->thing->publisher, s->thing->n };
}

static void
track_thing_less(struct watch *w, struct thing *t)
{
	if (--t->series > 0)
		return;
	hash_table_remove(&w->things, &t->node);
	free(t);
}

/* ---- made and removed ---- */

void
track_changed(struct engine *e, struct watch *w, struct series *s)
{
	if (!e->keeps || s->changed)
		return;
	if (e->n_changed == e->cap_changed) {
		e->cap_changed = e->cap_changed ? 2 * e->cap_changed : 64;
		e->changed = memory_resize(e->changed, e->cap_changed *
		    sizeof *e->changed);
	}
	e->changed[e->n_changed].watch = w;
	e->changed[e->n_changed].series = s;
	s->at_changed = e->n_changed++;
	s->changed = true;
}

void
track_remove(struct engine *e, struct watch *w, struct series *s)
{
	if (s->changed)
		e->changed[s->at_changed].series = NULL;
	if (s->stored && e->keeps) {
		buf_put_str(&e->removed, w->rule->name);
		buf_putc(&e->removed, '\0');
		buf_put(&e->removed, &s->n, sizeof s->n);
		buf_put(&e->removed, s->key, s->n);
	}
	track_unlink(w, s);
	hash_table_remove(&w->series, &s->node);
	track_thing_less(w, s->thing);
	free(s);
}

static void
track_note(struct engine *e, struct watch *w, const char *what)
{
	if (!w->told)
		e->note(e->arg, w->rule, what);
	w->told = true;
}

/* Room for one more?  What is quiet makes some. */
static bool
track_room(struct engine *e, struct watch *w)
{
	if (w->series.n < w->rule->series)
		return true;
	if (w->lists[SERIES_QUIET].first == NULL) {
		track_note(e, w, "all its series are busy: new ones are not "
		    "watched");
		return false;
	}
	track_note(e, w, "it has more series than it may: the oldest quiet "
	    "ones are forgotten");
	track_remove(e, w, w->lists[SERIES_QUIET].first);
	return true;
}

/* May this thing make one more?  That is asked first, so that one that may not
 * takes the place of no other. */
static bool
track_may_make(struct engine *e, struct watch *w, const struct thing *t)
{
	size_t share = w->rule->series / SHARE;

	if (t == NULL || t->series < (share > SHARE_LEAST ? share :
	    SHARE_LEAST))
		return true;
	track_note(e, w, "one thing has more than a tenth of the series: its "
	    "new ones are not watched");
	return false;
}

struct series *
track_make(struct engine *e, struct watch *w, struct str publisher)
{
	uint64_t h = hash_seeded(e->seed, publisher);
	size_t n = e->key.n;
	struct thing *t;
	struct series *s;

	if (!track_may_make(e, w, track_find_thing(w, publisher, h)) ||
	    !track_room(e, w))
		return NULL;
	/* making room may have freed it */
	t = track_find_thing(w, publisher, h);
	if (t == NULL)
		t = track_make_thing(w, publisher, h);
	t->series++;
	s = memory_zero(1, sizeof *s + n);
	s->thing = t;
	s->n = (uint32_t)n;
	if (n > 0)
		memcpy(s->key, e->key.p, n);
	hash_table_add(&w->series, &s->node,
	    hash_seeded(e->seed, buf_str(&e->key)));
	track_link(w, s);
	return s;
}

void
track_release_all(struct watch *w)
{
	struct hash_node *n, *next;

	for (n = hash_table_after(&w->series, NULL); n != NULL; n = next) {
		next = hash_table_after(&w->series, n);
		free(n);
	}
	for (n = hash_table_after(&w->things, NULL); n != NULL; n = next) {
		next = hash_table_after(&w->things, n);
		free(n);
	}
	hash_table_release(&w->series);
	hash_table_release(&w->things);
}
