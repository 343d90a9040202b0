/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/pub/appender.h"

#include <sysexits.h>

#include "base/backoff.h"
#include "base/diag.h"
#include "base/run.h"
#include "base/signal.h"

/* False when there is no point in trying again. */
static bool
appender_wait(const struct appender *p, const struct fault *why,
    struct backoff *pause, int64_t *waited)
{
	int64_t delay;

	if (why->status != EX_TEMPFAIL || signal_stop() || (p->timeout > 0 &&
	    *waited >= p->timeout / 1000000)) {
		diag_fault(why);
		return false;
	}
	run_add(RUN_RETRIES, 1);
	if (*waited == 0)
		diag_warning("%s; waiting", why->text);
	delay = backoff_next(pause);
	signal_poll(NULL, 0, (int)delay);
	*waited += delay;
	return true;
}

static int
appender_try(struct appender *p, struct str *lines, struct fault *fault)
{
	uint64_t end;

	if (p->each && p->source == NULL)
		return bus_append_each(p->writer, lines, fault);
	return bus_append(p->writer, *lines, p->source, &end, fault);
}

static int
appender_open_writer(struct appender *p, const char *stream,
    enum bus_sync sync)
{
	struct fault fault;
	struct backoff pause = { .first = 50, .last = 5000 };	/* ms */
	int64_t waited = 0;

	run_output(stream);
	run_open(diag_name(), RUN_COMMITTING);
	while (bus_writer_open(&p->writer, p->bus, stream, sync, &fault) < 0)
		if (!appender_wait(p, &fault, &pause, &waited))
			return fault.status;
	/* the first of a site has made it now */
	run_open(diag_name(), RUN_MAKE);
	return 0;
}

int
appender_open(struct appender *p, const char *stream, enum bus_sync sync,
    const char *ack)
{
	char from[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];
	struct fault fault;
	int status;

	if ((ack != NULL && bus_group_parse(ack, from, group, &fault) < 0) ||
	    bus_open(&p->bus, NULL, &fault) < 0)
		return diag_fault(&fault);
	run_input(ack);
	status = appender_open_writer(p, stream, sync);
	if (status == 0 && ack != NULL && bus_source_open(&p->source,
	    p->writer, from, group, &fault) < 0)
		status = diag_fault(&fault);
	return status;
}

void
appender_close(struct appender *p)
{
	bus_source_close(p->source);
	bus_writer_close(p->writer);
	bus_close(p->bus);
}

int
appender_append(struct appender *p, struct str lines, bool moves)
{
	struct fault fault;
	struct backoff pause = { .first = 50, .last = 5000 };	/* ms */
	int64_t waited = 0, began = run_commit_begin();

	while (lines.n > 0 && appender_try(p, &lines, &fault) < 0)
		if (!appender_wait(p, &fault, &pause, &waited)) {
			diag_error("%zu bytes of lines are not published",
			    lines.n);
			return fault.status;
		}
	if (bus_commit(p->writer, &fault) < 0)
		return diag_fault(&fault);
	while (moves && bus_source_ack(p->source, &fault) < 0)
		if (!appender_wait(p, &fault, &pause, &waited))
			return fault.status;
	run_commit_end(began);
	if (waited > 0)
		diag_warning("after %lld ms it goes on", (long long)waited);
	return 0;
}
