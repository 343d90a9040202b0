/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a stream by people. */
#include <sysexits.h>

#include "base/clock.h"
#include "bus/damage.h"
#include "bus/nats/driver.h"
#include "bus/times.h"
#include "line/route.h"

/* the newest lines that are looked at for a time */
#define NEWEST_MESSAGES 64

static int
admin_state(struct bus *bus, const char *stream, struct nats_state *s,
    struct fault *fault)
{
	struct nats_bus *b = (struct nats_bus *)bus;
	int64_t until = clock_ms() + request_patience(b);
	char name[JS_NAME_MAX];
	int r;

	*s = (struct nats_state){ .last = 0 };
	stream_js_name(name, b, stream);
	while ((r = stream_state(b, name, s, fault)) < 0 &&
	    hub_again(b, fault, until))
		continue;
	return r;
}

/* ---- places ---- */

/* The newest message that starts before t, or else the first: the position
 * before it. */
static int
admin_find_message(struct bus *bus, const char *stream,
    const struct nats_state *s, struct stamp t, uint64_t *from,
    struct fault *fault)
{
	uint64_t low = s->first > 0 ? s->first - 1 : 0, high = s->last;
	int before;

	/* all up to `low` start before t, or it is the first */
	while (low + 1 < high) {
		uint64_t middle = low + (high - low) / 2;

		before = times_start_before(bus, stream,
		    middle << MESSAGE_BITS, t, fault);
		if (before < 0)
			return -1;
		if (before)
			low = middle;
		else
			high = middle;
	}
	*from = low << MESSAGE_BITS;
	return 0;
}

int
nats_find(struct bus *bus, const char *stream, const struct bus_where *w,
    uint64_t *seq, struct fault *fault)
{
	struct nats_state s;
	struct bus_reader *r;
	struct stamp t = w->time;
	int got = admin_state(bus, stream, &s, fault);

	*seq = s.last << MESSAGE_BITS;
	if (got <= 0 || !w->by_time)
		return got < 0 ? -1 : 0;
	if (admin_find_message(bus, stream, &s, t, seq, fault) < 0 ||
	    bus_reader_open(&r, bus, stream, *seq, fault) < 0)
		return -1;
	got = times_find(r, false, &t, seq, fault);
	bus_reader_close(r);
	/* after the last one that a mark may follow */
	if (got == 0)
		*seq = s.last << MESSAGE_BITS;
	return got < 0 ? -1 : 0;
}

int
nats_stat(struct bus *bus, const char *stream, struct bus_stat *x,
    struct fault *fault)
{
	struct nats_state s;
	uint64_t from;

	if (admin_state(bus, stream, &s, fault) < 0)
		return -1;
	x->segments = s.messages;
	x->bytes = s.bytes;
	x->first = (s.first > 0 ? s.first - 1 : 0) << MESSAGE_BITS;
	x->last = s.last << MESSAGE_BITS;
	if (s.messages == 0)
		return 0;
	from = s.last > NEWEST_MESSAGES ?
	    (s.last - NEWEST_MESSAGES) << MESSAGE_BITS : 0;
	if (times_of(bus, stream, 0, false, &x->oldest, &x->has_oldest,
	    fault) < 0)
		return -1;
	return times_of(bus, stream, from, true, &x->newest, &x->has_newest,
	    fault);
}

int
nats_lag(struct bus *bus, const char *stream, uint64_t seq, uint64_t *lag,
    struct fault *fault)
{
	return reader_pending(bus, stream, seq, lag, fault);
}

/* ---- pruning ---- */

struct pruning {
	struct bus_prune *p;
	uint64_t last, bytes;	/* of the stream; those that are left */
	uint64_t upto;		/* all before this sequence */
};

static int
admin_prune_message(void *arg, const struct nats_seen *m, struct fault *fault)
{
	struct pruning *x = arg;
	struct bus_prune *p = x->p;
	bool old = p->older.ns != 0 && m->ns < p->older.ns;

	(void)fault;
	if (m->sequence >= x->last || (!old && !(p->keep_bytes >= 0 &&
	    x->bytes > (uint64_t)p->keep_bytes)))
		return 1;
	x->bytes -= m->size < x->bytes ? m->size : x->bytes;
	if (p->needed < m->sequence << MESSAGE_BITS) {
		p->held++;
		return 0;
	}
	p->segments++;
	p->bytes += m->size;
	p->first = m->sequence << MESSAGE_BITS;
	x->upto = m->sequence + 1;
	return 0;
}

/* only lines: the marks of sources stay */
static int
admin_purge(struct bus *bus, const char *stream, uint64_t upto,
    struct fault *fault)
{
	struct nats_bus *b = (struct nats_bus *)bus;
	struct buf body = { .max = 1024 };
	char name[JS_NAME_MAX];
	struct answer a;
	int r;

	stream_js_name(name, b, stream);
	buf_puts(&body, "{\"filter\":\"");
	stream_subject(&body, b, stream);
	buf_printf(&body, ".>\",\"seq\":%llu}", (unsigned long long)upto);
	buf_putc(&body, '\0');
	r = request_api(b, "STREAM.PURGE", name, body.p, &a, fault);
	buf_release(&body);
	if (r < 0)
		return -1;
	if (a.error != 0)
		r = request_fault(b, &a, stream, fault);
	request_release(&a);
	return r;
}

int
nats_prune(struct bus *bus, const char *stream, struct bus_prune *p,
    struct fault *fault)
{
	struct pruning x = { .p = p };
	struct nats_state s;

	if (admin_state(bus, stream, &s, fault) < 0)
		return -1;
	x.last = s.last;
	x.bytes = s.bytes;
	p->first = (s.first > 0 ? s.first - 1 : 0) << MESSAGE_BITS;
	if (reader_each(bus, stream, 0, admin_prune_message, &x, fault) < 0)
		return -1;
	return p->dry_run || x.upto == 0 ? 0 :
	    admin_purge(bus, stream, x.upto, fault);
}

/* ---- verifying ---- */

struct check {
	struct bus_check common;	/* a message is a part */
	uint64_t last;
	/* before a and b (subject.h) in a subject; 0: not all have them */
	size_t slots;
};

/* readers of parts would not get it */
static void
admin_verify_slots(struct check *c, const struct nats_seen *m,
    struct str line, unsigned n)
{
	struct route r;
	size_t rest;

	if (!route_scan(line, &r, &rest))
		route_clear(&r);
	if (c->slots > 0 && !subject_is_of(m->subject + c->slots, r.channel))
		bus_damage(&c->common, "message %llu, line %u: its subject is "
		    "of other channels", (unsigned long long)m->sequence, n);
}

static int
admin_verify_message(void *arg, const struct nats_seen *m, struct fault *fault)
{
	struct check *c = arg;
	struct str rest = m->lines, line;
	const char *why;
	unsigned n = 0;

	(void)fault;
	c->common.told = 0;
	c->common.health->segments++;
	c->common.health->bytes += m->lines.n;
	for (; str_take_line(&rest, &line); n++) {
		if ((why = bus_line_check(line)) != NULL)
			bus_damage(&c->common, "message %llu, line %u: %s",
			    (unsigned long long)m->sequence, n + 1, why);
		else
			admin_verify_slots(c, m, line, n + 1);
		c->common.health->lines++;
	}
	if (rest.n > 0 || n == 0 || n > MESSAGE_LINES)
		bus_damage(&c->common, "message %llu: not 1 to %u whole lines",
		    (unsigned long long)m->sequence, MESSAGE_LINES);
	return m->sequence >= c->last;
}

static void
admin_verify_group(void *arg, const char *group, uint64_t seq,
    const char *bad)
{
	struct check *c = arg;

	bus_check_group(&c->common, group, seq, bad, c->last << MESSAGE_BITS);
}

int
nats_verify(struct bus *bus, const char *stream, struct bus_health *health,
    bus_tell_fn *tell, void *arg, struct fault *fault)
{
	struct check c = {
		.common = {
			.stream = stream, .health = health, .tell = tell,
			.arg = arg
		}
	};
	struct buf subject = { .max = GROUP_SUBJECT };
	struct nats_state s;

	if (admin_state(bus, stream, &s, fault) < 0)
		return -1;
	c.last = s.last;
	if (s.slots) {
		stream_subject(&subject, (struct nats_bus *)bus, stream);
		c.slots = subject.n;
		buf_release(&subject);
	}
	if (s.messages > 0 && reader_each(bus, stream, 0, admin_verify_message,
	    &c, fault) < 0)
		return -1;
	/* they are moved meanwhile */
	return admin_state(bus, stream, &s, fault) < 0 ||
	    bus_groups(bus, stream, admin_verify_group, &c, fault) < 0 ? -1 : 0;
}
