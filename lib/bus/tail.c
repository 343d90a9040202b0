/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/tail.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/signal.h"
#include "base/wakeup.h"

/* a call that takes longer waits for a server that does not answer, ms */
#define PATIENCE 1000
/* until a server that is away is asked again, ms */
#define AWAY 200

/* Lines that the thread has read.  They are copied, as the reader's own are
 * gone with its next call. */
struct run {
	struct buf text;
	uint64_t *seqs;
	size_t cap;
	uint64_t from, to;	/* positions before and after them */
};

struct bus_tail {
	struct bus *bus;	/* the caller's, or the thread's own */
	char stream[BUS_NAME_MAX + 1];
	struct bus_reader *reader;	/* the thread's, if there is one */
	struct bus_group *group;
	uint64_t position;	/* of the lines returned */
	bool said;		/* that the servers are away */
	bool threaded;
	pthread_t thread;
	int told[2];		/* the thread tells the loop … */
	int asked[2];		/* … and the loop the thread */
	struct run taken;	/* the loop's; borrowed from it */
	pthread_mutex_t lock;
	/* of the lock */
	bool end, ended;	/* it is to end; nothing more is read */
	bool probe;
	int got;		/* of `next`, or of `failed`; 0: nothing */
	struct run next;
	struct fault failed, away;	/* `away` status 0: it is there */
	struct fault unmoved;	/* status 0: the last move is done */
	uint64_t gone_from, gone_to;
	uint64_t move, moved;	/* `move` 0: nowhere */
	int64_t since;		/* ms: in a call since; 0: in none */
	/* the thread's */
	bool idle;		/* there was nothing to read */
};

static void
run_release(struct run *r)
{
	buf_release(&r->text);
	free(r->seqs);
}

static void
run_copy(struct run *r, const struct bus_lines *lines, uint64_t to)
{
	struct bus_lines run = *lines;
	struct bus_line line;
	size_t n = 0;

	buf_clear(&r->text);
	buf_put_str(&r->text, lines->rest);
	r->from = lines->seq;
	r->to = to;
	while (bus_lines_next(&run, &line)) {
		if (n == r->cap) {
			r->cap = r->cap ? 2 * r->cap : 1024;
			r->seqs = memory_resize(r->seqs,
			    r->cap * sizeof *r->seqs);
		}
		r->seqs[n++] = line.seq;
	}
}

/* ---- the thread ---- */

/* around a call to the bus, which may take long; with the lock */
static void
tail_begin(struct bus_tail *t)
{
	t->since = clock_ms();
	pthread_mutex_unlock(&t->lock);
}

static void
tail_end(struct bus_tail *t)
{
	pthread_mutex_lock(&t->lock);
	t->since = 0;
}

/* what a call says of the servers; NULL: it was answered */
static void
tail_note(struct bus_tail *t, const struct fault *fault)
{
	if (fault == NULL)
		t->away.status = 0;
	else if (fault->status == EX_TEMPFAIL)
		t->away = *fault;
}

static void
tail_do_move(struct bus_tail *t)
{
	uint64_t seq = t->move;
	struct fault fault;
	int r;

	tail_begin(t);
	r = bus_group_set(t->group, seq, &fault);
	tail_end(t);
	tail_note(t, r < 0 ? &fault : NULL);
	if (r < 0) {
		t->unmoved = fault;
	} else {
		t->unmoved.status = 0;
		t->moved = seq;
	}
	if (t->move == seq)
		t->move = 0;
	wakeup_tell(t->told);
}

static void
tail_do_probe(struct bus_tail *t)
{
	struct fault fault;
	int r;

	tail_begin(t);
	r = bus_exists(t->bus, t->stream, &fault);
	tail_end(t);
	t->probe = false;
	tail_note(t, r < 0 && fault.status == EX_TEMPFAIL ? &fault : NULL);
	wakeup_tell(t->told);
}

static void
tail_do_read(struct bus_tail *t)
{
	struct bus_lines lines;
	struct fault fault;
	uint64_t from, to;
	int got;

	tail_begin(t);
	got = bus_read(t->reader, &lines, &fault);
	if (got > 0)
		run_copy(&t->next, &lines, bus_reader_position(t->reader));
	else
		t->next.to = bus_reader_position(t->reader);
	tail_end(t);
	tail_note(t, got < 0 ? &fault : NULL);
	if (bus_reader_gone(t->reader, &from, &to)) {
		if (t->gone_from == t->gone_to)
			t->gone_from = from;
		t->gone_to = to;
	}
	t->idle = got == 0 || (got < 0 && fault.status == EX_TEMPFAIL);
	if (!t->idle)
		t->got = got;
	if (!t->idle && got < 0) {
		t->failed = fault;
		t->ended = fault.status != EX_DATAERR;
	}
	wakeup_tell(t->told);
}

/* Until the loop or the reader has something. */
static void
tail_wait(struct bus_tail *t)
{
	bool reads = t->reader != NULL && t->got == 0 && !t->ended;
	struct pollfd p[2] = {
		{ .fd = t->asked[0], .events = POLLIN },
		{ .fd = reads ? bus_reader_watch(t->reader) : -1,
		  .events = POLLIN },
	};
	int timeout = reads && t->away.status != 0 ? AWAY : -1, n;

	pthread_mutex_unlock(&t->lock);
	n = poll(p, 2, timeout);
	wakeup_clear(t->asked);
	if (p[1].revents != 0)
		bus_wait(t->reader, -1, 0);
	pthread_mutex_lock(&t->lock);
	if (n == 0 || p[1].revents != 0)
		t->idle = false;
}

static void *
tail_run(void *arg)
{
	struct bus_tail *t = arg;

	signal_none_here();
	pthread_mutex_lock(&t->lock);
	while (!t->end) {
		if (t->move != 0)
			tail_do_move(t);
		else if (t->probe)
			tail_do_probe(t);
		else if (t->reader != NULL && t->got == 0 && !t->idle &&
		    !t->ended)
			tail_do_read(t);
		else
			tail_wait(t);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* ---- begin and end ---- */

static int
tail_start(struct bus_tail *t, struct fault *fault)
{
	errno = signal_start_thread(&t->thread, NULL, tail_run, t);
	t->threaded = errno == 0;
	return t->threaded ? 0 : fault_errno(fault, EX_OSERR, "thread");
}

static int
tail_open_group(struct bus_tail *t, const struct bus_tail_options *o,
    struct fault *fault)
{
	if (bus_group_open(&t->group, t->bus, o->stream, o->group, fault) < 0)
		return -1;
	return o->reads ? bus_group_join(t->group, &t->moved, fault) :
	    bus_group_get(t->group, &t->moved, fault) < 0 ? -1 : 0;
}

static int
tail_open(struct bus_tail *t, const struct bus_tail_options *o,
    struct fault *fault)
{
	if (o->reads && bus_where_find(t->bus, o->stream, &bus_where_end,
	    &t->moved, fault) < 0)
		return -1;
	if (o->group != NULL && tail_open_group(t, o, fault) < 0)
		return -1;
	t->position = t->moved;
	if (!o->reads)
		return 0;
	if (bus_reader_open(&t->reader, t->bus, o->stream, t->moved,
	    fault) < 0)
		return -1;
	return bus_reader_watch(t->reader) >= 0 ? 0 :
	    fault_errno(fault, EX_OSERR, "%s", o->stream);
}

int
bus_tail_open(struct bus_tail **out, struct bus *bus,
    const struct bus_tail_options *o, struct fault *fault)
{
	struct bus_tail *t = memory_zero(1, sizeof *t);
	bool waits = bus_waits(bus);

	*t = (struct bus_tail){ .bus = bus, .told = { -1, -1 },
	    .asked = { -1, -1 } };
	snprintf(t->stream, sizeof t->stream, "%s", o->stream);
	buf_init(&t->next.text, SIZE_MAX);
	buf_init(&t->taken.text, SIZE_MAX);
	pthread_mutex_init(&t->lock, NULL);
	*out = t;
	if (!waits)
		return tail_open(t, o, fault);
	t->bus = NULL;
	if (wakeup_open(t->told) < 0 || wakeup_open(t->asked) < 0)
		return fault_errno(fault, EX_OSERR, "pipe");
	if (bus_open(&t->bus, NULL, fault) < 0 || tail_open(t, o, fault) < 0)
		return -1;
	return tail_start(t, fault);
}

void
bus_tail_close(struct bus_tail *t)
{
	if (t == NULL)
		return;
	if (t->threaded) {
		pthread_mutex_lock(&t->lock);
		t->end = true;
		pthread_mutex_unlock(&t->lock);
		wakeup_tell(t->asked);
		bus_abandon(t->bus);
		pthread_join(t->thread, NULL);
	}
	bus_reader_close(t->reader);
	bus_group_close(t->group);
	if (t->told[0] >= 0)
		bus_close(t->bus);
	wakeup_close(t->told);
	wakeup_close(t->asked);
	run_release(&t->next);
	run_release(&t->taken);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

/* ---- the loop's ---- */

int
bus_tail_fd(const struct bus_tail *t)
{
	return t->reader == NULL ? -1 : t->threaded ? t->told[0] :
	    bus_reader_watch(t->reader);
}

void
bus_tail_turn(struct bus_tail *t)
{
	struct fault away;

	if (!t->threaded) {
		if (t->reader != NULL)
			bus_wait(t->reader, -1, 0);
		return;
	}
	wakeup_clear(t->told);
	pthread_mutex_lock(&t->lock);
	away = t->away;
	pthread_mutex_unlock(&t->lock);
	if (away.status != 0 && !t->said)
		diag_warning("%s; waiting", away.text);
	else if (away.status == 0 && t->said)
		diag_warning("%s: it goes on", t->stream);
	t->said = away.status != 0;
}

/* What the thread has read: with the lock. */
static int
tail_take(struct bus_tail *t, struct bus_lines *lines, struct fault *fault)
{
	struct run r = t->taken;
	int got = t->got;

	t->position = t->next.to;
	t->got = 0;
	if (got < 0)
		*fault = t->failed;
	if (got <= 0)
		return got;
	t->taken = t->next;
	t->next = r;
	*lines = (struct bus_lines){ .rest = buf_str(&t->taken.text),
	    .seq = t->taken.from, .seqs = t->taken.seqs };
	return 1;
}

int
bus_tail_read(struct bus_tail *t, struct bus_lines *lines,
    struct fault *fault)
{
	int got;

	if (!t->threaded) {
		got = bus_read(t->reader, lines, fault);
		t->position = bus_reader_position(t->reader);
		return got;
	}
	pthread_mutex_lock(&t->lock);
	got = t->got != 0 ? tail_take(t, lines, fault) : 0;
	pthread_mutex_unlock(&t->lock);
	if (got != 0)
		wakeup_tell(t->asked);
	return got;
}

uint64_t
bus_tail_position(const struct bus_tail *t)
{
	return t->position;
}

bool
bus_tail_gone(struct bus_tail *t, uint64_t *from, uint64_t *to)
{
	if (!t->threaded)
		return bus_reader_gone(t->reader, from, to);
	pthread_mutex_lock(&t->lock);
	*from = t->gone_from;
	*to = t->gone_to;
	t->gone_from = t->gone_to = 0;
	pthread_mutex_unlock(&t->lock);
	return *from != *to;
}

/* ---- its group ---- */

void
bus_tail_move(struct bus_tail *t, uint64_t seq)
{
	if (!t->threaded) {
		if (bus_group_set(t->group, seq, &t->unmoved) == 0) {
			t->unmoved.status = 0;
			t->moved = seq;
		}
		return;
	}
	pthread_mutex_lock(&t->lock);
	t->move = seq;
	pthread_mutex_unlock(&t->lock);
	wakeup_tell(t->asked);
}

int
bus_tail_moved(struct bus_tail *t, uint64_t *seq, struct fault *fault)
{
	int r;

	pthread_mutex_lock(&t->lock);
	*seq = t->moved;
	r = t->unmoved.status != 0 ? -1 : 0;
	if (r < 0)
		*fault = t->unmoved;
	pthread_mutex_unlock(&t->lock);
	return r;
}

static bool
tail_is_moving(struct bus_tail *t)
{
	bool moving;

	pthread_mutex_lock(&t->lock);
	moving = t->move != 0;
	pthread_mutex_unlock(&t->lock);
	return moving;
}

void
bus_tail_settle(struct bus_tail *t, int64_t ms)
{
	struct pollfd p = { .fd = t->told[0], .events = POLLIN };
	int64_t end = clock_ms() + ms, left;

	/* signals come in, as a second one ends the process */
	while (t->threaded && tail_is_moving(t) &&
	    (left = end - clock_ms()) > 0) {
		signal_poll(&p, 1, left < PATIENCE ? (int)left : PATIENCE);
		wakeup_clear(t->told);
	}
}

int
bus_tail_check(struct bus_tail *t, struct fault *fault)
{
	int r = 0;

	if (!t->threaded)
		return 0;
	pthread_mutex_lock(&t->lock);
	if (t->since != 0 && clock_ms() - t->since > PATIENCE) {
		r = fault_set(fault, EX_TEMPFAIL, "the bus does not answer");
	} else if (t->away.status != 0) {
		*fault = t->away;
		r = -1;
	}
	t->probe = true;
	pthread_mutex_unlock(&t->lock);
	wakeup_tell(t->asked);
	return r;
}
