/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events to a stream of the bus, without their `seq`: there they have its
 * positions.  That of the registry is kept with the stream, as for one that
 * comes from another bus.
 */
#include <stdlib.h>
#include <sysexits.h>

#include "base/backoff.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/signal.h"
#include "bus/bus.h"
#include "cmd/events/target.h"
#include "registry/event.h"

/* what the stream has of whom; beside it there may be a stream of that name */
#define SOURCE_STREAM "registry"
#define SOURCE_NAME "mfx-events"
/* lines that are appended as one */
#define LINES_BYTES ((size_t)256 << 10)

struct bus_target {
	struct target head;
	const char *stream;
	struct bus *bus;
	struct bus_writer *writer;
	struct bus_source *source;
	struct buf lines;
	struct backoff pause;	/* ms */
	bool away;		/* which has been said */
};

/* What may succeed later is tried from the position on that is there then. */
static enum target_result
bus_target_judge(struct bus_target *t, int r, const struct fault *fault)
{
	if (r == 0)
		return TARGET_DONE;
	if (signal_stop())
		return TARGET_STOPPED;
	if (fault->status != EX_TEMPFAIL)
		return TARGET_FAILED;
	if (!t->away)
		diag_warning("%s; trying again until it works", fault->text);
	t->away = true;
	bus_source_close(t->source);
	t->source = NULL;
	signal_poll(NULL, 0, (int)backoff_next(&t->pause));
	return TARGET_AGAIN;
}

static enum target_result
bus_target_start(struct target *head, struct position *at,
    struct fault *fault)
{
	struct bus_target *t = (struct bus_target *)head;
	int r = 0;

	buf_clear(&t->lines);
	if (t->writer == NULL)
		r = bus_writer_open(&t->writer, t->bus, t->stream,
		    BUS_SYNC_ALWAYS, fault);
	if (r == 0 && t->source == NULL)
		r = bus_source_open_abroad(&t->source, t->writer,
		    SOURCE_STREAM, SOURCE_NAME, fault);
	if (r < 0)
		return bus_target_judge(t, r, fault);
	t->source->at = t->source->done;
	at->seq = t->source->done.whole;
	at->known = at->seq > 0;
	return TARGET_DONE;
}

static enum target_result
bus_target_append(struct bus_target *t, struct fault *fault)
{
	uint64_t seq;
	int r = bus_append(t->writer, buf_str(&t->lines), t->source, &seq,
	    fault);

	if (r == 0)
		r = bus_commit(t->writer, fault);
	if (r == 0)
		r = bus_source_ack(t->source, fault);
	if (r == 0 && t->away) {
		diag_warning("%s: it takes events again", t->stream);
		t->away = false;
	}
	if (r == 0) {
		backoff_reset(&t->pause);
		buf_clear(&t->lines);
		t->source->done = t->source->at;
	}
	return bus_target_judge(t, r, fault);
}

static enum target_result
bus_target_put(struct target *head, const struct event_line *e,
    struct fault *fault)
{
	struct bus_target *t = (struct bus_target *)head;

	buf_puts(&t->lines, "{\"time\":");
	buf_put_str(&t->lines, e->time);
	buf_putc(&t->lines, ',');
	buf_put_str(&t->lines, e->rest);
	buf_putc(&t->lines, '\n');
	t->source->at = (struct progress){ .whole = e->seq };
	return t->lines.n < LINES_BYTES ? TARGET_DONE :
	    bus_target_append(t, fault);
}

static enum target_result
bus_target_settle(struct target *head, const struct position *at,
    struct fault *fault)
{
	struct bus_target *t = (struct bus_target *)head;

	if (t->lines.n > 0)
		return bus_target_append(t, fault);
	if (t->source->at.whole >= at->seq)
		return TARGET_DONE;
	t->source->at = (struct progress){ .whole = at->seq };
	return bus_target_judge(t, bus_source_ack(t->source, fault), fault);
}

static void
bus_target_end(struct target *head)
{
	struct bus_target *t = (struct bus_target *)head;

	bus_source_close(t->source);
	bus_writer_close(t->writer);
	bus_close(t->bus);
	buf_release(&t->lines);
	free(t);
}

struct target *
target_bus(const struct target_setup *setup, struct fault *fault)
{
	struct bus_target *t = memory_zero(1, sizeof *t);

	t->head = (struct target){
		bus_target_start, bus_target_put, bus_target_settle,
		bus_target_end
	};
	t->stream = setup->bus;
	t->pause = (struct backoff){ .first = 50, .last = 2000 };
	buf_init(&t->lines, LINES_BYTES + EVENT_MAX + 1024);
	if (bus_open(&t->bus, NULL, fault) == 0)
		return &t->head;
	bus_target_end(&t->head);
	return NULL;
}
