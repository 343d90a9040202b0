/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <stdio.h>

#include "base/memory.h"
#include "bus/bus.h"
#include "bus/dead.h"
#include "cmd/doctor/doctor.h"

#define STREAMS_PATIENCE 2000	/* ms, of a server */
#define STREAMS_GROUPS_MAX 4096
#define STREAMS_AHEAD (60 * STAMP_SECOND)
#define STREAMS_PAUSE 1000	/* ms, in which a lag shows where it goes */

struct streams_walk {
	struct doctor *d;
	struct bus *bus;
	const char *stream;
	struct streams_group {
		char stream[BUS_NAME_MAX + 1], name[BUS_NAME_MAX + 1];
		uint64_t seq, lag;
		int64_t age;
	} *late;
	size_t n;
};

/* Only doctor_bus says why there is none. */
static struct bus *
streams_open(struct fault *fault)
{
	struct bus *bus;

	if (bus_open(&bus, NULL, fault) < 0)
		return NULL;
	bus_set_patience(bus, STREAMS_PATIENCE);
	return bus;
}

static int
streams_nothing(void *arg, const char *stream, struct fault *fault)
{
	(void)arg, (void)stream, (void)fault;
	return 0;
}

static void
streams_each(struct doctor *d, bus_stream_fn *see, struct streams_walk *w)
{
	struct fault fault;

	w->d = d;
	if ((w->bus = streams_open(&fault)) == NULL)
		return;
	bus_streams(w->bus, see, w, &fault);
	if (w->n == 0)
		bus_close(w->bus);
}

void
doctor_bus(struct doctor *d)
{
	struct fault fault;
	struct bus *bus = streams_open(&fault);

	if (bus == NULL || bus_streams(bus, streams_nothing, NULL,
	    &fault) < 0)
		doctor_trouble(d, DOCTOR_CRITICAL, "mfx-bus stat", "%s",
		    fault.text);
	bus_close(bus);
}

/* ---- damage ---- */

static void
streams_damage(void *arg, const char *what)
{
	struct streams_walk *w = arg;
	char mend[128];

	snprintf(mend, sizeof mend, "mfx-bus verify %s", w->stream);
	/* a group is told of by doctor_groups */
	if (strstr(what, "/groups/") == NULL && w->n++ < 20)
		doctor_trouble(w->d, DOCTOR_CRITICAL, mend, "%s", what);
}

static int
streams_verify(void *arg, const char *stream, struct fault *fault)
{
	struct streams_walk *w = arg;
	struct bus_health health;

	w->stream = stream;
	w->n = 0;
	if (bus_verify(w->bus, stream, &health, streams_damage, w,
	    fault) < 0)
		doctor_trouble(w->d, DOCTOR_CRITICAL, "mfx-bus verify", "%s",
		    fault->text);
	w->n = 0;
	return 0;
}

void
doctor_streams(struct doctor *d)
{
	struct streams_walk w = { .n = 0 };

	streams_each(d, streams_verify, &w);
}

/* ---- the clock ---- */

static int
streams_clock(void *arg, const char *stream, struct fault *fault)
{
	struct streams_walk *w = arg;
	struct bus_stat stat;
	int64_t ahead;

	if (bus_stat(w->bus, stream, &stat, fault) < 0 || !stat.has_newest)
		return 0;
	ahead = stat.newest.ns - stamp_now().ns;
	if (ahead > STREAMS_AHEAD)
		doctor_trouble(w->d, DOCTOR_WARNING, "timedatectl set-ntp true",
		    "the newest line of %s came %lld s ahead of the clock of "
		    "this machine", stream, (long long)(ahead / STAMP_SECOND));
	return 0;
}

void
doctor_clock(struct doctor *d)
{
	struct streams_walk w = { .n = 0 };

	streams_each(d, streams_clock, &w);
}

/* ---- groups ---- */

static void
streams_keep(struct streams_walk *w, const char *group, uint64_t seq,
    uint64_t lag, int64_t age)
{
	struct streams_group *g = &w->late[w->n++];

	snprintf(g->stream, sizeof g->stream, "%s", w->stream);
	snprintf(g->name, sizeof g->name, "%s", group);
	g->seq = seq;
	g->lag = lag;
	g->age = age;
}

static bool
streams_has_reader(struct streams_walk *w, const char *group)
{
	struct bus_group_state state = { .knows_reader = false };
	struct bus_group *g;
	struct fault fault;

	if (bus_group_open(&g, w->bus, w->stream, group, &fault) < 0)
		return true;
	if (bus_group_look(g, &state, &fault) < 0)
		state.knows_reader = false;
	bus_group_close(g);
	return !state.knows_reader || state.has_reader;
}

static void
streams_group(void *arg, const char *group, uint64_t seq, const char *bad)
{
	struct streams_walk *w = arg;
	char mend[256], name[160];
	struct fault fault;
	uint64_t lag;
	int64_t age;

	if (bad != NULL) {
		snprintf(mend, sizeof mend, "mfx-bus seek %s/%s start",
		    w->stream, group);
		doctor_trouble(w->d, DOCTOR_CRITICAL, mend, "%s", bad);
		return;
	}
	if (bus_unread(w->bus, w->stream, seq, &lag, &age, &fault) < 0)
		return;
	snprintf(name, sizeof name, "lag_%s/%s", w->stream, group);
	doctor_measure(w->d, name, (double)lag,
	    strcmp(bus_unit(w->bus), "bytes") == 0 ? "B" : "");
	/* those of commands that end are nobody's in between */
	if (lag == 0 || age <= w->d->set->max_lag ||
	    (strcmp(w->stream, DEAD_NAME) == 0 &&
	    strcmp(group, "redrive") == 0))
		return;
	snprintf(mend, sizeof mend, "mfx-sub %s/%s | ... (or, if nobody needs "
	    "it: mfx-bus forget %s/%s)", w->stream, group, w->stream, group);
	if (!streams_has_reader(w, group))
		doctor_trouble(w->d, DOCTOR_CRITICAL, mend,
		    "group %s/%s has no reader, and lines wait for %.0f s",
		    w->stream, group, (double)age / 1e9);
	else if (w->n < STREAMS_GROUPS_MAX)
		streams_keep(w, group, seq, lag, age);
}

static int
streams_groups(void *arg, const char *stream, struct fault *fault)
{
	struct streams_walk *w = arg;

	w->stream = stream;
	return bus_groups(w->bus, stream, streams_group, w, fault);
}

/* One that is late, but comes nearer, is only catching up. */
static void
streams_look_again(struct streams_walk *w, const struct streams_group *g)
{
	struct bus_group *group;
	struct fault fault;
	uint64_t seq, lag;
	char mend[256];
	int got;

	if (bus_group_open(&group, w->bus, g->stream, g->name, &fault) < 0)
		return;
	got = bus_group_get(group, &seq, &fault);
	bus_group_close(group);
	if (got <= 0 || bus_lag(w->bus, g->stream, seq, &lag, &fault) < 0)
		return;
	snprintf(mend, sizeof mend, "systemctl restart mfx-store (or whatever "
	    "runs the pipeline of %s/%s)", g->stream, g->name);
	if (lag >= g->lag)
		doctor_trouble(w->d, DOCTOR_CRITICAL, mend,
		    "group %s/%s is %.0f s behind, and %s", g->stream, g->name,
		    (double)g->age / 1e9, seq == g->seq ?
		    "does not move" : "its lag grows");
}

void
doctor_groups(struct doctor *d)
{
	struct streams_walk w = { .n = 0 };
	size_t i;

	w.late = memory_zero(STREAMS_GROUPS_MAX, sizeof *w.late);
	streams_each(d, streams_groups, &w);
	if (w.n > 0)
		poll(NULL, 0, STREAMS_PAUSE);
	for (i = 0; i < w.n; i++)
		streams_look_again(&w, &w.late[i]);
	/* the process ends here, and with it what is left */
}

/* ---- refused lines ---- */

void
doctor_dead(struct doctor *d)
{
	struct bus_group *group = NULL;
	struct bus_stat stat;
	struct fault fault;
	struct bus *bus;
	uint64_t seq = 0, lag = 0;
	int64_t age;

	if ((bus = streams_open(&fault)) == NULL)
		return;
	if (bus_exists(bus, DEAD_NAME, &fault) == 0 &&
	    bus_stat(bus, DEAD_NAME, &stat, &fault) == 0 &&
	    bus_group_open(&group, bus, DEAD_NAME, "redrive", &fault) == 0 &&
	    bus_group_get(group, &seq, &fault) >= 0 &&
	    bus_unread(bus, DEAD_NAME, seq, &lag, &age, &fault) == 0 &&
	    lag > 0)
		doctor_trouble(d, DOCTOR_WARNING, "mfx-bus redrive dead "
		    "(once the reason is gone; mfx-sub dead --no-follow "
		    "shows them)", "%llu %s of refused lines wait on the "
		    "stream dead", (unsigned long long)lag, bus_unit(bus));
	bus_group_close(group);
	bus_close(bus);
}
