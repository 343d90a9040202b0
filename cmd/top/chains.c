/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/top/chains.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

/* of a pipe: what comes after it is waited for */
#define CHAINS_FULL 0.75
/* of a processor: it has hardly time left */
#define CHAINS_BUSY 0.8

/* ---- which belong together ---- */

static bool
chains_joined(const struct site_process *from, const struct site_process *to)
{
	return from != to && from->out.ino != 0 &&
	    from->out.ino == to->in.ino && from->out.dev == to->in.dev;
}

/* the process that reads what this one writes; n: there is none */
static size_t
chains_next(const struct site *s, size_t i)
{
	size_t j;

	for (j = 0; j < s->n_processes; j++)
		if (chains_joined(&s->processes[i], &s->processes[j]))
			return j;
	return j;
}

static const struct site_group *
chains_group(const struct site *s, const struct site_process *p)
{
	size_t i;

	for (i = 0; *p->group != '\0' && i < s->n_groups; i++)
		if (strcmp(s->groups[i].stream, p->stream) == 0 &&
		    strcmp(s->groups[i].name, p->group) == 0)
			return &s->groups[i];
	return NULL;
}

/* Its last stage, when it reads a group with --ack, says which; the first one
 * does when it is mfx-sub. */
static void
chains_describe(struct chain *c, const struct site *s)
{
	const struct site_process *first = c->stages[0],
	    *last = c->stages[c->n - 1];
	size_t i;

	for (i = 0; c->group == NULL && i < c->n; i++)
		c->group = chains_group(s, c->stages[i]);
	c->stream = first->stream;
	c->group_name = first->group;
	c->output = last->output;
	c->place = last->place;
	c->rate = first->in_rate > 0 ? first->in_rate : first->out_rate;
	c->cpu = RATE_UNKNOWN;
	for (i = 0; i < c->n; i++)
		if (c->stages[i]->cpu_share >= 0)
			c->cpu = c->stages[i]->cpu_share +
			    (c->cpu > 0 ? c->cpu : 0);
}

/* ---- the slowest ---- */

double
chains_fill(const struct site_process *p)
{
	return !p->has_pipe || p->room == 0 ? RATE_UNKNOWN :
	    (double)p->held / (double)p->room;
}

/* The last one that has much to read is waited for by all before it.  Where no
 * pipe tells, it is the one that has no time left. */
static int
chains_slowest(const struct chain *c)
{
	int i, busiest = 0;

	for (i = (int)c->n - 1; i >= 0; i--)
		if (chains_fill(c->stages[i]) >= CHAINS_FULL)
			return i;
	for (i = 1; i < (int)c->n; i++)
		if (c->stages[i]->cpu_share > c->stages[busiest]->cpu_share)
			busiest = i;
	return c->n > 0 && c->stages[busiest]->cpu_share >= CHAINS_BUSY ?
	    busiest : -1;
}

/* ---- the order ---- */

static uint64_t
chains_lag(const struct chain *c)
{
	return c->group != NULL ? c->group->lag : 0;
}

static int
chains_compare_name(const void *a, const void *b)
{
	const struct chain *x = a, *y = b;
	int r = strcmp(x->stream, y->stream);

	if (r == 0)
		r = strcmp(x->group_name, y->group_name);
	if (r == 0)
		r = strcmp(x->place, y->place);
	if (r == 0 && x->n > 0 && y->n > 0)
		r = strcmp(x->stages[0]->program, y->stages[0]->program);
	if (r == 0 && x->n > 0 && y->n > 0)
		r = (x->stages[0]->pid > y->stages[0]->pid) -
		    (x->stages[0]->pid < y->stages[0]->pid);
	return r;
}

static int
chains_compare_rate(const void *a, const void *b)
{
	const struct chain *x = a, *y = b;

	return x->rate != y->rate ? (x->rate < y->rate ? 1 : -1) :
	    chains_compare_name(a, b);
}

static int
chains_compare_lag(const void *a, const void *b)
{
	uint64_t x = chains_lag(a), y = chains_lag(b);

	return x != y ? (x < y ? 1 : -1) : chains_compare_name(a, b);
}

static int
chains_compare_cpu(const void *a, const void *b)
{
	const struct chain *x = a, *y = b;

	return x->cpu != y->cpu ? (x->cpu < y->cpu ? 1 : -1) :
	    chains_compare_name(a, b);
}

/* ---- all of them ---- */

struct chains_work {
	struct chains *chains;
	const struct site *site;
	size_t *next;
	bool *taken;
	size_t used;		/* of chains.stages */
};

static void
chains_begin(struct chains_work *w, size_t at)
{
	const struct site *s = w->site;
	struct chain *c = &w->chains->v[w->chains->n++];

	*c = (struct chain){ .stages = w->chains->stages + w->used };
	for (; at < s->n_processes && !w->taken[at]; at = w->next[at]) {
		w->taken[at] = true;
		c->stages[c->n++] = &s->processes[at];
	}
	w->used += c->n;
	chains_describe(c, s);
	c->bottleneck = chains_slowest(c);
}

/* those that nothing is piped into begin one; then what is left, which is a
 * ring */
static void
chains_find(struct chains_work *w)
{
	size_t i, n = w->site->n_processes;
	bool *fed = memory_zero(n + 1, sizeof *fed);

	for (i = 0; i < n; i++) {
		w->next[i] = chains_next(w->site, i);
		fed[w->next[i]] = true;
	}
	for (i = 0; i < n; i++)
		if (!fed[i])
			chains_begin(w, i);
	for (i = 0; i < n; i++)
		if (!w->taken[i])
			chains_begin(w, i);
	free(fed);
}

static void
chains_add_idle(struct chains *c, const struct site *s)
{
	size_t i, j, n = c->n;

	for (i = 0; i < s->n_groups; i++) {
		const struct site_group *g = &s->groups[i];

		for (j = 0; j < n; j++)
			if (c->v[j].group == g)
				break;
		if (j == n)
			c->v[c->n++] = (struct chain){
				.group = g, .bottleneck = -1,
				.rate = g->has_reader ? g->rate : 0,
				.cpu = RATE_UNKNOWN, .stream = g->stream,
				.group_name = g->name, .output = "",
				.place = ""
			};
	}
}

void
chains_make(struct chains *c, const struct site *s, enum chains_order order)
{
	static int (*const compare[])(const void *, const void *) = {
		[CHAINS_BY_NAME] = chains_compare_name,
		[CHAINS_BY_RATE] = chains_compare_rate,
		[CHAINS_BY_LAG] = chains_compare_lag,
		[CHAINS_BY_CPU] = chains_compare_cpu,
	};
	struct chains_work w = { .chains = c, .site = s };
	size_t n = s->n_processes;

	*c = (struct chains){
		.v = memory_zero(n + s->n_groups + 1, sizeof *c->v),
		.stages = memory_zero(n + 1, sizeof *c->stages)
	};
	w.next = memory_zero(n + 1, sizeof *w.next);
	w.taken = memory_zero(n + 1, sizeof *w.taken);
	chains_find(&w);
	free(w.next);
	free(w.taken);
	chains_add_idle(c, s);
	qsort(c->v, c->n, sizeof *c->v, compare[order]);
}

void
chains_release(struct chains *c)
{
	free(c->v);
	free(c->stages);
	*c = (struct chains){ .n = 0 };
}
