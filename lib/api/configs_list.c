/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

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
#include "base/number.h"
#include "registry/config_json.h"

/* Lists of configurations, as a job; by cursor with their channels. */
#define KEEP_MAX ((size_t)128 << 10)
#define PIECE_MAX ((size_t)4 << 20)

struct config_list {
	struct job job;
	struct user user;
	struct bootstrap_query query;	/* of what is left */
	struct registry *registry;	/* of a piece */
	struct arena keep;
	struct list_page page;
	unsigned parts;			/* of config_json */
	bool begun, any;
};

/* ---- parameters ---- */

static void
configs_list_text(struct request_ctx *c, struct config_list *l,
    const char *name, struct str *to)
{
	struct str value;

	if (parameter_get(c, name, &value) > 0)
		*to = arena_str(&l->keep, value);
}

static const char *
configs_list_take_place(struct request_ctx *c, struct config_list *l)
{
	static const struct list_limits limits = {
		.offset = 10, .offset_max = 100,
		.cursor = 100, .cursor_max = 1000, .lenient = true
	};
	const char *why = list_page_take(c, &limits, &l->page);
	uint64_t after = 0;

	if (why != NULL)
		return why;
	if (l->page.cursor.n > 0 && !number_digits(l->page.cursor, INT64_MAX,
	    &after))
		return "not a cursor of this list";
	l->query.after = (long long)after;
	l->query.offset = l->page.offset;
	l->query.limit = l->page.limit;
	return NULL;
}

static const char *
configs_list_take_filters(struct request_ctx *c, struct config_list *l)
{
	struct str state;

	configs_list_text(c, l, "external_id", &l->query.external_id);
	configs_list_text(c, l, "name", &l->query.name);
	configs_list_text(c, l, "mainflux_id", &l->query.thing);
	configs_list_text(c, l, "mainflux_key", &l->query.thing_key);
	if (parameter_get(c, "state", &state) == 0)
		return NULL;
	if (!str_eq(state, STR("0")) && !str_eq(state, STR("1")))
		return "state must be 0 or 1";
	l->query.state = *state.p == '1' ? BOOTSTRAP_ACTIVE :
	    BOOTSTRAP_INACTIVE;
	return NULL;
}

/* ---- in the thread ---- */

static int
configs_list_put(void *arg, const struct bootstrap *b, struct fault *fault)
{
	struct config_list *l = arg;
	struct buf *out = &l->job.out;

	if (l->any)
		buf_putc(out, ',');
	l->any = true;
	if (config_json_put(out, l->registry, b, l->parts, fault) < 0)
		return -1;
	l->query.after = b->n;
	l->query.limit--;
	return out->n >= JOB_PIECE;
}

static int
configs_list_begin(struct config_list *l, struct fault *fault)
{
	uint64_t total = 0;

	l->begun = true;
	if (!l->page.by_cursor && bootstrap_count(l->registry, &l->user,
	    &l->query, &total, fault) < 0)
		return -1;
	list_put_head(&l->job.out, &l->page, total);
	buf_puts(&l->job.out, "\"configs\":[");
	return 0;
}

static void
configs_list_end(struct config_list *l)
{
	/* a page that is full may have another one after it */
	list_put_end(&l->job.out, l->page.by_cursor && l->query.limit == 0,
	    (uint64_t)l->query.after);
}

/* 1 when there is more, 0, -1 */
static int
configs_list_piece(struct job *j, struct registry *r, struct fault *fault)
{
	struct config_list *l = (struct config_list *)j;
	int got;

	l->registry = r;
	if (!l->begun && configs_list_begin(l, fault) < 0)
		return -1;
	got = l->query.limit == 0 ? 0 : bootstrap_each(l->registry, &l->user,
	    &l->query, configs_list_put, l, fault);
	/* what was passed over is before the row that was given last */
	l->query.offset = 0;
	if (got == 0)
		configs_list_end(l);
	return got;
}

static int
configs_list_run(struct job *j)
{
	return handles_read(j, configs_list_piece);
}

static void
configs_list_free(struct job *j)
{
	struct config_list *l = (struct config_list *)j;

	arena_release(&l->keep);
	secret_release(&l->job.out);
	free(l);
}

void
configs_list(struct request_ctx *c)
{
	struct config_list *l = memory_zero(1, sizeof *l);
	const struct principal *principal = NULL;
	const char *why;

	l->job.kind = JOB_PAGE;
	l->job.type = "application/json";
	l->job.piece = configs_list_run;
	l->job.refuse = handles_refuse;
	l->job.free = configs_list_free;
	buf_init(&l->job.out, PIECE_MAX);
	arena_init(&l->keep, KEEP_MAX);
	why = configs_list_take_place(c, l);
	if (why == NULL)
		why = configs_list_take_filters(c, l);
	if (why != NULL)
		http_problem(c->request, 400, why);
	else
		principal = auth_user(c, item_json_scope(c));
	if (principal == NULL) {
		configs_list_free(&l->job);
		return;
	}
	l->user = principal->user;
	memcpy(l->job.user, principal->user.id, sizeof l->job.user);
	l->parts = (item_json_keys(c, principal) ? CONFIG_KEYS : 0) |
	    (l->page.by_cursor ? CONFIG_CHANNELS : 0);
	if (!job_start(c, &l->job))
		configs_list_free(&l->job);
}
