/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/alarm/alarm.h"

#include <errno.h>
#include <sysexits.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/filter.h"
#include "base/program.h"
#include "base/ready.h"
#include "base/signal.h"
#include "bus/dead.h"
#include "cmd/alarm/event_output.h"
#include "cmd/alarm/notify.h"
#include "cmd/alarm/probe.h"
#include "line/decoded.h"
#include "line/mark.h"
#include "store/settle.h"

/* The state is stored at once before a read that could block when there are
 * events, and else after this time, or twenty times as long as that takes. */
#define STORE_EVERY CLOCK_SECOND
#define STORE_SHARE 20
/* how long lines without a position wait for one that follows */
#define PATIENCE (15 * CLOCK_SECOND)
/* ms: how often it looks what others changed, and whether something is due */
#define TICK 1000
/* how often it looks at the site itself */
#define PROBE_EVERY (10 * CLOCK_SECOND)
/* ms that notices have at the end of the input; what is left waits */
#define DRAIN 5000

static struct alarm {
	const struct alarm_options *opt;
	const char *path;	/* of the rules */
	struct filter f;
	struct decoded decoded;
	struct rules rules;
	struct engine engine;
	struct state state;	/* not with --test */
	struct pending pending;
	struct event_output output;
	struct notify notify;
	struct probe probe;
	int64_t next_probe;	/* monotonic */
	struct bus *bus;	/* NULL: not needed */
	struct bus_group *group;	/* of --ack, or NULL */
	uint64_t acked;
	struct progress at;
	bool positions;		/* lines have them */
	bool unplaced;		/* the last line had none */
	bool moved;		/* `at` has, since the state was stored */
	int64_t patience;	/* monotonic: what is unplaced waits until */
	int64_t next_store;	/* monotonic */
	int64_t clock;		/* monotonic: when the engine's time was set */
	uint64_t dropped;	/* notices, since the last message */
} a;

/* ---- rules ---- */

static void
alarm_tell_mistake(void *name, unsigned line, unsigned column,
    const char *what)
{
	diag_error("%s:%u:%u: %s", *(const char **)name, line, column, what);
}

int
rules_load(struct rules *rules, const char *path, struct fault *fault)
{
	const char *name = strcmp(path, "-") == 0 ? "<stdin>" : path;
	struct buf text;
	unsigned bad;
	int r;

	buf_init(&text, RULES_TEXT_MAX);
	r = file_read(path, &text, fault);
	bad = r < 0 ? 0 : rules_parse(rules, buf_str(&text),
	    alarm_tell_mistake, &name);
	buf_release(&text);
	if (bad > 0)
		return fault_set(fault, EX_CONFIG, "%s: %u mistake%s", name,
		    bad, bad == 1 ? "" : "s");
	if (r == 0 && rules->n == 0)
		return fault_set(fault, EX_CONFIG, "%s: no alarm in it", name);
	return r;
}

/* ---- events ---- */

static void
alarm_tell(void *arg, const struct event *e)
{
	(void)arg;
	if (!a.opt->test) {
		pending_add(&a.pending, e);
		return;
	}
	event_put(&a.f.out.b, e);
	out_end(&a.f.out);
}

static void
alarm_note(void *arg, const struct rule *r, const char *what)
{
	(void)arg;
	diag_warning("alarm '%.*s': %s", STR_ARG(r->name), what);
}

/* ---- the state is stored ---- */

static void
alarm_fail(const struct fault *fault)
{
	a.f.status = diag_fault(fault);
	if (a.f.out.err == 0)
		a.f.out.err = ECANCELED;	/* ends the input */
}

/* Nothing else is done until it is stored: no more lines are read. */
static bool
alarm_store_state(struct fault *fault)
{
	struct backoff pause = { .first = 50, .last = 5000 };	/* ms */
	uint64_t dropped;
	bool told = false;

	while (state_store(&a.state, &a.engine, &a.rules, &a.at, &a.pending,
	    &dropped, fault) < 0) {
		if (fault->status != EX_TEMPFAIL || signal_stop())
			return false;
		if (!told)
			diag_warning("%s; waiting", fault->text);
		told = true;
		signal_poll(NULL, 0, (int)backoff_next(&pause));
	}
	if (dropped > 0 && a.dropped == 0)
		diag_warning("more than %d notices wait for a target: the "
		    "oldest are dropped", STATE_NOTICES_MAX);
	a.dropped += dropped;
	return true;
}

static bool
alarm_move_group(struct fault *fault)
{
	if (a.group == NULL || a.at.whole <= a.acked)
		return true;
	if (bus_group_set(a.group, a.at.whole, fault) == 0)
		a.acked = a.at.whole;
	else if (fault->status != EX_TEMPFAIL)
		return false;
	return true;
}

/* Events that can't go to their stream wait, but not without a limit: then no
 * more lines are read. */
static int
alarm_give(struct fault *fault)
{
	int r = event_output_write(&a.output, fault);

	while (r == 0 && event_output_waits(&a.output) && !signal_stop() &&
	    state_waiting(&a.state) > STATE_EVENTS_MAX) {
		signal_poll(NULL, 0, TICK);
		r = event_output_write(&a.output, fault);
	}
	return r;
}

static void
alarm_store(void)
{
	int64_t began = clock_ns(), took;
	struct fault fault;

	if (a.opt->test || a.f.out.err != 0)
		return;
	if (!alarm_store_state(&fault) || alarm_give(&fault) < 0 ||
	    !alarm_move_group(&fault)) {
		alarm_fail(&fault);
		return;
	}
	notify_wake(&a.notify);
	took = clock_ns() - began;
	a.next_store = began + (took * STORE_SHARE > STORE_EVERY ?
	    took * STORE_SHARE : STORE_EVERY);
	a.moved = a.unplaced = false;
	a.patience = 0;
}

static bool
alarm_has_news(void)
{
	return a.moved || a.pending.n > 0 || a.engine.n_changed > 0 ||
	    !a.state.begun;
}

/* may what is known be stored now? */
static bool
alarm_is_placed(int64_t now)
{
	return !a.unplaced || !a.positions || a.group == NULL ||
	    now >= a.patience;
}

/* before a read that could block */
static void
alarm_late(void *arg)
{
	(void)arg;
	if (a.pending.n > 0 && alarm_is_placed(clock_coarse_ns()))
		alarm_store();
}

/* Time goes on; when much is due at once, in steps that can be stored. */
static void
alarm_pass(int64_t now)
{
	while (!engine_time(&a.engine, now) && a.f.out.err == 0)
		alarm_store();
}

/* ---- lines ---- */

/* the end of a line, which may have a position */
static void
alarm_placed(const struct route *route)
{
	if (!route->has_seq) {
		if (!a.unplaced)
			a.patience = clock_coarse_ns() + PATIENCE;
		a.unplaced = true;
		return;
	}
	a.positions = true;
	a.unplaced = false;
	a.moved = true;
	progress_add(&a.at, route);
}

/* a label that a line of the bus can't have would make ours such a line */
static bool
alarm_is_plain(struct str label)
{
	size_t i;

	for (i = 0; i < label.n; i++)
		if ((unsigned char)label.p[i] < ' ' || label.p[i] == '"' ||
		    label.p[i] == '\\' || label.p[i] == 0x7f)
			return false;
	return true;
}

/* when the line came; a device's clock can't be ahead of ours */
static int64_t
alarm_line_time(const struct route *route, const struct pack *pack)
{
	int64_t t = route->received.ns, now;
	size_t i;

	for (i = 0; !route->has_received && i < pack->n; i++)
		if (i == 0 || pack->records[i].time.ns > t)
			t = pack->records[i].time.ns;
	now = a.opt->test ? t : stamp_now().ns;
	return t < now ? t : now;
}

static void
alarm_take(struct str line)
{
	struct route route;
	const char *why = decoded_parse(&a.decoded, line, (struct stamp){ 0 },
	    &route);

	if (why == NULL && !(alarm_is_plain(route.channel) &&
	    alarm_is_plain(route.publisher) && alarm_is_plain(route.subtopic)))
		why = "a label with a control character, quote or backslash";
	if (why != NULL && !refused_position(&a.f, line, why,
	    a.decoded.pack.at + 1, &route))
		return;
	if (route.has_seq && a.group != NULL &&
	    progress_covers(&a.at, &route)) {
		a.positions = true;
		return;
	}
	if (why == NULL && a.decoded.note != NULL)
		filter_note(&a.f, DECODED_NOTE, a.decoded.note);
	if (why == NULL && a.decoded.records->n > 0) {
		alarm_pass(alarm_line_time(&route, a.decoded.records));
		engine_line(&a.engine, &route, a.decoded.records);
		a.clock = clock_coarse_ns();
	}
	alarm_placed(&route);
}

/* ---- time ---- */

/* While nothing comes, time goes on by itself. */
static void
alarm_idle(int64_t now)
{
	if (a.opt->test)
		return;
	if (a.engine.now == 0)
		alarm_pass(stamp_now().ns);
	else
		alarm_pass(a.engine.now + (now - a.clock));
	a.clock = now;
}

static int
alarm_time_left(int64_t now)
{
	int64_t left = TICK, due = engine_due(&a.engine);

	if (a.opt->test)
		return -1;
	if (due != INT64_MAX && (due - a.engine.now) / 1000000 < left)
		left = (due - a.engine.now) / 1000000 + 1;
	if (alarm_has_news() && alarm_is_placed(now) &&
	    (a.next_store - now) / 1000000 < left)
		left = (a.next_store - now) / 1000000 + 1;
	return left > 1 ? (int)left : 1;
}

/* ---- the beginning and the end ---- */

static int
alarm_load(struct fault *fault)
{
	int n;

	engine_init(&a.engine, &a.rules, alarm_tell, alarm_note, NULL);
	if (a.opt->test)
		return 0;
	a.engine.keeps = true;
	if (state_load(&a.state, &a.engine, &a.rules, alarm_tell, NULL,
	    fault) < 0 || (n = state_forget(&a.state, &a.rules, fault)) < 0)
		return -1;
	if (n > 0)
		diag_warning("notices dropped, as their targets are gone from "
		    "the rules: %d", n);
	return notify_start(&a.notify, a.opt->state, &a.rules, fault);
}

/* SIGHUP: rules that are as they were keep what is known of them */
static int
alarm_reload(void *arg, struct fault *fault)
{
	struct rules rules;

	(void)arg;
	rules_init(&rules);
	if (rules_load(&rules, a.path, fault) < 0) {
		rules_release(&rules);
		return -1;
	}
	alarm_store();
	notify_end(&a.notify);
	engine_release(&a.engine);
	probe_release(&a.probe);
	rules_release(&a.rules);
	a.rules = rules;
	if (alarm_load(fault) < 0) {
		alarm_fail(fault);
		return -1;
	}
	alarm_store();
	return 0;
}

static int
alarm_open_group(struct fault *fault)
{
	char stream[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];
	bool starts;

	if (a.opt->ack == NULL)
		return 0;
	if (bus_group_parse(a.opt->ack, stream, group, fault) < 0 ||
	    bus_group_open(&a.group, a.bus, stream, group, fault) < 0 ||
	    state_progress(&a.state, &a.at, fault) < 0 ||
	    settle(a.bus, a.group, &a.at, &a.acked, &starts, fault) < 0)
		return -1;
	/* a new state with a group that is ahead: nothing comes before that */
	if (a.at.whole < a.acked)
		a.at = (struct progress){ .whole = a.acked };
	a.f.sequenced = true;
	return starts ? bus_group_set(a.group, 0, fault) : 0;
}

static int
alarm_open(struct fault *fault)
{
	if (rules_load(&a.rules, a.path, fault) < 0)
		return -1;
	if (!a.opt->test && state_open(&a.state, a.opt->state, a.opt->ack,
	    fault) < 0)
		return -1;
	if ((a.opt->ack != NULL || a.opt->output != NULL) &&
	    bus_open(&a.bus, NULL, fault) < 0)
		return -1;
	a.output = (struct event_output){
		.state = &a.state, .out = &a.f.out
	};
	if (alarm_open_group(fault) < 0 || (!a.opt->test && event_output_open(
	    &a.output, a.bus, a.opt->output, a.opt->sync, fault) < 0))
		return -1;
	return alarm_load(fault);
}

/* What others did to the state: an alarm was acknowledged.  And the bus may be
 * back. */
static void
alarm_look(void)
{
	struct fault fault;

	if (a.opt->test || !(state_changed(&a.state) ||
	    event_output_waits(&a.output)))
		return;
	if (event_output_write(&a.output, &fault) < 0)
		alarm_fail(&fault);
	notify_wake(&a.notify);
}

/* after a line, or when none came for a while */
static void
alarm_turn(int64_t now, bool idle)
{
	bool due = engine_is_full(&a.engine) || now >= a.next_store ||
	    (idle && a.pending.n > 0);

	if (due && alarm_has_news() && alarm_is_placed(now))
		alarm_store();
	else if (idle)
		alarm_look();
	if (!a.opt->test && a.engine.now != 0 && now >= a.next_probe) {
		probe_run(&a.probe, &a.rules, &a.engine);
		a.next_probe = now + PROBE_EVERY;
	}
	program_reload(a.opt->test ? NULL : alarm_reload, NULL);
}

static void
alarm_loop(void)
{
	struct str line;
	int64_t now;
	int r;

	a.clock = clock_coarse_ns();
	a.f.in.timeout = a.opt->test ? -1 : TICK;
	while ((r = filter_next(&a.f, &line)) > 0) {
		now = clock_coarse_ns();
		if (r == LINE_OK)
			alarm_take(line);
		else
			alarm_idle(now);
		alarm_turn(now, r != LINE_OK);
		a.f.in.timeout = alarm_time_left(now);
	}
}

/* What was told at the very end is delivered, if that is soon done. */
static void
alarm_drain(void)
{
	int64_t end = clock_ms() + DRAIN;

	while (a.notify.n > 0 && !signal_stop() && clock_ms() < end &&
	    state_notices(&a.state) > 0)
		signal_poll(NULL, 0, DRAIN / 100);
}

static void
alarm_end(void)
{
	if (a.opt->test && a.opt->now != INT64_MIN)
		alarm_pass(a.opt->now);
	/* what came after the last position comes again */
	if (a.f.out.err == 0 && alarm_is_placed(clock_coarse_ns()) &&
	    alarm_has_news())
		alarm_store();
	alarm_drain();
	if (a.f.torn && a.group != NULL && a.f.status == 0)
		a.f.status = EX_TEMPFAIL;
	a.f.out.late = NULL;
	if (a.f.out.err == ECANCELED)
		a.f.out.err = 0;
}

int
alarm_run(const struct alarm_options *opt, const char *rules, char **files,
    int64_t ready_fd)
{
	struct fault fault;

	a.opt = opt;
	a.path = rules;
	a.state.lock = -1;
	rules_init(&a.rules);
	pending_init(&a.pending);
	dead_letters(opt->ack);
	if (filter_init(&a.f, files, opt->rejects, NULL) < 0)
		return filter_finish(&a.f);
	decoded_init(&a.decoded);
	if (alarm_open(&fault) < 0) {
		a.f.status = diag_fault(&fault);
	} else {
		a.f.out.late = alarm_late;
		if (opt->output != NULL)
			a.f.out.fd = -1;
		ready_tell(ready_fd);
		alarm_loop();
		alarm_end();
	}
	notify_end(&a.notify);
	engine_release(&a.engine);
	event_output_close(&a.output);
	bus_group_close(a.group);
	bus_close(a.bus);
	state_close(&a.state);
	pending_release(&a.pending);
	probe_release(&a.probe);
	rules_release(&a.rules);
	decoded_release(&a.decoded);
	return filter_finish(&a.f);
}
