/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sysexits.h>

#include "api/answer.h"
#include "api/auth.h"
#include "api/body.h"
#include "api/handlers.h"
#include "api/list_page.h"
#include "api/parameters.h"
#include "api/registry_writer.h"
#include "api/state.h"
#include "base/memory.h"
#include "base/number.h"
#include "json/json.h"
#include "registry/share.h"

/* What users share with each other: given, accepted, taken back, listed; and
 * what is connected by it. */
#define GRANTS_LIMIT 100
#define GUESTS_LIMIT 1000

enum grant_verb { MAKE, SET_LEVEL, ACCEPT, END };

struct grant_change {
	struct api_change change;
	struct api *api;
	struct http_request *request;
	enum grant_verb verb;
	struct user user;
	struct grant grant;		/* what is wanted, in `keep` */
	char id[ID_TEXT + 1];
	struct arena keep;
	struct buf shown;		/* as it is then */
};

static int
grants_keep_one(void *arg, const struct grant *g, struct fault *fault)
{
	(void)fault;
	grant_put(arg, g, "_id");
	return 0;
}

/* ---- changes, in the registry writer ---- */

static int
grants_change_one(struct grant_change *gc, struct registry *r,
    struct fault *fault)
{
	switch (gc->verb) {
	case MAKE:
		return grant_make(r, &gc->user, &gc->grant, gc->id, fault);
	case SET_LEVEL:
		return grant_set_level(r, &gc->user, gc->grant.id,
		    gc->grant.level, fault);
	case ACCEPT:
		return grant_accept(r, &gc->user, gc->grant.id, fault);
	default:
		return grant_end(r, &gc->user, gc->grant.id, fault);
	}
}

static int
grants_make(struct api_change *c, struct registry *r, struct fault *fault)
{
	struct grant_change *gc = (struct grant_change *)c;
	int got = user_remains(r, &gc->user, fault);

	if (got <= 0)
		return got < 0 ? -1 :
		    fault_set(fault, EX_NOUSER, "no such user");
	if (grants_change_one(gc, r, fault) < 0)
		return -1;
	if (gc->verb == END)
		return 0;
	return grant_find(r, &gc->user, gc->verb == MAKE ? str_z(gc->id) :
	    gc->grant.id, grants_keep_one, &gc->shown, fault) < 0 ? -1 : 0;
}

static void
grants_answer(struct grant_change *gc)
{
	struct http_request *r = gc->request;
	char place[ID_TEXT + 16];

	if (gc->verb == END) {
		http_answer(r, 204);
		return;
	}
	if (gc->verb == MAKE) {
		snprintf(place, sizeof place, "/grants/%s", gc->id);
		http_set(r, "Location", place);
	}
	buf_putc(&gc->shown, '\n');
	answer_json(r, gc->verb == MAKE ? 201 : 200, buf_str(&gc->shown));
}

static void
grants_free(struct grant_change *gc)
{
	arena_release(&gc->keep);
	buf_release(&gc->shown);
	free(gc);
}

static void
grants_done(struct task *t)
{
	struct grant_change *gc = (struct grant_change *)t;

	if (gc->change.result < 0) {
		answer_fault(gc->api, gc->request, &gc->change.fault, 422);
	} else {
		state_recovered(gc->api);
		grants_answer(gc);
	}
	grants_free(gc);
}

/* On its way, if this user may; else it is answered. */
static void
grants_start(struct request_ctx *c, enum grant_verb verb,
    const struct grant *wanted)
{
	const struct principal *principal = auth_user(c, 0);
	struct grant_change *gc;

	if (principal == NULL)
		return;
	gc = memory_zero(1, sizeof *gc);
	gc->change.make = grants_make;
	gc->change.task.done = grants_done;
	gc->api = c->api;
	gc->request = c->request;
	gc->verb = verb;
	gc->user = principal->user;
	arena_init(&gc->keep, (size_t)64 << 10);
	buf_init(&gc->shown, c->api->answer.max);
	gc->grant = *wanted;
	gc->grant.id = arena_str(&gc->keep, c->id[0]);
	gc->grant.email = arena_str(&gc->keep, wanted->email);
	gc->grant.item = arena_str(&gc->keep, wanted->item);
	registry_writer_add(c->api->writer, &gc->change);
}

/* ---- requests ---- */

/* what is shared comes last, by enum grant_kind */
enum { EMAIL, LEVEL, ITEMS, FIELDS = ITEMS + GRANT_KINDS };

/* NULL, or why not */
static const char *
grants_read(const struct object_field f[FIELDS], struct grant *g)
{
	int kind, n = 0;

	*g = (struct grant){
		.email = f[EMAIL].value,
		.level = grant_level_parse(f[LEVEL].value),
	};
	for (kind = 0; kind < GRANT_KINDS; kind++)
		if (f[ITEMS + kind].value.n > 0) {
			g->kind = (enum grant_kind)kind;
			g->item = f[ITEMS + kind].value;
			n++;
		}
	if (f[EMAIL].value.n > EMAIL_MAX || email_fault(g->email) != NULL)
		return "email must be an email address, name@host";
	if (g->level == 0)
		return "level must be view, use or manage";
	if (n != 1)
		return "thing_id, channel_id or group_id is required, one of "
		    "them";
	return g->item.n > ID_TEXT ? "an id is too long" : NULL;
}

void
grants_create(struct request_ctx *c)
{
	struct object_field f[FIELDS] = {
		[EMAIL] = { .name = "email", .type = OBJECT_TEXT },
		[LEVEL] = { .name = "level", .type = OBJECT_TEXT },
		[ITEMS + GRANT_THING] = { .name = "thing_id",
		    .type = OBJECT_TEXT },
		[ITEMS + GRANT_CHANNEL] = { .name = "channel_id",
		    .type = OBJECT_TEXT },
		[ITEMS + GRANT_GROUP] = { .name = "group_id",
		    .type = OBJECT_TEXT },
	};
	struct grant wanted;
	const char *why;

	if (!body_read(c, f, FIELDS))
		return;
	if ((why = grants_read(f, &wanted)) != NULL)
		http_problem(c->request, 400, why);
	else
		grants_start(c, MAKE, &wanted);
}

static bool
grants_has_id(struct request_ctx *c)
{
	if (c->id[0].n > 0 && c->id[0].n <= ID_TEXT)
		return true;
	http_problem(c->request, c->id[0].n == 0 ? 400 : 404,
	    c->id[0].n == 0 ? "the id is missing" : "no such grant");
	return false;
}

void
grants_update(struct request_ctx *c)
{
	struct object_field f = { .name = "level", .type = OBJECT_TEXT };
	struct grant wanted = { .level = GRANT_VIEW };

	if (!body_read(c, &f, 1))
		return;
	wanted.level = grant_level_parse(f.value);
	if (wanted.level == 0)
		http_problem(c->request, 400,
		    "level must be view, use or manage");
	else if (auth_admit(c) && grants_has_id(c))
		grants_start(c, SET_LEVEL, &wanted);
}

void
grants_accept(struct request_ctx *c)
{
	static const struct grant none;

	if (grants_has_id(c))
		grants_start(c, ACCEPT, &none);
}

void
grants_remove(struct request_ctx *c)
{
	static const struct grant none;

	if (grants_has_id(c))
		grants_start(c, END, &none);
}

void
grants_show(struct request_ctx *c)
{
	struct buf *b = &c->api->answer;
	const struct principal *principal;
	struct fault fault;

	if (!grants_has_id(c) || (principal = auth_user(c, 0)) == NULL)
		return;
	if (grant_find(c->api->registry, &principal->user, c->id[0],
	    grants_keep_one, b, &fault) < 0) {
		answer_fault(c->api, c->request, &fault, 422);
		return;
	}
	buf_putc(b, '\n');
	answer_json(c->request, 200, buf_str(b));
}

/* ---- lists ---- */

struct grants_page {
	struct grant_query query;
	struct buf *to;
	uint64_t n, limit;
	long long last;			/* of the page; more follow: `more` */
	bool more;
};

static int
grants_list_one(void *arg, const struct grant *g, struct fault *fault)
{
	struct grants_page *p = arg;

	(void)fault;
	if (p->n == p->limit) {
		p->more = true;
		return 1;
	}
	if (p->n++ > 0)
		buf_putc(p->to, ',');
	grant_put(p->to, g, "_id");
	p->last = g->n;
	return 0;
}

/* NULL, or why not */
static const char *
grants_read_query(struct request_ctx *c, struct grants_page *p)
{
	struct str side, value;
	uint64_t after = 0;
	int got;

	p->limit = GRANTS_LIMIT;
	if (!list_take_number(c, "limit", 1, GRANTS_LIMIT, &p->limit))
		return "limit must be a number from 1 to 100";
	if ((got = parameter_get(c, "cursor", &value)) > 1 || (got == 1 &&
	    value.n > 0 && !number_digits(value, INT64_MAX, &after)))
		return "cursor must be `next` of the page before";
	p->query.after = (long long)after;
	got = parameter_get(c, "side", &side);
	if (got == 0)
		return NULL;
	p->query.side = str_eq(side, STR("given")) ? GRANTS_GIVEN :
	    GRANTS_RECEIVED;
	return got == 1 && (p->query.side == GRANTS_GIVEN ||
	    str_eq(side, STR("received"))) ? NULL :
	    "side must be given or received";
}

void
grants_list(struct request_ctx *c)
{
	struct grants_page page = { .to = &c->api->answer };
	const struct principal *principal;
	const char *why = grants_read_query(c, &page);
	struct fault fault;

	if (why != NULL) {
		http_problem(c->request, 400, why);
		return;
	}
	if ((principal = auth_user(c, 0)) == NULL)
		return;
	buf_puts(page.to, "{\"grants\":[");
	if (grant_each(c->api->registry, &principal->user, &page.query,
	    grants_list_one, &page, &fault) < 0) {
		answer_unable(c->api, c->request, &fault);
		return;
	}
	list_put_end(page.to, page.more, (uint64_t)page.last);
	answer_json(c->request, 200, buf_str(page.to));
}

/* ---- what is connected by one ---- */

struct grants_guests {
	struct buf *to;
	uint64_t n;
	struct guest_place at, last;	/* of the page */
	bool more;
};

static int
grants_list_guest(void *arg, const struct item_pair *pair,
    struct fault *fault)
{
	struct grants_guests *g = arg;

	(void)fault;
	if (g->n == GUESTS_LIMIT) {
		g->more = true;
		return 1;
	}
	buf_printf(g->to, "%s{\"channel_id\":\"%.*s\",\"thing_id\":\"%.*s\","
	    "\"direction\":\"%.*s\"}", g->n++ > 0 ? "," : "",
	    STR_ARG(pair->channel), STR_ARG(pair->thing),
	    STR_ARG(direction_word(pair->direction)));
	g->last = g->at;
	return 0;
}

/* the rows of a channel and a thing, with a dot between */
static bool
grants_read_place(struct request_ctx *c, struct guest_place *at)
{
	struct str value, channel;
	uint64_t n[2] = { 0, 0 };
	int got = parameter_get(c, "cursor", &value);
	const char *dot;

	*at = (struct guest_place){ .channel = 0 };
	if (got == 0 || (got == 1 && value.n == 0))
		return true;
	if (got != 1 || (dot = memchr(value.p, '.', value.n)) == NULL)
		return false;
	channel = (struct str){ value.p, (size_t)(dot - value.p) };
	if (!number_digits(channel, INT64_MAX, &n[0]) ||
	    !number_digits(str_from(value, channel.n + 1), INT64_MAX, &n[1]))
		return false;
	at->channel = (long long)n[0];
	at->thing = (long long)n[1];
	return true;
}

void
grants_guests(struct request_ctx *c)
{
	struct grants_guests page = { .to = &c->api->answer };
	const struct principal *principal;
	struct fault fault;

	if (!grants_read_place(c, &page.at)) {
		http_problem(c->request, 400,
		    "cursor must be `next` of the page before");
		return;
	}
	if (!grants_has_id(c) || (principal = auth_user(c, 0)) == NULL)
		return;
	buf_puts(page.to, "{\"guests\":[");
	if (share_each_guest_of(c->api->registry, &principal->user, c->id[0],
	    &page.at, grants_list_guest, &page, &fault) < 0) {
		answer_fault(c->api, c->request, &fault, 422);
		return;
	}
	buf_putc(page.to, ']');
	if (page.more)
		buf_printf(page.to, ",\"next\":\"%lld.%lld\"",
		    page.last.channel, page.last.thing);
	buf_puts(page.to, "}\n");
	answer_json(c->request, 200, buf_str(page.to));
}
