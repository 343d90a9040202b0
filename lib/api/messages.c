/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sysexits.h>

#include "api/call.h"
#include "api/messages.h"
#include "api/task.h"
#include "base/memory.h"
#include "http/caller.h"
#include "http/stream.h"
#include "store/sqlite.h"

/*
 * Messages out of the store, for a thing that is on their channel.  A store
 * may take long to answer, so it is asked by threads of its own, piece by
 * piece: an answer of one piece is sent as a whole, a longer one as a stream,
 * whose next piece is read when the client has taken the last one.
 */
#define PIECE ((size_t)128 << 10)
/* a piece and a record as long as they get, in any form */
#define PIECE_MAX ((size_t)32 << 20)
/* a client that leaves this untaken gets no more */
#define UNTAKEN ((size_t)64 << 10)
/* and one that does so for this long is let go: what it reads is kept by
 * the store until it has ended */
#define STALL (60 * STAMP_SECOND)

/* Pages don't wait behind exports. */
enum lane_kind { LANE_PAGES, LANE_EXPORTS, LANES };

static const struct {
	int threads;
	unsigned most, of_thing;
} lanes[LANES] = {
	[LANE_PAGES] = { 4, 256, 64 },
	[LANE_EXPORTS] = { 2, 64, 8 },
};

struct messages {
	struct crew *crews[LANES];
	struct passage *first;
};

/* An answer under way.  While it is `working` only its thread touches it. */
struct passage {
	struct task task;
	struct passage *next;
	struct api *api;
	enum lane_kind lane;
	struct api_store *store;
	char thing[ID_TEXT + 1];
	struct http_request *request;	/* NULL: it has been answered */
	struct http_stream *stream;	/* NULL: not a stream yet */
	struct messages_ask ask;
	struct messages_writer writer;
	struct sqlite_reader *reader;	/* NULL: not open, or not any more */
	struct buf out;
	struct fault fault;
	int64_t sent;
	int got;			/* 1: there is more; 0; -1: fault */
	bool begun, working, gone, over;
};

/* ---- in the thread ---- */

static int
put(struct passage *p, const struct route *route,
    const struct record *record)
{
	const char *why = messages_put(&p->writer, &p->out, route, record);

	if (why == NULL && p->out.full)
		why = "a record is too long";
	return why == NULL ? 1 : fault_set(&p->fault, EX_DATAERR, "%s", why);
}

static int
count_all(struct passage *p, uint64_t *total)
{
	struct query query = p->ask.query;
	struct sqlite_reader *reader;
	int got;

	query.count = true;
	query.limit = -1;
	query.offset = 0;
	if (sqlite_reader_open(&reader, p->store->path, &query,
	    &p->fault) < 0)
		return -1;
	got = sqlite_reader_count(reader, total, &p->fault);
	sqlite_reader_close(reader);
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

	if (sqlite_reader_open(&p->reader, p->store->path,
	    &p->ask.query, &p->fault) < 0) {
		p->reader = NULL;
		return -1;
	}
	got = sqlite_reader_next(p->reader, &route, &record, &p->fault);
	if (got < 0 || (p->ask.form == MESSAGES_PAGE &&
	    count_all(p, &total) < 0))
		return -1;
	messages_begin(&p->writer, &p->out, total, &p->ask.query);
	return got > 0 ? put(p, &route, &record) : 0;
}

static int
go_on(struct passage *p)
{
	struct route route;
	struct record record;
	int got = sqlite_reader_next(p->reader, &route, &record, &p->fault);

	return got > 0 ? put(p, &route, &record) : got;
}

static void
read_piece(struct task *t)
{
	struct passage *p = (struct passage *)t;

	if (!p->begun)
		p->got = begin(p);
	p->begun = true;
	while (p->got > 0 && p->out.n < PIECE)
		p->got = go_on(p);
	if (p->got == 0)
		messages_end(&p->writer, &p->out);
	if (p->got <= 0 && p->reader != NULL) {
		sqlite_reader_close(p->reader);
		p->reader = NULL;
	}
}

/* ---- in the loop ---- */

static void
passage_free(struct passage *p)
{
	struct passage **at = &p->api->messages->first;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	if (p->reader != NULL)
		sqlite_reader_close(p->reader);
	messages_writer_release(&p->writer);
	messages_ask_release(&p->ask);
	buf_release(&p->out);
	free(p);
}

static bool
work(struct passage *p)
{
	p->working = crew_add(p->api->messages->crews[p->lane], &p->task);
	return p->working;
}

/* said once, until the store can be read again */
static void
look_at_fault(struct passage *p)
{
	if (p->got >= 0)
		store_is_sound(p->store);
	else if (p->fault.status != EX_DATAERR && !p->api->stopping)
		call_complain_store(p->api, p->store, &p->fault);
}

static void
refuse(struct http_request *r, const struct fault *fault)
{
	if (fault->status == EX_DATAERR)
		http_problem(r, 422, fault->text);
	else if (fault->status == EX_NOINPUT)
		http_problem(r, 503, "there is no store of messages yet");
	else
		http_problem(r, 503, "messages can't be read now");
}

static void
closed(void *arg)
{
	struct passage *p = arg;

	p->stream = NULL;
	p->gone = true;
	if (!p->working)
		passage_free(p);
}

static void
send_piece(struct passage *p)
{
	buf_put_str(http_stream_buf(p->stream), buf_str(&p->out));
	buf_clear(&p->out);
	p->sent = p->api->clock;
	p->over = p->got <= 0;
	if (p->got > 0)
		http_stream_send(p->stream);
	else if (p->got == 0)
		http_stream_end(p->stream);
	else
		http_stream_break(p->stream);
}

/* The first piece: all of it, or the beginning of a stream. */
static void
answer(struct passage *p)
{
	struct http_request *r = p->request;
	const char *type = messages_type(p->ask.form);
	struct http_stream *stream;

	p->request = NULL;
	if (p->got > 0) {
		stream = http_answer_stream(r, type, closed, p);
		/* else it has been closed, and freed, already */
		if (stream != NULL) {
			p->stream = stream;
			send_piece(p);
		}
		return;
	}
	if (p->got < 0)
		refuse(r, &p->fault);
	else
		http_answer_text(r, 200, type, buf_str(&p->out));
	passage_free(p);
}

static void
piece_read(struct task *t)
{
	struct passage *p = (struct passage *)t;

	p->working = false;
	look_at_fault(p);
	if (p->request != NULL)
		answer(p);
	else if (p->gone)
		passage_free(p);
	else if (p->over)
		buf_clear(&p->out);
	else
		send_piece(p);
}

static bool
waits(const struct passage *p)
{
	return p->stream != NULL && !p->working && !p->over;
}

static bool
has_taken(const struct passage *p)
{
	return http_stream_pending(p->stream) < UNTAKEN;
}

static void
passage_break(struct passage *p)
{
	p->over = true;
	http_stream_break(p->stream);
}

void
messages_turn(struct api *api)
{
	struct passage *p, *next;

	for (p = api->messages->first; p != NULL; p = next) {
		next = p->next;
		if (!waits(p))
			continue;
		if (has_taken(p))
			work(p);
		else if (api->clock - p->sent > STALL)
			passage_break(p);
	}
}

bool
messages_behind(const struct api *api)
{
	const struct passage *p;

	for (p = api->messages->first; p != NULL; p = p->next)
		if (waits(p) && has_taken(p))
			return true;
	return false;
}

void
messages_stop(struct api *api)
{
	struct passage *p, *next;

	for (p = api->messages->first; p != NULL; p = next) {
		next = p->next;
		if (p->stream != NULL && !p->over)
			passage_break(p);
	}
}

/* ---- the request ---- */

/* How many are under way in this lane, and how many of them are this
 * thing's. */
static unsigned
count_passages(const struct messages *m, enum lane_kind lane,
    const char *thing, unsigned *of_thing)
{
	const struct passage *p;
	unsigned n = 0;

	*of_thing = 0;
	for (p = m->first; p != NULL; p = p->next) {
		if (p->lane != lane)
			continue;
		n++;
		*of_thing += strcmp(p->thing, thing) == 0;
	}
	return n;
}

static bool
has_room(struct call *c, struct passage *p)
{
	unsigned of_thing, n = count_passages(c->api->messages, p->lane,
	    p->thing, &of_thing);

	if (of_thing >= lanes[p->lane].of_thing)
		http_problem(c->request, 429,
		    "this thing is reading too much at once");
	else if (n >= lanes[p->lane].most)
		http_problem(c->request, 503, "too much is being read");
	else
		return true;
	return false;
}

static void
passage_begin(struct call *c, struct passage *p)
{
	struct messages *m = c->api->messages;

	messages_writer_init(&p->writer, &p->ask);
	buf_init(&p->out, PIECE_MAX);
	p->api = c->api;
	p->request = c->request;
	p->task.run = read_piece;
	p->task.done = piece_read;
	p->next = m->first;
	m->first = p;
	http_set(c->request, "Vary", "Accept, Authorization");
	if (work(p))
		return;
	http_problem(c->request, 503, "too much is being read");
	passage_free(p);
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
		    "no thing with this key is on this channel");
	}
	return false;
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
	if (may_read(c, p->thing)) {
		why = messages_ask(&p->ask, c->request, c->id[0]);
		p->lane = p->ask.form == MESSAGES_PAGE ? LANE_PAGES :
		    LANE_EXPORTS;
		p->store = stores_find(c->api->stores, p->ask.store);
		if (why == NULL && p->store == NULL)
			why = "there is no store of this name";
		if (why != NULL)
			http_problem(c->request, 400, why);
		else if (has_room(c, p)) {
			passage_begin(c, p);
			return;
		}
		messages_ask_release(&p->ask);
	}
	free(p);
}

/* ---- beginning and end ---- */

int
messages_open(struct api *api, struct fault *fault)
{
	struct messages *m = memory_zero(1, sizeof *m);
	int i;

	api->messages = m;
	for (i = 0; i < LANES; i++)
		if (crew_open(&m->crews[i], lanes[i].threads, lanes[i].most,
		    &api->inbox, fault) < 0)
			return -1;
	return 0;
}

void
messages_finish(struct api *api)
{
	int i;

	for (i = 0; api->messages != NULL && i < LANES; i++) {
		crew_close(api->messages->crews[i]);
		api->messages->crews[i] = NULL;
	}
}

void
messages_close(struct api *api)
{
	free(api->messages);
}
