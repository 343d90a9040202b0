/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/alarm/counters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "base/memory.h"
#include "base/os_process.h"

/* that of the program and name, which is made; NULL: there are too many */
static struct counter *
counters_find(struct counters *c, const char *program, const char *name)
{
	struct counter *to;
	size_t i;

	for (i = 0; i < c->n; i++)
		if (strcmp(c->v[i].program, program) == 0 &&
		    strcmp(c->v[i].name, name) == 0)
			return &c->v[i];
	if (c->n == COUNTERS_MAX)
		return NULL;
	if (c->n == c->room) {
		c->room = c->room ? 2 * c->room : 16;
		c->v = memory_resize(c->v, c->room * sizeof *c->v);
	}
	to = &c->v[c->n++];
	*to = (struct counter){ .value = 0 };
	snprintf(to->program, sizeof to->program, "%s", program);
	snprintf(to->name, sizeof to->name, "%s", name);
	return to;
}

/* what this process has of it; false: nothing */
static bool
counters_value(const struct run_process *p, const char *name, double *value)
{
	struct os_usage u;
	uint64_t n;
	size_t i;

	*value = 1;
	if (strcmp(name, COUNTERS_PROCESSES) == 0)
		return true;
	if (run_process_value(p, name, &n)) {
		for (i = 0; strcmp(p->samples[i].name, name) != 0; i++)
			continue;
		*value = (double)n;
		if (p->samples[i].unit == RUN_NANOSECONDS)
			*value /= 1e9;
		return true;
	}
	if (!os_process_usage(p->pid, &u))
		return false;
	*value = strcmp(name, COUNTERS_CPU) == 0 ? (double)u.cpu / 1e9 :
	    (double)u.resident;
	return strcmp(name, COUNTERS_CPU) == 0 ||
	    strcmp(name, COUNTERS_RESIDENT) == 0;
}

/* Is a rule before this one about the same?  They get one sum. */
static bool
counters_asked_before(const struct rules *rules, size_t i)
{
	size_t j;

	for (j = 0; j < i; j++)
		if (rules->v[j]->probe == PROBE_COUNTER &&
		    str_eq(rules->v[j]->counter, rules->v[i]->counter))
			return true;
	return false;
}

/* Which programs a rule is about is for the rule to match. */
static void
counters_take(void *arg, const struct run_process *p)
{
	struct counters *c = arg;
	struct counter *to;
	double value;
	size_t i;

	for (i = 0; i < c->rules->n; i++) {
		const struct rule *r = c->rules->v[i];

		if (r->probe != PROBE_COUNTER ||
		    counters_asked_before(c->rules, i) ||
		    !counters_value(p, r->counter.p, &value) ||
		    (to = counters_find(c, p->program, r->counter.p)) == NULL)
			continue;
		to->value += value;
		to->seen = true;
	}
}

/* A rule that names a program, and asks how many there are, is told of none. */
static void
counters_add_missing(struct counters *c)
{
	struct counter *to;
	size_t i;

	for (i = 0; i < c->rules->n; i++) {
		const struct rule *r = c->rules->v[i];

		if (r->probe == PROBE_COUNTER &&
		    strcmp(r->counter.p, COUNTERS_PROCESSES) == 0 &&
		    !glob_is_pattern(r->program) &&
		    (to = counters_find(c, r->program.p, r->counter.p)) !=
		    NULL)
			to->seen = true;
	}
}

int
counters_look(struct counters *c, const struct rules *rules,
    struct fault *fault)
{
	size_t i, kept = 0;

	c->rules = rules;
	/* those that have ended were there with 0 */
	for (i = 0; i < c->n; i++) {
		if (!c->v[i].seen)
			continue;
		c->v[kept] = c->v[i];
		c->v[kept].value = 0;
		c->v[kept++].seen = false;
	}
	c->n = kept;
	if (run_read_all(NULL, counters_take, c, fault) < 0)
		return -1;
	counters_add_missing(c);
	return 0;
}

void
counters_release(struct counters *c)
{
	free(c->v);
	*c = (struct counters){ .n = 0 };
}
