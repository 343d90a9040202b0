/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of a stream of the bus to stdout, each with its position as its
 * first label, "seq".  Lines that --channel or --shard leave out become
 * marks, so that the acknowledging sink keeps advancing.  With a group it
 * continues at the group's position; it moves the group only with
 * --auto-ack.
 */
#include <errno.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/line.h"
#include "base/out.h"
#include "base/pace.h"
#include "base/program.h"
#include "base/ready.h"
#include "base/run.h"
#include "base/signal.h"
#include "cmd/sub/choice.h"
#include "cmd/sub/ends.h"
#include "line/framing.h"

static struct {
	const char *from, *until, *speed, *shard;
	struct opt_list channels;
	int64_t count, last, ready_fd;
	struct framing_options framing;
	bool tail, no_follow, auto_ack, take_over;
} opt = { .ready_fd = -1 };

static const struct opt options[] = {
	{ 0, "from", "WHERE", "begin at start, end, a position, or a time "
	    "(-1h); with a group, where a new one begins",
	    OPT_STRING(&opt.from) },
	{ 0, "until", "WHERE", "stop at a position or a time",
	    OPT_STRING(&opt.until) },
	{ 0, "tail", NULL, "read only new lines: --from end",
	    OPT_FLAG(&opt.tail) },
	{ 0, "last", "N", "begin with the last N lines of the stream",
	    OPT_INT(&opt.last, 1, INT64_MAX) },
	{ 0, "no-follow", NULL, "stop at the end instead of waiting for more",
	    OPT_FLAG(&opt.no_follow) },
	{ 'n', "count", "N", "stop after N lines",
	    OPT_INT(&opt.count, 1, INT64_MAX) },
	{ 0, "speed", "FACTOR", "replay at this multiple of the original "
	    "speed, such as 10x", OPT_STRING(&opt.speed) },
	{ 0, "channel", "CHANNEL", "only lines of this channel; may be "
	    "repeated", OPT_LIST(&opt.channels) },
	{ 0, "shard", "I/N", "only part I of N, divided by channel",
	    OPT_STRING(&opt.shard) },
	FRAMING_OPTIONS(&opt.framing, "lines"),
	{ 0, "auto-ack", NULL, "move the group once the lines are written",
	    OPT_FLAG(&opt.auto_ack) },
	{ 0, "take-over", NULL, "take the group from a reader that is silent",
	    OPT_FLAG(&opt.take_over) },
	READY_FD(&opt.ready_fd, "when reading"),
	OPT_END
};

static const struct program program = {
	.name = "mfx-sub",
	.summary = "read a stream of the bus",
	.operands = "STREAM[/GROUP]",
	.options = options,
};

/* a mark stands for at most this many lines that were left out */
#define MARK_EVERY 4096
/* how often a bus that is away is tried, ms */
#define AWAY_MS 1000

static struct {
	char stream[BUS_NAME_MAX + 1];
	struct bus *bus;
	struct bus_group *group;	/* NULL: none */
	struct bus_reader *reader;
	struct out out;
	int status;
	struct ends ends;
	struct pace pace;
	struct choice choice;
	uint64_t written, seen;	/* lines */
	uint64_t position;	/* of the last line that was read */
	uint64_t left_out;	/* lines since the last one written */
	uint64_t acked;
	bool away;		/* the bus: so it was said */
} sub = { .choice.channels = &opt.channels };

static void
sub_put_mark(void)
{
	if (sub.left_out == 0)
		return;
	mark_put(&sub.out.b, sub.position, 0);
	framing_lines(&sub.out.b, sub.out.whole, opt.framing);
	sub.left_out = 0;
	out_end(&sub.out);
}

/* Writes all that was read, and moves the group: 0, or -1. */
static int
sub_settle(void)
{
	struct fault fault;

	sub_put_mark();
	if (out_flush(&sub.out) < 0)
		return -1;
	if (!opt.auto_ack || sub.position == sub.acked)
		return 0;
	if (bus_group_set(sub.group, sub.position, &fault) < 0) {
		/* it is moved with the next lines */
		if (fault.status == EX_TEMPFAIL && sub.away)
			return 0;
		sub.status = diag_fault(&fault);
		return -1;
	}
	sub.acked = sub.position;
	return 0;
}

/* Waits until this line is due; false when asked to stop. */
static bool
sub_wait_for_turn(void)
{
	struct stamp t;
	int left;

	if (!choice_time(&sub.choice, &t))
		return true;
	while ((left = pace_left(&sub.pace, t, stamp_now())) > 0) {
		if (sub_settle() < 0 || signal_stop())
			return false;
		signal_poll(NULL, 0, left);
	}
	return true;
}

/* Takes one line from the bus; false when it is the last one wanted. */
static bool
sub_take(const struct bus_line *line)
{
	struct stamp t;
	struct route mark;

	sub.seen++;
	choice_line(&sub.choice, line);
	if (line->seq > sub.ends.end || (sub.ends.end_time.ns != 0 &&
	    choice_time(&sub.choice, &t) && t.ns >= sub.ends.end_time.ns))
		return false;
	if (line_is_mark(line->text, &mark) ||
	    !choice_wants(&sub.choice, sub.stream)) {
		sub.position = line->seq;
		if (++sub.left_out >= MARK_EVERY)
			sub_put_mark();
		return true;
	}
	if (sub.pace.factor > 0 && !sub_wait_for_turn())
		return false;
	sub.position = line->seq;
	sub.left_out = 0;
	bus_line_put(&sub.out.b, line->text, line->seq);
	framing_lines(&sub.out.b, sub.out.whole, opt.framing);
	out_end(&sub.out);
	return ++sub.written != (uint64_t)opt.count && sub.out.err == 0;
}

/* Called at the end of the stream, with the longest time to wait, ms: false
 * when there is no more to wait for. */
static bool
sub_wait_for_more(int timeout)
{
	if (sub_settle() < 0)
		return false;
	if (sub.ends.end_time.ns != 0) {
		int64_t left = sub.ends.end_time.ns - stamp_now().ns;

		if (left <= 0)
			return false;
		timeout = left / 1000000 >= 1000000 ? 1000000 :
		    (int)(left / 1000000) + 1;
	}
	if (bus_wait(sub.reader, sub.out.fd, timeout) >= 0 || errno == EINTR)
		return !signal_stop();
	if (errno == EPIPE)
		raise(SIGPIPE);
	diag_error("%s: %s", sub.stream, strerror(errno));
	sub.status = EX_OSERR;
	return false;
}

/* the bus can't be read: true when it may be tried again */
static bool
sub_bear(const struct fault *fault)
{
	if (fault->status != EX_TEMPFAIL || sub.ends.no_follow) {
		sub.status = diag_fault(fault);
		/* a damaged line is skipped */
		return fault->status == EX_DATAERR;
	}
	if (!sub.away)
		diag_warning("%s; waiting", fault->text);
	sub.away = true;
	return sub_wait_for_more(AWAY_MS);
}

/* A bus may leave lines of other shards out itself. */
static void
sub_pass_others(void)
{
	uint64_t at = bus_reader_position(sub.reader);

	if (at > sub.ends.end)
		at = sub.ends.end;
	if (opt.shard == NULL || at <= sub.position)
		return;
	sub.position = at;
	sub.left_out++;
}

static bool
sub_take_some(void)
{
	struct fault fault;
	struct bus_lines lines, run;
	struct bus_line line;
	int got = bus_read(sub.reader, &lines, &fault);

	ends_warn_gone(sub.bus, sub.reader, sub.stream);
	if (got < 0)
		return sub_bear(&fault);
	if (sub.away)
		diag_warning("%s: it goes on", sub.stream);
	sub.away = false;
	/* a local copy stays in registers */
	run = lines;
	run_add(RUN_BYTES_IN, run.rest.n);
	while (bus_lines_next(&run, &line))
		if (!sub_take(&line))
			return false;
	run_set(RUN_LINES_IN, sub.seen);
	sub_pass_others();
	if (bus_reader_position(sub.reader) >= sub.ends.end)
		return false;
	return got == 0 ? sub_wait_for_more(-1) : !signal_stop() &&
	    (!opt.auto_ack || sub_settle() == 0);
}

static void
sub_check_options(void)
{
	sub.ends.bounded = opt.until != NULL;
	sub.ends.no_follow = opt.no_follow;
	ends_begin(&sub.ends, opt.from, opt.tail, (uint64_t)opt.last);
	ends_parse("until", opt.until, &sub.ends.until);
	if (opt.speed != NULL && !pace_parse(opt.speed, &sub.pace))
		program_misuse("--speed '%s': not a factor such as "
		    "10x or 0.5", opt.speed);
	if (opt.shard != NULL && !bus_shard_parse(opt.shard, &sub.choice.shard))
		program_misuse("--shard '%s': not I/N with I from 1 "
		    "to N", opt.shard);
}

/* 1; 0 when asked to stop, -1 */
static int
sub_open_bus(const char *operand, struct fault *fault)
{
	char group[BUS_NAME_MAX + 1];
	uint64_t seq;
	int there;

	if (bus_operand_parse(operand, sub.stream, group, fault) < 0)
		return -1;
	if (opt.auto_ack && group[0] == '\0')
		program_misuse("--auto-ack needs STREAM/GROUP");
	if (bus_open(&sub.bus, NULL, fault) < 0)
		return -1;
	if ((there = ends_await(&sub.ends, sub.bus, sub.stream,
	    &opt.ready_fd, fault)) <= 0)
		return there;
	if (ends_find(&sub.ends, sub.bus, sub.stream, fault) < 0)
		return -1;
	seq = sub.ends.start;
	if (group[0] != '\0' && ends_join(&sub.group, sub.bus, sub.stream,
	    group, opt.take_over, &seq, fault) < 0)
		return -1;
	sub.position = sub.acked = seq;
	run_input(operand);
	run_open(program.name, group[0] != '\0' ? RUN_MAKE : 0);
	ends_warn(sub.bus, sub.stream, seq);
	if (bus_reader_open(&sub.reader, sub.bus, sub.stream, seq, fault) < 0)
		return -1;
	bus_reader_shard(sub.reader, &sub.choice.shard);
	return 1;
}

int
main(int argc, char **argv)
{
	int i = program_start(&program, argc, argv), there;
	struct fault fault;

	sub_check_options();
	if ((there = sub_open_bus(argv[i], &fault)) <= 0)
		return there < 0 ? diag_fault(&fault) : 0;
	out_init(&sub.out, STDOUT_FILENO, "<stdout>", LINE_LIMIT + 64);
	ready_tell(opt.ready_fd);
	while (sub_take_some())
		continue;
	sub_settle();
	run_set(RUN_LINES_IN, sub.seen);
	sub.status = out_finish(&sub.out, sub.status);
	bus_reader_close(sub.reader);
	bus_group_close(sub.group);
	bus_close(sub.bus);
	out_release(&sub.out);
	return sub.status;
}
