/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/alarm/event_output.h"

#include <sysexits.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/diag.h"

/* the name that the stream keeps how far it has our events under; it is no
 * stream of the bus */
#define SOURCE "mfx-alarm"
#define PAUSE_FIRST 100		/* ms */
#define PAUSE_LAST 30000

int
event_output_open(struct event_output *o, struct bus *bus, const char *stream,
    enum bus_sync sync, struct fault *fault)
{
	if (stream == NULL)
		return 0;
	if (bus_writer_open(&o->writer, bus, stream, sync, fault) < 0 ||
	    bus_source_open_abroad(&o->source, o->writer, SOURCE,
	    o->state->id, fault) < 0)
		return -1;
	/* the state may be from a backup: numbers that were used then would
	 * be taken for events that are there already */
	return o->source->done.whole > 0 ? state_skip(o->state,
	    o->source->done.whole, fault) : 0;
}

void
event_output_close(struct event_output *o)
{
	bus_source_close(o->source);
	bus_writer_close(o->writer);
	o->source = NULL;
	o->writer = NULL;
}

static int
event_output_append(struct event_output *o, struct str lines, uint64_t last,
    struct fault *fault)
{
	uint64_t seq;

	o->source->at = (struct progress){ .whole = last };
	if (bus_append(o->writer, lines, o->source, &seq, fault) < 0 ||
	    bus_commit(o->writer, fault) < 0)
		return -1;
	return bus_source_ack(o->source, fault);
}

static int
event_output_print(struct event_output *o, struct str lines,
    struct fault *fault)
{
	buf_put_str(&o->out->b, lines);
	out_end(o->out);
	return out_write(o->out) < 0 ? fault_set(fault, EX_IOERR,
	    "the events are kept for the next start") : 0;
}

/* some of them: 1, 0 when there are none, -1 */
static int
event_output_write_some(struct event_output *o, struct fault *fault)
{
	uint64_t last = 0;
	struct buf lines;
	int n;

	buf_init(&lines, 2 * BUS_WHOLE_BYTES);
	n = state_events(o->state, &last, &lines, fault);
	if (n > 0 && (o->writer != NULL ?
	    event_output_append(o, buf_str(&lines), last, fault) :
	    event_output_print(o, buf_str(&lines), fault)) < 0)
		n = -1;
	buf_release(&lines);
	if (n > 0 && state_told(o->state, last, fault) < 0)
		n = -1;
	return n < 0 ? -1 : n > 0;
}

static int
event_output_wait(struct event_output *o, int64_t now,
    const struct fault *fault)
{
	struct backoff pause = { .first = PAUSE_FIRST, .last = PAUSE_LAST,
	    .next = o->pause };

	if (!o->warned)
		diag_warning("%s; the events wait", fault->text);
	o->warned = true;
	o->again = now + backoff_next(&pause);
	o->pause = pause.next;
	return 0;
}

int
event_output_write(struct event_output *o, struct fault *fault)
{
	int64_t now = clock_ms();
	int r;

	if (o->again != 0 && now < o->again)
		return 0;
	while ((r = event_output_write_some(o, fault)) > 0)
		;
	if (r < 0 && fault->status == EX_TEMPFAIL)
		return event_output_wait(o, now, fault);
	if (r < 0)
		return -1;
	if (o->warned)
		diag_warning("the events are on their stream again");
	o->warned = false;
	o->again = o->pause = 0;
	return 0;
}
