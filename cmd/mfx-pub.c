/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines from stdin to a stream of the bus, in batches as they come, each batch
 * whole or not at all.  While the disk is full or the bus is away it waits, as
 * what it holds exists nowhere else.  With --ack the source's group moves once
 * the batch is there; a batch then ends only after a line that carries `seq`,
 * and what was published before a kill is not published again.
 */
#include <errno.h>
#include <poll.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/filter.h"
#include "base/program.h"
#include "base/run.h"
#include "base/signal.h"
#include "bus/dead.h"
#include "cmd/pub/appender.h"
#include "line/canonical.h"
#include "line/framing.h"
#include "line/mark.h"

static struct {
	const char *ack, *rejects;
	enum bus_sync sync;
	int64_t timeout;
	struct framing_options framing;
	bool each;
} opt = { .sync = BUS_SYNC_NONE };

static const struct opt options[] = {
	{ 0, "ack", "STREAM/GROUP", "move this group when its lines are on "
	    "the bus", OPT_STRING(&opt.ack) },
	{ 0, "sync", BUS_SYNC_WORDS, "when the bus is synced to disk",
	    OPT_ENUM(&opt.sync) },
	{ 0, "timeout", "DURATION", "while the disk is full or the bus is "
	    "away, give up after this long (default: never)",
	    OPT_TIMEOUT(&opt.timeout, 1, INT64_MAX),
	    .former = 't' },
	FRAMING_OPTIONS(&opt.framing, "messages"),
	FILTER_UNBUFFERED(&opt.each, "publish each line at once"),
	FILTER_REJECTS(&opt.rejects),
	OPT_END
};

static const struct program program = {
	.name = "mfx-pub",
	.summary = "publish messages to a stream of the bus",
	.operands = "STREAM [FILE ...]",
	.options = options,
};

/* A batch is published at this size; only a unit of lines, which ends in one
 * with seq, can make it larger: see PACK_OUT_MAX.  With a little more it fits
 * into one message of a server. */
#define BATCH ((size_t)192 * 1024)
/* lines one by one, as many as there are: the server answers them together */
#define BATCH_EACH ((size_t)1024 * 1024)
#define BATCH_MAX ((size_t)80 << 20)
/* how long lines without a position wait for one that follows, ns */
#define PATIENCE (INT64_C(15) * STAMP_SECOND)
#define PATIENCE_FIRST STAMP_SECOND	/* when no line has had one yet */

static struct {
	struct filter f;
	struct appender to;	/* its source with --ack */
	struct canonical canonical;
	size_t enough;		/* bytes of a batch */
	bool fresh;		/* a batch begins: take the time */
	struct buf batch, flat;
	size_t whole;		/* bytes of it that may be published */
	uint64_t lines, whole_lines;
	struct progress at;	/* with --ack: how far those are */
	bool moved;		/* that is new */
	bool positions;		/* lines have them … */
	bool hopeless;		/* … or none has */
	bool told;		/* that some have none */
	int64_t patience;	/* monotonic ns: what waits for one, until */
	uint64_t again;		/* lines that had been published before */
} pub;

static void
pub_publish(void)
{
	struct buf *b = &pub.batch;
	int status;

	pub.fresh = true;
	if (pub.f.out.err != 0 || (pub.whole == 0 && !pub.moved))
		return;
	if (pub.to.source != NULL)
		pub.to.source->at = pub.at;
	status = appender_append(&pub.to, (struct str){ b->p, pub.whole },
	    pub.moved);
	if (status != 0) {
		/* ends the input */
		pub.f.status = status;
		pub.f.out.err = ECANCELED;
		return;
	}
	run_add(RUN_LINES_OUT, pub.whole_lines);
	run_add(RUN_BYTES_OUT, pub.whole);
	pub.lines -= pub.whole_lines;
	pub.whole_lines = 0;
	if (pub.whole < b->n)
		memmove(b->p, b->p + pub.whole, b->n - pub.whole);
	b->n -= pub.whole;
	pub.whole = 0;
	pub.moved = false;
}

static void
pub_all_whole(void)
{
	pub.whole = pub.batch.n;
	pub.whole_lines = pub.lines;
}

/* The lines up to here may be published, unless they were published before the
 * group moved here. */
static void
pub_end_unit(const struct route *r)
{
	if (pub.to.source == NULL) {
		pub_all_whole();
		return;
	}
	pub.positions = true;
	pub.patience = 0;
	if (progress_covers(&pub.to.source->done, r)) {
		pub.again++;
		pub.batch.n = pub.whole;
		pub.lines = pub.whole_lines;
		return;
	}
	pub_all_whole();
	if (!progress_covers(&pub.at, r))
		progress_add(&pub.at, r);
	pub.moved = true;
}

/* Publishes lines without a position after all. */
static void
pub_give_up_waiting(void)
{
	if (!pub.told)
		diag_warning("%s:%llu: a line without 'seq': it is published, "
		    "but not acknowledged; a filter before it leaves 'seq' out",
		    pub.f.in.name, (unsigned long long)pub.f.in.number);
	pub.told = true;
	pub.hopeless = !pub.positions;
	pub.patience = 0;
	pub_all_whole();
}

/* A line without a position belongs to the next position. */
static void
pub_take_unplaced(void)
{
	size_t n = pub.batch.n - pub.whole;

	if (pub.to.source == NULL)
		pub_all_whole();
	else if (pub.positions ? n > BATCH_MAX / 2 :
	    pub.hopeless || n > BATCH)
		pub_give_up_waiting();
	else if (pub.patience == 0)
		pub.patience = clock_ns() +
		    (pub.positions ? PATIENCE : PATIENCE_FIRST);
}

static const char *
pub_take(struct str line)
{
	size_t start = pub.batch.n;
	const char *why;
	struct route at;

	if (pub.fresh)
		canonical_now(&pub.canonical, stamp_now());
	pub.fresh = false;
	if (pub.f.in.cut != NULL && !framing_flatten(&line, &pub.flat))
		return "not a message: a line break in a text";
	/* half a line may look like a whole one */
	if (pub.f.sequenced && !line_is_whole(line))
		return "not a message: it has no end";
	why = canonical_put(&pub.canonical, &pub.batch, line, &at);
	if (why != NULL)
		return why;
	pub.lines += pub.batch.n > start;
	if (pub.batch.n > start)
		buf_putc(&pub.batch, '\n');
	if (at.has_seq)
		pub_end_unit(&at);
	else
		pub_take_unplaced();
	return NULL;
}

/* Called when nothing came for a while. */
static int
pub_idle(struct fault *fault)
{
	if (pub.patience != 0 && clock_ns() >= pub.patience) {
		pub_give_up_waiting();
		pub_publish();
	}
	return bus_commit(pub.to.writer, fault);
}

static void
pub_take_all(void)
{
	struct fault fault;
	struct route route;
	const char *why;
	struct str line;
	int r;

	while ((r = filter_next(&pub.f, &line)) > 0) {
		if (r == LINE_IDLE && pub_idle(&fault) < 0) {
			pub.f.status = diag_fault(&fault);
			return;
		}
		if (r == LINE_OK && (why = pub_take(line)) != NULL &&
		    refused_position(&pub.f, line, why, 0, &route))
			pub_end_unit(&route);
		if (opt.sync != BUS_SYNC_INTERVAL)
			pub.f.in.timeout = pub.patience != 0 ? 1000 : -1;
		if ((opt.each && pub.to.source != NULL) ||
		    pub.batch.n >= pub.enough)
			pub_publish();
	}
}

/* Called before each read.  What can be read at once joins the batch, as a
 * larger one costs less. */
static void
pub_late(void *arg)
{
	struct pollfd more = { pub.f.in.fd, POLLIN, 0 };

	(void)arg;
	if (pub.batch.n >= pub.enough || poll(&more, 1, 0) <= 0 ||
	    (more.revents & POLLIN) == 0)
		pub_publish();
}

/* No `seq` follows what is left: it will be delivered again. */
static void
pub_say_rest(void)
{
	if (pub.again > 0)
		diag_info("%llu lines had been published before",
		    (unsigned long long)pub.again);
	if (pub.to.source == NULL || pub.batch.n == pub.whole ||
	    pub.f.out.err != 0)
		return;
	diag_warning("%zu bytes of lines after the last seq are not "
	    "published", pub.batch.n - pub.whole);
	if (pub.f.status == 0)
		pub.f.status = EX_TEMPFAIL;
}

int
main(int argc, char **argv)
{
	int i = program_start(&program, argc, argv), status;

	dead_letters(opt.ack);
	if (filter_init(&pub.f, argv + i + 1, opt.rejects,
	    framing_cut(opt.framing)) < 0)
		return filter_finish(&pub.f);
	pub.to.timeout = opt.timeout;
	pub.to.each = opt.each;
	status = appender_open(&pub.to, argv[i], opt.sync, opt.ack);
	if (status != 0)
		return status;
	if (pub.to.source != NULL) {
		pub.at = pub.to.source->done;
		pub.f.sequenced = true;
	}
	buf_init(&pub.batch, BATCH_MAX);
	buf_init(&pub.flat, LINE_LIMIT);
	canonical_init(&pub.canonical);
	pub.enough = opt.each ? BATCH_EACH : BATCH;
	pub.fresh = true;
	pub.f.out.fd = -1;
	pub.f.out.late = pub_late;
	if (opt.sync == BUS_SYNC_INTERVAL)
		pub.f.in.timeout = 1000;
	pub_take_all();
	if (pub.to.source != NULL && !pub.positions && pub.batch.n > pub.whole)
		pub_give_up_waiting();
	pub_publish();
	pub_say_rest();
	if (pub.f.torn && pub.to.source != NULL && pub.f.status == 0)
		pub.f.status = EX_TEMPFAIL;
	pub.f.out.late = NULL;
	pub.f.out.err = 0;
	appender_close(&pub.to);
	buf_release(&pub.batch);
	buf_release(&pub.flat);
	canonical_release(&pub.canonical);
	return filter_finish(&pub.f);
}
