/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps streams of another bus as those of this one are.  All of them take
 * turns, so that a long one does not hold up the others; what has got there is
 * acknowledged when nothing is left to do, and at least each second.
 */
#include "cmd/bus/move.h"

#include <errno.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/ready.h"
#include "base/signal.h"

#define SETTLE_MS 1000
/* steps of a stream in its turn */
#define TURN 16

static struct {
	struct move move;
	struct pollfd *fds;
	int64_t settle;		/* of clock_ms: when that is due; 0: never */
	bool unsettled;		/* so it was said */
	int status;		/* not 0 ends it */
} mirror;

/* The turn of a stream: true when it did something. */
static bool
mirror_turn(struct moved *s)
{
	struct fault fault;
	int i, r = 1;

	if (s->until > clock_ms())
		return false;
	for (i = 0; i < TURN && r > 0 && !signal_stop(); i++) {
		r = carry_step(&s->carry, &fault);
		if (r >= 0)
			move_goes_on(&mirror.move, s);
		if (r > 0 && mirror.settle == 0)
			mirror.settle = clock_ms() + SETTLE_MS;
	}
	if (r < 0 && fault.status == EX_DATAERR) {
		diag_fault(&fault);	/* it goes on after that */
		bus_status = EX_DATAERR;
		return true;
	}
	if (r < 0)
		mirror.status = move_bear(&mirror.move, s, &fault);
	return i > 1 || r > 0;
}

/* A group that can't be moved, as on a full disk, holds up nothing: 0 when it
 * is to be tried again. */
static int
mirror_settle_one(struct moved *s)
{
	struct fault fault;

	if (carry_settle(&s->carry, &fault) == 0)
		return 1;
	if (s->carry.source == NULL)
		mirror.status = move_bear(&mirror.move, s, &fault);
	else if (fault.status != EX_TEMPFAIL && fault.status != EX_IOERR)
		mirror.status = diag_fault(&fault);
	else if (!mirror.unsettled)
		diag_warning("%s; it is tried again", fault.text);
	return 0;
}

static void
mirror_settle(void)
{
	bool all = true;
	size_t i;

	for (i = 0; i < mirror.move.n && mirror.status == 0; i++)
		if (mirror_settle_one(mirror.move.streams[i]) == 0)
			all = false;
	mirror.settle = all ? 0 : clock_ms() + SETTLE_MS;
	mirror.unsettled = !all;
}

static void
mirror_until(int64_t *left, int64_t until)
{
	int64_t ms = until - clock_ms();

	if (ms < 0)
		ms = 0;
	if (*left < 0 || ms < *left)
		*left = ms;
}

/* until there may be more, or something is to be tried again */
static void
mirror_wait(void)
{
	int64_t left = -1;
	nfds_t n = 0;
	size_t i;

	if (mirror.settle != 0)
		mirror_until(&left, mirror.settle);
	for (i = 0; i < mirror.move.n; i++) {
		struct moved *s = mirror.move.streams[i];
		struct bus_reader *r = s->carry.reader;

		if (s->until != 0) {
			mirror_until(&left, s->until);
			continue;
		}
		/* what came before it was watched is to be read */
		if (bus_wait(r, -1, 0) != 0)
			left = 0;
		mirror.fds[n++] = (struct pollfd){
			.fd = bus_reader_watch(r), .events = POLLIN
		};
	}
	if (!signal_stop())
		signal_poll(mirror.fds, n, (int)left);
}

static void
mirror_run(void)
{
	bool busy, first = true;
	size_t i;

	while (mirror.status == 0 && !signal_stop()) {
		busy = false;
		for (i = 0; i < mirror.move.n && mirror.status == 0; i++)
			busy |= mirror_turn(mirror.move.streams[i]);
		if (first)
			ready_tell(bus_opt.ready_fd);
		first = false;
		if (mirror.settle != 0 && clock_ms() >= mirror.settle)
			mirror_settle();
		if (!busy && mirror.status == 0)
			mirror_wait();
	}
	mirror_settle();
}

static void
mirror_start(char **operands)
{
	const char *name = bus_opt.as ? bus_opt.as : "mirror";
	struct move *m = &mirror.move;
	size_t i;

	if (!bus_name_valid(str_z(name)))
		program_misuse("--as '%s': not a name as those of groups",
		    name);
	for (operands += 2; *operands != NULL; operands++)
		move_add(m, *operands);
	for (i = 0; i < m->n; i++) {
		memcpy(m->streams[i]->name, name, strlen(name));
		m->streams[i]->carry.sync = bus_opt.sync;
		m->streams[i]->carry.follows = true;
		m->streams[i]->carry.adds = true;
	}
	mirror.fds = memory_zero(m->n, sizeof(*mirror.fds));
}

int
bus_verb_mirror(char **operands)
{
	mirror.status = move_open(&mirror.move, operands);
	if (mirror.status == 0) {
		mirror_start(operands);
		mirror_run();
	}
	free(mirror.fds);
	move_close(&mirror.move);
	return mirror.status ? mirror.status : bus_status;
}
