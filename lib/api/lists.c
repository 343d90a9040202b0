/* SPDX-License-Identifier: Apache-2.0 */
#include "api/lists.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <sysexits.h>

#include "api/answer.h"
#include "api/auth.h"
#include "api/handlers.h"
#include "api/item_json.h"
#include "api/job.h"
#include "api/parameters.h"
#include "api/state.h"
#include "base/file.h"
#include "base/glob.h"
#include "base/memory.h"
#include "base/number.h"
#include "registry/metadata.h"
#include "registry/page.h"
#include "registry/tags.h"

/*
 * Lists: a page by offset, with the number of all, as Mainflux has it; or
 * by cursor, which nothing that changes can upset, and which says where the
 * next page begins.  A short one without filters is answered at once; what
 * has to be looked for, or is long, is a job (job.h).
 */
#define OFFSET_LIMIT 10
#define OFFSET_LIMIT_MAX 100
#define CURSOR_LIMIT 100
#define CURSOR_LIMIT_MAX 10000
/* how far a list goes that is answered at once, in rows and bytes */
#define AT_ONCE 2000
#define AT_ONCE_BYTES ((size_t)64 << 10)
/* what the filters of one may take */
#define KEEP_MAX ((size_t)1 << 20)
#define ITEM_BYTES_MAX ((size_t)4 << 20)

/* Handles that jobs read the registry through, each for one at a time. */
#define HANDLES_MAX 16
struct lists_handle {
	struct registry *registry;
	unsigned generation;		/* of the file it has open */
};

struct lists {
	pthread_mutex_t lock;
	struct lists_handle idle[HANDLES_MAX];
	int n;
};

struct search {
	struct job job;
	struct page page;
	struct arena keep;
	struct glob *glob;
	struct metadata_want *metadata;
	struct buf key;
	size_t enough;			/* bytes of a piece */
	bool keys, cursor, found, any;
	bool members;			/* as members of a group */
};

static const char *const collection[] = { "things", "channels" };

/* ---- parameters ---- */

/* absent, *n stays as it is; false: more than one, or no number in range */
static bool
lists_take_number(struct request_ctx *c, const char *name, uint64_t min,
    uint64_t max, uint64_t *n)
{
	struct str value;
	int got = parameter_get(c, name, &value);

	return got == 0 || (got == 1 && number_digits(value, max, n) &&
	    *n >= min);
}

static const char *
lists_take_place(struct request_ctx *c, struct search *s)
{
	struct page *p = &s->page;
	struct str value;
	int got = parameter_get(c, "cursor", &value);

	s->cursor = got > 0;
	if (got > 1 || !page_after(p, value))
		return "not a cursor of a list in this order";
	p->count = !s->cursor;
	p->limit = s->cursor ? CURSOR_LIMIT : OFFSET_LIMIT;
	if (!lists_take_number(c, "offset", 0, UINT64_MAX, &p->offset))
		return "offset must be a number of 0 or more";
	if (s->cursor && p->offset > 0)
		return "give cursor or offset, not both";
	if (!lists_take_number(c, "limit", 1, s->cursor ? CURSOR_LIMIT_MAX :
	    OFFSET_LIMIT_MAX, &p->limit))
		return s->cursor ? "limit must be a number from 1 to "
		    "10000" : "limit must be a number from 1 to 100";
	return NULL;
}

/* one value out of those that a parameter may have; absent, *i stays */
static bool
lists_take_word(struct request_ctx *c, const char *name,
    const char *const *words, int *i)
{
	struct str value;
	int got = parameter_get(c, name, &value), at;

	if (got == 0)
		return true;
	for (at = 0; words[at] != NULL; at++)
		if (got == 1 && str_eq(value, str_z(words[at]))) {
			*i = at;
			return true;
		}
	return false;
}

/* the order, and what is asked for beside names and metadata */
static const char *
lists_take_order(struct request_ctx *c, struct page *p)
{
	static const char *const orders[] = {
		"created", "name", "id", "created_at", NULL
	};
	static const char *const dirs[] = { "asc", "desc", NULL };
	static const char *const statuses[] = {
		"all", "enabled", "disabled", NULL
	};
	int order = 0, dir = 0, status = 0;

	if (!lists_take_word(c, "order", orders, &order))
		return "order must be created, name or id";
	if (!lists_take_word(c, "dir", dirs, &dir))
		return "dir must be asc or desc";
	if (!lists_take_word(c, "status", statuses, &status))
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
lists_take_tags(struct request_ctx *c, struct search *s)
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
lists_take_group(struct request_ctx *c, struct search *s)
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
lists_take_filters(struct request_ctx *c, struct search *s)
{
	struct page *p = &s->page;
	struct str value, compact;
	const char *why;

	if (parameter_get(c, "name", &value) > 1)
		return "name is given twice";
	if (value.n > PAGE_NAME_MAX)
		return "name is too long";
	if (value.n > 0)
		p->name = arena_str(&s->keep, value);
	if (parameter_get(c, "glob", &value) > 1)
		return "glob is given twice";
	if (value.n > PAGE_NAME_MAX || glob_fault(value) != NULL)
		return "glob must be a pattern of at most 1024 bytes, each [ "
		    "with its ]";
	if (value.p != NULL)
		p->glob = s->glob = glob_compile(value, &why);
	switch (parameter_get(c, "metadata", &value)) {
	case 0:
		return NULL;
	case 1:
		break;
	default:
		return "metadata is given twice";
	}
	if (metadata_compact(value, &s->keep, &compact) != NULL)
		return "metadata must be a JSON object";
	p->metadata = s->metadata = metadata_want_new(compact);
	metadata_want_watch(s->metadata, job_stops, &s->job);
	return NULL;
}

/* ---- handles ---- */

int
lists_open(struct api *api, struct fault *fault)
{
	(void)fault;
	api->lists = memory_zero(1, sizeof *api->lists);
	pthread_mutex_init(&api->lists->lock, NULL);
	return 0;
}

void
lists_close(struct api *api)
{
	struct lists *l = api->lists;

	if (l == NULL)
		return;
	while (l->n > 0)
		registry_close(l->idle[--l->n].registry);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

/* one that has the file open which is there now; it is put back after a
 * failure, too */
static int
lists_handle_get(struct api *api, struct lists_handle *h, struct fault *fault)
{
	struct lists *l = api->lists;
	unsigned now = atomic_load(&api->generation);

	*h = (struct lists_handle){ .generation = now };
	pthread_mutex_lock(&l->lock);
	if (l->n > 0)
		*h = l->idle[--l->n];
	pthread_mutex_unlock(&l->lock);
	if (h->registry != NULL && h->generation == now)
		return 0;
	registry_close(h->registry);
	h->generation = now;
	h->registry = NULL;
	if (!registry_exists(api->home, fault))
		return -1;
	return registry_open(&h->registry, api->home, REGISTRY_READ, fault);
}

static void
lists_handle_put(struct api *api, struct lists_handle *h)
{
	struct lists *l = api->lists;

	if (h->registry == NULL)
		return;
	pthread_mutex_lock(&l->lock);
	if (l->n < HANDLES_MAX) {
		l->idle[l->n++] = *h;
		h->registry = NULL;
	}
	pthread_mutex_unlock(&l->lock);
	registry_close(h->registry);
}

/* `at_once`: all that the piece reads is of one moment */
static int
lists_with_handle(struct job *j, lists_piece_fn *piece, bool at_once)
{
	struct lists_handle h;
	int got = -1;

	if (lists_handle_get(j->api, &h, &j->fault) == 0) {
		registry_watch(h.registry, job_stops, j);
		if (!at_once || registry_read_begin(h.registry,
		    &j->fault) == 0)
			got = piece(j, h.registry, &j->fault);
		if (at_once)
			registry_read_end(h.registry);
		registry_watch(h.registry, NULL, NULL);
	}
	lists_handle_put(j->api, &h);
	return got;
}

int
lists_read(struct job *j, lists_piece_fn *piece)
{
	return lists_with_handle(j, piece, true);
}

void
lists_refuse(struct job *j, struct http_request *r)
{
	answer_unable(j->api, r, &j->fault);
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

	if (s->cursor)
		buf_printf(b, "{\"limit\":%" PRIu64 ",", p->limit);
	else
		buf_printf(b, "{\"total\":%" PRIu64 ",\"offset\":%" PRIu64
		    ",\"limit\":%" PRIu64 ",", p->total, p->offset, p->limit);
	if (s->cursor && p->more) {
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
	/* which takes its time, and begins a transaction for each part */
	return lists_with_handle(j, search_read, false);
}

static void
search_free(struct job *j)
{
	struct search *s = (struct search *)j;

	page_end(&s->page);
	glob_free(s->glob);
	metadata_want_free(s->metadata);
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
	    p->limit <= CURSOR_LIMIT && p->offset <= AT_ONCE;
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
	s->job.refuse = lists_refuse;
	s->job.free = search_free;
	s->enough = AT_ONCE_BYTES;
	arena_init(&s->keep, KEEP_MAX);
	buf_init(&s->key, KEY_BOX_MAX);
	buf_init(&s->job.out, ITEM_BYTES_MAX);
	s->page.kind = kind;
	return s;
}

static const char *
lists_take_all(struct request_ctx *c, struct search *s)
{
	const char *why = lists_take_order(c, &s->page);

	s->page.shared = parameter_is_true(c, "shared");
	if (why == NULL)
		why = lists_take_place(c, s);
	if (why == NULL)
		why = lists_take_tags(c, s);
	if (why == NULL)
		why = lists_take_group(c, s);
	if (why == NULL && s->page.shared && (s->page.disconnected ||
	    s->page.group.p != NULL))
		why = "shared goes with neither disconnected nor group";
	return why != NULL ? why : lists_take_filters(c, s);
}

/* `of`: those of the channel, thing or group that the path names */
static void
lists_begin(struct request_ctx *c, struct search *s, bool of)
{
	const struct principal *principal = NULL;
	const char *why = lists_take_all(c, s);

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
lists_start(struct request_ctx *c, enum item_kind kind, bool connected)
{
	struct search *s = search_new(kind);

	if (connected)
		s->page.connected = arena_str(&s->keep, c->id[0]);
	s->page.disconnected = connected && parameter_is_true(c,
	    "disconnected");
	lists_begin(c, s, connected);
}

void
groups_members(struct request_ctx *c)
{
	static const char *const types[] = { "things", "channels", NULL };
	struct search *s;
	int type = 0;

	if (!lists_take_word(c, "type", types, &type)) {
		http_problem(c->request, 400,
		    "type must be things or channels");
		return;
	}
	s = search_new(type == 0 ? ITEM_THING : ITEM_CHANNEL);
	s->members = true;
	s->page.group = arena_str(&s->keep, c->id[0]);
	lists_begin(c, s, true);
}

void
things_list(struct request_ctx *c)
{
	lists_start(c, ITEM_THING, false);
}

void
things_of_channel(struct request_ctx *c)
{
	lists_start(c, ITEM_THING, true);
}

void
channels_list(struct request_ctx *c)
{
	lists_start(c, ITEM_CHANNEL, false);
}

void
channels_of_thing(struct request_ctx *c)
{
	lists_start(c, ITEM_CHANNEL, true);
}
