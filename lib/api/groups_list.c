/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "api/answer.h"
#include "api/auth.h"
#include "api/group_json.h"
#include "api/handlers.h"
#include "api/job.h"
#include "api/lists.h"
#include "api/parameters.h"
#include "api/state.h"
#include "base/glob.h"
#include "base/memory.h"
#include "base/number.h"

/*
 * Lists of groups, as a job: a page by offset, with the number of all, or by
 * cursor, with where the next page begins.  In order of creation a cursor is a
 * row, which nothing that is added or removed can upset; in another order it
 * is how many were passed over.
 */
#define OFFSET_LIMIT 10
#define OFFSET_LIMIT_MAX 100
#define CURSOR_LIMIT 100
#define CURSOR_LIMIT_MAX 1000
#define KEEP_MAX ((size_t)128 << 10)
#define PIECE_MAX ((size_t)4 << 20)

struct groups_list {
	struct job job;
	struct user user;
	struct group_query query;	/* of what is left */
	struct arena keep;
	struct glob *glob;
	struct metadata_want *metadata;
	uint64_t total, offset, limit;
	bool cursor, begun, any;
};

/* ---- parameters ---- */

static bool
groups_list_number(struct request_ctx *c, const char *name, uint64_t min,
    uint64_t max, uint64_t *n)
{
	struct str value;
	int got = parameter_get(c, name, &value);

	return got == 0 || (got == 1 && number_digits(value, max, n) &&
	    *n >= min);
}

static bool
groups_list_created(const struct groups_list *l)
{
	return l->query.which <= GROUPS_CHILDREN;
}

static const char *
groups_list_take_place(struct request_ctx *c, struct groups_list *l)
{
	uint64_t at = 0;
	struct str value;

	l->cursor = parameter_get(c, "cursor", &value) > 0;
	if (value.n > 0 && !number_digits(value, INT64_MAX, &at))
		return "not a cursor of a list in this order";
	if (groups_list_created(l))
		l->query.after = (long long)at;
	l->limit = l->cursor ? CURSOR_LIMIT : OFFSET_LIMIT;
	if (!groups_list_number(c, "offset", 0, INT64_MAX, &l->offset))
		return "offset must be a number of 0 or more";
	if (l->cursor && l->offset > 0)
		return "give cursor or offset, not both";
	if (!groups_list_number(c, "limit", 1, l->cursor ? CURSOR_LIMIT_MAX :
	    OFFSET_LIMIT_MAX, &l->limit))
		return l->cursor ? "limit must be a number from 1 to 1000" :
		    "limit must be a number from 1 to 100";
	l->query.offset = l->cursor && !groups_list_created(l) ? at :
	    l->offset;
	l->query.limit = l->limit;
	return NULL;
}

static const char *
groups_list_take_filters(struct request_ctx *c, struct groups_list *l)
{
	struct str value, compact;
	const char *why = NULL;

	if (parameter_get(c, "glob", &value) > 1)
		return "glob is given twice";
	if (value.n > NAME_BYTES_MAX || glob_fault(value) != NULL)
		return "glob must be a pattern of at most 1024 bytes, each [ "
		    "with its ]";
	if (value.p != NULL)
		l->query.glob = l->glob = glob_compile(value, &why);
	switch (parameter_get(c, "metadata", &value)) {
	case 0:
		return NULL;
	case 1:
		break;
	default:
		return "metadata is given twice";
	}
	if (metadata_compact(value, &l->keep, &compact) != NULL)
		return "metadata must be a JSON object";
	l->query.metadata = l->metadata = metadata_want_new(compact);
	metadata_want_watch(l->metadata, job_stops, &l->job);
	return NULL;
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

	if (!groups_list_number(c, "level", 1, GROUP_DEPTH_MAX, &levels))
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
	struct buf *out = &l->job.out;

	l->begun = true;
	if (l->cursor) {
		buf_printf(out, "{\"limit\":%" PRIu64 ",\"groups\":[",
		    l->limit);
		return 0;
	}
	all.offset = 0;
	all.limit = INT64_MAX;
	if (group_each(r, &l->user, &all, groups_list_count, &l->total,
	    fault) < 0)
		return -1;
	buf_printf(out, "{\"total\":%" PRIu64 ",\"offset\":%" PRIu64
	    ",\"limit\":%" PRIu64 ",\"groups\":[", l->total, l->offset,
	    l->limit);
	return 0;
}

static void
groups_list_end(struct groups_list *l)
{
	buf_putc(&l->job.out, ']');
	/* a page that is full may have another one after it */
	if (l->cursor && l->query.limit == 0)
		buf_printf(&l->job.out, ",\"next\":\"%llu\"",
		    groups_list_created(l) ?
		    (unsigned long long)l->query.after :
		    (unsigned long long)l->query.offset);
	buf_puts(&l->job.out, "}\n");
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
	return lists_read(j, groups_list_piece);
}

static void
groups_list_free(struct job *j)
{
	struct groups_list *l = (struct groups_list *)j;

	glob_free(l->glob);
	metadata_want_free(l->metadata);
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
	l->job.refuse = lists_refuse;
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
	if (why == NULL)
		why = groups_list_take_filters(c, l);
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
