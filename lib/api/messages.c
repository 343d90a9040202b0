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
struct messages_export {
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
messages_export_put(struct messages_export *export, const struct route *route,
    const struct record *record)
{
	const char *why = messages_put(&export->writer, &export->job.out,
	    route, record);

	return why == NULL ? 1 :
	    fault_set(&export->job.fault, EX_DATAERR, "%s", why);
}

static int
messages_export_ask(struct messages_export *export, const struct query *query,
    struct reader **reader)
{
	*reader = reader_new(export->store->driver, export->store->place,
	    &export->watch);
	return reader_ask(*reader, query, &export->job.fault);
}

static int
messages_export_count(struct messages_export *export, uint64_t *total)
{
	struct query query = export->query.ask.query;
	struct reader *reader;
	int got;

	query.count = true;
	query.limit = -1;
	query.offset = 0;
	got = messages_export_ask(export, &query, &reader);
	if (got == 0)
		got = reader_count(reader, total, &export->job.fault);
	reader_close(reader);
	return got;
}

/* The page is begun before its total is counted: nothing stands on it that
 * is not in the total. */
static int
messages_export_begin(struct messages_export *export)
{
	struct route route;
	struct record record;
	uint64_t total = 0;
	int got;

	if (messages_export_ask(export, &export->query.ask.query,
	    &export->reader) < 0)
		return -1;
	got = reader_next(export->reader, &route, &record, &export->job.fault);
	if (got < 0 || (export->query.format == MESSAGES_PAGE &&
	    messages_export_count(export, &total) < 0))
		return -1;
	messages_begin(&export->writer, &export->job.out, total,
	    &export->query.ask.query);
	return got > 0 ? messages_export_put(export, &route, &record) : 0;
}

static int
messages_export_next(struct messages_export *export)
{
	struct route route;
	struct record record;
	int got = reader_next(export->reader, &route, &record,
	    &export->job.fault);

	return got > 0 ? messages_export_put(export, &route, &record) : got;
}

static int
messages_export_piece(struct job *j)
{
	struct messages_export *export = (struct messages_export *)j;
	int got = 1;

	if (!export->begun)
		got = messages_export_begin(export);
	export->begun = true;
	while (got > 0 && j->out.n < JOB_PIECE)
		got = messages_export_next(export);
	if (got == 0)
		messages_end(&export->writer, &j->out);
	if (got <= 0) {
		reader_close(export->reader);
		export->reader = NULL;
	}
	return got;
}

/* ---- in the loop ---- */

static void
messages_export_free(struct job *j)
{
	struct messages_export *export = (struct messages_export *)j;

	reader_close(export->reader);
	messages_writer_release(&export->writer);
	messages_query_release(&export->query);
	free(export);
}

/* said once, until the store can be read again */
static void
messages_export_on_piece(struct job *j)
{
	struct messages_export *export = (struct messages_export *)j;

	if (j->got >= 0)
		stores_recovered(export->store);
	else if (j->fault.status != EX_DATAERR)
		state_complain_store(j->api, export->store, &j->fault);
}

static void
messages_export_refuse(struct job *j, struct http_request *r)
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
messages_export_start(struct request_ctx *c, struct messages_export *export)
{
	struct job *j = &export->job;

	messages_writer_init(&export->writer, &export->query);
	export->watch = (struct store_watch){
		.stop = job_stops, .arg = j, .one_of_many = true
	};
	j->kind = export->query.format == MESSAGES_PAGE ? JOB_PAGE : JOB_EXPORT;
	j->type = messages_type(export->query.format);
	j->piece = messages_export_piece;
	j->on_piece = messages_export_on_piece;
	j->refuse = messages_export_refuse;
	j->free = messages_export_free;
	if (job_start(c, j))
		http_set(c->request, "Vary", "Accept, Authorization");
	else
		messages_export_free(j);
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
messages_find_owner(struct request_ctx *c, struct messages_export *export)
{
	struct fault fault;
	int got = -1;

	if (c->api->registry == NULL)
		fault_set(&fault, EX_TEMPFAIL, "no registry");
	else
		got = item_owner(c->api->registry, ITEM_THING,
		    str_z(export->job.thing), export->job.user, &fault);
	if (got < 0)
		answer_unable(c->api, c->request, &fault);
	else if (got == 0)
		http_problem(c->request, 403, access_refusal(ACCESS_NO_KEY));
	return got > 0;
}

void
messages_list(struct request_ctx *c)
{
	struct messages_export *export;
	const char *why;

	if (c->id[0].n == 0) {
		http_problem(c->request, 400, "the channel's id is missing");
		return;
	}
	export = memory_zero(1, sizeof *export);
	if (messages_may_read(c, export->job.thing) &&
	    messages_find_owner(c, export)) {
		why = messages_query(&export->query, c->request, c->id[0]);
		export->store = stores_find(c->api->stores,
		    export->query.store);
		if (why == NULL && export->store == NULL)
			why = "no store has this name";
		if (why == NULL) {
			messages_export_start(c, export);
			return;
		}
		http_problem(c->request, 400, why);
		messages_query_release(&export->query);
	}
	free(export);
}
