/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was changed in the registry, one event a line, in order and without
 * gaps: an event is written in the transaction that it tells of.  Whoever
 * goes on behind the last `seq` they have dealt with misses none and sees
 * none twice.
 */
#include <errno.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/out.h"
#include "base/program.h"
#include "base/ready.h"
#include "base/signal.h"
#include "registry/event.h"

#define BATCH 256
#define POLL_MS 100
#define REPLACED_POLLS 10

static struct {
	const char *from;
	int64_t count, ready_fd;
	bool follow;
} opt = { .from = "start", .ready_fd = -1 };

static const struct opt options[] = {
	{ 0, "from", "WHERE", "start, end, behind a seq, or at a time",
	    OPT_STRING, &opt.from, 0, 0 },
	{ 'F', "follow", NULL, "wait for more", OPT_FLAG, &opt.follow, 0, 0 },
	{ 'n', "count", "N", "stop after N", OPT_INT, &opt.count,
	    1, INT64_MAX },
	{ 0, "ready-fd", "FD", "write a newline there once it follows",
	    OPT_INT, &opt.ready_fd, 0, 1 << 20 },
	OPT_END
};

static const struct program program = {
	.name = "mfx-events",
	.summary = "print what was changed in the registry",
	.synopsis = "[--from WHERE] [--follow] [-n N]",
	.options = options,
};

static struct registry *registry;
static struct fault fault;

/* digits alone are a seq; seconds since 1970 have an '@' */
static int
find_start(uint64_t *seq)
{
	struct stamp t;
	int64_t n;

	*seq = 0;
	if (strcmp(opt.from, "start") == 0)
		return 0;
	if (strcmp(opt.from, "end") == 0)
		return event_last(registry, seq, &fault);
	if (number_parse(opt.from, 0, INT64_MAX, &n) &&
	    opt.from[0] >= '0' && opt.from[0] <= '9') {
		*seq = (uint64_t)n;
		return 0;
	}
	if (!stamp_parse(str_z(opt.from), stamp_now(), &t))
		program_misuse(&program, "--from %s: neither start, end, a "
		    "seq nor a time", opt.from);
	return event_seek(registry, t, seq, &fault);
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

/* Until the registry changes, or a signal comes: 1, 0; -1 */
static int
wait_for_change(void)
{
	int turns, changed;

	for (turns = 1; ; turns++) {
		if (signal_stop() || signal_poll(NULL, 0, POLL_MS) < 0)
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
		if ((got = wait_for_change()) <= 0)
			break;
	return got;
}

int
main(int argc, char **argv)
{
	int i = program_start(&program, argc, argv), status = 0;
	struct out out;

	if (argv[i] != NULL)
		program_misuse(&program, "unexpected '%s'", argv[i]);
	program_holds_secrets();
	/* a batch of the largest events */
	out_init(&out, STDOUT_FILENO, "<stdout>", BATCH * EVENT_MAX);
	if (run(&out) < 0)
		status = diag_fault(&fault);
	if (out_flush(&out) < 0) {
		diag_error("%s: %s", out.name, strerror(out.err));
		status = EX_IOERR;
	}
	registry_close(registry);
	out_release(&out);
	return status;
}
