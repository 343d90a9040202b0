/* SPDX-License-Identifier: Apache-2.0 */
#include "api/job.h"

#include <stdlib.h>
#include <sysexits.h>
#include <time.h>

#include "api/request_ctx.h"
#include "api/state.h"
#include "base/clock.h"
#include "base/memory.h"
#include "net/thread_pool.h"

/* a piece with a record as long as they get, in any form */
#define PIECE_MAX ((size_t)32 << 20)
/* a client that leaves this untaken gets no more */
#define UNTAKEN ((size_t)64 << 10)
/* and one that does so for this long is let go: what it reads is kept by
 * the store until it has ended */
#define STALL (60 * STAMP_SECOND)
/* how often it is looked whether clients are still there */
#define CHECK_EACH (STAMP_SECOND / 4)
/* what is being answered when the service is stopped has this long */
#define LEFT (5 * STAMP_SECOND)

/* under way, of all, of a user and of a thing */
static const struct {
	enum pool_kind kind;
	unsigned most, of_user, of_thing;
} job_limits[JOB_KINDS] = {
	[JOB_PAGE] = { POOL_PAGES, JOB_PAGES, 96, 64 },
	[JOB_EXPORT] = { POOL_EXPORTS, JOB_EXPORTS, 16, 8 },
};

struct jobs {
	struct job *first;
	int64_t checked;
};

/* ---- in the thread ---- */

bool
job_stops(void *arg)
{
	struct job *j = arg;
	int64_t now = clock_ns(), cut = atomic_load(&j->cut);

	if (now >= j->until)
		j->late = true;
	return j->late || (cut != 0 && now >= cut);
}

static void
job_run(struct task *t)
{
	struct job *j = (struct job *)t;

	j->until = clock_ns() + j->api->options.limit;
	if (job_stops(j))
		j->got = fault_set(&j->fault, EX_TEMPFAIL, "asked to stop");
	else
		j->got = j->piece(j);
	if (j->got >= 0 && j->out.full)
		j->got = fault_set(&j->fault, EX_DATAERR,
		    "a record is too long");
}

/* ---- in the loop ---- */

static void
job_free(struct job *j)
{
	struct job **at = &j->api->jobs->first;

	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	buf_release(&j->out);
	j->free(j);
}

static bool
job_work(struct job *j)
{
	j->working = pool_add(j->api->pool, job_limits[j->kind].kind,
	    &j->task);
	return j->working;
}

static void
job_closed(void *arg)
{
	struct job *j = arg;

	j->stream = NULL;
	j->over = true;
	atomic_store(&j->cut, 1);
	if (!j->working)
		job_free(j);
}

static void
job_send(struct job *j)
{
	buf_put_str(http_stream_buf(j->stream), buf_str(&j->out));
	buf_clear(&j->out);
	j->sent = j->api->clock;
	j->over = j->got <= 0;
	if (j->got > 0)
		http_stream_send(j->stream);
	else if (j->got == 0)
		http_stream_end(j->stream);
	else
		http_stream_break(j->stream);
}

static void
job_refuse(struct job *j, struct http_request *r)
{
	if (j->late)
		http_problem(r, 503, "this takes longer than a request may");
	else if (atomic_load(&j->cut) != 0)
		http_problem(r, 503, "the service is being stopped");
	else
		j->refuse(j, r);
}

/* The first piece: all of it, or the beginning of a stream. */
static void
job_answer(struct job *j)
{
	struct http_request *r = j->request;
	struct http_stream *stream;

	j->request = NULL;
	if (j->got > 0) {
		stream = http_answer_stream(r, j->type, job_closed, j);
		/* else it has been closed, and freed, already */
		if (stream != NULL) {
			j->stream = stream;
			job_send(j);
		}
		return;
	}
	if (j->got < 0)
		job_refuse(j, r);
	else
		http_answer_text(r, 200, j->type, buf_str(&j->out));
	job_free(j);
}

static void
job_done(struct task *t)
{
	struct job *j = (struct job *)t;

	j->working = false;
	if (j->on_piece != NULL && (j->got >= 0 ||
	    (!j->late && atomic_load(&j->cut) == 0)))
		j->on_piece(j);
	if (j->request != NULL)
		job_answer(j);
	else if (j->stream == NULL)
		job_free(j);
	else if (j->over)
		buf_clear(&j->out);
	else
		job_send(j);
}

static bool
job_waits(const struct job *j)
{
	return j->stream != NULL && !j->working && !j->over;
}

static bool
job_taken(const struct job *j)
{
	return http_stream_pending(j->stream) < UNTAKEN;
}

static void
job_break(struct job *j)
{
	j->over = true;
	atomic_store(&j->cut, 1);
	http_stream_break(j->stream);
}

/* Those without a client are given up: what works stops soon. */
static void
jobs_check_clients(struct api *api)
{
	struct job *j, *next;

	api->jobs->checked = api->clock;
	for (j = api->jobs->first; j != NULL; j = next) {
		next = j->next;
		if (j->request != NULL && http_gone(j->request))
			atomic_store(&j->cut, 1);
		else if (j->stream != NULL && !j->over &&
		    http_stream_gone(j->stream))
			job_break(j);
	}
}

void
jobs_turn(struct api *api)
{
	struct job *j, *next;

	if (api->clock - api->jobs->checked >= CHECK_EACH)
		jobs_check_clients(api);
	for (j = api->jobs->first; j != NULL; j = next) {
		next = j->next;
		if (!job_waits(j))
			continue;
		if (job_taken(j))
			job_work(j);
		else if (api->clock - j->sent > STALL)
			job_break(j);
	}
}

int
jobs_pause(const struct api *api)
{
	const struct job *j;

	for (j = api->jobs->first; j != NULL; j = j->next)
		if (job_waits(j) && job_taken(j))
			return 0;
	return api->jobs->first != NULL ?
	    (int)(CHECK_EACH * 1000 / STAMP_SECOND) : -1;
}

void
jobs_stop(struct api *api)
{
	int64_t cut = clock_ns() + LEFT;
	struct job *j, *next;

	for (j = api->jobs->first; j != NULL; j = next) {
		next = j->next;
		if (j->stream != NULL && !j->over)
			job_break(j);
		else if (atomic_load(&j->cut) == 0)
			atomic_store(&j->cut, cut);
	}
}

/* ---- the request ---- */

/* Are there too many of its kind: in all, or of its user or thing? */
static bool
job_fits(struct request_ctx *c, const struct job *job)
{
	unsigned n = 0, of_user = 0, of_thing = 0;
	const struct job *j;

	for (j = c->api->jobs->first; j != NULL; j = j->next) {
		if (j->kind != job->kind)
			continue;
		n++;
		of_user += strcmp(j->user, job->user) == 0;
		of_thing += *job->thing != '\0' &&
		    strcmp(j->thing, job->thing) == 0;
	}
	if (of_thing >= job_limits[job->kind].of_thing)
		http_problem(c->request, 429,
		    "this thing is reading too much at once");
	else if (of_user >= job_limits[job->kind].of_user)
		http_problem(c->request, 429,
		    "this user is reading too much at once");
	else if (n >= job_limits[job->kind].most || c->api->stopping)
		http_problem(c->request, 503, "too much is being read");
	else
		return true;
	return false;
}

bool
job_start(struct request_ctx *c, struct job *j)
{
	struct jobs *jobs = c->api->jobs;

	if (!job_fits(c, j))
		return false;
	if (j->out.max == 0)
		buf_init(&j->out, PIECE_MAX);
	j->api = c->api;
	j->request = c->request;
	j->task.run = job_run;
	j->task.done = job_done;
	j->task.user = j->user;
	j->task.thing = *j->thing ? j->thing : NULL;
	if (!job_work(j)) {
		http_problem(c->request, 503, "too much is being read");
		buf_release(&j->out);
		return false;
	}
	j->next = jobs->first;
	jobs->first = j;
	return true;
}

/* ---- beginning and end ---- */

void
jobs_open(struct api *api)
{
	api->jobs = memory_zero(1, sizeof *api->jobs);
}

void
jobs_cut(struct api *api)
{
	struct job *j;

	if (api->jobs == NULL)
		return;
	for (j = api->jobs->first; j != NULL; j = j->next)
		atomic_store(&j->cut, 1);
}

void
jobs_close(struct api *api)
{
	free(api->jobs);
}
