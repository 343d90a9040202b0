/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the registry to a target.  It begins one event before the position: the
 * target's last event has to come first, with the time that it had.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/backoff.h"
#include "base/diag.h"
#include "base/number.h"
#include "base/signal.h"
#include "cmd/events/target.h"

struct delivery {
	struct client *client;
	struct client_events *events;
	struct target *target;
	struct position at;	/* of the last event that was put */
	bool check;		/* that event comes first */
	enum target_result result;
	struct fault fault;
};

/* False when a line is not an event. */
static bool
deliver_read(struct str line, struct event_line *e)
{
	const struct str seq = STR("{\"seq\":"), time = STR("\"time\":");
	struct str digits, rest;
	const char *comma;

	if (!str_starts(line, seq) || line.p[line.n - 1] != '}')
		return false;
	digits = rest = str_from(line, seq.n);
	comma = memchr(rest.p, ',', rest.n);
	if (comma == NULL)
		return false;
	digits.n = (size_t)(comma - rest.p);
	rest = str_from(rest, digits.n + 1);
	if (!number_digits(digits, INT64_MAX, &e->seq) ||
	    !str_starts(rest, time))
		return false;
	e->text = line;
	e->time = rest = str_from(rest, time.n);
	comma = memchr(rest.p, ',', rest.n);
	if (comma == NULL)
		return false;
	e->time.n = (size_t)(comma - rest.p);
	e->rest = str_from(rest, e->time.n + 1);
	return e->time.n > 0 && e->time.n < STAMP_TEXT;
}

/* Ends what the client does. */
static int
delivery_end(struct delivery *d, enum target_result result)
{
	d->result = result;
	return result == TARGET_DONE ? 0 : -1;
}

static int
delivery_mismatch(struct delivery *d)
{
	fault_set(&d->fault, EX_CONFIG, "event %" PRIu64 ", the last one that "
	    "was written there, is not that of this registry: it was written "
	    "from another one, or this one was restored from an older copy",
	    d->at.seq);
	return delivery_end(d, TARGET_FAILED);
}

/* The position's own event. */
static int
delivery_check(struct delivery *d, const struct event_line *e)
{
	if (e->seq != d->at.seq || (d->at.time[0] != '\0' &&
	    !str_eq(e->time, str_z(d->at.time))))
		return delivery_mismatch(d);
	d->check = false;
	return 0;
}

static int
delivery_put(struct delivery *d, struct str line)
{
	struct event_line e;
	int r;

	if (!deliver_read(line, &e)) {
		fault_set(&d->fault, EX_UNAVAILABLE, "not an event, after "
		    "%" PRIu64, d->at.seq);
		return delivery_end(d, TARGET_FAILED);
	}
	if (d->check)
		return delivery_check(d, &e);
	r = delivery_end(d, d->target->put(d->target, &e, &d->fault));
	if (r < 0)
		return -1;
	d->at.known = true;
	d->at.seq = e.seq;
	memcpy(d->at.time, e.time.p, e.time.n);
	d->at.time[e.time.n] = '\0';
	return 0;
}

static int
delivery_settle(struct delivery *d)
{
	/* there is nothing yet: where it begins is known now */
	if (!d->at.known && d->events->from == EVENTS_AFTER) {
		d->at.seq = d->events->seq;
		d->at.known = true;
	}
	/* a server may still have it to send */
	if (d->check && d->client->url == NULL)
		return delivery_mismatch(d);
	if (d->check || !d->at.known)
		return 0;
	return delivery_end(d, d->target->settle(d->target, &d->at,
	    &d->fault));
}

/* in place of write(2), out.h */
static int
delivery_take(void *arg, struct str lines, bool flush)
{
	struct delivery *d = arg;
	struct str line;

	while (str_take_line(&lines, &line))
		if (delivery_put(d, line) < 0)
			return -1;
	return flush ? delivery_settle(d) : 0;
}

/* from the target's position, or where the client was told to begin */
static enum target_result
delivery_start(struct delivery *d, const struct client_events *begin)
{
	struct client_events *e = d->events;
	int64_t ready_fd = e->ready_fd;
	struct out *out = d->client->out;

	d->at = (struct position){ .known = false };
	d->result = d->target->start(d->target, &d->at, &d->fault);
	if (d->result != TARGET_DONE)
		return d->result;
	d->check = d->at.known && d->at.seq > 0;
	*e = *begin;
	e->ready_fd = ready_fd;
	if (d->at.known) {
		e->from = EVENTS_AFTER;
		e->seq = d->at.seq - d->check;
	}
	out->err = 0;
	out->whole = 0;
	out_cancel(out);
	return TARGET_DONE;
}

int
deliver(struct client *client, struct client_events *events,
    struct target *target, struct fault *fault)
{
	struct backoff pause = { .first = 100, .last = 10000 };	/* ms */
	struct delivery d = {
		.client = client, .events = events, .target = target
	};
	const struct client_events begin = *events;
	uint64_t before = 0;
	int got = 1;

	client->out->take = delivery_take;
	client->out->take_arg = &d;
	while (got > 0 && !signal_stop()) {
		if (delivery_start(&d, &begin) != TARGET_DONE) {
			got = d.result == TARGET_FAILED ? -1 :
			    d.result == TARGET_AGAIN;
			continue;
		}
		got = client->backend->events(client, events, fault);
		/* what is told once was told */
		events->ready_fd = -1;
		if (got == 0 && d.result == TARGET_DONE)
			out_flush(client->out);
		if (d.result == TARGET_FAILED)
			got = -1;
		else if (d.result == TARGET_AGAIN)
			got = 1;
		else if (got > 0) {
			if (d.at.seq != before)
				backoff_reset(&pause);
			diag_info("%s; going on after %" PRIu64, fault->text,
			    d.at.seq);
			signal_poll(NULL, 0, (int)backoff_next(&pause));
		}
		before = d.at.seq;
	}
	client->out->take = NULL;
	if (d.result == TARGET_FAILED)
		*fault = d.fault;
	return got < 0 ? -1 : 0;
}
