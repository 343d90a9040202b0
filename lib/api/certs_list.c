/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "api/answer.h"
#include "api/auth.h"
#include "api/certs.h"
#include "api/handlers.h"
#include "api/handles.h"
#include "api/job.h"
#include "api/list_page.h"
#include "api/parameters.h"
#include "api/state.h"
#include "base/memory.h"

/*
 * Pages of certificates: those of all things of a user, or of one.
 */
#define CERTS_LIMIT 10
#define CERTS_LIMIT_MAX 100

struct certs_list {
	struct job job;
	struct user user;
	char thing[ID_TEXT + 1];
	struct issued_query query;
	int64_t now;
	bool any;
};

static int
certs_list_put(void *arg, const struct issued *c, struct fault *fault)
{
	struct certs_list *l = arg;

	(void)fault;
	buf_puts(&l->job.out, l->any ? "," : "");
	l->any = true;
	certs_put(&l->job.out, c, l->now);
	buf_putc(&l->job.out, '}');
	return 0;
}

static int
certs_list_page(struct job *j, struct registry *r, struct fault *fault)
{
	struct certs_list *l = (struct certs_list *)j;
	struct buf *b = &l->job.out;
	const struct list_page page = {
		.offset = l->query.offset, .limit = l->query.limit
	};
	uint64_t total;

	if (issued_count(r, &l->query, &total, fault) < 0)
		return -1;
	list_put_head(b, &page, total);
	buf_puts(b, "\"certs\":[");
	if (issued_each(r, &l->query, certs_list_put, l, fault) < 0)
		return -1;
	list_put_end(b, false, 0);
	return 0;
}

static int
certs_list_run(struct job *j)
{
	return handles_read(j, certs_list_page);
}

static void
certs_list_free(struct job *j)
{
	free(j);
}

static const char *
certs_take_page(struct request_ctx *c, struct issued_query *q)
{
	q->limit = CERTS_LIMIT;
	if (!list_take_number(c, "offset", 0, INT64_MAX, &q->offset))
		return "offset must be a number of 0 or more";
	if (!list_take_number(c, "limit", 1, CERTS_LIMIT_MAX, &q->limit))
		return "limit must be a number from 1 to 100";
	return NULL;
}

/* `thing` empty: those of all things */
static void
certs_list_start(struct request_ctx *c, const struct user *user,
    struct str thing, const struct issued_query *page)
{
	struct certs_list *l = memory_zero(1, sizeof *l);

	l->job.kind = JOB_PAGE;
	l->job.type = ANSWER_JSON;
	l->job.piece = certs_list_run;
	l->job.refuse = handles_refuse;
	l->job.free = certs_list_free;
	l->user = *user;
	l->now = c->api->now;
	memcpy(l->job.user, user->id, sizeof l->job.user);
	snprintf(l->thing, sizeof l->thing, "%.*s", STR_ARG(thing));
	l->query = *page;
	l->query.things = true;
	l->query.owner = &l->user;
	l->query.which = str_z(l->thing);
	if (!job_start(c, &l->job))
		certs_list_free(&l->job);
}

/* the page that is asked for, and who asks; NULL: it is answered */
static const struct principal *
certs_list_begin(struct request_ctx *c, struct issued_query *page)
{
	const char *why = certs_take_page(c, page);

	if (why == NULL)
		return auth_user(c, 0);
	http_problem(c->request, 400, why);
	return NULL;
}

void
certs_all(struct request_ctx *c)
{
	struct issued_query page = { .now = 0 };
	const struct principal *principal = certs_list_begin(c, &page);

	if (principal != NULL)
		certs_list_start(c, &principal->user, STR_NONE, &page);
}

void
certs_serials(struct request_ctx *c)
{
	struct issued_query page = { .now = 0 };
	const struct principal *principal = certs_list_begin(c, &page);

	if (principal != NULL && certs_find_thing(c, &principal->user,
	    c->id[0]))
		certs_list_start(c, &principal->user, c->id[0], &page);
}
