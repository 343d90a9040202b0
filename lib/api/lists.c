/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "api/call.h"
#include "base/glob.h"
#include "base/memory.h"
#include "registry/metadata.h"
#include "registry/page.h"

/*
 * Lists: a page by offset, with the number of all, as Mainflux has it; or
 * by cursor, which nothing that changes can upset, and which says where the
 * next page begins.  Most are answered at once; one that has to look at
 * many rows takes a step in each turn.
 */
#define OFFSET_LIMIT 10
#define OFFSET_LIMIT_MAX 100
#define CURSOR_LIMIT 100
#define CURSOR_LIMIT_MAX 10000
#define DIGITS_MAX 18
/* steps that are taken at once */
#define AT_ONCE 2
/* of one answer: the largest page of the largest items */
#define ANSWER_MAX ((size_t)1 << 30)

struct search {
	struct search *next;
	struct api *api;
	struct http_request *request;
	struct page page;
	struct arena keep, scratch;
	struct buf out;
	bool keys, cursor;
};

static const char *const collection[] = { "things", "channels" };

/* ---- parameters ---- */

static bool
take_digits(struct str s, uint64_t *n)
{
	size_t i;

	*n = 0;
	for (i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || i == DIGITS_MAX)
			return false;
		*n = 10 * *n + (uint64_t)(s.p[i] - '0');
	}
	return s.n > 0;
}

/* absent, *n stays as it is; false: more than one, or no number in range */
static bool
take_number(struct call *c, const char *name, uint64_t min, uint64_t max,
    uint64_t *n)
{
	struct str value;
	int got = call_parameter(c, name, &value);

	return got == 0 || (got == 1 && take_digits(value, n) && *n >= min &&
	    *n <= max);
}

static const char *
take_place(struct call *c, struct search *s)
{
	struct page *p = &s->page;
	struct str value;
	uint64_t row = 0;
	int got = call_parameter(c, "cursor", &value);

	s->cursor = got > 0;
	if (got > 1 || (value.n > 0 && !take_digits(value, &row)))
		return "that is no cursor";
	p->after = (long long)row;
	p->count = !s->cursor;
	p->limit = s->cursor ? CURSOR_LIMIT : OFFSET_LIMIT;
	if (!take_number(c, "offset", 0, UINT64_MAX, &p->offset))
		return "offset has to be one number from 0";
	if (s->cursor && p->offset > 0)
		return "either a cursor or an offset";
	if (!take_number(c, "limit", 1, s->cursor ? CURSOR_LIMIT_MAX :
	    OFFSET_LIMIT_MAX, &p->limit))
		return s->cursor ? "limit has to be one number from 1 to "
		    "10000" : "limit has to be one number from 1 to 100";
	return NULL;
}

static const char *
take_filters(struct call *c, struct search *s)
{
	struct page *p = &s->page;
	struct str value, compact;

	if (call_parameter(c, "name", &value) > 1)
		return "more than one name";
	if (value.n > PAGE_NAME_MAX)
		return "no name is as long as this";
	if (value.n > 0)
		p->name = arena_str(&s->keep, value);
	if (call_parameter(c, "glob", &value) > 1)
		return "more than one glob";
	if (value.n > PAGE_NAME_MAX || !glob_valid(value))
		return "glob has to be a pattern of at most 1024 bytes, "
		    "each [ with its ]";
	if (value.p != NULL)
		p->glob = arena_str(&s->keep, value);
	switch (call_parameter(c, "metadata", &value)) {
	case 0:
		return NULL;
	case 1:
		break;
	default:
		return "more than one metadata";
	}
	if (metadata_compact(value, &s->keep, &compact) != NULL)
		return "metadata has to be a JSON object";
	p->metadata = compact;
	return NULL;
}

/* ---- the page ---- */

static int
put_item(void *arg, const struct item *item, struct fault *fault)
{
	struct search *s = arg;

	if (s->out.n > 0)
		buf_putc(&s->out, ',');
	return call_put_item(s->api, s->page.registry, &s->out,
	    s->page.kind, item, s->keys, fault);
}

static void
answer(struct search *s)
{
	const struct page *p = &s->page;
	struct buf *b = &s->api->answer;

	buf_clear(b);
	if (s->cursor)
		buf_printf(b, "{\"limit\":%" PRIu64 ",", p->limit);
	else
		buf_printf(b, "{\"total\":%" PRIu64 ",\"offset\":%" PRIu64
		    ",\"limit\":%" PRIu64 ",", p->total, p->offset, p->limit);
	if (s->cursor && p->more)
		buf_printf(b, "\"next\":\"%lld\",", p->last);
	buf_printf(b, "\"%s\":[", collection[p->kind]);
	buf_put_str(b, buf_str(&s->out));
	buf_puts(b, "]}\n");
	call_json(s->request, 200, buf_str(b));
}

static void
search_free(struct search *s)
{
	page_end(&s->page);
	buf_release(&s->out);
	arena_release(&s->keep);
	arena_release(&s->scratch);
	free(s);
}

/* 1: it goes on; 0: it is answered */
static int
step(struct search *s)
{
	struct fault fault;
	int got;

	/* it may have been opened anew */
	s->page.registry = s->api->registry;
	if (s->page.registry == NULL) {
		fault_set(&fault, 0, "no registry");
		got = -1;
	} else {
		got = page_step(&s->page, &fault);
	}
	if (got > 0)
		return 1;
	if (got < 0)
		call_unable(s->api, s->request, &fault);
	else
		answer(s);
	search_free(s);
	return 0;
}

void
searches_turn(struct api *api)
{
	struct search **at = &api->searches, *s;

	while ((s = *at) != NULL) {
		struct search *next = s->next;

		if (step(s) > 0)
			at = &s->next;
		else
			*at = next;
	}
}

void
searches_end(struct api *api)
{
	struct search *s;

	while ((s = api->searches) != NULL) {
		api->searches = s->next;
		http_problem(s->request, 503, "the service is being stopped");
		search_free(s);
	}
}

static void
run(struct search *s)
{
	struct search **end;
	int i;

	for (i = 0; i < AT_ONCE; i++)
		if (step(s) == 0)
			return;
	for (end = &s->api->searches; *end != NULL; end = &(*end)->next)
		;
	*end = s;
}

static void
list(struct call *c, enum item_kind kind, unsigned scope, bool connected)
{
	const struct principal *who = NULL;
	const char *why;
	struct search *s;

	if (!call_has_token(c))
		return;
	s = memory_zero(1, sizeof *s);
	s->api = c->api;
	s->request = c->request;
	arena_init(&s->keep, c->api->scratch.max);
	arena_init(&s->scratch, c->api->scratch.max);
	buf_init(&s->out, ANSWER_MAX);
	s->page = (struct page){
		.kind = kind, .each = put_item, .arg = s,
		.scratch = &s->scratch
	};
	if (connected)
		s->page.connected = arena_str(&s->keep, c->id[0]);
	why = take_place(c, s);
	if (why == NULL)
		why = take_filters(c, s);
	if (why == NULL && connected && c->id[0].n == 0)
		why = "the id is missing";
	if (why != NULL)
		http_problem(c->request, 400, why);
	if (why != NULL ||
	    (who = call_user(c, scope | call_needs_keys(c))) == NULL) {
		search_free(s);
		return;
	}
	s->page.owner = who->user;
	s->keys = call_keys(c, who);
	run(s);
}

void
things_list(struct call *c)
{
	list(c, ITEM_THING, TOKEN_THINGS_READ, false);
}

void
things_of_channel(struct call *c)
{
	list(c, ITEM_THING, TOKEN_CHANNELS_READ | TOKEN_THINGS_READ, true);
}

void
channels_list(struct call *c)
{
	list(c, ITEM_CHANNEL, TOKEN_CHANNELS_READ, false);
}

void
channels_of_thing(struct call *c)
{
	list(c, ITEM_CHANNEL, TOKEN_CHANNELS_READ | TOKEN_THINGS_READ, true);
}
