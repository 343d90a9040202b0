/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refused lines (bus/dead.h), back to the streams that they came from.
 *
 * A group of their stream has how far they were dealt with.  Those that are not
 * wanted now go to the end of the stream, so the group can pass them, and are
 * found the next time.  Each target knows up to where it has got its lines, and
 * lines go out in order: so what was killed goes on with none lost or twice,
 * whichever are wanted then.
 */
#include "cmd/bus/targets.h"
#include "cmd/bus/verbs.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/glob.h"
#include "base/memory.h"
#include "base/signal.h"
#include "bus/dead.h"
#include "line/canonical.h"
#include "line/message.h"

static struct {
	const char *stream;
	struct glob *reason;
	struct bus_reader *reader;
	uint64_t begin, end;		/* positions; end: after the last that
					 * is to be sent */
	bool plans;			/* nothing is written yet */
	struct targets targets;
	struct canonical canonical;
	struct arena arena;
	struct buf line;
	uint64_t wanted, homeless, strange;
} redrive;

/* ---- lines ---- */

/* it may have been wanted then, and may not be now */
static int
redrive_is_done(const struct dead_letter *l, uint64_t seq,
    struct fault *fault)
{
	struct str may[] = { l->from, STR_NONE, str_z(redrive.stream) };
	int i, got = 0;

	if (bus_opt.to != NULL)
		may[1] = str_z(bus_opt.to);
	for (i = 0; i < 3 && got == 0; i++)
		got = targets_have(&redrive.targets, may[i], seq, fault);
	return got;
}

static bool
redrive_is_wanted(const struct dead_letter *l)
{
	return (redrive.reason == NULL ||
	    glob_match(redrive.reason, l->reason)) &&
	    (bus_opt.channel == NULL ||
	    str_eq(l->channel, str_z(bus_opt.channel)));
}

/* The stream that a letter goes to, with what goes there in redrive.line: its
 * own when it stays. */
static struct str
redrive_choose(const struct dead_letter *l, struct str text)
{
	struct route none = { .has_seq = false };
	struct str to = l->from;

	buf_clear(&redrive.line);
	if (redrive_is_wanted(l)) {
		if (to.p == NULL && bus_opt.to != NULL)
			to = str_z(bus_opt.to);
		redrive.homeless += to.p == NULL;
		if (to.p != NULL && bus_name_valid(to) && !l->cut &&
		    canonical_put(&redrive.canonical, &redrive.line, l->line,
		    &none) == NULL && redrive.line.n > 0) {
			buf_putc(&redrive.line, '\n');
			return to;
		}
	}
	buf_clear(&redrive.line);
	buf_put_str(&redrive.line, text);
	buf_putc(&redrive.line, '\n');
	return str_z(redrive.stream);
}

static int
redrive_take(const struct bus_line *line, struct fault *fault)
{
	struct target *t;
	struct dead_letter l;
	struct str to;
	int done;

	arena_reset(&redrive.arena);
	if (!dead_read(line->text, &l, &redrive.arena)) {
		redrive.strange += redrive.plans;
		return 0;
	}
	done = bus_opt.dry_run ? 0 : redrive_is_done(&l, line->seq, fault);
	if (done != 0)
		return done < 0 ? -1 : 0;
	to = redrive_choose(&l, line->text);
	if ((t = targets_find(&redrive.targets, to, fault)) == NULL)
		return -1;
	if (!redrive.plans)
		return targets_put(&redrive.targets, t,
		    buf_str(&redrive.line), line->seq, fault);
	if (!str_eq(to, str_z(redrive.stream))) {
		redrive.wanted++;
		redrive.end = line->seq;
	}
	t->lines += bus_opt.dry_run;
	return 0;
}

/* ---- the stream ---- */

/* from the group's place up to `end` */
static int
redrive_read(uint64_t end, struct fault *fault)
{
	struct bus_lines run;
	struct bus_line line;
	int got;

	if (bus_reader_open(&redrive.reader, bus, redrive.stream,
	    redrive.begin, fault) < 0)
		return -1;
	while (bus_reader_position(redrive.reader) < end &&
	    (got = bus_read(redrive.reader, &run, fault)) != 0) {
		if (got < 0)
			return -1;
		while (bus_lines_next(&run, &line) && line.seq <= end) {
			if (signal_stop())
				return fault_set(fault, EX_TEMPFAIL, "%s: "
				    "stopped; the same command goes on",
				    redrive.stream);
			if (redrive_take(&line, fault) < 0)
				return -1;
		}
	}
	bus_reader_close(redrive.reader);
	redrive.reader = NULL;
	return 0;
}

/* What a killed process was moving to the end of the stream is put there now,
 * so that it is before the end. */
static int
redrive_join(struct fault *fault)
{
	struct bus_group *group = redrive.targets.group;
	struct target *own;

	if (bus_opt.dry_run)
		return bus_group_get(group, &redrive.begin, fault);
	if (bus_group_join(group, &redrive.begin, fault) < 0)
		return -1;
	own = targets_find(&redrive.targets, str_z(redrive.stream), fault);
	return own == NULL ? -1 : targets_open(&redrive.targets, own, fault);
}

/* what there is to do first, so that nothing is moved for nothing */
static int
redrive_run(struct fault *fault)
{
	uint64_t end;

	if (bus_exists(bus, redrive.stream, fault) < 0 ||
	    targets_begin(&redrive.targets, bus, redrive.stream,
	    fault) < 0 || redrive_join(fault) < 0 ||
	    bus_where_find(bus, redrive.stream, &bus_where_end, &end,
	    fault) < 0)
		return -1;
	redrive.plans = true;
	if (redrive_read(end, fault) < 0)
		return -1;
	redrive.plans = false;
	if (bus_opt.dry_run || redrive.wanted == 0)
		return 0;
	redrive.homeless = 0;
	return redrive_read(redrive.end, fault) < 0 ||
	    targets_flush(&redrive.targets, fault) < 0 ? -1 : 0;
}

static void
redrive_list(void)
{
	const struct target *t = redrive.targets.v;

	if (redrive.homeless > 0)
		diag_warning("%s: %llu lines do not say where they came from: "
		    "--to STREAM", redrive.stream,
		    (unsigned long long)redrive.homeless);
	if (redrive.strange > 0)
		diag_warning("%s: %llu lines are not refused lines",
		    redrive.stream, (unsigned long long)redrive.strange);
	for (; t < redrive.targets.v + redrive.targets.n; t++) {
		if (t->lines == 0)
			continue;
		listing_text(&bus_listing, "stream", redrive.stream);
		listing_text(&bus_listing, "to", t->stream);
		listing_number(&bus_listing, "lines", t->lines);
		listing_end(&bus_listing);
	}
}

static void
redrive_close(void)
{
	targets_end(&redrive.targets);
	bus_reader_close(redrive.reader);
	canonical_release(&redrive.canonical);
	arena_release(&redrive.arena);
	buf_release(&redrive.line);
	glob_free(redrive.reason);
}

int
bus_verb_redrive(char **operands)
{
	struct fault fault;
	const char *why;
	int written;

	redrive.stream = operands[0];
	if (bus_opt.reason != NULL && (redrive.reason = glob_compile(
	    str_z(bus_opt.reason), &why)) == NULL)
		program_misuse("--reason '%s': %s", bus_opt.reason, why);
	if (bus_opt.to != NULL && !bus_name_valid(str_z(bus_opt.to)))
		program_misuse("--to: invalid stream name '%s'", bus_opt.to);
	if (bus_open(&bus, NULL, &fault) < 0)
		return diag_fault(&fault);
	canonical_init(&redrive.canonical);
	canonical_now(&redrive.canonical, stamp_now());
	arena_init(&redrive.arena, (size_t)4 << 20);
	buf_init(&redrive.line, MESSAGE_LINE_MAX + 1);
	listing_begin(&bus_listing, false, NULL);
	if (redrive_run(&fault) < 0)
		bus_status = diag_fault(&fault);
	redrive_list();
	if (bus_status == 0 && redrive.wanted == 0)
		bus_status = 1;
	redrive_close();
	written = listing_finish(&bus_listing);
	return written ? written : bus_status;
}
