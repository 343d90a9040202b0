/* SPDX-License-Identifier: Apache-2.0 */
#include "base/run_top.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/run.h"

/* what a message costs beside its bytes, in these */
#define RUN_TOP_MESSAGE 64
/* the part of the recent traffic that is forgotten at once */
#define RUN_TOP_FADE 64

void
run_top_init(struct run_top *t, const char *label)
{
	*t = (struct run_top){ .label = label, .seed = hash_seed() };
}

/* where this one is; RUN_TOP_MAX: nowhere */
static unsigned
run_top_find(const struct run_top *t, uint64_t hash)
{
	unsigned i, at = RUN_TOP_MAX;

	if (t->hashes[t->last] == hash)
		return t->last;
	/* without a way out of the loop it is done in vectors; those not in
	 * use have hash 0 */
	for (i = 0; i < RUN_TOP_MAX; i++)
		at = t->hashes[i] == hash ? i : at;
	return at;
}

static unsigned
run_top_least(const struct run_top *t)
{
	unsigned i, at = 0;

	for (i = 1; i < RUN_TOP_MAX; i++)
		at = t->ranks[i] < t->ranks[at] ? i : at;
	return at;
}

/* The one with the least makes room; its rank stays, as the new one may have
 * had as much. */
static unsigned
run_top_enter(struct run_top *t, uint64_t hash, struct str name)
{
	unsigned at = t->n < RUN_TOP_MAX ? t->n++ : run_top_least(t);
	struct run_top_entry *e = &t->entries[at];

	t->hashes[at] = hash;
	memcpy(e->name, name.p, name.n);
	e->name[name.n] = '\0';
	e->owner[0] = '\0';
	e->messages = e->bytes = 0;
	e->renamed = true;
	return at;
}

/* NULL when it is not counted */
static struct run_top_entry *
run_top_count(struct run_top *t, struct str name, size_t bytes)
{
	uint64_t hash;
	unsigned at;

	if (!RUN_COUNTED || name.n == 0 || name.n >= RUN_TOP_NAME)
		return NULL;
	hash = hash_seeded(t->seed, name) | 1;
	at = run_top_find(t, hash);
	if (at == RUN_TOP_MAX)
		at = run_top_enter(t, hash, name);
	t->last = at;
	t->ranks[at] += RUN_TOP_MESSAGE + bytes;
	t->entries[at].messages++;
	t->entries[at].bytes += bytes;
	return &t->entries[at];
}

void
run_top_add(struct run_top *t, struct str name, size_t bytes)
{
	run_top_count(t, name, bytes);
}

static void
run_top_put_one(struct run_top *t, struct run_top_entry *e)
{
	char labels[RUN_TOP_NAME + 16];
	struct run_text text[] = {
		{ "top_messages_total", labels,
		    "Messages of the busiest users, things and channels.",
		    RUN_TOP, RUN_ONE },
		{ "top_bytes_total", labels,
		    "Bytes of the busiest users, things and channels.",
		    RUN_TOP, RUN_ONE },
	};

	snprintf(labels, sizeof labels, "%s=\"%s\"", t->label, e->name);
	run_put_at(&e->slots[0], e->renamed, &text[0], e->messages);
	run_put_at(&e->slots[1], e->renamed, &text[1], e->bytes);
	e->renamed = false;
}

void
run_top_put(struct run_top *t)
{
	unsigned i;

	for (i = 0; i < t->n; i++) {
		t->ranks[i] -= t->ranks[i] / RUN_TOP_FADE;
		if (run_is_open())
			run_top_put_one(t, &t->entries[i]);
	}
}

void
run_tops_init(struct run_tops *t,
    struct str (*owner)(void *arg, struct str thing), void *arg)
{
	t->owner = owner;
	t->arg = arg;
	run_top_init(&t->users, "user");
	run_top_init(&t->things, "thing");
	run_top_init(&t->channels, "channel");
}

static void
run_tops_ask(const struct run_tops *t, struct run_top_entry *thing)
{
	struct str owner = t->owner(t->arg, str_z(thing->name));

	if (owner.n >= RUN_TOP_NAME)
		return;
	memcpy(thing->owner, owner.p, owner.n);
	thing->owner[owner.n] = '\0';
}

void
run_tops_add(struct run_tops *t, struct str thing, struct str channel,
    size_t bytes)
{
	struct run_top_entry *e = run_top_count(&t->things, thing, bytes);

	run_top_add(&t->channels, channel, bytes);
	if (e == NULL || t->owner == NULL)
		return;
	if (e->owner[0] == '\0')
		run_tops_ask(t, e);
	run_top_add(&t->users, str_z(e->owner), bytes);
}

void
run_tops_put(struct run_tops *t)
{
	run_top_put(&t->users);
	run_top_put(&t->things);
	run_top_put(&t->channels);
}
