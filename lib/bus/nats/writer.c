/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines to a stream.  A message has lines that follow each other and have one
 * subject; the messages of an append are one atomic batch of the server, or
 * several when they are more than that may have.  Lines one by one are a
 * message each, and go as fast.c has it.  An append ends when the server has
 * said that it keeps the lines, so nothing is on its way between two appends.
 */
#include <sysexits.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/os.h"
#include "bus/nats/writer.h"
#include "line/route.h"

#define BATCH_BYTES ((size_t)16 << 20)
/* of one message, if a line is not longer */
#define MESSAGE_BYTES ((size_t)256 * 1024)
/* what headers take of the server's max_payload */
#define HEADERS_MAX 512
/* after one answer that did not come, how often it is tried, and how long */
#define SILENT_EVERY_MS 1000
#define SILENT_WAIT_MS 250

static void
nats_writer_close(struct bus_writer *head)
{
	struct nats_writer *w = (struct nats_writer *)head;

	buf_release(&w->subject);
	buf_release(&w->subjects);
	free(w);
}

static int
nats_writer_open(struct bus_writer **out, struct bus *bus, const char *stream,
    enum bus_sync sync, struct fault *fault)
{
	struct nats_bus *b = (struct nats_bus *)bus;
	struct nats_writer *w;
	uint64_t id[2], last;

	(void)sync;	/* it is the server's: sync_interval */
	if (stream_make(b, stream, &last, fault) < 0)
		return -1;
	if (!os_random(id, sizeof id))
		return fault_set(fault, EX_TEMPFAIL, "no random bytes yet");
	w = memory_zero(1, sizeof *w);
	w->head.bus = bus;
	w->bus = b;
	w->seed = hash_seed();
	w->last = last;
	memcpy(w->head.stream, stream, strlen(stream));
	snprintf(w->id, sizeof w->id, "%016llx%016llx",
	    (unsigned long long)id[0], (unsigned long long)id[1]);
	buf_init(&w->subject, 2048);
	buf_init(&w->subjects, FAST_MESSAGES * (SUBJECT_MAX + 512));
	stream_subject(&w->subject, b, stream);
	w->subject_n = w->subject.n;
	*out = &w->head;
	return 0;
}

/* ---- a batch ---- */

static void
writer_subject_of(struct nats_writer *w, struct str line)
{
	struct route r;
	size_t rest;

	w->subject.n = w->subject_n;
	if (!route_scan(line, &r, &rest))
		route_clear(&r);
	subject_put(&w->subject, r.channel, r.subtopic);
}

/* does the line continue the last piece? */
static bool
writer_continues(struct nats_writer *w, size_t line_n, unsigned count)
{
	struct piece *p = &w->pieces[w->n - 1];

	return count < MESSAGE_LINES &&
	    p->lines.n + line_n <= MESSAGE_BYTES &&
	    p->subject_n == w->subject.n &&
	    memcmp(w->subjects.p + p->subject, w->subject.p, p->subject_n) == 0;
}

/* Cuts the next batch of at most `max` messages off the lines; with `each`,
 * of messages of one line. */
static void
writer_cut(struct nats_writer *w, struct str *lines, unsigned max, bool each)
{
	struct str line, rest = *lines;
	size_t bytes = 0;
	unsigned count = 0;

	w->n = 0;
	buf_clear(&w->subjects);
	while (str_take_line(&rest, &line)) {
		writer_subject_of(w, line);
		line.n++;
		if (w->n > 0 && !each &&
		    writer_continues(w, line.n, count)) {
			w->pieces[w->n - 1].lines.n += line.n;
			count++;
		} else if (w->n == max ||
		    (w->n > 0 && bytes + line.n > BATCH_BYTES)) {
			break;
		} else {
			w->pieces[w->n++] = (struct piece){
				line, w->subjects.n, w->subject.n
			};
			buf_put_str(&w->subjects, buf_str(&w->subject));
			buf_putc(&w->subjects, '\0');
			count = 1;
		}
		bytes += line.n;
		*lines = rest;
	}
}

/* ---- sending it ---- */

void
writer_id(const struct nats_writer *w, uint64_t number, char to[WRITER_ID_MAX])
{
	snprintf(to, WRITER_ID_MAX, "%s.%llu", w->id,
	    (unsigned long long)number);
}

static natsStatus
writer_head(natsMsg *msg, const char *batch, unsigned i, unsigned n)
{
	char number[12];
	natsStatus s;

	snprintf(number, sizeof number, "%u", i);
	s = natsMsgHeader_Set(msg, "Nats-Batch-Id", batch);
	if (s == NATS_OK)
		s = natsMsgHeader_Set(msg, "Nats-Batch-Sequence", number);
	if (s == NATS_OK && i == n)
		s = natsMsgHeader_Set(msg, "Nats-Batch-Commit", "1");
	return s;
}

static natsStatus
writer_mark_head(natsMsg *msg, const struct nats_mark *mark)
{
	char after[24];
	natsStatus s;

	snprintf(after, sizeof after, "%llu",
	    (unsigned long long)mark->after);
	s = natsMsgHeader_Set(msg, "Nats-Expected-Last-Subject-Sequence",
	    after);
	return s == NATS_OK ?
	    natsMsgHeader_Set(msg, "Nats-Rollup", "sub") : s;
}

/* Message i of n: the mark of a source is the first one. */
static natsStatus
writer_make(struct nats_writer *w, const struct nats_mark *mark,
    const char *batch, unsigned i, unsigned n, const char *reply,
    natsMsg **msg)
{
	bool marks = mark != NULL && i == 1;
	struct str text = marks ? str_z(mark->text) :
	    w->pieces[i - 1 - (mark != NULL)].lines;
	const char *subject = marks ? mark->subject :
	    w->subjects.p + w->pieces[i - 1 - (mark != NULL)].subject;
	char id[WRITER_ID_MAX];
	natsStatus s = natsMsg_Create(msg, subject, i == n ? reply : NULL,
	    text.p, (int)text.n);

	if (s != NATS_OK)
		return s;
	if (n > 1)
		s = writer_head(*msg, batch, i, n);
	if (s == NATS_OK && marks)
		s = writer_mark_head(*msg, mark);
	if (s == NATS_OK && mark == NULL && i == 1) {
		writer_id(w, w->ids, id);
		s = natsMsgHeader_Set(*msg, "Nats-Msg-Id", id);
	}
	if (s != NATS_OK)
		natsMsg_Destroy(*msg);
	return s;
}

static int
writer_send(struct nats_writer *w, const struct nats_mark *mark, int64_t ms,
    struct answer *a, struct fault *fault)
{
	unsigned i, n = w->n + (mark != NULL);
	char reply[ASK_REPLY], batch[64];
	uint64_t number;
	natsMsg *msg;
	int r = 0;

	request_reply(w->bus, reply, &number);
	/* another one each time: a part of one that failed may be there */
	snprintf(batch, sizeof batch, "%s.%llu", w->id,
	    (unsigned long long)number);
	*a = (struct answer){ .msg = NULL };
	for (i = 1; i <= n && r == 0; i++) {
		if (writer_make(w, mark, batch, i, n, reply, &msg) != NATS_OK)
			return fault_set(fault, EX_SOFTWARE, "%s: bad message",
			    w->head.stream);
		r = i < n ? request_publish(w->bus, msg, fault) :
		    request_message(w->bus, msg, number, ms, a, fault);
		natsMsg_Destroy(msg);
	}
	return r;
}

/* ---- what came of it ---- */

static int
writer_refused(struct nats_writer *w, const struct answer *a,
    struct fault *fault)
{
	if (a->error == ERROR_WRONG_LAST)
		return fault_set(fault, NATS_MARKED, "%s: another source of "
		    "this group", w->head.stream);
	return fault_set(fault, EX_TEMPFAIL, "%s: %s: %s", w->head.stream,
	    w->bus->head.name, a->why);
}

/* 0 when the lines are there; *again when the stream was missing */
static int
writer_judge(struct nats_writer *w, struct answer *a, bool *again,
    uint64_t *seq, struct fault *fault)
{
	*again = a->nobody;
	if (a->nobody)
		return stream_make(w->bus, w->head.stream, &w->last,
		    fault);
	request_judge(w->bus, a);
	if (a->error == ERROR_DUPLICATE)
		return 0;
	if (a->error != 0)
		return writer_refused(w, a, fault);
	w->last = json_count(w->bus, a->data, "seq");
	*seq = w->last << MESSAGE_BITS;
	return 0;
}

/* After an answer that did not come the next ones are not waited for as long,
 * and are not asked for at once: the adapters' other clients wait too. */
static int
writer_patience(struct nats_writer *w, int64_t *ms, struct fault *fault)
{
	struct nats_bus *b = w->bus;

	*ms = request_patience(b);
	if (b->silent == 0)
		return 0;
	if (clock_ms() - b->silent < SILENT_EVERY_MS)
		return fault_set(fault, EX_TEMPFAIL, "%s: no answer; try again "
		    "later", b->head.name);
	b->silent = clock_ms();
	*ms = SILENT_WAIT_MS;
	return 0;
}

/* may it be tried, and how long is an answer waited for? */
static int
writer_ready(struct nats_writer *w, int64_t *ms, struct fault *fault)
{
	return hub_open(w->bus, fault) < 0 || lease_check(w->bus, fault) < 0 ||
	    writer_patience(w, ms, fault) < 0 ? -1 : 0;
}

/* the batch in hand: 0 when it is there; *seq is 0 or that of its last line */
static int
writer_put(struct nats_writer *w, const struct nats_mark *mark,
    uint64_t *seq, struct fault *fault)
{
	struct answer a;
	bool again = true;
	int64_t ms;
	int r = 0, tries;

	*seq = 0;
	if (writer_ready(w, &ms, fault) < 0)
		return -1;
	for (tries = 0; r == 0 && again; tries++) {
		if (tries == 2)
			return fault_set(fault, EX_TEMPFAIL, "%s: nothing "
			    "keeps this stream; try again later",
			    w->head.stream);
		r = writer_send(w, mark, ms, &a, fault);
		if (r == 0)
			r = writer_judge(w, &a, &again, seq, fault);
		request_release(&a);
	}
	return r;
}

/* a line, with its headers, is to fit into the server's max_payload */
static int
writer_fits(struct nats_writer *w, struct fault *fault)
{
	int64_t max = natsConnection_GetMaxPayload(w->bus->nc);
	unsigned i;

	for (i = 0; i < w->n; i++)
		if ((int64_t)w->pieces[i].lines.n + HEADERS_MAX > max)
			return fault_set(fault, EX_DATAERR, "%s: a line of "
			    "%zu bytes is over max_payload of the server, "
			    "%lld bytes; 2MB take all", w->head.stream,
			    w->pieces[i].lines.n, (long long)max);
	return 0;
}

/*
 * The next batch of *lines, which become those after it.  Lines that may be
 * there, as no answer came, are known by their id when they come again.
 */
static int
writer_next(struct nats_writer *w, struct str *lines, bool each,
    struct bus_source *source, uint64_t *seq, struct fault *fault)
{
	struct nats_mark mark;
	struct str rest = *lines, batch;
	uint64_t hash;

	if (hub_open(w->bus, fault) < 0)
		return -1;
	writer_cut(w, &rest, BATCH_MESSAGES - (source != NULL), each);
	if (writer_fits(w, fault) < 0)
		return -1;
	batch = (struct str){ lines->p, lines->n - rest.n };
	if (source != NULL)
		source_mark(source, &mark, batch, rest.n == 0);
	hash = w->failed == 0 ? 0 : hash_seeded(w->seed, batch);
	if (hash == 0 || hash != w->failed)
		w->ids++;
	w->failed = 0;
	if (writer_put(w, source ? &mark : NULL, seq, fault) < 0 &&
	    (source == NULL || source_look(source, &mark, fault) < 0)) {
		w->failed = hash_seeded(w->seed, batch);
		return -1;
	}
	if (source != NULL)
		source_marked(source, place_sequence(*seq), w->n);
	*lines = rest;
	return 0;
}

/* ---- one by one ---- */

/* When other lines come than those in doubt, these are given up. */
static void
writer_recall(struct nats_writer *w, struct str lines)
{
	const struct writer_doubt *d = &w->doubt;

	if (d->n == 0 || (d->bytes <= lines.n && d->hash ==
	    hash_seeded(w->seed, (struct str){ lines.p, d->bytes })))
		return;
	w->ids += d->n;
	w->doubt.n = 0;
}

/* The lines begin with those in doubt; they become those that are not there. */
static int
writer_settle(struct nats_writer *w, struct str *lines, struct fault *fault)
{
	struct str line = *lines, rest = *lines;
	unsigned there;
	int64_t ms;

	if (writer_ready(w, &ms, fault) < 0)
		return -1;
	str_take_line(&rest, &line);
	writer_subject_of(w, line);
	buf_clear(&w->subjects);
	buf_put_str(&w->subjects, buf_str(&w->subject));
	buf_putc(&w->subjects, '\0');
	if (fast_settle(w, w->subjects.p, ms, &there, fault) < 0)
		return -1;
	w->doubt.n = 0;
	w->ids += there;
	while (there-- > 0)
		str_take_line(lines, &line);
	return 0;
}

/* The batch in hand, of lines from `lines` on: 1, 0, -1, as fast_put.  They
 * become those that are not there, or may not be. */
static int
writer_fast(struct nats_writer *w, struct str *lines, struct fault *fault)
{
	const struct str last = w->pieces[w->n - 1].lines;
	unsigned there;
	struct str rest;
	int64_t ms;
	int r;

	if (writer_ready(w, &ms, fault) < 0 || writer_fits(w, fault) < 0)
		return -1;
	if ((r = fast_put(w, ms, &there, fault)) == 0)
		return 0;
	rest.p = there < w->n ? w->pieces[there].lines.p : last.p + last.n;
	rest.n = (size_t)(last.p + last.n - rest.p);
	*lines = str_from(*lines, (size_t)(rest.p - lines->p));
	w->doubt.bytes = rest.n;
	w->doubt.hash = hash_seeded(w->seed, rest);
	w->ids += w->doubt.n > 0 ? there : w->n;
	return r;
}

static int
writer_each(struct nats_writer *w, struct str *lines, struct fault *fault)
{
	struct str rest = *lines;
	uint64_t seq;
	int r = 0;

	writer_cut(w, &rest, FAST_MESSAGES, true);
	/* one that may be there as a whole comes again as a whole */
	if (w->n > 1 && !w->slow && w->failed == 0)
		r = writer_fast(w, lines, fault);
	if (r == 0)
		r = writer_next(w, lines, true, NULL, &seq, fault);
	return r < 0 ? -1 : 0;
}

/* ---- the driver's ---- */

/* without what an append that failed has left there, when it comes again */
static void
writer_skip(struct nats_writer *w, struct str *lines)
{
	if (w->there > 0 && w->there <= lines->n && w->there_hash ==
	    hash_seeded(w->seed, (struct str){ lines->p, w->there }))
		*lines = str_from(*lines, w->there);
	w->there = 0;
}

static int
nats_append(struct bus_writer *head, struct str lines,
    struct bus_source *source, uint64_t *seq, struct fault *fault)
{
	struct nats_writer *w = (struct nats_writer *)head;
	struct str rest = lines;

	*seq = 0;
	writer_recall(w, STR_NONE);
	if (source == NULL)
		writer_skip(w, &rest);
	else if (source_begin(source, &rest, fault) < 0)
		return -1;
	while (rest.n > 0) {
		if (writer_next(w, &rest, false, source, seq, fault) == 0)
			continue;
		w->there = source != NULL ? 0 : lines.n - rest.n;
		w->there_hash = hash_seeded(w->seed,
		    (struct str){ lines.p, w->there });
		return -1;
	}
	return 0;
}

static int
nats_append_each(struct bus_writer *head, struct str *lines,
    struct fault *fault)
{
	struct nats_writer *w = (struct nats_writer *)head;
	int r = 0;

	writer_recall(w, *lines);
	while (r == 0 && lines->n > 0)
		r = w->doubt.n > 0 ? writer_settle(w, lines, fault) :
		    writer_each(w, lines, fault);
	return r;
}

/* an append has the server's word already */
static int
nats_commit(struct bus_writer *head, struct fault *fault)
{
	(void)head;
	(void)fault;
	return 0;
}

static int
nats_check(struct bus_writer *head, struct fault *fault)
{
	struct nats_writer *w = (struct nats_writer *)head;
	int64_t ms;

	return writer_patience(w, &ms, fault) < 0 ? -1 :
	    stream_make(w->bus, w->head.stream, NULL, fault);
}

const struct bus_writer_ops nats_writer_ops = {
	.open = nats_writer_open, .close = nats_writer_close,
	.append = nats_append, .append_each = nats_append_each,
	.commit = nats_commit, .check = nats_check
};
