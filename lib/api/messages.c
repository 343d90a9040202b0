/* SPDX-License-Identifier: Apache-2.0 */
#include "api/messages.h"

#include <stdlib.h>
#include <sysexits.h>

#include "api/answer.h"
#include "api/handlers.h"
#include "api/job.h"
#include "api/request_ctx.h"
#include "api/state.h"
#include "api/stores.h"
#include "base/memory.h"
#include "http/thing_auth.h"
#include "registry/access.h"
#include "registry/item.h"
#include "store/reader.h"

/*
 * Messages out of the store, for a thing that is on their channel: a job
 * (job.h), which reads the store in a thread.
 */
struct messages_job {
	struct job job;
	struct api_store *store;
	struct messages_query query;
	struct messages_writer writer;
	struct store_watch watch;
	struct reader *reader;		/* NULL: not open, or not any more */
	bool begun;
};

/* ---- in the thread ---- */

static int
messages_job_put(struct messages_job *p, const struct route *route,
    const struct record *record)
{
	const char *why = messages_put(&p->writer, &p->job.out, route, record);

	return why == NULL ? 1 :
	    fault_set(&p->job.fault, EX_DATAERR, "%s", why);
}

static int
messages_job_ask(struct messages_job *p, const struct query *query,
    struct reader **reader)
{
	*reader = reader_new(p->store->driver, p->store->place, &p->watch);
	return reader_ask(*reader, query, &p->job.fault);
}

static int
messages_job_count(struct messages_job *p, uint64_t *total)
{
	struct query query = p->query.ask.query;
	struct reader *reader;
	int got;

	query.count = true;
	query.limit = -1;
	query.offset = 0;
	got = messages_job_ask(p, &query, &reader);
	if (got == 0)
		got = reader_count(reader, total, &p->job.fault);
	reader_close(reader);
	return got;
}

/* The page is begun before its total is counted: nothing stands on it that
 * is not in the total. */
static int
messages_job_begin(struct messages_job *p)
{
	struct route route;
	struct record record;
	uint64_t total = 0;
	int got;

	if (messages_job_ask(p, &p->query.ask.query, &p->reader) < 0)
		return -1;
	got = reader_next(p->reader, &route, &record, &p->job.fault);
	if (got < 0 || (p->query.format == MESSAGES_PAGE &&
	    messages_job_count(p, &total) < 0))
		return -1;
	messages_begin(&p->writer, &p->job.out, total, &p->query.ask.query);
	return got > 0 ? messages_job_put(p, &route, &record) : 0;
}

static int
messages_job_next(struct messages_job *p)
{
	struct route route;
	struct record record;
	int got = reader_next(p->reader, &route, &record, &p->job.fault);

	return got > 0 ? messages_job_put(p, &route, &record) : got;
}

static int
messages_job_piece(struct job *j)
{
	struct messages_job *p = (struct messages_job *)j;
	int got = 1;

	if (!p->begun)
		got = messages_job_begin(p);
	p->begun = true;
	while (got > 0 && j->out.n < JOB_PIECE)
		got = messages_job_next(p);
	if (got == 0)
		messages_end(&p->writer, &j->out);
	if (got <= 0) {
		reader_close(p->reader);
		p->reader = NULL;
	}
	return got;
}

/* ---- in the loop ---- */

static void
messages_job_free(struct job *j)
{
	struct messages_job *p = (struct messages_job *)j;

	reader_close(p->reader);
	messages_writer_release(&p->writer);
	messages_query_release(&p->query);
	free(p);
}

/* said once, until the store can be read again */
static void
messages_job_on_piece(struct job *j)
{
	struct messages_job *p = (struct messages_job *)j;

	if (j->got >= 0)
		stores_recovered(p->store);
	else if (j->fault.status != EX_DATAERR)
		state_complain_store(j->api, p->store, &j->fault);
}

static void
messages_job_refuse(struct job *j, struct http_request *r)
{
	if (j->fault.status == EX_DATAERR)
		http_problem(r, 422, j->fault.text);
	else if (j->fault.status == EX_NOINPUT)
		http_problem(r, 503, "there is no store of messages yet");
	else
		http_problem(r, 503, "messages can't be read now");
}

/* ---- the request ---- */

static void
messages_job_start(struct request_ctx *c, struct messages_job *p)
{
	struct job *j = &p->job;

	messages_writer_init(&p->writer, &p->query);
	p->watch = (struct store_watch){
		.stop = job_stops, .arg = j, .one_of_many = true
	};
	j->kind = p->query.format == MESSAGES_PAGE ? JOB_PAGE : JOB_EXPORT;
	j->type = messages_type(p->query.format);
	j->piece = messages_job_piece;
	j->on_piece = messages_job_on_piece;
	j->refuse = messages_job_refuse;
	j->free = messages_job_free;
	if (job_start(c, j))
		http_set(c->request, "Vary", "Accept, Authorization");
	else
		messages_job_free(j);
}

/* The thing whose key it is, when it is on this channel; else it answers:
 * false. */
static bool
messages_may_read(struct request_ctx *c, char *thing)
{
	struct str key = authorization_key(http_header(c->request,
	    "Authorization")), id = STR_NONE;
	enum access_result result = key.n == 0 ? ACCESS_NO_KEY :
	    access_check(c->api->access, key, c->id[0], DIRECTION_SUBSCRIBE,
	    &id);
	struct fault fault;

	if (result == ACCESS_YES && id.n <= ID_TEXT) {
		memcpy(thing, id.p, id.n);
		memcpy(c->request->principal, id.p, id.n);
		return ctx_holds(c, true, NULL);
	}
	if (result == ACCESS_ERROR) {
		fault_set(&fault, EX_TEMPFAIL, "%s",
		    access_fault(c->api->access));
		answer_unable(c->api, c->request, &fault);
	} else {
		http_problem(c->request, 403, access_refusal(result));
	}
	return false;
}

/* Finds the user that owns the thing, to whose share the job counts; else it
 * answers: false. */
static bool
messages_find_owner(struct request_ctx *c, struct messages_job *p)
{
	struct fault fault;
	int got = -1;

	if (c->api->registry == NULL)
		fault_set(&fault, EX_TEMPFAIL, "no registry");
	else
		got = item_owner(c->api->registry, ITEM_THING,
		    str_z(p->job.thing), p->job.user, &fault);
	if (got < 0)
		answer_unable(c->api, c->request, &fault);
	else if (got == 0)
		http_problem(c->request, 403, access_refusal(ACCESS_NO_KEY));
	return got > 0;
}

void
messages_list(struct request_ctx *c)
{
	struct messages_job *p;
	const char *why;

	if (c->id[0].n == 0) {
		http_problem(c->request, 400, "the channel's id is missing");
		return;
	}
	p = memory_zero(1, sizeof *p);
	if (messages_may_read(c, p->job.thing) && messages_find_owner(c, p)) {
		why = messages_query(&p->query, c->request, c->id[0]);
		p->store = stores_find(c->api->stores, p->query.store);
		if (why == NULL && p->store == NULL)
			why = "no store has this name";
		if (why == NULL) {
			messages_job_start(c, p);
			return;
		}
		http_problem(c->request, 400, why);
		messages_query_release(&p->query);
	}
	free(p);
}
