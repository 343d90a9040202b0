/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/audit/audit.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/memory.h"

/* a reading that is not as often on the streams as in the store */
struct audit_difference {
	struct hash_node node;
	struct reading_key key;
	int64_t n;		/* > 0: so often missing in the store */
	/* of one that the store has too often, the last line that has it */
	struct audit_group *group;
	uint64_t seq;
	size_t part, parts;
};

/* ---- differences ---- */

static uint64_t
audit_hash(const struct reading_key *key)
{
	return (uint64_t)key->part[0] << 32 | key->part[1];
}

static struct audit_difference *
audit_find(struct audit *a, const struct route *route,
    const struct record *record)
{
	struct reading_key key;
	struct hash_node *n;

	reading_key(&key, &a->scratch, route, record);
	for (n = hash_first(&a->found, audit_hash(&key)); n != NULL;
	    n = hash_next(n))
		if (memcmp(&((struct audit_difference *)n)->key, &key,
		    sizeof key) == 0)
			return (struct audit_difference *)n;
	return NULL;
}

static void
audit_found(void *arg, const struct reading_key *key, int64_t n)
{
	struct audit *a = arg;
	struct audit_difference *d = memory_zero(1, sizeof *d);

	d->key = *key;
	d->n = n;
	hash_table_add(&a->found, &d->node, audit_hash(key));
}

/* are there any that are missing, or extra? */
static bool
audit_has(const struct audit *a, bool missing)
{
	struct hash_node *n = NULL;

	while ((n = hash_table_after(&a->found, n)) != NULL) {
		int64_t by = ((struct audit_difference *)n)->n;

		if (missing ? by > 0 : by < 0)
			return true;
	}
	return false;
}

static struct audit_counts *
audit_counts(struct audit *a, const struct route *route)
{
	return audit_counts_of(&a->channels, route->channel);
}

/* ---- the first time: what cancels out ---- */

static void
audit_see_stored(struct audit *a, const struct route *route,
    const struct record *record)
{
	struct reading_key key;

	reading_key(&key, &a->scratch, route, record);
	sketch_add(a->sketch, &key, -1);
	audit_counts(a, route)->stored++;
}

static bool
audit_wanted(const struct audit *a, const struct audit_line *l)
{
	const struct match *m = &a->set->query->match;

	return match_route(m, &l->route) &&
	    (l->record == NULL || match_record(m, l->record));
}

static void
audit_see_line(struct audit *a, const struct audit_line *l)
{
	struct audit_counts *n = audit_counts(a, &l->route);
	struct reading_key key;

	n->in++;
	if (!audit_wanted(a, l)) {
		n->filtered++;
	} else if (l->seq > l->group->seq) {
		n->flight++;
	} else if (l->record == NULL) {
		n->rejected++;
	} else {
		reading_key(&key, &a->scratch, &l->route, l->record);
		sketch_add(a->sketch, &key, 1);
	}
}

/* ---- the second time: what does not ---- */

/* A line after the group may be in the store: it was stored meanwhile, or the
 * group has yet to be moved. */
static void
audit_see_flying(struct audit *a, const struct audit_line *l)
{
	struct audit_difference *d = l->record != NULL && audit_wanted(a, l) ?
	    audit_find(a, &l->route, l->record) : NULL;
	struct audit_counts *n;

	if (d == NULL || d->n >= 0)
		return;
	d->n++;
	n = audit_counts(a, &l->route);
	if (l->seq <= l->group->last)
		n->flight--;
	else
		n->in++;
}

static void
audit_see_dead(struct audit *a, const struct audit_line *l)
{
	struct audit_difference *d = l->record != NULL ?
	    audit_find(a, &l->route, l->record) : NULL;

	if (d == NULL || d->n <= 0)
		return;
	d->n--;
	audit_counts(a, &l->route)->rejected++;
}

static void
audit_see_different(struct audit *a, const struct audit_line *l)
{
	struct audit_difference *d = l->record != NULL && audit_wanted(a, l) ?
	    audit_find(a, &l->route, l->record) : NULL;

	if (d == NULL || d->n == 0)
		return;
	if (d->n < 0) {
		d->group = l->group;
		d->seq = l->seq;
		d->part = l->part;
		d->parts = l->parts;
		return;
	}
	d->n--;
	audit_counts(a, &l->route)->missing++;
	report_difference(a->report, "missing", &l->route, l->record, l);
}

/* What the store has too often: when the beginning of a stream is pruned away,
 * it may have been there. */
static void
audit_see_extra(struct audit *a, const struct route *route,
    const struct record *record)
{
	struct audit_difference *d = audit_find(a, route, record);
	struct audit_counts *n;
	struct audit_line line;

	if (d == NULL || d->n >= 0)
		return;
	d->n++;
	n = audit_counts(a, route);
	if (!a->whole) {
		n->stored--;
		a->older++;
		return;
	}
	n->extra++;
	line = (struct audit_line){ .group = d->group, .seq = d->seq,
	    .part = d->part, .parts = d->parts };
	report_difference(a->report, d->group ? "stored again" : "unknown",
	    route, record, d->group ? &line : NULL);
}

static int
audit_explain(struct audit *a, struct fault *fault)
{
	int i;

	for (i = 0; i < a->n && audit_has(a, false); i++)
		if (audit_stream(a, &a->groups[i], a->groups[i].seq,
		    UINT64_MAX, audit_see_flying, fault) < 0)
			return -1;
	if (audit_has(a, true) && audit_dead(a, audit_see_dead, fault) < 0)
		return -1;
	for (i = 0; i < a->n && (audit_has(a, true) || audit_has(a, false));
	    i++)
		if (audit_stream(a, &a->groups[i], 0, a->groups[i].seq,
		    audit_see_different, fault) < 0)
			return -1;
	return audit_has(a, false) ?
	    audit_store(a, audit_see_extra, fault) : 0;
}

/* Nobody can say which they are, but how many. */
static void
audit_guess(struct audit *a)
{
	struct hash_node *node = NULL;

	a->too_many = true;
	while ((node = hash_table_after(&a->channels.table, node)) != NULL) {
		struct audit_counts *n = &((struct audit_channel *)node)->n;
		uint64_t want = n->in - n->rejected - n->filtered - n->flight;

		if (want > n->stored)
			n->missing = want - n->stored;
		else
			n->extra = n->stored - want;
	}
}

/* ---- beginning and end ---- */

static int
audit_open_group(struct audit *a, const char *text, struct fault *fault)
{
	struct audit_group *g = &a->groups[a->n];
	struct bus_group *group;
	struct bus_stat stat;
	int got;

	if (bus_group_parse(text, g->stream, g->group, fault) < 0 ||
	    bus_exists(a->bus, g->stream, fault) < 0 ||
	    bus_group_open(&group, a->bus, g->stream, g->group, fault) < 0)
		return -1;
	got = bus_group_get(group, &g->seq, fault);
	bus_group_close(group);
	if (got == 0)
		return fault_set(fault, EX_NOINPUT, "%s: no such group", text);
	if (got < 0 || bus_stat(a->bus, g->stream, &stat, fault) < 0)
		return -1;
	g->last = stat.last > g->seq ? stat.last : g->seq;
	a->n++;
	if (stat.first == 0)
		return 0;
	/* what is older than the stream can't be compared */
	a->whole = false;
	if (stat.has_oldest && a->set->query->match.from < stat.oldest.ns)
		a->set->query->match.from = stat.oldest.ns;
	return 0;
}

static int
audit_open(struct audit *a, struct fault *fault)
{
	char **text;
	int i;

	a->whole = true;
	if (bus_open(&a->bus, NULL, fault) < 0)
		return -1;
	for (text = a->set->groups; *text != NULL; text++) {
		if (a->n == AUDIT_GROUPS_MAX)
			return fault_set(fault, EX_USAGE,
			    "more than %d groups", AUDIT_GROUPS_MAX);
		if (audit_open_group(a, *text, fault) < 0)
			return -1;
	}
	for (i = 0; a->set->sharded && i < a->n; i++)
		a->groups[i].shard = (struct bus_shard){ (uint64_t)i + 1,
		    (uint64_t)a->n };
	return 0;
}

static void
audit_init(struct audit *a)
{
	audit_channels_init(&a->channels);
	a->sketch = sketch_new();
	hash_table_init(&a->found, 64);
	decoded_init(&a->decoded);
	a->decoded.pack.lax = a->decoded.payload.lax = a->set->lax;
	buf_init(&a->scratch, 2 * PACK_OUT_MAX);
}

static void
audit_release(struct audit *a)
{
	struct hash_node *n;

	while ((n = hash_table_after(&a->found, NULL)) != NULL) {
		hash_table_remove(&a->found, n);
		free(n);
	}
	hash_table_release(&a->found);
	sketch_free(a->sketch);
	audit_channels_release(&a->channels);
	decoded_release(&a->decoded);
	buf_release(&a->scratch);
	bus_close(a->bus);
}

/* The groups stand still before the store is read, so what is up to them has
 * to be there. */
static int
audit_compare(struct audit *a, struct fault *fault)
{
	int i;

	if (audit_open(a, fault) < 0 ||
	    audit_store(a, audit_see_stored, fault) < 0)
		return -1;
	for (i = 0; i < a->n; i++)
		if (audit_stream(a, &a->groups[i], 0, a->groups[i].last,
		    audit_see_line, fault) < 0)
			return -1;
	if (!sketch_take(a->sketch, audit_found, a)) {
		audit_guess(a);
		return 0;
	}
	return audit_explain(a, fault);
}

static uint64_t
audit_differences(const struct audit *a)
{
	struct hash_node *n = NULL;
	uint64_t sum = 0;

	while ((n = hash_table_after(&a->channels.table, n)) != NULL)
		sum += ((struct audit_channel *)n)->n.missing +
		    ((struct audit_channel *)n)->n.extra;
	return sum;
}

int
audit_run(const struct audit_settings *set, struct fault *fault)
{
	struct audit a = { .set = set };
	uint64_t n;
	int r;

	audit_init(&a);
	a.report = report_begin(set);
	r = audit_compare(&a, fault);
	n = audit_differences(&a);
	if (r < 0)
		report_end(a.report, NULL, 0);
	else if ((r = report_end(a.report, &a, n)) == 0)
		r = n > 0 || a.too_many;
	audit_release(&a);
	return r;
}
