/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "api/answer.h"
#include "api/auth.h"
#include "api/group_json.h"
#include "api/handlers.h"
#include "api/handles.h"
#include "api/job.h"
#include "api/list_page.h"
#include "api/parameters.h"
#include "api/state.h"
#include "base/memory.h"
#include "base/number.h"

/*
 * Lists of groups, as a job.  In order of creation a cursor is a row; in
 * another order it is how many were passed over.
 */
#define KEEP_MAX ((size_t)128 << 10)
#define PIECE_MAX ((size_t)4 << 20)

struct groups_list {
	struct job job;
	struct user user;
	struct group_query query;	/* of what is left */
	struct arena keep;
	struct list_page page;
	struct list_filters filters;
	bool begun, any;
};

/* ---- parameters ---- */

static bool
groups_list_created(const struct groups_list *l)
{
	return l->query.which <= GROUPS_SHARED;
}

static const char *
groups_list_take_place(struct request_ctx *c, struct groups_list *l)
{
	static const struct list_limits limits = {
		.offset = 10, .offset_max = 100,
		.cursor = 100, .cursor_max = 1000
	};
	const char *why = list_page_take(c, &limits, &l->page);
	uint64_t at = 0;

	if (why != NULL)
		return why;
	if (l->page.cursor.n > 0 && !number_digits(l->page.cursor, INT64_MAX,
	    &at))
		return "not a cursor of a list in this order";
	if (groups_list_created(l))
		l->query.after = (long long)at;
	l->query.offset = l->page.by_cursor && !groups_list_created(l) ? at :
	    l->page.offset;
	l->query.limit = l->page.limit;
	why = list_filters_take(c, &l->job, &l->keep, &l->filters);
	l->query.glob = l->filters.glob;
	l->query.metadata = l->filters.metadata;
	return why;
}

/* one of these says which there are; without them all are listed */
static const char *
groups_list_take_which(struct request_ctx *c, struct groups_list *l)
{
	static const struct {
		const char *name;
		enum group_which which;
	} of[] = {
		{ "parent", GROUPS_CHILDREN }, { "tree", GROUPS_TREE },
		{ "group", GROUPS_PARENTS }, { "thing", GROUPS_OF_THING },
		{ "channel", GROUPS_OF_CHANNEL },
	};
	struct str value;
	size_t i, n = 0;

	for (i = 0; i < sizeof of / sizeof *of; i++) {
		if (parameter_get(c, of[i].name, &value) == 0)
			continue;
		if (n++ > 0)
			return "give only one of parent, tree, group, thing "
			    "and channel";
		l->query.which = of[i].which;
		l->query.of = arena_str(&l->keep, value);
	}
	if (n == 0 && parameter_is_true(c, "shared"))
		l->query.which = GROUPS_SHARED;
	if (n == 0 || l->query.of.n > 0)
		return NULL;
	/* those at the top, or all trees */
	l->query.of = STR_NONE;
	if (l->query.which == GROUPS_CHILDREN)
		l->query.which = GROUPS_TOP;
	return l->query.which == GROUPS_TOP || l->query.which == GROUPS_TREE ?
	    NULL : "the id is missing";
}

static const char *
groups_list_take_level(struct request_ctx *c, struct groups_list *l)
{
	uint64_t levels = 0;

	if (!list_take_number(c, "level", 1, GROUP_DEPTH_MAX, &levels))
		return "level must be a number from 1 to 16";
	if (levels == 0)
		return NULL;
	if (l->query.which == GROUPS_ALL)
		l->query.which = GROUPS_TREE;
	if (l->query.which != GROUPS_TREE)
		return "level goes with tree alone";
	l->query.levels = (unsigned)levels;
	return NULL;
}

/* ---- in the thread ---- */

static int
groups_list_count(void *arg, const struct group *group, struct fault *fault)
{
	uint64_t *n = arg;

	(void)group;
	(void)fault;
	++*n;
	return 0;
}

static int
groups_list_put(void *arg, const struct group *group, struct fault *fault)
{
	struct groups_list *l = arg;
	struct buf *out = &l->job.out;

	(void)fault;
	if (l->any)
		buf_putc(out, ',');
	l->any = true;
	group_json_put(out, &l->user, group);
	if (groups_list_created(l)) {
		l->query.after = group->n;
		l->query.offset = 0;
	} else {
		l->query.offset++;
	}
	l->query.limit--;
	return out->n >= JOB_PIECE;
}

static int
groups_list_begin(struct groups_list *l, struct registry *r,
    struct fault *fault)
{
	struct group_query all = l->query;
	uint64_t total = 0;

	l->begun = true;
	all.offset = 0;
	all.limit = INT64_MAX;
	if (!l->page.by_cursor && group_each(r, &l->user, &all,
	    groups_list_count, &total, fault) < 0)
		return -1;
	list_put_head(&l->job.out, &l->page, total);
	buf_puts(&l->job.out, "\"groups\":[");
	return 0;
}

static void
groups_list_end(struct groups_list *l)
{
	/* a page that is full may have another one after it */
	list_put_end(&l->job.out, l->page.by_cursor && l->query.limit == 0,
	    groups_list_created(l) ? (uint64_t)l->query.after :
	    l->query.offset);
}

/* 1 when there is more, 0, -1 */
static int
groups_list_piece(struct job *j, struct registry *r, struct fault *fault)
{
	struct groups_list *l = (struct groups_list *)j;
	struct group_query query;
	int got;

	if (!l->begun && groups_list_begin(l, r, fault) < 0)
		return -1;
	/* which changes while it is walked through */
	query = l->query;
	got = query.limit == 0 ? 0 : group_each(r, &l->user, &query,
	    groups_list_put, l, fault);
	if (got == 0)
		groups_list_end(l);
	return got;
}

static int
groups_list_run(struct job *j)
{
	return handles_read(j, groups_list_piece);
}

static void
groups_list_free(struct job *j)
{
	struct groups_list *l = (struct groups_list *)j;

	list_filters_release(&l->filters);
	arena_release(&l->keep);
	buf_release(&l->job.out);
	free(l);
}

static struct groups_list *
groups_list_new(void)
{
	struct groups_list *l = memory_zero(1, sizeof *l);

	l->job.kind = JOB_PAGE;
	l->job.type = "application/json";
	l->job.piece = groups_list_run;
	l->job.refuse = handles_refuse;
	l->job.free = groups_list_free;
	buf_init(&l->job.out, PIECE_MAX);
	arena_init(&l->keep, KEEP_MAX);
	return l;
}

static void
groups_list_start(struct request_ctx *c, struct groups_list *l,
    const char *why)
{
	const struct principal *principal = NULL;

	if (why == NULL)
		why = groups_list_take_place(c, l);
	if (why != NULL)
		http_problem(c->request, 400, why);
	else
		principal = auth_user(c, 0);
	if (principal == NULL) {
		groups_list_free(&l->job);
		return;
	}
	l->user = principal->user;
	memcpy(l->job.user, principal->user.id, sizeof l->job.user);
	if (!job_start(c, &l->job))
		groups_list_free(&l->job);
}

void
groups_list(struct request_ctx *c)
{
	struct groups_list *l = groups_list_new();
	const char *why = groups_list_take_which(c, l);

	groups_list_start(c, l, why != NULL ? why :
	    groups_list_take_level(c, l));
}

static void
groups_list_of(struct request_ctx *c, enum group_which which)
{
	struct groups_list *l = groups_list_new();

	l->query.which = which;
	l->query.of = arena_str(&l->keep, c->id[0]);
	groups_list_start(c, l, c->id[0].n == 0 ? "the id is missing" : NULL);
}

void
groups_children(struct request_ctx *c)
{
	groups_list_of(c, GROUPS_CHILDREN);
}

void
groups_parents(struct request_ctx *c)
{
	groups_list_of(c, GROUPS_PARENTS);
}
