/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/site/history.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "json/object.h"

bool
history_read(const struct event_record *record, struct event_fields *e,
    struct arena *arena)
{
	struct object_field f[] = {
		{ .name = "id", .type = OBJECT_TEXT },
		{ .name = "name", .type = OBJECT_TEXT },
		{ .name = "metadata", .type = OBJECT_RAW },
		{ .name = "tags", .type = OBJECT_TEXTS },
		{ .name = "status", .type = OBJECT_TEXT },
		{ .name = "email", .type = OBJECT_TEXT },
		{ .name = "chan_id", .type = OBJECT_TEXT },
		{ .name = "thing_id", .type = OBJECT_TEXT },
		{ .name = "direction", .type = OBJECT_TEXT },
		{ .name = "group_id", .type = OBJECT_TEXT },
		{ .name = "level", .type = OBJECT_TEXT },
		{ .name = "parent", .type = OBJECT_TEXT },
		{ .name = "description", .type = OBJECT_TEXT },
	};

	if (object_read(record->fields, f, sizeof f / sizeof *f, arena) !=
	    NULL)
		return false;
	*e = (struct event_fields){ f[0].value, f[1].value, f[2].value,
	    f[3].value, f[4].value, f[5].value, f[6].value, f[7].value,
	    f[8].value, f[9].value, f[10].value, f[11].value, f[12].value };
	return true;
}

unsigned
event_direction(const struct event_fields *e)
{
	unsigned direction = direction_parse(e->direction);

	return direction != 0 ? direction : DIRECTION_BOTH;
}

/* ---- what it was ---- */

struct history_fold {
	struct history *h;
	struct str id;
	uint64_t before;
	struct arena scratch;
};

static bool
history_is(const struct event_record *record, const char *what)
{
	struct str end = str_z(what);

	return record->operation.n >= end.n && memcmp(record->operation.p +
	    record->operation.n - end.n, end.p, end.n) == 0;
}

static void
history_connect(struct history *h, const struct history_pair *pair)
{
	if (h->n == h->cap) {
		h->cap = h->cap ? 2 * h->cap : 8;
		h->pairs = memory_resize(h->pairs, h->cap * sizeof *h->pairs);
	}
	h->pairs[h->n] = *pair;
	h->pairs[h->n++].other = arena_str(h->keep, pair->other);
}

static void
history_disconnect(struct history *h, struct str other)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (str_eq(h->pairs[i].other, other))
			h->pairs[i--] = h->pairs[--h->n];
}

static void
history_set(struct history *h, struct str *to, struct str value)
{
	if (value.p != NULL)
		*to = arena_str(h->keep, value);
}

static void
history_fold_one(struct history *h, const struct event_record *record,
    const struct event_fields *e)
{
	if (history_is(record, ".create")) {
		h->there = true;
		h->n = 0;
		h->name = STR("");
		h->metadata = STR("{}");
		h->tags = STR("[]");
		h->description = h->parent = STR("");
		h->disabled = str_eq(e->status, STR("disabled"));
	} else if (history_is(record, ".remove")) {
		h->there = false;
	} else if (history_is(record, ".enable")) {
		h->disabled = false;
	} else if (history_is(record, ".disable")) {
		h->disabled = true;
	}
	history_set(h, &h->name, e->name);
	history_set(h, &h->metadata, e->metadata);
	history_set(h, &h->tags, e->tags);
	history_set(h, &h->description, e->description);
	history_set(h, &h->parent, e->parent);
	history_set(h, &h->level, e->level);
}

/* the other one of a pair; p NULL: it is of others */
static struct str
history_other(const struct event_fields *e, struct str id, bool *channel)
{
	*channel = false;
	/* a grant is no pair */
	if (e->level.p != NULL)
		return STR_NONE;
	if (str_eq(e->thing, id) || str_eq(e->channel, id)) {
		*channel = e->group.p == NULL && str_eq(e->thing, id);
		return e->group.p != NULL ? e->group :
		    *channel ? e->channel : e->thing;
	}
	if (!str_eq(e->group, id))
		return STR_NONE;
	*channel = e->channel.p != NULL;
	return *channel ? e->channel : e->thing;
}

static int
history_give(void *arg, const struct event_record *record,
    struct fault *fault)
{
	struct history_fold *f = arg;
	struct history_pair pair;
	struct event_fields e;

	if (record->seq >= f->before)
		return 1;
	arena_reset(&f->scratch);
	if (!history_read(record, &e, &f->scratch))
		return fault_set(fault, EX_IOERR, "event %llu is damaged",
		    (unsigned long long)record->seq);
	if (str_eq(e.id, f->id)) {
		history_fold_one(f->h, record, &e);
		return 0;
	}
	pair = (struct history_pair){ .place = e.group.p != NULL,
	    .direction = event_direction(&e), .seq = record->seq };
	pair.other = history_other(&e, f->id, &pair.channel);
	if (pair.other.p == NULL)
		return 0;
	history_disconnect(f->h, pair.other);
	if (history_is(record, ".connect") || history_is(record, ".assign"))
		history_connect(f->h, &pair);
	return 0;
}

int
history_before(struct client *c, struct str id, uint64_t seq,
    struct history *h, struct arena *keep, struct fault *fault)
{
	struct history_fold f = { .h = h, .id = id, .before = seq };
	int got;

	*h = (struct history){ .keep = keep };
	arena_init(&f.scratch, 2 * EVENT_MAX);
	got = c->backend->history(c, 0, id, history_give, &f, fault);
	arena_release(&f.scratch);
	return got < 0 ? -1 : 0;
}

unsigned
history_direction(const struct history *h, struct str other)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (str_eq(h->pairs[i].other, other))
			return h->pairs[i].direction;
	return 0;
}

void
history_end(struct history *h)
{
	free(h->pairs);
	*h = (struct history){ .there = false };
}
