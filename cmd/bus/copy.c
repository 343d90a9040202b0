/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies streams to another bus, up to their present ends, and then gives
 * their groups the places there.  What was there before, as it was
 * interrupted, is not copied again.
 */
#include "cmd/bus/move.h"

#include <limits.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/hash.h"
#include "base/signal.h"

#define SETTLE_MS 1000
#define SHOW_MS 200

static struct move copy_move;
static int64_t copy_shown;

/* A name for what comes from this bus: another one must not be taken for it. */
static void
copy_name(char to[BUS_NAME_MAX + 1])
{
	const char *from = bus_name(copy_move.from);
	char *path = realpath(from, NULL);

	if (bus_opt.as != NULL && !bus_name_valid(str_z(bus_opt.as)))
		program_misuse("--as '%s': not a name as those of groups",
		    bus_opt.as);
	if (bus_opt.as != NULL)
		snprintf(to, BUS_NAME_MAX + 1, "%s", bus_opt.as);
	else
		snprintf(to, BUS_NAME_MAX + 1, "copy-%016llx",
		    (unsigned long long)hash_add(HASH_START,
		    str_z(path ? path : from)));
	free(path);
}

static int
copy_add(void *arg, const char *stream, struct fault *fault)
{
	(void)arg;
	(void)fault;
	move_add(&copy_move, stream);
	return 0;
}

/* those that are named, which must exist, or all */
static int
copy_choose(char **names)
{
	struct fault fault;
	size_t i;

	if (*names == NULL && bus_streams(copy_move.from, copy_add, NULL,
	    &fault) < 0)
		return diag_fault(&fault);
	for (; *names != NULL; names++)
		move_add(&copy_move, *names);
	for (i = 0; i < copy_move.n; i++) {
		struct moved *s = copy_move.streams[i];

		if (bus_exists(copy_move.from, s->from, &fault) < 0)
			bus_status = diag_fault(&fault);
		copy_name(s->name);
		s->carry.sync = bus_opt.sync;
		s->carry.adds = bus_opt.add;
	}
	return bus_status;
}

static void
copy_show(const struct moved *s, uint64_t end)
{
	int64_t now = clock_ms();

	if (now - copy_shown < SHOW_MS)
		return;
	copy_shown = now;
	diag_progress("%s: %llu lines, %llu %s are left", s->from,
	    (unsigned long long)s->carry.lines, (unsigned long long)
	    bus_between(s->carry.from, s->carry.position < end ?
	    s->carry.position : end, end), bus_unit(s->carry.from));
}

/* One that has failed: true when it is to be tried again, after a pause. */
static bool
copy_bear(struct moved *s, const struct fault *fault, int64_t *away)
{
	int64_t now = clock_ms();

	if (fault->status == EX_DATAERR) {
		bus_status = diag_fault(fault);
		return true;
	}
	if (*away == 0)
		*away = now;
	if (fault->status != EX_TEMPFAIL || (bus_opt.timeout > 0 &&
	    now - *away >= bus_opt.timeout / 1000000)) {
		bus_status = diag_fault(fault);
		return false;
	}
	move_bear(&copy_move, s, fault);
	signal_poll(NULL, 0, (int)(s->until - now));
	return true;
}

static bool
copy_stopped(const struct moved *s)
{
	if (!signal_stop())
		return false;
	bus_status = EX_TEMPFAIL;
	diag_error("%s: stopped; the same command goes on", s->from);
	return true;
}

/* true when all up to `end` has been sent */
static bool
copy_send(struct moved *s, uint64_t end, int64_t *away)
{
	int64_t settled = clock_ms();
	struct fault fault;
	int r = 1;

	while (r != 0 && (s->carry.source == NULL ||
	    s->carry.position < end)) {
		if (copy_stopped(s))
			return false;
		r = carry_step(&s->carry, &fault);
		if (r > 0 && clock_ms() - settled > SETTLE_MS) {
			r = carry_settle(&s->carry, &fault) < 0 ? -1 : 1;
			settled = clock_ms();
		}
		if (r < 0 && !copy_bear(s, &fault, away))
			return false;
		if (r >= 0) {
			move_goes_on(&copy_move, s);
			*away = 0;
		}
		copy_show(s, end);
	}
	return true;
}

/* true when all up to `end` is there; what a target that was lost has not
 * acknowledged is looked for, and sent again where it is missing */
static bool
copy_lines(struct moved *s, uint64_t end)
{
	struct fault fault;
	int64_t away = 0;

	do {
		if (copy_stopped(s) || !copy_send(s, end, &away))
			return false;
		if (carry_settle(&s->carry, &fault) == 0)
			return true;
	} while (copy_bear(s, &fault, &away) && fault.status != EX_DATAERR);
	return false;
}

static void
copy_stream(struct moved *s)
{
	struct fault fault;
	uint64_t end, groups = 0;

	if (bus_where_find(copy_move.from, s->from, &bus_where_end, &end,
	    &fault) < 0) {
		bus_status = diag_fault(&fault);
		return;
	}
	if (!copy_lines(s, end))
		return;
	if (s->carry.refused > 0)
		bus_status = EX_DATAERR;
	if (move_groups(s, &groups, &fault) < 0)
		bus_status = diag_fault(&fault);
	listing_text(&bus_listing, "stream", s->from);
	listing_text(&bus_listing, "to", s->to);
	listing_number(&bus_listing, "lines", s->carry.lines);
	listing_number(&bus_listing, "bytes", s->carry.bytes);
	listing_number(&bus_listing, "groups", groups);
	listing_end(&bus_listing);
}

int
bus_verb_copy(char **operands)
{
	size_t i;
	int written = 0;

	bus_status = move_open(&copy_move, operands);
	if (bus_status == 0 && copy_choose(operands + 2) == 0) {
		listing_begin(&bus_listing, false, NULL);
		for (i = 0; i < copy_move.n && !signal_stop(); i++)
			copy_stream(copy_move.streams[i]);
		diag_progress_end();
		written = listing_finish(&bus_listing);
	}
	move_close(&copy_move);
	return written ? written : bus_status;
}
