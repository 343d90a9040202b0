/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/publish_queue.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/run_count.h"
#include "line/message.h"

/* ms, while a server or a disk is waited for */
#define PUBLISH_LOOK 100
/* collected while one is waited for, or a burst comes; half of it of one
 * publisher */
#define PUBLISH_COLLECTED ((size_t)32 << 20)

/* Those who have just been answered are waited for during this part of what a
 * sync takes, if that is some milliseconds: nothing spins. */
#define PUBLISH_GATHER_PART 4
#define PUBLISH_GATHER_LEAST INT64_C(1000000)

/* ---- owners ---- */

static void
publish_owners_add(struct publish_owners *o, struct publish_owner owner)
{
	if (o->n == o->cap) {
		o->cap = o->cap ? 2 * o->cap : 64;
		o->v = memory_resize(o->v, o->cap * sizeof *o->v);
	}
	o->v[o->n++] = owner;
}

static void
publish_owners_forget(struct publish_owners *o, const void *owner)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		if (o->v[i].owner == owner)
			o->v[i].owner = NULL;
}

static void
publish_owners_swap(struct publish_owners *a, struct publish_owners *b)
{
	struct publish_owners c = *a;

	*a = *b;
	*b = c;
}

/* Whoever is answered may send the next one, or go. */
static void
publish_queue_answer(struct publish_queue *q, struct publish_owners *o,
    bool written)
{
	struct publish_owner one;
	size_t i;

	q->answering = true;
	for (i = 0; i < o->n; i++) {
		one = o->v[i];
		o->v[i].owner = NULL;
		budget_drop(q->options.budget, one.key, one.bytes);
		budget_free(q->options.budget, one.bytes);
		if (one.owner != NULL)
			q->options.answer(one.owner, written,
			    q->options.arg);
	}
	q->answering = false;
	o->n = 0;
}

/* ---- what became of a commit ---- */

/* Says it when that changes; `any`: there was something to write. */
static void
publish_queue_tell(struct publish_queue *q, const char *why, bool any)
{
	if (why != NULL && !q->failing)
		diag_error("%s", why);
	else if (why == NULL && q->failing && any)
		diag_warning("messages can be written again");
	if (why != NULL || any)
		q->failing = why != NULL;
}

static void
publish_queue_settle(struct publish_queue *q, const struct fault *fault)
{
	bool done = fault->status == 0;

	publish_queue_tell(q, done ? NULL : fault->text, q->on_way > 0);
	if (done) {
		q->messages += q->on_way;
		run_add(RUN_LINES_OUT, q->on_way);
	}
	q->on_way = 0;
	publish_queue_answer(q, &q->sent, done);
}

/* What was collected goes, and leaves its room. */
static void
publish_queue_take_waiting(struct publish_queue *q, struct publish_owners *to)
{
	const struct publish_owner *o = q->waiting.v;
	size_t i;

	for (i = 0; q->collected != NULL && i < q->waiting.n; i++) {
		budget_drop(q->collected, o[i].key, o[i].line);
		budget_free(q->collected, o[i].line);
	}
	publish_owners_swap(to, &q->waiting);
}

/* ... on its way */
static void
publish_queue_send(struct publish_queue *q)
{
	publish_queue_take_waiting(q, &q->sent);
	q->on_way = q->taken;
	q->taken = 0;
}

/* what needs no waiting */
static void
publish_queue_commit(struct publish_queue *q)
{
	struct fault fault;

	if (publisher_commit(&q->publisher, &fault) == 0)
		fault.status = 0;
	q->broken = q->publisher.broken;
	publish_queue_send(q);
	publish_queue_settle(q, &fault);
}

/* ---- with a thread ---- */

/* A sync is done, of which the messages on their way are to be answered. */
static void
publish_queue_expect(struct publish_queue *q)
{
	int64_t now = clock_ns();
	int64_t gather = (now - q->since) / PUBLISH_GATHER_PART;

	q->expected = q->on_way + q->taken;
	q->gather_until = gather < PUBLISH_GATHER_LEAST ? 0 : now + gather;
}

static bool
publish_queue_gathers(const struct publish_queue *q)
{
	return q->gather_until != 0 && q->taken > 0 &&
	    q->taken < q->expected && clock_ns() < q->gather_until;
}

static void
publish_queue_done(struct publish_queue *q, const struct publish_result *r)
{
	if (r->job == PUBLISH_COMMIT &&
	    q->options.sync == BUS_SYNC_ALWAYS && !bus_waits(q->options.bus))
		publish_queue_expect(q);
	q->since = 0;
	q->broken = r->broken;
	if (r->job == PUBLISH_COMMIT)
		publish_queue_settle(q, &r->fault);
	else if (q->options.checked != NULL)
		q->options.checked(&r->fault, q->options.arg);
}

/* An empty buffer: that of the last commit, unless a burst has made it
 * large. */
static void
publish_queue_collect(struct publish_queue *q)
{
	struct buf *lines = &q->publisher.lines;

	if (lines->cap > PUBLISHER_BATCH)
		buf_release(lines);
	lines->max = PUBLISH_COLLECTED + MESSAGE_LINE_MAX;
}

static void
publish_queue_begin(struct publish_queue *q)
{
	if (q->publisher.lines.n > 0) {
		publish_queue_send(q);
		publish_thread_commit(q->thread, &q->publisher.lines);
		publish_queue_collect(q);
	} else if (q->check_due) {
		q->check_due = false;
		publish_thread_check(q->thread);
	} else {
		return;
	}
	q->since = clock_ns();
}

static bool
publish_queue_is_late(const struct publish_queue *q)
{
	return q->since != 0 && clock_ns() - q->since > q->patience;
}

/* What has been sent may be there, and is answered when that is known; what
 * was not is not there. */
static void
publish_queue_refuse(struct publish_queue *q)
{
	q->taken = 0;
	buf_clear(&q->publisher.lines);
	publish_queue_take_waiting(q, &q->refused);
	publish_queue_answer(q, &q->refused, false);
}

static int
publish_queue_no_answer(struct fault *fault)
{
	return fault_set(fault, EX_TEMPFAIL, "the bus does not answer");
}

static void
publish_queue_give_up(struct publish_queue *q)
{
	struct fault fault;

	publish_queue_no_answer(&fault);
	publish_queue_tell(q, fault.text, true);
	if (q->taken > 0)
		publish_queue_refuse(q);
	q->check_due = false;
	if (q->options.checked != NULL)
		q->options.checked(&fault, q->options.arg);
}

static void
publish_queue_follow(struct publish_queue *q)
{
	struct publish_result r;

	if (q->since != 0 && publish_thread_result(q->thread, &r))
		publish_queue_done(q, &r);
	/* Nothing is before these; what comes when they are answered is not
	 * among them. */
	if (q->since == 0 && q->taken == 0) {
		publish_queue_send(q);
		publish_queue_answer(q, &q->sent, true);
	}
	if (q->since == 0 && !publish_queue_gathers(q))
		publish_queue_begin(q);
	else if (publish_queue_is_late(q))
		publish_queue_give_up(q);
}

/* ---- the adapter's ---- */

/* A whole batch need not wait for the turn. */
static void
publish_queue_go(struct publish_queue *q)
{
	if (q->thread == NULL)
		publish_queue_commit(q);
	else if (q->since == 0)
		publish_queue_begin(q);
}

/* as a line: what is not text takes a third more, and there are labels */
static size_t
publish_queue_cost(const struct route *route, struct str payload)
{
	return payload.n + payload.n / 3 + route->channel.n +
	    route->subtopic.n + route->publisher.n + sizeof(struct
	    publish_owner);
}

static bool
publish_queue_is_full(const struct publish_queue *q)
{
	return q->publisher.lines.n >= (q->thread == NULL ? PUBLISHER_BATCH :
	    PUBLISH_COLLECTED);
}

static enum publish_taken
publish_queue_put(struct publish_queue *q, struct publish_owner *o,
    const struct route *route, struct str payload, struct str type)
{
	struct buf *lines = &q->publisher.lines;
	size_t before = lines->n;

	if (!message_take(lines, route, payload, type, &q->pack))
		return PUBLISH_TOO_LONG;
	o->line = lines->n - before;
	if (!budget_keep(q->collected, o->key, o->line)) {
		lines->n = before;
		return PUBLISH_AWAY;
	}
	budget_hold(q->collected, o->line);
	return PUBLISH_TAKEN;
}

enum publish_taken
publish_queue_take(struct publish_queue *q, const struct route *route,
    struct str payload, struct str type, void *owner)
{
	struct buf *lines = &q->publisher.lines;
	struct budget *budget = q->options.budget;
	struct publish_owner o = {
		.owner = owner, .key = budget_key(budget, route->publisher),
		.bytes = publish_queue_cost(route, payload)
	};
	enum publish_taken taken;

	if (lines->n >= PUBLISHER_BATCH && !q->answering)
		publish_queue_go(q);
	if (q->broken || publish_queue_is_full(q) ||
	    publish_queue_is_late(q) ||
	    !budget_keep(budget, o.key, o.bytes))
		return PUBLISH_AWAY;
	taken = publish_queue_put(q, &o, route, payload, type);
	if (taken != PUBLISH_TAKEN) {
		budget_drop(budget, o.key, o.bytes);
		return taken;
	}
	run_tops_add(&q->tops, route->publisher, route->channel, payload.n);
	budget_hold(budget, o.bytes);
	publish_owners_add(&q->waiting, o);
	q->taken++;
	return PUBLISH_TAKEN;
}

void
publish_queue_after(struct publish_queue *q, void *owner)
{
	publish_owners_add(&q->waiting, (struct publish_owner){
	    .owner = owner });
}

void
publish_queue_forget(struct publish_queue *q, const void *owner)
{
	publish_owners_forget(&q->waiting, owner);
	publish_owners_forget(&q->sent, owner);
	publish_owners_forget(&q->refused, owner);
}

void
publish_queue_turn(struct publish_queue *q)
{
	if (q->thread == NULL)
		publish_queue_commit(q);
	else
		publish_queue_follow(q);
}

int
publish_queue_timeout(const struct publish_queue *q, int timeout)
{
	if (q->since == 0 && publish_queue_gathers(q))
		return 1;
	return q->since != 0 && timeout > PUBLISH_LOOK ? PUBLISH_LOOK :
	    timeout;
}

uint64_t
publish_queue_pending(const struct publish_queue *q)
{
	return q->taken + q->on_way;
}

int
publish_queue_check(struct publish_queue *q, struct fault *fault)
{
	if (q->thread == NULL)
		return publisher_check(&q->publisher, fault) < 0 ? -1 : 1;
	if (publish_queue_is_late(q))
		return publish_queue_no_answer(fault);
	q->check_due = true;
	return 0;
}

/* ---- begin and end ---- */

/* Something has come from stdout, such as an error: its reader has gone. */
static void
publish_queue_reader(struct loop_watch *w, unsigned events)
{
	struct publish_queue *q = (struct publish_queue *)((char *)w -
	    offsetof(struct publish_queue, reader));

	(void)events;
	if (publisher_left(&q->publisher)) {
		diag_error("<stdout>: its reader has gone");
		q->broken = q->failing = true;
	}
	loop_unwatch(w);
}

static int
publish_queue_open_thread(struct publish_queue *q, struct fault *fault)
{
	const struct publish_queue_options *o = &q->options;

	if (publish_thread_open(&q->thread, o->stream, o->sync, fault) < 0)
		return -1;
	q->collected = memory_zero(1, sizeof *q->collected);
	budget_init(q->collected, PUBLISH_COLLECTED);
	publish_queue_collect(q);
	loop_watch(o->loop, &q->woken, publish_thread_fd(q->thread),
	    LOOP_READ, NULL);
	return 0;
}

int
publish_queue_open(struct publish_queue *q,
    const struct publish_queue_options *o, struct fault *fault)
{
	bool to_stdout = strcmp(o->stream, "-") == 0;

	*q = (struct publish_queue){ .options = *o };
	run_tops_init(&q->tops, o->thing_owner, o->arg);
	pack_init(&q->pack);
	q->patience = bus_waits(o->bus) ? PUBLISH_PATIENCE :
	    PUBLISH_PATIENCE_DISK;
	if (!to_stdout && (bus_waits(o->bus) || o->sync == BUS_SYNC_ALWAYS))
		return publish_queue_open_thread(q, fault);
	if (publisher_open(&q->publisher, o->bus, o->stream, o->sync,
	    fault) < 0)
		return -1;
	if (to_stdout)
		loop_watch(o->loop, &q->reader, STDOUT_FILENO, LOOP_READ,
		    publish_queue_reader);
	return 0;
}

void
publish_queue_finish(struct publish_queue *q)
{
	struct publish_result r;

	if (q->options.answer == NULL)
		return;
	publish_queue_turn(q);
	while (q->since != 0) {
		publish_thread_await(q->thread, &r);
		publish_queue_done(q, &r);
		publish_queue_begin(q);
	}
	publish_queue_answer(q, &q->waiting, false);
}

void
publish_queue_close(struct publish_queue *q)
{
	loop_unwatch(&q->woken);
	loop_unwatch(&q->reader);
	publish_thread_close(q->thread);
	publisher_close(&q->publisher);
	pack_release(&q->pack);
	free(q->waiting.v);
	free(q->sent.v);
	free(q->refused.v);
	free(q->collected);
}
