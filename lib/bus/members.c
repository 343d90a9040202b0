/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/members.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/memory.h"
#include "bus/driver.h"

struct leased {
	struct bus_group *g;
	char role[32];
	bool held, spare;
};

struct members {
	const struct bus_group_ops *ops;
	unsigned n;
	int64_t silent, seen;	/* ms */
	int64_t again;		/* when one is asked again; 0: none is */
	unsigned count, rank;	/* members, and those in front of us */
	unsigned place;		/* n: none yet */
	struct leased *places, *parts;	/* n of each */
};

static int
leased_open(struct leased *l, struct bus *bus, const char *stream,
    const char *group, const char *kind, unsigned i, unsigned n,
    struct fault *fault)
{
	snprintf(l->role, sizeof l->role, "%s-%u-of-%u", kind, i, n);
	return bus_group_open(&l->g, bus, stream, group, fault);
}

int
members_open(struct members **out, struct bus *bus, const char *stream,
    const char *group, unsigned parts, int64_t silent, struct fault *fault)
{
	struct members *m = memory_zero(1, sizeof *m);
	unsigned i;
	int r = 0;

	*m = (struct members){
		.ops = bus->driver->group, .n = parts, .place = parts,
		.silent = silent, .seen = clock_ms(),
		.places = memory_zero(parts, sizeof *m->places),
		.parts = memory_zero(parts, sizeof *m->parts)
	};
	for (i = 0; r == 0 && i < parts; i++)
		if (leased_open(&m->places[i], bus, stream, group, "member",
		    i, parts, fault) < 0 || leased_open(&m->parts[i], bus,
		    stream, group, "part", i, parts, fault) < 0)
			r = -1;
	*out = m;
	if (r < 0) {
		members_close(m);
		*out = NULL;
	}
	return r;
}

void
members_close(struct members *m)
{
	unsigned i;

	if (m == NULL)
		return;
	for (i = 0; i < m->n; i++) {
		bus_group_close(m->parts[i].g);
		bus_group_close(m->places[i].g);
	}
	free(m->parts);
	free(m->places);
	free(m);
}

static void
leased_drop(struct members *m, struct leased *l)
{
	if (l->held)
		m->ops->release(l->g);
	l->held = l->spare = false;
}

/* 1 when it was free, and is now ours if it was to be; 0, -1 */
static int
leased_claim(struct members *m, struct leased *l, bool take,
    struct fault *fault)
{
	int r = m->ops->claim(l->g, l->role, m->silent, take, fault);

	if (r > 0 && take)
		l->held = true;
	return r;
}

/* ---- a look ---- */

static int
members_check(struct members *m, struct leased *of, struct fault *fault)
{
	unsigned i;
	int r = 1;

	for (i = 0; r >= 0 && i < m->n; i++)
		if (of[i].held && (r = m->ops->holds(of[i].g, fault)) == 0)
			leased_drop(m, &of[i]);
	return r < 0 ? -1 : 0;
}

/* The holders of all that is not ours are asked at once: of a member that is
 * stopped each would be waited for. */
static int
members_ask(struct members *m, struct fault *fault)
{
	struct bus_group **groups;
	const char **roles;
	struct leased *l;
	unsigned i, n = 0;
	int r;

	if (m->ops->ask == NULL)
		return 0;
	groups = memory_get(2 * m->n * sizeof(*groups));
	roles = memory_get(2 * m->n * sizeof(*roles));
	for (i = 0; i < 2 * m->n; i++) {
		l = i < m->n ? &m->places[i] : &m->parts[i - m->n];
		if (l->held)
			continue;
		groups[n] = l->g;
		roles[n++] = l->role;
	}
	r = m->ops->ask(groups, roles, n, m->silent, &m->again, fault);
	free(groups);
	free(roles);
	return r;
}

/* Who else is there?  A member without a place takes the first that is free. */
static int
members_meet(struct members *m, struct fault *fault)
{
	unsigned i, count = 0, rank = 0;
	int r;

	if (m->place < m->n && !m->places[m->place].held)
		m->place = m->n;
	for (i = 0; i < m->n; i++) {
		if (i != m->place) {
			r = leased_claim(m, &m->places[i], m->place == m->n,
			    fault);
			if (r < 0)
				return -1;
			if (m->places[i].held)
				m->place = i;
			else if (r > 0)
				continue;
		}
		if (i == m->place)
			rank = count;
		count++;
	}
	m->count = m->place < m->n ? count : 0;
	m->rank = rank;
	return 0;
}

static unsigned
members_share(const struct members *m)
{
	return m->count == 0 ? 0 :
	    m->n / m->count + (m->rank < m->n % m->count);
}

/* What is over our share is spare, from the last one; what is below it is
 * taken where it is free, each member beginning elsewhere.  The others are
 * looked at, so that it is known since when one has been silent. */
static int
members_settle(struct members *m, struct fault *fault)
{
	unsigned i, have = 0, share = members_share(m);
	struct leased *l;

	for (i = 0; i < m->n; i++) {
		m->parts[i].spare = m->parts[i].held && have >= share;
		have += m->parts[i].held;
	}
	for (i = 0; i < m->n; i++) {
		l = &m->parts[(m->rank * share + i) % m->n];
		if (l->held)
			continue;
		if (leased_claim(m, l, have < share, fault) < 0)
			return -1;
		have += l->held;
	}
	return 0;
}

static void
members_lose_all(struct members *m)
{
	unsigned i;

	for (i = 0; i < m->n; i++) {
		leased_drop(m, &m->parts[i]);
		leased_drop(m, &m->places[i]);
	}
	m->count = 0;
}

int
members_look(struct members *m, struct fault *fault)
{
	int64_t now = clock_ms();

	m->again = 0;
	if (members_check(m, m->places, fault) == 0 &&
	    members_check(m, m->parts, fault) == 0) {
		m->seen = now;
		if (members_ask(m, fault) == 0 &&
		    members_meet(m, fault) == 0 &&
		    members_settle(m, fault) == 0)
			return 0;
	}
	if (clock_ms() - m->seen >= m->silent / 2)
		members_lose_all(m);
	return -1;
}

int
members_due(const struct members *m, int most)
{
	int64_t left = m->again - clock_ms();

	if (m->again == 0 || left > most)
		return most;
	return left > 0 ? (int)left : 0;
}

enum members_part
members_part(const struct members *m, unsigned part)
{
	const struct leased *l = &m->parts[part];

	return !l->held ? MEMBERS_OTHER : l->spare ? MEMBERS_SPARE :
	    MEMBERS_MINE;
}

void
members_leave(struct members *m, unsigned part)
{
	leased_drop(m, &m->parts[part]);
}

unsigned
members_count(const struct members *m)
{
	return m->count;
}
