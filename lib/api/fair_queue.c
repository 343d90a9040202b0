/* SPDX-License-Identifier: Apache-2.0 */
#include "api/fair_queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* one owner's; there is none that is empty */
struct owner_queue {
	struct owner_queue *next;
	char owner[FAIR_QUEUE_OWNER_MAX];
	size_t owner_n;
	struct task *first, **end;
	unsigned n;
};

struct fair_queue {
	struct thread_pool *pool;
	unsigned kind;
	unsigned at_once, each, all;
	unsigned running, waiting;
	/* the one whose turn it is comes first */
	struct owner_queue *first, **end;
};

struct fair_queue *
fair_queue_open(struct thread_pool *pool, unsigned kind,
    unsigned at_once, unsigned each, unsigned all)
{
	struct fair_queue *t = memory_zero(1, sizeof *t);

	t->pool = pool;
	t->kind = kind;
	t->at_once = at_once;
	t->each = each;
	t->all = all;
	t->end = &t->first;
	return t;
}

void
fair_queue_close(struct fair_queue *t)
{
	free(t);
}

static struct owner_queue *
fair_queue_of(struct fair_queue *t, struct str owner)
{
	struct owner_queue *l;

	if (owner.n > FAIR_QUEUE_OWNER_MAX)
		owner.n = FAIR_QUEUE_OWNER_MAX;
	for (l = t->first; l != NULL; l = l->next)
		if (str_eq((struct str){ l->owner, l->owner_n }, owner))
			return l;
	l = memory_zero(1, sizeof *l);
	memcpy(l->owner, owner.p, owner.n);
	l->owner_n = owner.n;
	l->end = &l->first;
	*t->end = l;
	t->end = &l->next;
	return l;
}

/* the next one's, whose owner is the last to have another turn */
static struct task *
fair_queue_take(struct fair_queue *t)
{
	struct owner_queue *l = t->first;
	struct task *task;

	if (l == NULL)
		return NULL;
	task = l->first;
	l->first = task->next;
	l->n--;
	t->waiting--;
	t->first = l->next;
	if (t->first == NULL)
		t->end = &t->first;
	l->next = NULL;
	if (l->first == NULL) {
		free(l);
	} else {
		*t->end = l;
		t->end = &l->next;
	}
	return task;
}

/* the pool has room for as many as run at once */
static void
fair_queue_fill(struct fair_queue *t)
{
	while (t->running < t->at_once && t->first != NULL) {
		t->running++;
		pool_add(t->pool, t->kind, fair_queue_take(t));
	}
}

bool
fair_queue_add(struct fair_queue *t, struct str owner, struct task *task)
{
	struct owner_queue *l;

	if (t->waiting >= t->all)
		return false;
	l = fair_queue_of(t, owner);
	if (l->n >= t->each)
		return false;
	task->next = NULL;
	*l->end = task;
	l->end = &task->next;
	l->n++;
	t->waiting++;
	fair_queue_fill(t);
	return true;
}

void
fair_queue_done(struct fair_queue *t)
{
	t->running--;
	fair_queue_fill(t);
}

struct task *
fair_queue_drop(struct fair_queue *t)
{
	return fair_queue_take(t);
}
