/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines from stdin to a stream of the bus, in batches as they come, each
 * batch whole or not at all.  A full disk makes it wait, as what it would
 * drop exists nowhere else.  With --ack the source's group moves once the
 * batch is on the bus; batches are then cut only behind a line that carries
 * `seq`, and what was published before a kill is not published again.
 */
#include <errno.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/filter.h"
#include "base/program.h"
#include "base/signal.h"
#include "bus/bus.h"
#include "senml/canonical.h"

static struct {
	const char *ack, *sync, *rejects;
	int64_t timeout;
	bool each;
} opt = { .sync = "none" };

static const struct opt options[] = {
	{ 0, "ack", "STREAM/GROUP", "move this group when its lines are on "
	    "the bus", OPT_STRING, &opt.ack, 0, 0 },
	{ 0, "sync", BUS_SYNC_WORDS, "when lines are on disk: some "
	    "time, within a second, before --ack",
	    OPT_CHOICE, &opt.sync, 0, 0 },
	{ 't', "timeout", "DURATION", "on a full disk, give up after this "
	    "(else: never)", OPT_TIMEOUT, &opt.timeout, 1, 0 },
	{ 'u', "unbuffered", NULL, "publish each line alone",
	    OPT_FLAG, &opt.each, 0, 0 },
	{ 0, "rejects", "FILE", "append refused lines to FILE",
	    OPT_STRING, &opt.rejects, 0, 0 },
	OPT_END
};

static const struct program program = {
	.name = "mfx-pub",
	.summary = "publish messages to a stream of the bus",
	.synopsis = "[options] STREAM [FILE ...]",
	.options = options,
};

/* a batch is published at this size; only a unit of lines that end in one
 * with seq makes it larger: see PACK_OUT_MAX */
#define BATCH ((size_t)256 * 1024)
#define BATCH_MAX ((size_t)80 << 20)
/* milliseconds between two attempts on a full disk */
#define RETRY_FIRST 50
#define RETRY_LAST 5000

static struct {
	struct filter f;
	struct bus_writer *writer;
	struct bus_relay *relay;	/* with --ack */
	struct canonical canonical;
	bool fresh;		/* a batch begins: what time is it? */
	struct buf batch;
	size_t whole;		/* bytes of it that may be published */
	uint64_t seq;		/* with --ack: the group's, behind those */
	bool moved;		/* seq is new */
	uint64_t again;		/* lines that had been published before */
} pub;

/* False when there is no point in trying again. */
static bool
wait_for_room(const struct fault *why, int64_t *waited)
{
	int64_t delay = *waited < RETRY_FIRST ? RETRY_FIRST : *waited;

	if (why->status != EX_TEMPFAIL || signal_stop() || (opt.timeout > 0 &&
	    *waited >= opt.timeout / 1000000)) {
		diag_fault(why);
		return false;
	}
	if (*waited == 0)
		diag_warning("%s; waiting for room", why->text);
	if (delay > RETRY_LAST)
		delay = RETRY_LAST;
	signal_poll(NULL, 0, (int)delay);
	*waited += delay;
	return true;
}

/* Each line by a write of its own; *lines becomes what is left. */
static int
append_each(struct str *lines, struct fault *fault)
{
	uint64_t end;
	int r = bus_hold(pub.writer, fault);

	while (r == 0 && lines->n > 0) {
		struct str rest = *lines, line;

		bus_line_next(&rest, &line);
		line.n++;
		r = bus_append(pub.writer, line, &end, fault);
		if (r == 0)
			*lines = rest;
	}
	bus_release(pub.writer);
	return r;
}

static int
append(struct str *lines, struct fault *fault)
{
	uint64_t end;

	if (pub.relay != NULL)
		return bus_relay_append(pub.relay, *lines, pub.seq, fault);
	if (opt.each)
		return append_each(lines, fault);
	return bus_append(pub.writer, *lines, &end, fault);
}

/* Gives 0, or the status to end with. */
static int
append_and_ack(struct str lines)
{
	struct fault fault;
	int64_t waited = 0;

	while (lines.n > 0 && append(&lines, &fault) < 0)
		if (!wait_for_room(&fault, &waited)) {
			diag_error("%zu bytes of lines are not published",
			    lines.n);
			return fault.status;
		}
	if (bus_commit(pub.writer, &fault) < 0)
		return diag_fault(&fault);
	while (pub.moved && bus_relay_ack(pub.relay, pub.seq, &fault) < 0)
		if (!wait_for_room(&fault, &waited))
			return fault.status;
	if (waited > 0)
		diag_warning("there was no room for %lld ms, it goes on",
		    (long long)waited);
	return 0;
}

/* Called before each read that could block, and when there is enough. */
static void
publish(void *arg)
{
	struct buf *b = &pub.batch;
	int status;

	(void)arg;
	pub.fresh = true;
	if (pub.f.out.err != 0 || (pub.whole == 0 && !pub.moved))
		return;
	status = append_and_ack((struct str){ b->p, pub.whole });
	if (status != 0) {
		/* ends the input */
		pub.f.status = status;
		pub.f.out.err = ECANCELED;
		return;
	}
	if (pub.whole < b->n)
		memmove(b->p, b->p + pub.whole, b->n - pub.whole);
	b->n -= pub.whole;
	pub.whole = 0;
	pub.moved = false;
}

/* The lines up to here belong together: publish them, unless that had
 * been done before the group moved here. */
static void
end_unit(uint64_t seq)
{
	if (pub.relay == NULL)
		return;
	if (seq <= bus_relay_acked(pub.relay)) {
		pub.again++;
		pub.batch.n = pub.whole;
		return;
	}
	pub.whole = pub.batch.n;
	if (seq > pub.seq)
		pub.seq = seq;
	pub.moved = true;
}

static const char *
take(struct str line)
{
	size_t start = pub.batch.n;
	const char *why;
	uint64_t seq;
	bool has_seq;

	if (pub.fresh)
		canonical_now(&pub.canonical, stamp_now());
	pub.fresh = false;
	why = canonical_put(&pub.canonical, &pub.batch, line, &has_seq, &seq);
	if (pub.batch.n > start)
		buf_putc(&pub.batch, '\n');
	/* a line that is refused must not hold the group up */
	if (has_seq)
		end_unit(seq);
	if (why != NULL)
		return why;
	if (pub.relay == NULL)
		pub.whole = pub.batch.n;
	return pub.batch.full ?
	    "over 80 MiB of lines without one that has seq" : NULL;
}

static void
take_all(void)
{
	struct fault fault;
	const char *why;
	struct str line;
	int r;

	while ((r = filter_next(&pub.f, &line)) > 0) {
		if (r == LINE_IDLE) {
			if (bus_commit(pub.writer, &fault) < 0) {
				pub.f.status = diag_fault(&fault);
				return;
			}
			continue;
		}
		if ((why = take(line)) != NULL)
			filter_reject(&pub.f, line, why, 0);
		if (pub.batch.full) {
			pub.f.status = EX_DATAERR;
			pub.f.out.err = ECANCELED;
			return;
		}
		if ((opt.each && pub.relay != NULL) || pub.batch.n >= BATCH)
			publish(NULL);
	}
}

static int
open_bus(const char *stream, struct fault *fault)
{
	char from[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];

	if (opt.ack != NULL &&
	    bus_group_parse(opt.ack, from, group, fault) < 0)
		return -1;
	if (bus_writer_open(&pub.writer, stream, bus_sync_named(opt.sync),
	    fault) < 0)
		return -1;
	return opt.ack == NULL ? 0 :
	    bus_relay_open(&pub.relay, pub.writer, from, group, fault);
}

/* What is left has no `seq` behind it, so it will come again. */
static void
say_rest(void)
{
	if (pub.again > 0)
		diag_info("%llu lines had been published before",
		    (unsigned long long)pub.again);
	if (pub.relay == NULL || pub.batch.n == pub.whole ||
	    pub.f.out.err != 0)
		return;
	diag_warning("%zu bytes of lines behind the last seq are not "
	    "published", pub.batch.n - pub.whole);
	if (pub.f.status == 0)
		pub.f.status = EX_DATAERR;
}

int
main(int argc, char **argv)
{
	int i = program_start(&program, argc, argv);
	struct fault fault;

	if (argv[i] == NULL)
		program_misuse(&program, "missing STREAM");
	if (filter_init(&pub.f, argv + i + 1, opt.rejects, NULL) < 0)
		return filter_finish(&pub.f);
	if (open_bus(argv[i], &fault) < 0)
		return diag_fault(&fault);
	buf_init(&pub.batch, BATCH_MAX);
	canonical_init(&pub.canonical);
	pub.fresh = true;
	pub.f.out.fd = -1;
	pub.f.out.late = publish;
	if (opt.sync[0] == 'i')
		pub.f.in.timeout = 1000;
	take_all();
	publish(NULL);
	say_rest();
	pub.f.out.late = NULL;
	pub.f.out.err = 0;
	bus_relay_close(pub.relay);
	bus_writer_close(pub.writer);
	buf_release(&pub.batch);
	canonical_release(&pub.canonical);
	return filter_finish(&pub.f);
}
