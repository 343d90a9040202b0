/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sink.h"

#include <sysexits.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/run.h"
#include "base/signal.h"
#include "bus/dead.h"
#include "line/decoded.h"
#include "line/mark.h"
#include "store/settle.h"

#define BATCH_READINGS 5000
/* a batch of large values ends before it has its number of readings */
#define BATCH_BYTES ((size_t)16 << 20)
#define BATCH_GROWTH 10
/* how long, in milliseconds, a batch on its way may be unheard of */
#define LOOK_MS 100
#define LAG_MS 1000	/* between two looks how far the group is */
/* how long lines without a position wait for one that follows: where no
 * line has had one yet, there may never be any */
#define PATIENCE_MS 15000
#define PATIENCE_FIRST_MS 1000
#define HOPEFUL_READINGS 5000

struct sink {
	const struct sink_options *opt;
	size_t readings, bytes;	/* of a batch */
	struct bus *bus;		/* with --ack */
	struct filter f;
	struct decoded decoded;
	struct batch_ids ids;
	struct batch batch;	/* being filled */
	struct committer committer;
	struct progress at;	/* of the last line taken */
	struct buf last;	/* that line */
	bool positions;		/* lines have them … */
	bool hopeless;		/* … or none has */
	bool unplaced;		/* one without is the last in the batch */
	bool told;		/* that some have none, or the same */
	bool overflow;
	struct gauge gauge;
	char stream[BUS_NAME_MAX + 1];	/* of the group */
	/* when run_count.h was told, and of the lag, in ms; where the group
	 * was then */
	int64_t counted, lag_told;
	uint64_t lag_at;
	int64_t deadline;	/* of what is due, in milliseconds */
	int64_t patience;	/* of what waits for its position */
};

static int64_t
sink_now_ms(void)
{
	/* asked for at every line: the coarse clock costs little */
	return clock_coarse_ns() / 1000000;
}

static void
sink_cut(struct sink *s, const struct progress *at)
{
	if (!s->batch.due)
		s->deadline = sink_now_ms() + s->opt->every / 1000000;
	batch_cut(&s->batch, at);
}

static void
sink_tell(struct sink *s, const char *what)
{
	if (!s->told)
		diag_warning("%s:%llu: %s", s->f.in.name,
		    (unsigned long long)s->f.in.number, what);
	s->told = true;
}

/* What waits is stored as it is. */
static void
sink_give_up_waiting(struct sink *s)
{
	if (s->unplaced && s->opt->ack != NULL)
		sink_tell(s, "a line without 'seq': it is stored, but not "
		    "acknowledged; a filter in front leaves 'seq' out");
	s->hopeless = !s->positions;
	s->unplaced = false;
	s->patience = 0;
	sink_cut(s, s->positions ? &s->at : NULL);
}

static void
sink_wait_until(struct sink *s, int64_t ms)
{
	if (s->patience == 0)
		s->patience = sink_now_ms() + ms;
}

/*
 * A line without a position.  Where others have them, one that follows is
 * that of this line too: mfx-encode writes such.
 */
static void
sink_take_unplaced(struct sink *s)
{
	size_t n = s->batch.n - s->batch.whole;

	if (n == 0)
		return;
	s->unplaced = true;
	if (s->positions ? batch_is_long(&s->batch) : s->hopeless ||
	    s->opt->ack == NULL || n >= HOPEFUL_READINGS)
		sink_give_up_waiting(s);
	else
		sink_wait_until(s,
		    s->positions ? PATIENCE_MS : PATIENCE_FIRST_MS);
}

/*
 * Two lines with one position: that is against mfx-line(5), but none is to
 * be lost when a filter copies `seq` and leaves `part` out.
 */
static bool
sink_is_twin(struct sink *s, struct str line, const struct route *route)
{
	struct progress before = s->at;

	progress_add(&before, route);
	return s->last.n > 0 && progress_compare(&before, &s->at) == 0 &&
	    !str_eq(buf_str(&s->last), line);
}

/* Has this line been stored by another run, or is it here again? */
static bool
sink_is_again(struct sink *s, struct str line, struct route *route)
{
	if (s->opt->ack == NULL || !route->has_seq ||
	    !progress_covers(&s->at, route))
		return false;
	s->positions = true;
	if (!sink_is_twin(s, line, route)) {
		/* so has what stands in front of it without a position */
		if (s->unplaced)
			batch_drop_tail(&s->batch);
		s->unplaced = false;
		return true;
	}
	sink_tell(s, "two lines with one position: a filter in front leaves "
	    "'part' out, so some may be lost when it is killed");
	/* it has no position of its own */
	route->joined = true;
	return false;
}

/* The line's records, if any, are in the batch. */
static void
sink_end_of_line(struct sink *s, struct str line, const struct route *route)
{
	if (!route->has_seq) {
		sink_take_unplaced(s);
		return;
	}
	s->positions = true;
	s->unplaced = false;
	progress_add(&s->at, route);
	buf_clear(&s->last);
	buf_put_str(&s->last, line);
	/* what was one message is stored as one, when it is soon there */
	if (route->part != 0 && !batch_is_long(&s->batch)) {
		sink_wait_until(s, s->opt->every / 1000000);
	} else {
		s->patience = 0;
		sink_cut(s, &s->at);
	}
}

/* Before a line that belongs to another message, or to none: parts that wait
 * are all of theirs. */
static void
sink_begin_line(struct sink *s, const struct route *route)
{
	if (s->unplaced || s->batch.n == s->batch.whole ||
	    (route->has_seq && route->seq == s->at.open))
		return;
	s->patience = 0;
	sink_cut(s, &s->at);
}

static void
sink_take(struct sink *s, struct str line)
{
	struct route route;
	const char *why = decoded_parse(&s->decoded, line,
	    (struct stamp){ 0 }, &route);

	/* that a refused one was seen is progress */
	if (why != NULL && !refused_position(&s->f, line, why,
	    s->decoded.pack.at + 1, &route))
		return;
	if (sink_is_again(s, line, &route))
		return;
	sink_begin_line(s, &route);
	if (why == NULL && s->decoded.note != NULL)
		filter_note(&s->f, DECODED_NOTE, s->decoded.note);
	if (why == NULL && !batch_add(&s->batch, &route, s->decoded.records))
		s->overflow = true;
	else
		sink_end_of_line(s, line, &route);
}

/* While the one before is on its way, a batch may as well grow: the more
 * there is to do, the less each reading of it costs. */
static bool
sink_is_full(const struct sink *s, bool busy)
{
	size_t max = s->readings * (busy ? BATCH_GROWTH : 1);

	return s->batch.whole >= max || s->batch.bytes >= s->bytes;
}

static void
sink_show(struct sink *s, void (*draw)(struct gauge *,
    const struct gauge_counts *))
{
	struct gauge_counts counts;

	committer_count(&s->committer, &counts);
	counts.refused += s->f.rejected;
	draw(&s->gauge, &counts);
}

/* Gives it, and while the one before is on its way, shows how far that is. */
static int
sink_give(struct sink *s)
{
	while (s->gauge.shown && !committer_wait_for(&s->committer, GAUGE_MS))
		sink_show(s, gauge_draw);
	return committer_give(&s->committer, &s->batch);
}

/* Hands the batch over when it is time to; -1 when that is no use. */
static int
sink_hand_over(struct sink *s, int64_t now)
{
	bool busy = committer_busy(&s->committer);

	if (!busy && s->committer.failed)
		return -1;
	if (s->patience != 0 && now >= s->patience) {
		sink_give_up_waiting(s);
		s->deadline = now;
	}
	if (s->batch.due &&
	    (sink_is_full(s, busy) || (!busy && now >= s->deadline)))
		return sink_give(s);
	return 0;
}

/* How long the next line may let us wait: for ever with nothing to do. */
static int
sink_time_left(struct sink *s, int64_t now)
{
	if (committer_busy(&s->committer))
		return LOOK_MS;
	/* it may have come to an end, a bad one, since hand_over looked; or a
	 * good one, and what was to grow is full now */
	if (s->committer.failed)
		return 0;
	if (s->batch.due && sink_is_full(s, false))
		return 0;
	if (s->batch.due)
		return s->deadline > now ? (int)(s->deadline - now) : 0;
	if (s->patience != 0)
		return s->patience > now ? (int)(s->patience - now) : 0;
	return -1;
}

static void
sink_fail(struct sink *s)
{
	const struct committer *c = &s->committer;

	diag_error("%s; %zu readings not stored", c->fault.text,
	    c->batch.n + s->batch.n);
	s->f.status = c->fault.status;
}

/* What is there when the input ends. */
static void
sink_finish(struct sink *s)
{
	struct committer *c = &s->committer;

	/* lines without a position in front of one come again */
	if (s->batch.n > s->batch.whole && !s->overflow &&
	    !(s->positions && s->unplaced && s->opt->ack != NULL))
		sink_give_up_waiting(s);
	if (s->batch.due)
		sink_give(s);
	while (s->gauge.shown && !committer_wait_for(c, GAUGE_MS))
		sink_show(s, gauge_draw);
	committer_wait(c);
	sink_show(s, gauge_end);
	if (c->failed) {
		sink_fail(s);
	} else if (s->overflow) {
		diag_error("%s:%llu: too much in one line", s->f.in.name,
		    (unsigned long long)s->f.in.number);
		s->f.status = EX_DATAERR;
	} else if (s->batch.n > 0 && !signal_stop()) {
		diag_warning("the input ended inside a message: %zu readings "
		    "in front of its 'seq' not stored", s->batch.n);
		if (s->f.status == 0)
			s->f.status = EX_TEMPFAIL;
	} else if ((c->behind || (s->f.torn && s->opt->ack != NULL)) &&
	    s->f.status == 0) {
		s->f.status = EX_TEMPFAIL;
	}
}

/* What a person sees changes, too, while nothing comes. */
static void
sink_look(struct sink *s, int64_t now)
{
	if (!s->gauge.shown)
		return;
	if (gauge_due(&s->gauge, now))
		sink_show(s, gauge_draw);
	if (s->f.in.timeout < 0 || s->f.in.timeout > GAUGE_MS)
		s->f.in.timeout = GAUGE_MS;
}

/* How far the group is behind; a server is not waited for to know it. */
static void
sink_count_lag(struct sink *s, int64_t now)
{
	struct gauge_counts counts;
	struct fault ignored;
	uint64_t lag;
	int64_t age;

	committer_count(&s->committer, &counts);
	if (now - s->lag_told < LAG_MS && (counts.at == s->lag_at ||
	    committer_busy(&s->committer)))
		return;
	s->lag_told = now;
	s->lag_at = counts.at;
	if (bus_unread(s->bus, s->stream, counts.at, &lag, &age,
	    &ignored) < 0)
		return;
	run_set(RUN_LAG, lag);
	run_set(RUN_LAG_TIME, (uint64_t)age);
}

/* For run_count.h, a few times a second and before it waits for long. */
static void
sink_count(struct sink *s, int64_t now)
{
	if (now == s->counted || (now - s->counted < LOOK_MS &&
	    s->f.in.timeout >= 0))
		return;
	s->counted = now;
	run_set(RUN_PENDING, s->batch.n);
	if (s->bus != NULL && !bus_waits(s->bus))
		sink_count_lag(s, now);
}

static void
sink_loop(struct sink *s)
{
	struct str line;
	int64_t now;
	int r;

	while ((r = filter_next(&s->f, &line)) > 0) {
		if (r == LINE_OK)
			sink_take(s, line);
		now = sink_now_ms();
		if (s->overflow || sink_hand_over(s, now) < 0)
			break;
		s->f.in.timeout = sink_time_left(s, now);
		sink_count(s, now);
		sink_look(s, now);
	}
	sink_finish(s);
}

/* A store that is away just now is waited for, as by a write. */
static int
sink_ask_place(struct sink *s, struct fault *fault)
{
	struct committer *c = &s->committer;
	enum store_result r;

	while ((r = c->store->position(c->handle, s->opt->ack, &s->at,
	    fault)) == STORE_LATER)
		if (!store_try_again(c->patience, fault)) {
			fault->status = EX_TEMPFAIL;
			break;
		}
	if (r != STORE_DONE)
		return -1;
	store_is_back(c->patience);
	return 0;
}

/* How far is the store with the group?  One that does not say so is where
 * the group is. */
static int
sink_find_place(struct sink *s, struct fault *fault)
{
	struct committer *c = &s->committer;
	char stream[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];

	if (bus_group_parse(s->opt->ack, stream, group, fault) < 0 ||
	    bus_open(&s->bus, NULL, fault) < 0 ||
	    bus_group_open(&c->group, s->bus, stream, group, fault) < 0 ||
	    (c->store->position != NULL && sink_ask_place(s, fault) < 0) ||
	    settle(s->bus, c->group, &s->at, &c->acked, &c->starts,
	    fault) < 0)
		return -1;
	if (c->store->position == NULL) {
		s->at = (struct progress){ .whole = c->acked };
		c->starts = false;	/* the bus alone knows */
	}
	c->counts.at = s->at.whole;
	gauge_init(&s->gauge, s->bus, stream);
	memcpy(s->stream, stream, sizeof stream);
	c->refused.stream = s->stream;
	run_input(s->opt->ack);
	run_set(RUN_POSITION, s->at.whole);
	/* a server is not waited for to count */
	run_open(diag_name(), RUN_MAKE | RUN_GROUP |
	    (bus_waits(s->bus) ? 0 : RUN_LAGGING));
	return 0;
}

static int
sink_start(struct sink *s, struct fault *fault)
{
	const struct store_driver *store = s->committer.store;
	struct batch_ids *ids = store->position == NULL ? &s->ids : NULL;

	s->readings = s->opt->batch > 0 ? (size_t)s->opt->batch :
	    sink_batch(store);
	s->bytes = store->batch_bytes ? store->batch_bytes : BATCH_BYTES;
	gauge_init(&s->gauge, NULL, "");
	run_open(diag_name(), RUN_COMMITTING | RUN_SINK);
	if (s->opt->ack != NULL && sink_find_place(s, fault) < 0)
		return -1;
	batch_ids_init(&s->ids, s->opt->ack);
	batch_init(&s->batch, ids);
	return committer_start(&s->committer, ids, fault);
}

size_t
sink_batch(const struct store_driver *store)
{
	return store->batch > 0 ? store->batch : BATCH_READINGS;
}

int
sink_check(const struct sink_options *opt, struct fault *fault)
{
	char stream[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];

	return opt->ack == NULL ? 0 :
	    bus_group_parse(opt->ack, stream, group, fault);
}

int
sink_run(const struct sink_options *opt, const struct store_driver *store,
    void *writer, struct store_patience *patience)
{
	struct sink s = {
		.opt = opt,
		.committer = {
			.store = store, .handle = writer, .patience = patience,
			.refused = { .path = opt->rejects }
		}
	};
	static char *no_files[] = { NULL };
	struct fault fault;

	if (sink_start(&s, &fault) < 0)
		return diag_fault(&fault);
	dead_letters(opt->ack);
	if (filter_init(&s.f, no_files, opt->rejects, NULL) == 0) {
		/* nothing is written there: its reader may go */
		s.f.out.fd = -1;
		s.f.sequenced = opt->ack != NULL;
		s.f.stream = opt->ack != NULL ? s.stream : NULL;
		buf_init(&s.last, LINE_LIMIT);
		decoded_init(&s.decoded);
		ready_tell(opt->ready_fd);
		sink_loop(&s);
		decoded_release(&s.decoded);
		buf_release(&s.last);
	}
	committer_end(&s.committer);
	bus_group_close(s.committer.group);
	bus_close(s.bus);
	batch_release(&s.batch);
	return refusals_finish(&s.committer.refused, filter_finish(&s.f));
}
