/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of the registry, one event a line, in order and without gaps: an
 * event is written in the transaction that it reports.  A reader that continues
 * after the last `seq` it has handled misses none and sees none twice.  With
 * --url the events are those of the token's user; a lost connection is opened
 * again, without a gap.
 *
 * In place of stdout they go to a stream of Redis or of the bus, which then
 * keeps the position itself: cmd/events/target.h.
 */
#include <inttypes.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/diag.h"
#include "base/number.h"
#include "base/out.h"
#include "base/program.h"
#include "base/run.h"
#include "base/ready.h"
#include "base/signal.h"
#include "client/client.h"
#include "cmd/events/target.h"
#include "registry/event.h"
#include "registry/registry.h"

/* a batch of the largest events */
#define OUT_MAX (256 * EVENT_MAX)

static const char *from;
static struct client_events events = { .ready_fd = -1 };
static struct remote_setup setup = REMOTE_DEFAULTS;

static struct target_setup to = { .stream = "mainflux.things" };

static const struct opt options[] = {
	{ 0, "from", "WHERE", "begin at start, end, after a seq, or at a time",
	    OPT_STRING(&from) },
	{ 0, "follow", NULL, "wait for further events",
	    OPT_FLAG(&events.follow), .former = 'F' },
	{ 'n', "count", "N", "stop after N events",
	    OPT_INT(&events.count, 1, INT64_MAX) },
	{ 'o', "output", "STREAM", "write events to this stream of the bus, "
	    "each once",
	    OPT_STRING(&to.bus) },
	{ 0, "redis", "URL", "write events to a stream of Redis, each once",
	    OPT_STRING(&to.redis) },
	{ 0, "stream", "NAME", "stream of --redis (default: "
	    "mainflux.things)", OPT_STRING(&to.stream) },
	{ 0, "password-file", "FILE", "read the password of Redis from FILE "
	    "(default: $REDISCLI_AUTH)", OPT_STRING(&to.password_file) },
	{ 0, "maxlen", "N", "trim the stream to about its last N entries",
	    OPT_INT(&to.maxlen, 1, INT64_MAX) },
	{ 0, "all", NULL, "write to Redis also events that Mainflux does "
	    "not have",
	    OPT_FLAG(&to.all) },
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

/* where to, unless it is stdout */
static struct target *
events_target(void)
{
	if (to.bus == NULL && to.redis == NULL) {
		if (to.password_file != NULL || to.maxlen != 0 || to.all)
			program_misuse("--password-file, --maxlen and --all "
			    "need --redis URL");
		return NULL;
	}
	if (to.bus != NULL && to.redis != NULL)
		program_misuse("--output and --redis: only one of them");
	if (events.count != 0)
		program_misuse("--count is for stdout only");
	to.begins = from != NULL;
	to.timeout = setup.timeout;
	return to.bus != NULL ? target_bus(&to, &fault) :
	    target_redis(&to, &fault);
}

/* plain digits are a seq; seconds since 1970 begin with '@' */
static void
events_set_start(void)
{
	const char *where = from != NULL ? from : "start";
	int64_t n = 0;

	if (strcmp(where, "end") == 0) {
		events.from = EVENTS_FROM_END;
	} else if (strcmp(where, "start") == 0 || (where[0] != '-' &&
	    number_parse(where, 0, INT64_MAX, &n))) {
		events.seq = (uint64_t)n;
	} else if (stamp_parse(str_z(where), stamp_now(), &events.since)) {
		events.from = EVENTS_SINCE;
	} else {
		program_misuse("--from '%s': not start, end, a seq, -1h or "
		    "2026-01-31T00:00:00Z", where);
	}
}

static int
events_run(struct target *target)
{
	struct backoff pause = { .first = 100, .last = 10000 };	/* ms */
	uint64_t before;
	int got;

	if (target != NULL)
		return deliver(&client, &events, target, &fault);
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
	struct target *target;
	struct out out;
	int status = 0;

	program_start(&program, argc, argv);
	events_set_start();
	program_holds_secrets();
	target = events_target();
	run_open(program.name, 0);
	out_init(&out, target != NULL ? -1 : STDOUT_FILENO, "<stdout>",
	    OUT_MAX);
	client.out = &out;
	if ((target == NULL && fault.status != 0) ||
	    client_open(&client, &setup, CLIENT_READ, &fault) < 0 ||
	    events_run(target) < 0)
		status = diag_fault(&fault);
	if (target != NULL)
		target->end(target);
	status = out_finish(&out, status);
	client_close(&client);
	out_release(&out);
	return status;
}
