/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sysexits.h>

#include "api/call.h"
#include "api/job.h"
#include "api/messages.h"
#include "base/memory.h"
#include "http/caller.h"
#include "registry/item.h"
#include "store/reader.h"

/*
 * Messages out of the store, for a thing that is on their channel: a job
 * (job.h), which reads the store in a thread.
 */
struct passage {
	struct job job;
	struct api_store *store;
	struct messages_ask ask;
	struct messages_writer writer;
	struct store_watch watch;
	struct reader *reader;		/* NULL: not open, or not any more */
	bool begun;
};

/* ---- in the thread ---- */

static int
put(struct passage *p, const struct route *route,
    const struct record *record)
{
	const char *why = messages_put(&p->writer, &p->job.out, route, record);

	return why == NULL ? 1 :
	    fault_set(&p->job.fault, EX_DATAERR, "%s", why);
}

static int
ask(struct passage *p, const struct query *query, struct reader **reader)
{
	*reader = reader_new(p->store->driver, p->store->place, &p->watch);
	return reader_ask(*reader, query, &p->job.fault);
}

static int
count_all(struct passage *p, uint64_t *total)
{
	struct query query = p->ask.ask.query;
	struct reader *reader;
	int got;

	query.count = true;
	query.limit = -1;
	query.offset = 0;
	got = ask(p, &query, &reader);
	if (got == 0)
		got = reader_count(reader, total, &p->job.fault);
	reader_close(reader);
	return got;
}

/* The page is begun before its total is counted: nothing stands on it that
 * is not in the total. */
static int
begin(struct passage *p)
{
	struct route route;
	struct record record;
	uint64_t total = 0;
	int got;

	if (ask(p, &p->ask.ask.query, &p->reader) < 0)
		return -1;
	got = reader_next(p->reader, &route, &record, &p->job.fault);
	if (got < 0 || (p->ask.form == MESSAGES_PAGE &&
	    count_all(p, &total) < 0))
		return -1;
	messages_begin(&p->writer, &p->job.out, total, &p->ask.ask.query);
	return got > 0 ? put(p, &route, &record) : 0;
}

static int
go_on(struct passage *p)
{
	struct route route;
	struct record record;
	int got = reader_next(p->reader, &route, &record, &p->job.fault);

	return got > 0 ? put(p, &route, &record) : got;
}

static int
read_piece(struct job *j)
{
	struct passage *p = (struct passage *)j;
	int got = 1;

	if (!p->begun)
		got = begin(p);
	p->begun = true;
	while (got > 0 && j->out.n < JOB_PIECE)
		got = go_on(p);
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
passage_free(struct job *j)
{
	struct passage *p = (struct passage *)j;

	reader_close(p->reader);
	messages_writer_release(&p->writer);
	messages_ask_release(&p->ask);
	free(p);
}

/* said once, until the store can be read again */
static void
look_at_fault(struct job *j)
{
	struct passage *p = (struct passage *)j;

	if (j->got >= 0)
		store_is_sound(p->store);
	else if (j->fault.status != EX_DATAERR)
		call_complain_store(j->api, p->store, &j->fault);
}

static void
refuse(struct job *j, struct http_request *r)
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
passage_begin(struct call *c, struct passage *p)
{
	struct job *j = &p->job;

	messages_writer_init(&p->writer, &p->ask);
	p->watch = (struct store_watch){
		.stop = job_stops, .arg = j, .one_of_many = true
	};
	j->kind = p->ask.form == MESSAGES_PAGE ? JOB_PAGE : JOB_EXPORT;
	j->type = messages_type(p->ask.form);
	j->piece = read_piece;
	j->look = look_at_fault;
	j->refuse = refuse;
	j->free = passage_free;
	if (job_start(c, j))
		http_set(c->request, "Vary", "Accept, Authorization");
	else
		passage_free(j);
}

/* The thing whose key it is, when it is on this channel; else it answers:
 * false. */
static bool
may_read(struct call *c, char *thing)
{
	struct str key = authorization_key(http_header(c->request,
	    "Authorization")), id = STR_NONE;
	enum access_result result = key.n == 0 ? ACCESS_NO_KEY :
	    access_check(c->api->access, key, c->id[0], &id);
	struct fault fault;

	if (result == ACCESS_YES && id.n <= ID_TEXT) {
		memcpy(thing, id.p, id.n);
		memcpy(c->request->caller, id.p, id.n);
		return call_holds(c, true, NULL);
	}
	if (result == ACCESS_ERROR) {
		fault_set(&fault, EX_TEMPFAIL, "%s",
		    access_fault(c->api->access));
		call_unable(c->api, c->request, &fault);
	} else {
		http_problem(c->request, 403,
		    "no thing with this key is connected to this channel");
	}
	return false;
}

/* Whose the thing is, who shares what it costs; else it answers: false. */
static bool
find_owner(struct call *c, struct passage *p)
{
	struct fault fault;
	int got = -1;

	if (c->api->registry == NULL)
		fault_set(&fault, EX_TEMPFAIL, "no registry");
	else
		got = item_owner(c->api->registry, ITEM_THING,
		    str_z(p->job.thing), p->job.user, &fault);
	if (got < 0)
		call_unable(c->api, c->request, &fault);
	else if (got == 0)
		http_problem(c->request, 403,
		    "no thing with this key is connected to this channel");
	return got > 0;
}

void
messages_list(struct call *c)
{
	struct passage *p;
	const char *why;

	if (c->id[0].n == 0) {
		http_problem(c->request, 400, "the channel's id is missing");
		return;
	}
	p = memory_zero(1, sizeof *p);
	if (may_read(c, p->job.thing) && find_owner(c, p)) {
		why = messages_ask(&p->ask, c->request, c->id[0]);
		p->store = stores_find(c->api->stores, p->ask.store);
		if (why == NULL && p->store == NULL)
			why = "no store has this name";
		if (why == NULL) {
			passage_begin(c, p);
			return;
		}
		http_problem(c->request, 400, why);
		messages_ask_release(&p->ask);
	}
	free(p);
}
