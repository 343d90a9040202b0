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
 */
#include <sysexits.h>

#include "base/clock.h"
#include "bus/nats/writer.h"

/* no answer is for more messages than this */
#define FLOW "500"

enum { FAST_START, FAST_MORE, FAST_LAST };

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
	struct answer refused;	/* error 0: it was not */
};

/* ---- sending ---- */

static int
fast_send(struct fast *f, unsigned i, struct fault *fault)
{
	struct nats_writer *w = f->w;
	const struct piece *p = &w->pieces[i - 1];
	int op = i == 1 ? FAST_START : i == w->n ? FAST_LAST : FAST_MORE;
	char id[WRITER_ID_MAX];
	natsMsg *msg;
	natsStatus s;

	snprintf(f->reply + f->reply_n, sizeof f->reply - f->reply_n,
	    "%u.%d.$FI", i, op);
	s = natsMsg_Create(&msg, w->subjects.p + p->subject, f->reply,
	    p->lines.p, (int)p->lines.n);
	if (s != NATS_OK)
		return fault_set(fault, EX_SOFTWARE, "%s: bad message",
		    w->head.stream);
	writer_id(w, w->ids + i, id);
	s = natsMsgHeader_Set(msg, "Nats-Msg-Id", id);
	if (s == NATS_OK)
		s = natsConnection_PublishMsg(w->bus->nc, msg);
	natsMsg_Destroy(msg);
	f->sent = i;
	return request_status(w->bus, s, fault);
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
	f->room = 2 * fast_count(f, data, "msgs", BATCH_MESSAGES);
	if (f->room == 0)
		f->room = 1;
}

static void
fast_take(struct fast *f, natsMsg *msg)
{
	struct nats_bus *b = f->w->bus;
	struct answer a = { .data = { natsMsg_GetData(msg),
	    (size_t)natsMsg_GetDataLength(msg) } };
	struct str type = json_member(b, a.data, "type", OBJECT_TEXT);

	if (str_eq(type, STR("ack"))) {
		fast_take_flow(f, a.data);
		return;
	}
	request_judge(b, &a);
	if (a.error != 0 && f->refused.error == 0)
		f->refused = a;
	if (type.n > 0)
		return;	/* one is missing or refused; the last answer follows */
	f->nobody = natsMsg_IsNoResponders(msg);
	if (a.error != 0 && f->sent > 1) {
		f->lost = true;
		return;
	}
	f->there = a.error != 0 ? 0 :
	    fast_count(f, a.data, "count", f->sent);
	f->over = true;
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
		if (came)
			return 0;
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
	unsigned i;

	for (i = 1; i <= f->w->n && !fast_ended(f); i++) {
		if (fast_send(f, i, fault) < 0)
			return -1;
		while (fast_waits(f))
			if (fast_await(f, ms, fault) < 0)
				return -1;
	}
	return 0;
}

int
fast_put(struct nats_writer *w, int64_t ms, unsigned *there, bool *open,
    struct fault *fault)
{
	struct nats_bus *b = w->bus;
	struct fast f = { .w = w, .connected = b->connected, .room = 1 };
	sigset_t old;
	int r;

	f.reply_n = (size_t)snprintf(f.reply, sizeof f.reply,
	    "%s.%s-%llu." FLOW ".fail.", b->answers->subject, w->id,
	    (unsigned long long)++b->asked);
	hub_hush(&old);
	r = fast_run(&f, ms, fault);
	hub_unhush(&old);
	*there = f.there;
	*open = !f.over;
	if (r < 0)
		return -1;
	if (f.there == w->n)
		return 1;
	w->slow = f.refused.error == ERROR_NOT_FAST;
	if (w->slow || f.nobody)
		return 0;
	return fault_set(fault, EX_TEMPFAIL, "%s: %s: %s", w->head.stream,
	    b->head.name, f.refused.error != 0 ? f.refused.why :
	    "it has not taken all; try again later");
}
