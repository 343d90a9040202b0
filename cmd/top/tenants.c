/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/top/site.h"
#include "registry/user.h"
#include "registry/whose.h"

#define TENANTS_TEXT 4096

/* ---- of each process ---- */

/* user="…", thing="…" or channel="…": the kind and the id */
static bool
tenants_parse(struct site *s, const char *labels, struct site_tenant *t)
{
	static const struct {
		struct str prefix;
		enum site_kind kind;
	} kinds[] = {
		{ { "user=\"", 6 }, SITE_USER },
		{ { "thing=\"", 7 }, SITE_THING },
		{ { "channel=\"", 9 }, SITE_CHANNEL },
	};
	struct str all = str_z(labels), id;
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (!str_starts(all, kinds[i].prefix))
			continue;
		id = str_from(all, kinds[i].prefix.n);
		id.n -= id.n > 0;
		t->kind = kinds[i].kind;
		t->id = arena_str(&s->arena, id).p;
		return t->id != NULL;
	}
	return false;
}

static struct site_tenant *
tenants_find(struct site *s, const struct site_process *p,
    const struct site_tenant *t)
{
	size_t i;

	for (i = p->tops; i < p->tops + p->n_tops; i++)
		if (s->tops[i].kind == t->kind &&
		    strcmp(s->tops[i].id, t->id) == 0)
			return &s->tops[i];
	return NULL;
}

void
site_take_tops(struct site *s, const struct run_process *p,
    struct site_process *to)
{
	size_t i;

	to->tops = s->n_tops;
	for (i = 0; i < p->n && s->n_tops < SITE_TOPS_MAX; i++) {
		const struct run_sample *sample = &p->samples[i];
		struct site_tenant t = {
			.name = "", .owner = "",
			.messages_rate = RATE_UNKNOWN,
			.bytes_rate = RATE_UNKNOWN
		}, *had;

		if (sample->kind != RUN_TOP ||
		    !tenants_parse(s, sample->labels, &t))
			continue;
		if ((had = tenants_find(s, to, &t)) == NULL) {
			if (s->tops == NULL)
				s->tops = memory_get(SITE_TOPS_MAX *
				    sizeof *s->tops);
			had = &s->tops[s->n_tops++];
			*had = t;
			to->n_tops++;
		}
		if (strcmp(sample->name, "top_messages_total") == 0)
			had->messages = sample->value;
		else
			had->bytes = sample->value;
	}
}

/* One that was not there, or was dropped and came again, began at 0. */
static double
tenants_rate(uint64_t now, uint64_t before, double t)
{
	return site_rate(now, now < before ? 0 : before, t);
}

void
site_compare_tops(struct site *now, const struct site_process *p,
    const struct site *before, const struct site_process *was, double t)
{
	size_t i, j;

	for (i = p->tops; i < p->tops + p->n_tops; i++) {
		struct site_tenant *top = &now->tops[i];
		uint64_t messages = 0, bytes = 0;

		for (j = was->tops; j < was->tops + was->n_tops; j++) {
			const struct site_tenant *old = &before->tops[j];

			if (old->kind != top->kind ||
			    strcmp(old->id, top->id) != 0)
				continue;
			messages = old->messages;
			bytes = old->bytes;
			break;
		}
		top->messages_rate = tenants_rate(top->messages, messages, t);
		top->bytes_rate = tenants_rate(top->bytes, bytes, t);
	}
}

/* ---- of the site ---- */

static int
tenants_compare_ids(const void *a, const void *b)
{
	const struct site_tenant *x = a, *y = b;

	return x->kind != y->kind ? (x->kind > y->kind) - (x->kind < y->kind) :
	    strcmp(x->id, y->id);
}

static int
tenants_compare_traffic(const void *a, const void *b)
{
	const struct site_tenant *x = a, *y = b;

	if (x->kind != y->kind)
		return (x->kind > y->kind) - (x->kind < y->kind);
	if (x->bytes_rate != y->bytes_rate)
		return x->bytes_rate < y->bytes_rate ? 1 : -1;
	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return strcmp(x->id, y->id);
}

static void
tenants_add(struct site_tenant *to, const struct site_tenant *t)
{
	to->messages += t->messages;
	to->bytes += t->bytes;
	if (t->messages_rate >= 0)
		to->messages_rate = t->messages_rate +
		    (to->messages_rate > 0 ? to->messages_rate : 0);
	if (t->bytes_rate >= 0)
		to->bytes_rate = t->bytes_rate +
		    (to->bytes_rate > 0 ? to->bytes_rate : 0);
}

/* makes one of those that are the same, which are next to each other */
static size_t
tenants_join(struct site_tenant *v, size_t n)
{
	size_t i, kept = 0;

	qsort(v, n, sizeof *v, tenants_compare_ids);
	for (i = 0; i < n; i++)
		if (kept > 0 && tenants_compare_ids(&v[kept - 1], &v[i]) == 0)
			tenants_add(&v[kept - 1], &v[i]);
		else
			v[kept++] = v[i];
	return kept;
}

static const char *
tenants_keep(struct site *s, const struct buf *text)
{
	struct str copy = arena_str(&s->arena, buf_str(text));

	return copy.p != NULL ? copy.p : "";
}

/* A user is shown by the email address, in place of the id. */
static void
tenants_name_user(struct site *s, struct registry *r, struct site_tenant *t)
{
	struct user user;
	struct fault ignored;
	struct str email;

	if (user_find_id(r, str_z(t->id), &user, &ignored) < 0)
		return;
	email = arena_str(&s->arena, str_z(user.email));
	if (email.p != NULL)
		t->id = email.p;
}

static void
tenants_name(struct site *s, struct registry *r, struct site_tenant *t)
{
	struct buf name, email;
	struct fault ignored;

	buf_init(&name, TENANTS_TEXT);
	buf_init(&email, TENANTS_TEXT);
	if (registry_whose(r, t->kind == SITE_CHANNEL ? ITEM_CHANNEL :
	    ITEM_THING, str_z(t->id), &name, &email, &ignored) > 0) {
		t->name = tenants_keep(s, &name);
		t->owner = tenants_keep(s, &email);
	}
	buf_release(&name);
	buf_release(&email);
}

void
site_add_up(struct site *s, struct registry *r)
{
	size_t i, n = s->n_tops;
	struct site_tenant *v;

	if (n == 0)
		return;
	v = s->tenants = memory_get(n * sizeof *v);
	memcpy(v, s->tops, n * sizeof *v);
	s->n_tenants = tenants_join(v, n);
	for (i = 0; r != NULL && i < s->n_tenants; i++)
		if (v[i].kind == SITE_USER)
			tenants_name_user(s, r, &v[i]);
		else
			tenants_name(s, r, &v[i]);
	qsort(v, s->n_tenants, sizeof *v, tenants_compare_traffic);
}
