/* SPDX-License-Identifier: Apache-2.0 */
#include "store/intake.h"

#include <sysexits.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/filter.h"
#include "base/ready.h"
#include "base/signal.h"
#include "senml/message.h"

/* a batch of large values ends before it has its number of readings */
#define BATCH_BYTES ((size_t)16 << 20)
#define BATCH_GROWTH 10
/* how long, in milliseconds, a batch on its way may be unheard of */
#define LOOK_MS 100

struct intake {
	const struct intake_options *opt;
	char stream[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];
	struct filter f;
	struct pack pack;
	struct batch batch;	/* being filled */
	struct committer committer;
	uint64_t position;	/* of the last line taken */
	bool sequenced;		/* lines carry seq: wait for it */
	bool overflow;
	int64_t deadline;	/* of what is due, in milliseconds */
};

static int64_t
now_ms(void)
{
	/* asked for at every line: the coarse clock costs little */
	return clock_coarse_ns() / 1000000;
}

static void
cut(struct intake *s, const uint64_t *seq)
{
	if (!s->batch.due)
		s->deadline = now_ms() + s->opt->every / 1000000;
	batch_cut(&s->batch, seq);
}

/* The line's records are in the batch; may they be stored now? */
static void
end_of_line(struct intake *s, const struct route *route)
{
	if (route->has_seq) {
		s->sequenced = true;
		if (s->opt->ack != NULL && route->seq <= s->position) {
			batch_drop_tail(&s->batch);
			return;
		}
		s->position = route->seq;
		cut(s, &route->seq);
	} else if (!s->sequenced && s->batch.n > s->batch.whole) {
		cut(s, NULL);
	}
}

static void
refuse(struct intake *s, struct str line, const char *why)
{
	struct route route = { .seq = 0 };
	size_t rest;

	filter_reject(&s->f, line, why, s->pack.at + 1);
	/* that it was seen is progress, or it would come for ever */
	if (route_scan(line, &route, &rest))
		end_of_line(s, &route);
}

static void
take(struct intake *s, struct str line)
{
	struct route route;
	const char *why = pack_parse_line(&s->pack, line, (struct stamp){ 0 },
	    &route);

	if (why != NULL)
		refuse(s, line, why);
	else if (batch_add(&s->batch, &route, &s->pack))
		end_of_line(s, &route);
	else
		s->overflow = true;
}

/* While the one before is on its way, a batch may as well grow: the more
 * there is to do, the less each reading of it costs. */
static bool
full(const struct intake *s, bool busy)
{
	size_t max = (size_t)s->opt->batch * (busy ? BATCH_GROWTH : 1);

	return s->batch.whole >= max || s->batch.bytes >= BATCH_BYTES;
}

/* Hands the batch over when it is time to; -1 when that is no use. */
static int
hand_over(struct intake *s, int64_t now)
{
	bool busy = committer_busy(&s->committer);

	if (!busy && s->committer.failed)
		return -1;
	if (s->batch.due && (full(s, busy) || (!busy && now >= s->deadline)))
		return committer_give(&s->committer, &s->batch);
	return 0;
}

/* How long the next line may let us wait: for ever with nothing to do. */
static int
time_left(struct intake *s, int64_t now)
{
	if (committer_busy(&s->committer))
		return LOOK_MS;
	/* it may have come to an end, a bad one, since hand_over looked */
	if (s->committer.failed)
		return 0;
	if (!s->batch.due)
		return -1;
	return s->deadline > now ? (int)(s->deadline - now) : 0;
}

static void
say_failure(struct intake *s)
{
	const struct committer *c = &s->committer;

	diag_error("%s; %zu readings not stored", c->fault.text,
	    c->batch.n + s->batch.n);
	s->f.status = c->fault.status;
}

/* What is there when the input ends. */
static void
finish(struct intake *s)
{
	struct committer *c = &s->committer;

	if (s->batch.due)
		committer_give(c, &s->batch);
	committer_wait(c);
	if (c->failed) {
		say_failure(s);
	} else if (s->overflow) {
		diag_error("%s:%llu: too much without a line that has 'seq'",
		    s->f.in.name, (unsigned long long)s->f.in.number);
		s->f.status = EX_DATAERR;
	} else if (s->batch.n > 0 && !signal_stop()) {
		diag_warning("the input ended inside a message: %zu readings "
		    "in front of its 'seq' not stored", s->batch.n);
		if (s->f.status == 0)
			s->f.status = s->opt->ack ? EX_TEMPFAIL : EX_DATAERR;
	} else if (c->behind && s->f.status == 0) {
		s->f.status = EX_TEMPFAIL;
	}
}

static void
run(struct intake *s)
{
	struct str line;
	int64_t now;
	int r;

	while ((r = filter_next(&s->f, &line)) > 0) {
		if (r == LINE_OK)
			take(s, line);
		now = now_ms();
		if (s->overflow || hand_over(s, now) < 0)
			break;
		s->f.in.timeout = time_left(s, now);
	}
	finish(s);
}

/*
 * The store is what counts: a group that is behind it, because we were
 * killed between the two, is moved now.  A bus that does not know the group
 * and is not as long as we have read is another one, or a new one: its
 * lines would be taken for old ones and dropped.
 */
static int
settle_group(struct intake *s, struct fault *fault)
{
	uint64_t seq, end;
	struct bus_reader *reader;
	int known;

	if (bus_group_parse(s->opt->ack, s->stream, s->group, fault) < 0)
		return -1;
	known = bus_group_get(s->stream, s->group, &seq, fault);
	if (known < 0)
		return -1;
	if (s->position <= seq)
		return 0;
	if (!known) {
		if (bus_reader_open(&reader, s->stream, UINT64_MAX, fault) < 0)
			return -1;
		end = bus_reader_position(reader);
		bus_reader_close(reader);
		if (end < s->position)
			return fault_set(fault, EX_CONFIG, "the store has '%s' "
			    "up to %llu, but the stream ends at %llu: another "
			    "bus, which needs another group", s->opt->ack,
			    (unsigned long long)s->position,
			    (unsigned long long)end);
	}
	return bus_group_set(s->stream, s->group, s->position, fault);
}

static int
start(struct intake *s, const struct intake_store *store, struct fault *fault)
{
	s->committer.store = store;
	if (s->opt->ack != NULL) {
		if (settle_group(s, fault) < 0)
			return -1;
		s->committer.stream = s->stream;
		s->committer.group = s->group;
	}
	return committer_start(&s->committer, fault);
}

int
intake_check(const struct intake_options *opt, struct fault *fault)
{
	char stream[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];

	return opt->ack == NULL ? 0 :
	    bus_group_parse(opt->ack, stream, group, fault);
}

int
intake_run(const struct intake_options *opt, const struct intake_store *store,
    uint64_t position)
{
	struct intake s = {
		.opt = opt, .position = position,
		.sequenced = opt->ack != NULL,
	};
	static char *no_files[] = { NULL };
	struct fault fault;

	if (start(&s, store, &fault) < 0)
		return diag_fault(&fault);
	if (filter_init(&s.f, no_files, opt->rejects, NULL) == 0) {
		/* nothing is written there: who reads it is of no interest */
		s.f.out.fd = -1;
		pack_init(&s.pack);
		batch_init(&s.batch);
		ready_tell(opt->ready_fd);
		run(&s);
		pack_release(&s.pack);
		batch_release(&s.batch);
	}
	committer_end(&s.committer);
	return filter_finish(&s.f);
}
