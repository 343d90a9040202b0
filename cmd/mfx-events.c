/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was changed in the registry, one event a line, in order and without
 * gaps: an event is written in the transaction that it tells of.  Whoever
 * goes on behind the last `seq` they have dealt with misses none and sees
 * none twice.  With --url they are those of the token's user, and a broken
 * connection goes on where it was.
 */
#include <errno.h>
#include <inttypes.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/diag.h"
#include "base/number.h"
#include "base/out.h"
#include "base/program.h"
#include "base/ready.h"
#include "base/signal.h"
#include "client/events.h"
#include "registry/event.h"
#include "registry/registry.h"

#define BATCH 256
#define POLL_MS 100
#define REPLACED_POLLS 10
/* before a lost connection is tried again, ms: each time twice as long */

static struct {
	const char *from;
	int64_t count, ready_fd;
	bool follow;
} opt = { .from = "start", .ready_fd = -1 };
static struct remote_setup remote = REMOTE_DEFAULTS;

static const struct opt options[] = {
	{ 0, "from", "WHERE", "begin at start, end, after a seq, or at a time",
	    OPT_STRING(&opt.from) },
	{ 0, "follow", NULL, "wait for further events",
	    OPT_FLAG(&opt.follow), .former = 'F' },
	{ 'n', "count", "N", "stop after N events",
	    OPT_INT(&opt.count, 1, INT64_MAX) },
	READY_FD(&opt.ready_fd, "once it follows"),
	REMOTE_OPTIONS(remote),
	OPT_END
};

static const struct program program = {
	.name = "mfx-events",
	.summary = "print the changes made to the registry",
	.options = options,
};

static struct registry *registry;
static struct fault fault;

enum start { AT_SEQ, AT_END, AT_TIME };

/* digits alone are a seq; seconds since 1970 have an '@' */
static enum start
parse_start(uint64_t *seq, struct stamp *t)
{
	int64_t n = 0;

	if (strcmp(opt.from, "end") == 0)
		return AT_END;
	if (strcmp(opt.from, "start") == 0 ||
	    (number_parse(opt.from, 0, INT64_MAX, &n) &&
	    opt.from[0] >= '0' && opt.from[0] <= '9')) {
		*seq = (uint64_t)n;
		return AT_SEQ;
	}
	if (!stamp_parse(str_z(opt.from), stamp_now(), t))
		program_misuse("--from %s: neither start, end, a seq nor a "
		    "time", opt.from);
	return AT_TIME;
}

static int
find_start(uint64_t *seq)
{
	struct stamp t;

	switch (parse_start(seq, &t)) {
	case AT_END:
		return event_last(registry, seq, &fault);
	case AT_TIME:
		return event_seek(registry, t, seq, &fault);
	default:
		return 0;
	}
}

/* All there is now; 1 when enough were given, 0, or -1. */
static int
drain(struct out *out, uint64_t *seq)
{
	int got, want;

	do {
		want = BATCH;
		if (opt.count > 0 && opt.count < want)
			want = (int)opt.count;
		got = event_read(registry, seq, want, &out->b, &fault);
		if (got < 0)
			return -1;
		if (out_end(out) < 0)
			return 1;
		if (opt.count > 0 && (opt.count -= got) == 0)
			return 1;
	} while (got == want && !signal_stop());
	return out_flush(out) < 0;
}

/* Until the registry changes: 1; until a signal comes or the reader of `out`
 * is gone: 0; -1 */
static int
wait_for_change(const struct out *out)
{
	int turns, changed;

	for (turns = 1; ; turns++) {
		if (signal_wait_input(-1, out->fd, POLL_MS) < 0)
			return 0;
		if ((changed = registry_changed(registry)) < 0)
			return fault_set(&fault, EX_TEMPFAIL,
			    "the registry can't be read any more");
		if (changed)
			return 1;
		/* the numbers of another file mean other events */
		if (turns % REPLACED_POLLS == 0 && registry_replaced(registry))
			return fault_set(&fault, EX_TEMPFAIL,
			    "the registry was replaced by another");
	}
}

/* ---- there ---- */

/* what the server says that begins later is not what was meant here */
static void
set_start(struct events_tap *tap, char text[STAMP_TEXT + 1])
{
	struct stamp t;

	switch (parse_start(&tap->seq, &t)) {
	case AT_END:
		tap->from = "end";
		break;
	case AT_TIME:
		text[0] = '@';
		text[1 + stamp_print(text + 1, t)] = '\0';
		tap->from = text;
		break;
	case AT_SEQ:
		tap->known = true;
		break;
	}
}

/* until the connection is to be tried again; false: a signal has come */
static bool
wait_for_server(struct backoff *pause)
{
	return !signal_stop() &&
	    signal_poll(NULL, 0, (int)backoff_next(pause)) >= 0;
}

static int
follow_there(struct session *session, struct events_tap *tap)
{
	struct backoff pause = { .first = 100, .last = 10000 };	/* ms */
	uint64_t before;
	int got;

	do {
		before = tap->seq;
		got = events_take(session, tap, &fault);
		if (signal_stop())
			return 0;
		if (got > 0 || !tap->follow || (got < 0 &&
		    (fault.status != EX_TEMPFAIL || !tap->begun)))
			return got;
		if (tap->seq != before)
			backoff_reset(&pause);
		diag_info("%s; going on behind %" PRIu64, got < 0 ?
		    fault.text : "the server has ended it", tap->seq);
	} while (wait_for_server(&pause));
	return 0;
}

static int
run_there(struct out *out)
{
	struct events_tap tap = {
		.out = out, .follow = opt.follow, .count = opt.count,
		.ready_fd = (int)opt.ready_fd
	};
	char from[STAMP_TEXT + 1];
	struct session *session;
	int result;

	set_start(&tap, from);
	if (session_open(&session, &remote, &fault) < 0)
		return -1;
	result = session_use_token(session, &fault);
	if (result == 0)
		result = follow_there(session, &tap);
	session_close(session);
	return result;
}

/* ---- here ---- */

static int
run(struct out *out)
{
	uint64_t seq;
	int got;

	if (registry_open(&registry, NULL, REGISTRY_READ, &fault) < 0 ||
	    find_start(&seq) < 0)
		return -1;
	ready_tell(opt.ready_fd);
	while ((got = drain(out, &seq)) == 0 && opt.follow)
		if ((got = wait_for_change(out)) <= 0)
			break;
	return got;
}

int
main(int argc, char **argv)
{
	struct out out;
	int status = 0;

	program_start(&program, argc, argv);
	program_holds_secrets();
	/* a batch of the largest events */
	out_init(&out, STDOUT_FILENO, "<stdout>", BATCH * EVENT_MAX);
	if ((remote_url(&remote) ? run_there : run)(&out) < 0)
		status = diag_fault(&fault);
	status = out_finish(&out, status);
	registry_close(registry);
	out_release(&out);
	return status;
}
