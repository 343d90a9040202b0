/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sysexits.h>

#include "api/answer.h"
#include "api/auth.h"
#include "api/handlers.h"
#include "api/handles.h"
#include "api/item_json.h"
#include "api/job.h"
#include "api/list_page.h"
#include "api/parameters.h"
#include "api/state.h"
#include "base/file.h"
#include "base/memory.h"
#include "registry/page.h"
#include "registry/tags.h"

/*
 * Lists of things and channels.  A short one without filters is answered at
 * once; what has to be looked for, or is long, is a job (job.h).
 */
/* how far a list goes that is answered at once, in items, rows passed and
 * bytes */
#define AT_ONCE_ITEMS 100
#define AT_ONCE 2000
#define AT_ONCE_BYTES ((size_t)64 << 10)
/* what the filters of one may take */
#define KEEP_MAX ((size_t)1 << 20)
#define ITEM_BYTES_MAX ((size_t)4 << 20)

struct search {
	struct job job;
	struct page page;
	struct arena keep;
	struct list_page place;
	struct list_filters filters;
	struct buf key;
	size_t enough;			/* bytes of a piece */
	bool keys, found, any;
	bool members;			/* as members of a group */
};

static const char *const collection[] = { "things", "channels" };

/* ---- parameters ---- */

static const char *
items_list_take_place(struct request_ctx *c, struct search *s)
{
	static const struct list_limits limits = {
		.offset = 10, .offset_max = 100,
		.cursor = 100, .cursor_max = 10000
	};
	const char *why = list_page_take(c, &limits, &s->place);

	if (why == NULL && !page_after(&s->page, s->place.cursor))
		why = "not a cursor of a list in this order";
	s->page.count = !s->place.by_cursor;
	s->page.offset = s->place.offset;
	s->page.limit = s->place.limit;
	return why;
}

/* the order, and what is asked for beside names and metadata */
static const char *
items_list_take_order(struct request_ctx *c, struct page *p)
{
	static const char *const orders[] = {
		"created", "name", "id", "created_at", NULL
	};
	static const char *const dirs[] = { "asc", "desc", NULL };
	static const char *const statuses[] = {
		"all", "enabled", "disabled", NULL
	};
	int order = 0, dir = 0, status = 0;

	if (!list_take_word(c, "order", orders, &order))
		return "order must be created, name or id";
	if (!list_take_word(c, "dir", dirs, &dir))
		return "dir must be asc or desc";
	if (!list_take_word(c, "status", statuses, &status))
		return "status must be enabled, disabled or all";
	p->order = order == 1 ? PAGE_NAME : order == 2 ? PAGE_ID :
	    PAGE_CREATED;
	p->desc = dir == 1;
	p->status = status == 1 ? PAGE_ENABLED : status == 2 ?
	    PAGE_DISABLED : PAGE_ANY;
	return NULL;
}

/* tag=a,b, or tags= as Mainflux has both names */
static const char *
items_list_take_tags(struct request_ctx *c, struct search *s)
{
	struct str tag, tags;
	struct tags t;
	const char *why;

	if (parameter_get(c, "tag", &tag) > 1 ||
	    parameter_get(c, "tags", &tags) > 1)
		return "tag is given twice: separate tags by commas";
	tags_begin(&t);
	if ((why = tags_add_list(&t, tag)) != NULL ||
	    (why = tags_add_list(&t, tags)) != NULL)
		return why;
	if (t.n > 0)
		s->page.tags = arena_str(&s->keep, tags_end(&t));
	return NULL;
}

static const char *
items_list_take_group(struct request_ctx *c, struct search *s)
{
	struct str value;

	if (parameter_get(c, "group", &value) > 1)
		return "group is given twice";
	if (value.n > 0 && !s->members)
		s->page.group = arena_str(&s->keep, value);
	s->page.recursive = parameter_is_true(c, "recursive");
	return NULL;
}

static const char *
items_list_take_filters(struct request_ctx *c, struct search *s)
{
	struct page *p = &s->page;
	struct str value;
	const char *why;

	if (parameter_get(c, "name", &value) > 1)
		return "name is given twice";
	if (value.n > PAGE_NAME_MAX)
		return "name is too long";
	if (value.n > 0)
		p->name = arena_str(&s->keep, value);
	why = list_filters_take(c, &s->job, &s->keep, &s->filters);
	p->glob = s->filters.glob;
	p->metadata = s->filters.metadata;
	return why;
}

/* ---- the page ---- */

static int
search_put_item(void *arg, const struct item *item, struct fault *fault)
{
	struct search *s = arg;
	struct buf *b = &s->job.out;

	if (s->any)
		buf_putc(b, ',');
	s->any = true;
	if (s->members) {
		buf_printf(b, "{\"id\":\"%.*s\",\"type\":\"%s\"}",
		    STR_ARG(item->id), collection[s->page.kind]);
		return b->n >= s->enough;
	}
	if (item_json_put(&s->key, s->page.registry, b, s->page.kind, item,
	    s->keys, fault) < 0)
		return -1;
	return b->n >= s->enough;
}

static void
search_put_head(struct search *s)
{
	const struct page *p = &s->page;
	struct buf *b = &s->job.out;

	list_put_head(b, &s->place, p->total);
	if (s->place.by_cursor && p->more) {
		buf_puts(b, "\"next\":\"");
		page_next(p, b);
		buf_puts(b, "\",");
	}
	buf_printf(b, "\"%s\":[", s->members ? "members" :
	    collection[p->kind]);
}

/* A piece of it: 1 when there is more, 0 at the end, or -1.  `stop` is asked
 * between two steps. */
static int
search_piece(struct search *s, bool (*stop)(void *), struct fault *fault)
{
	int got;

	while (!s->found) {
		if ((got = page_step(&s->page, fault)) < 0)
			return -1;
		if (got > 0 && stop != NULL && stop(&s->job))
			return fault_set(fault, EX_TEMPFAIL, "asked to stop");
		s->found = got == 0;
		if (s->found)
			search_put_head(s);
		else if (stop == NULL && s->page.passed >= AT_ONCE)
			return 1;
	}
	got = page_give(&s->page, search_put_item, s, fault);
	if (got == 0)
		buf_puts(&s->job.out, "]}\n");
	return got;
}

/* ---- as a job ---- */

static int
search_read(struct job *j, struct registry *r, struct fault *fault)
{
	struct search *s = (struct search *)j;

	s->enough = JOB_PIECE;
	s->page.registry = r;
	return search_piece(s, job_stops, fault);
}

static int
search_run(struct job *j)
{
	return handles_read_on(j, search_read);
}

static void
search_free(struct job *j)
{
	struct search *s = (struct search *)j;

	page_end(&s->page);
	list_filters_release(&s->filters);
	arena_release(&s->keep);
	secret_release(&s->key);
	buf_release(&s->job.out);
	free(s);
}

static bool
search_is_short(const struct search *s)
{
	const struct page *p = &s->page;

	return p->name.p == NULL && p->glob == NULL && p->metadata == NULL &&
	    p->connected.p == NULL && p->group.p == NULL &&
	    p->tags.p == NULL && !p->shared &&
	    p->status == PAGE_ANY && p->order == PAGE_CREATED &&
	    p->limit <= AT_ONCE_ITEMS && p->offset <= AT_ONCE;
}

/* What is short is answered now; what turns out not to be goes on as a job,
 * from where it is. */
static void
search_start(struct request_ctx *c, struct search *s)
{
	struct fault fault;
	int got = 1;

	if (search_is_short(s) && c->api->registry != NULL) {
		s->page.registry = c->api->registry;
		got = search_piece(s, NULL, &fault);
		if (got == 0)
			answer_json(c->request, 200, buf_str(&s->job.out));
		else if (got < 0)
			answer_unable(c->api, c->request, &fault);
	}
	if (got <= 0 || !job_start(c, &s->job))
		search_free(&s->job);
}

static struct search *
search_new(enum item_kind kind)
{
	struct search *s = memory_zero(1, sizeof *s);

	s->job.kind = JOB_PAGE;
	s->job.type = "application/json";
	s->job.piece = search_run;
	s->job.refuse = handles_refuse;
	s->job.free = search_free;
	s->enough = AT_ONCE_BYTES;
	arena_init(&s->keep, KEEP_MAX);
	buf_init(&s->key, KEY_BOX_MAX);
	buf_init(&s->job.out, ITEM_BYTES_MAX);
	s->page.kind = kind;
	return s;
}

static const char *
items_list_take_all(struct request_ctx *c, struct search *s)
{
	const char *why = items_list_take_order(c, &s->page);

	s->page.shared = parameter_is_true(c, "shared");
	if (why == NULL)
		why = items_list_take_place(c, s);
	if (why == NULL)
		why = items_list_take_tags(c, s);
	if (why == NULL)
		why = items_list_take_group(c, s);
	if (why == NULL && s->page.shared && (s->page.disconnected ||
	    s->page.group.p != NULL))
		why = "shared goes with neither disconnected nor group";
	return why != NULL ? why : items_list_take_filters(c, s);
}

/* `of`: those of the channel, thing or group that the path names */
static void
items_list_begin(struct request_ctx *c, struct search *s, bool of)
{
	const struct principal *principal = NULL;
	const char *why = items_list_take_all(c, s);

	if (why == NULL && of && c->id[0].n == 0)
		why = "the id is missing";
	if (why != NULL)
		http_problem(c->request, 400, why);
	if (why != NULL ||
	    (principal = auth_user(c, item_json_scope(c))) == NULL) {
		search_free(&s->job);
		return;
	}
	s->page.owner = principal->user;
	memcpy(s->job.user, principal->user.id, sizeof s->job.user);
	s->keys = item_json_keys(c, principal);
	search_start(c, s);
}

static void
items_list_start(struct request_ctx *c, enum item_kind kind, bool connected)
{
	struct search *s = search_new(kind);

	if (connected)
		s->page.connected = arena_str(&s->keep, c->id[0]);
	s->page.disconnected = connected && parameter_is_true(c,
	    "disconnected");
	items_list_begin(c, s, connected);
}

void
groups_members(struct request_ctx *c)
{
	static const char *const types[] = { "things", "channels", NULL };
	struct search *s;
	int type = 0;

	if (!list_take_word(c, "type", types, &type)) {
		http_problem(c->request, 400,
		    "type must be things or channels");
		return;
	}
	s = search_new(type == 0 ? ITEM_THING : ITEM_CHANNEL);
	s->members = true;
	s->page.group = arena_str(&s->keep, c->id[0]);
	items_list_begin(c, s, true);
}

void
things_list(struct request_ctx *c)
{
	items_list_start(c, ITEM_THING, false);
}

void
things_of_channel(struct request_ctx *c)
{
	items_list_start(c, ITEM_THING, true);
}

void
channels_list(struct request_ctx *c)
{
	items_list_start(c, ITEM_CHANNEL, false);
}

void
channels_of_thing(struct request_ctx *c)
{
	items_list_start(c, ITEM_CHANNEL, true);
}
