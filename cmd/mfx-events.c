/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of the registry, one event a line, in order and without gaps: an
 * event is written in the transaction that it reports.  A reader that continues
 * after the last `seq` it has handled misses none and sees none twice.  With
 * --url the events are those of the token's user; a lost connection is opened
 * again, without a gap.
 */
#include <inttypes.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/diag.h"
#include "base/number.h"
#include "base/out.h"
#include "base/program.h"
#include "base/ready.h"
#include "base/signal.h"
#include "client/client.h"
#include "registry/event.h"
#include "registry/registry.h"

/* a batch of the largest events */
#define OUT_MAX (256 * EVENT_MAX)

static const char *from = "start";
static struct client_events events = { .ready_fd = -1 };
static struct remote_setup setup = REMOTE_DEFAULTS;

static const struct opt options[] = {
	{ 0, "from", "WHERE", "begin at start, end, after a seq, or at a time",
	    OPT_STRING(&from) },
	{ 0, "follow", NULL, "wait for further events",
	    OPT_FLAG(&events.follow), .former = 'F' },
	{ 'n', "count", "N", "stop after N events",
	    OPT_INT(&events.count, 1, INT64_MAX) },
	READY_FD(&events.ready_fd, "once it follows"),
	REMOTE_OPTIONS(setup),
	OPT_END
};

static const struct program program = {
	.name = "mfx-events",
	.summary = "print the changes made to the registry",
	.options = options,
};

static struct client client;
static struct fault fault;

/* plain digits are a seq; seconds since 1970 begin with '@' */
static void
events_set_start(void)
{
	int64_t n = 0;

	if (strcmp(from, "end") == 0) {
		events.from = EVENTS_FROM_END;
	} else if (strcmp(from, "start") == 0 || (from[0] != '-' &&
	    number_parse(from, 0, INT64_MAX, &n))) {
		events.seq = (uint64_t)n;
	} else if (stamp_parse(str_z(from), stamp_now(), &events.since)) {
		events.from = EVENTS_SINCE;
	} else {
		program_misuse("--from '%s': not start, end, a seq, -1h or "
		    "2026-01-31T00:00:00Z", from);
	}
}

static int
events_run(void)
{
	struct backoff pause = { .first = 100, .last = 10000 };	/* ms */
	uint64_t before;
	int got;

	if (client_open(&client, &setup, CLIENT_READ, &fault) < 0)
		return -1;
	do {
		before = events.seq;
		got = client.backend->events(&client, &events, &fault);
		if (got <= 0)
			return got;
		if (events.seq != before)
			backoff_reset(&pause);
		diag_info("%s; going on after %" PRIu64, fault.text,
		    events.seq);
	} while (!signal_stop() &&
	    signal_poll(NULL, 0, (int)backoff_next(&pause)) >= 0);
	return 0;
}

int
main(int argc, char **argv)
{
	struct out out;
	int status = 0;

	program_start(&program, argc, argv);
	events_set_start();
	program_holds_secrets();
	out_init(&out, STDOUT_FILENO, "<stdout>", OUT_MAX);
	client.out = &out;
	if (events_run() < 0)
		status = diag_fault(&fault);
	status = out_finish(&out, status);
	client_close(&client);
	out_release(&out);
	return status;
}
