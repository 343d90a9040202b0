/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages one by one, as a fast batch of the server (NATS' ADR-50): it takes
 * them in their order and ends the batch at the first one that is missing or
 * refused, so what is there is always the first so many.  What it should do
 * with a message stands in the subject that it answers to:
 *
 *	<inbox>.<batch>.<flow>.fail.<number in the batch>.<operation>.$FI
 *
 * It answers to the first one, then to each so many as it likes, and to the
 * last one, or when it has ended the batch, with how many are there.
 *
 * When that answer does not come, the batch is ended by an operation of its
 * own, and the server says how many are there.  One that has lost its memory
 * does not know the batch, and refuses what may still be on its way; then the
 * stream is searched for our last message.  With an id for each, as the server
 * keeps them, nothing would be searched, but they cost it memory and time.
 */
#include <sysexits.h>

#include "base/clock.h"
#include "base/number.h"
#include "bus/nats/writer.h"

/* no answer is for more messages than this */
#define FLOW "500"
/* after this, in ms, no server knows a batch: it forgets one that gets no
 * message for 10 seconds */
#define FORGOTTEN_MS 12000

enum { FAST_START, FAST_MORE, FAST_LAST, FAST_END };

struct fast {
	struct nats_writer *w;
	char reply[128];	/* up to "fail." */
	size_t reply_n;
	unsigned connected;
	unsigned sent;
	unsigned there;		/* so many are, at least */
	unsigned room;		/* so many more may be on their way */
	bool over;		/* … and no more */
	bool lost;		/* it does not say so any more */
	bool nobody;		/* nothing keeps that stream */
	bool ending;		/* only its end is asked for */
	struct answer refused;	/* error 0: it was not */
};

static void
fast_init(struct fast *f, struct nats_writer *w, uint64_t batch)
{
	*f = (struct fast){
		.w = w, .connected = w->bus->connected, .room = 1
	};
	f->reply_n = (size_t)snprintf(f->reply, sizeof f->reply,
	    "%s.%.16s-%llu." FLOW ".fail.", w->bus->answers->subject, w->id,
	    (unsigned long long)batch);
}

/* ---- sending ---- */

/* the header, of the first one an id, too: it may begin a batch again when it
 * has been on its way for long */
static natsStatus
fast_head(struct fast *f, natsMsg *msg, unsigned i)
{
	char id[WRITER_ID_MAX];
	natsStatus s;

	writer_id(f->w, f->w->ids + i, id);
	s = natsMsgHeader_Set(msg, FAST_HEADER, id);
	return s == NATS_OK && i == 1 ?
	    natsMsgHeader_Set(msg, "Nats-Msg-Id", id) : s;
}

/* with the number i in the batch, and with a header when there is a text */
static int
fast_send(struct fast *f, const char *subject, struct str text, unsigned i,
    int operation, struct fault *fault)
{
	natsMsg *msg;
	natsStatus s;

	snprintf(f->reply + f->reply_n, sizeof f->reply - f->reply_n,
	    "%u.%d.$FI", i, operation);
	s = natsMsg_Create(&msg, subject, f->reply, text.p, (int)text.n);
	if (s != NATS_OK)
		return fault_set(fault, EX_SOFTWARE, "%s: bad message",
		    f->w->head.stream);
	if (text.n > 0)
		s = fast_head(f, msg, i);
	if (s == NATS_OK)
		s = natsConnection_PublishMsg(f->w->bus->nc, msg);
	natsMsg_Destroy(msg);
	f->sent = i;
	return request_status(f->w->bus, s, fault);
}

/* ---- answers ---- */

/* a number of an answer: there are no more messages than were sent */
static unsigned
fast_count(struct fast *f, struct str data, const char *name, unsigned max)
{
	uint64_t n = json_count(f->w->bus, data, name);

	return n < max ? (unsigned)n : max;
}

static void
fast_take_flow(struct fast *f, struct str data)
{
	unsigned n = fast_count(f, data, "seq", f->sent);

	if (n > f->there)
		f->there = n;
	f->room = 2 * fast_count(f, data, "msgs", FAST_MESSAGES);
	if (f->room == 0)
		f->room = 1;
}

/* the batch has ended */
static void
fast_take_end(struct fast *f, struct str data)
{
	uint64_t sequence = json_count(f->w->bus, data, "seq");

	if (sequence > 0)
		f->w->last = sequence;
	f->there = fast_count(f, data, "count", f->sent);
	f->over = true;
}

/* of the first one alone an error says all; when the batch is to be ended, only
 * one that answers to that counts */
static void
fast_take_error(struct fast *f, natsMsg *msg, const struct answer *a)
{
	const char *subject = natsMsg_GetSubject(msg);
	size_t n = strlen(subject);

	if (f->ending && (n < 6 || strcmp(subject + n - 6, ".3.$FI") != 0))
		return;
	f->nobody = a->nobody;
	f->over = f->sent == 1;
	f->lost = !f->over;
	if (f->refused.error == 0)
		f->refused = *a;
}

static void
fast_take(struct fast *f, natsMsg *msg)
{
	struct nats_bus *b = f->w->bus;
	struct answer a = {
		.data = { natsMsg_GetData(msg),
		    (size_t)natsMsg_GetDataLength(msg) },
		.nobody = natsMsg_IsNoResponders(msg)
	};
	struct str type = json_member(b, a.data, "type", OBJECT_TEXT);

	if (str_eq(type, STR("ack"))) {
		fast_take_flow(f, a.data);
		return;
	}
	request_judge(b, &a);
	if (type.n > 0) {
		/* one is missing or refused; the end follows */
		if (a.error != 0 && !f->ending)
			f->refused = a;
	} else if (a.error != 0 || a.nobody) {
		fast_take_error(f, msg, &a);
	} else {
		fast_take_end(f, a.data);
	}
}

static bool
fast_is_answer(const struct fast *f, natsMsg *msg)
{
	return strncmp(natsMsg_GetSubject(msg), f->reply, f->reply_n) == 0;
}

/* for at least one answer */
static int
fast_await(struct fast *f, int64_t ms, struct fault *fault)
{
	struct nats_bus *b = f->w->bus;
	int64_t until = clock_ms() + ms;
	bool came = false;
	natsMsg *msg;

	do {
		while ((msg = inbound_next(b->answers)) != NULL) {
			if (fast_is_answer(f, msg)) {
				fast_take(f, msg);
				came = true;
			}
			natsMsg_Destroy(msg);
		}
		if (came) {
			b->silent = 0;
			return 0;
		}
		if (!hub_is_up(b) || f->connected != b->connected)
			return hub_away(b, fault);
	} while (inbound_wait(b->answers, until) > 0 || clock_ms() < until);
	return request_silent(b, fault);
}

/* ---- a batch ---- */

static bool
fast_ended(const struct fast *f)
{
	return f->over || f->lost || f->there == f->w->n;
}

static bool
fast_waits(const struct fast *f)
{
	return !fast_ended(f) &&
	    (f->sent == f->w->n || f->sent - f->there >= f->room);
}

static int
fast_run(struct fast *f, int64_t ms, struct fault *fault)
{
	struct nats_writer *w = f->w;
	const struct piece *p = w->pieces;
	unsigned i;

	for (i = 1; i <= w->n && !fast_ended(f); i++, p++) {
		if (fast_send(f, w->subjects.p + p->subject, p->lines, i,
		    i == 1 ? FAST_START : i == w->n ? FAST_LAST : FAST_MORE,
		    fault) < 0)
			return -1;
		while (fast_waits(f))
			if (fast_await(f, ms, fault) < 0)
				return -1;
	}
	return 0;
}

static int
fast_refused(const struct fast *f, struct fault *fault)
{
	return fault_set(fault, EX_TEMPFAIL, "%s: %s: %s",
	    f->w->head.stream, f->w->bus->head.name, f->refused.error != 0 ?
	    f->refused.why : "it has not taken all; try again later");
}

int
fast_put(struct nats_writer *w, int64_t ms, unsigned *there,
    struct fault *fault)
{
	uint64_t batch = ++w->bus->asked;
	struct fast f;
	sigset_t old;
	int r;

	fast_init(&f, w, batch);
	hub_hush(&old);
	r = fast_run(&f, ms, fault);
	hub_unhush(&old);
	*there = f.there;
	w->doubt = (struct writer_doubt){
		.n = f.over ? 0 : w->n - f.there, .before = f.there,
		.sent = f.sent, .batch = batch, .at = clock_ms()
	};
	if (r < 0)
		return -1;
	if (f.there == w->n)
		return 1;
	w->slow = f.refused.error == ERROR_NOT_FAST;
	return f.over && (w->slow || f.nobody) ? 0 : fast_refused(&f, fault);
}

/* ---- what is there ---- */

struct search {
	char id[WRITER_ID_MAX];		/* "<writer>." */
	uint64_t number;		/* of our last message */
	uint64_t sequence;		/* of the last one that was seen */
};

static int
fast_see(void *arg, const struct nats_seen *m, struct fault *fault)
{
	struct search *s = arg;
	size_t n = strlen(s->id);
	const char *id;
	uint64_t number;

	(void)fault;
	s->sequence = m->sequence;
	if (natsMsgHeader_Get(m->msg, FAST_HEADER, &id) == NATS_OK &&
	    strncmp(id, s->id, n) == 0 &&
	    number_digits(str_z(id + n), UINT64_MAX, &number) &&
	    number > s->number)
		s->number = number;
	return 0;
}

/* The end of the stream is asked of its leader; who gives us the messages may
 * not have all of them yet. */
static int
fast_search(struct nats_writer *w, unsigned *there, struct fault *fault)
{
	struct search s = { .number = w->ids };
	char js_name[JS_NAME_MAX];
	struct nats_message end;
	int any;

	snprintf(s.id, sizeof s.id, "%s.", w->id);
	stream_js_name(js_name, w->bus, w->head.stream);
	w->subject.n = w->subject_n;
	buf_puts(&w->subject, ".>");
	buf_putc(&w->subject, '\0');
	any = stream_last(w->bus, js_name, w->subject.p, &end, fault);
	if (any < 0)
		return -1;
	if (any > 0 && end.sequence > w->last) {
		if (reader_each(&w->bus->head, w->head.stream,
		    w->last << MESSAGE_BITS, fast_see, &s, fault) < 0)
			return -1;
		if (s.sequence < end.sequence)
			return fault_set(fault, EX_TEMPFAIL, "%s: its end "
			    "can't be read; try again later", w->head.stream);
	}
	*there = (unsigned)(s.number - w->ids);
	return 0;
}

/* Another server may still know the batch, and take what is on its way. */
static int
fast_is_forgotten(struct nats_writer *w, struct fault *fault)
{
	char js_name[JS_NAME_MAX];
	struct nats_state state = { .replicas = 1 };

	if (clock_ms() - w->doubt.at >= FORGOTTEN_MS)
		return 0;
	stream_js_name(js_name, w->bus, w->head.stream);
	if (stream_state(w->bus, js_name, &state, fault) < 0)
		return -1;
	return state.replicas <= 1 ? 0 : fault_set(fault, EX_TEMPFAIL,
	    "%s: it is not known yet what is there; try again later",
	    w->head.stream);
}

/* nobody has answered: is there such a stream? */
static int
fast_is_gone(struct nats_writer *w, struct fault *fault)
{
	int there = nats_exists(&w->bus->head, w->head.stream, fault);

	return there <= 0 ? there : fault_set(fault, EX_TEMPFAIL,
	    "%s: nothing keeps this stream; try again later", w->head.stream);
}

int
fast_settle(struct nats_writer *w, const char *subject, int64_t ms,
    unsigned *there, struct fault *fault)
{
	struct fast f;
	sigset_t old;
	int r;

	fast_init(&f, w, w->doubt.batch);
	f.ending = true;
	hub_hush(&old);
	r = fast_send(&f, subject, STR_NONE, w->doubt.sent + 1, FAST_END,
	    fault);
	while (r == 0 && !f.over && !f.lost)
		r = fast_await(&f, ms, fault);
	hub_unhush(&old);
	*there = 0;
	if (r < 0)
		return -1;
	if (f.over) {
		if (f.there > w->doubt.before)
			*there = f.there - w->doubt.before;
		return 0;
	}
	if (f.nobody)
		return fast_is_gone(w, fault);
	if (f.refused.error != ERROR_NO_BATCH)
		return fast_refused(&f, fault);
	return fast_is_forgotten(w, fault) < 0 ? -1 :
	    fast_search(w, there, fault);
}
