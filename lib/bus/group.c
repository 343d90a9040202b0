/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of any bus, and sources, which move one. */
#include <sysexits.h>

#include "bus/driver.h"

int
bus_group_open(struct bus_group **g, struct bus *bus, const char *stream,
    const char *group, struct fault *fault)
{
	if (!bus_name_valid(str_z(stream)))
		return fault_set(fault, EX_USAGE, "invalid stream name '%s'",
		    stream);
	if (!bus_name_valid(str_z(group)))
		return fault_set(fault, EX_USAGE, "invalid group name '%s'",
		    group);
	return bus->driver->group->open(g, bus, stream, group, NULL, fault);
}

void
bus_group_close(struct bus_group *g)
{
	if (g != NULL)
		g->bus->driver->group->close(g);
}

const char *
bus_group_stream(const struct bus_group *g)
{
	return g->stream;
}

const char *
bus_group_name(const struct bus_group *g)
{
	return g->name;
}

int
bus_group_get(struct bus_group *g, uint64_t *seq, struct fault *fault)
{
	*seq = 0;
	return g->bus->driver->group->get(g, seq, fault);
}

int
bus_group_look(struct bus_group *g, struct bus_group_state *state,
    struct fault *fault)
{
	const struct bus_group_ops *ops = g->bus->driver->group;

	*state = (struct bus_group_state){ .knows_reader = false };
	return ops->look != NULL ? ops->look(g, state, fault) : 0;
}

int
bus_group_set(struct bus_group *g, uint64_t seq, struct fault *fault)
{
	return g->bus->driver->group->put(g, seq, BUS_PUT_MOVE, fault);
}

void
bus_group_force(struct bus_group *g)
{
	g->forces = true;
}

bool
bus_group_sought(struct bus_group *g, uint64_t seq)
{
	return g->bus->driver->group->sought(g, seq);
}

int
bus_group_join(struct bus_group *g, uint64_t *seq, struct fault *fault)
{
	const struct bus_driver *driver = g->bus->driver;
	uint64_t at = 0;
	int known;

	if (driver->group->lease(g, BUS_ROLE_READER, fault) < 0)
		return -1;
	known = driver->group->get(g, &at, fault);
	if (known == 0) {
		if (driver->group->put(g, *seq, BUS_PUT_CREATE, fault) < 0)
			return -1;
		known = driver->group->get(g, &at, fault);
	}
	if (known > 0)
		*seq = at;
	return known < 0 ? -1 : 0;
}

int
bus_groups(struct bus *bus, const char *stream, bus_group_fn *fn, void *arg,
    struct fault *fault)
{
	if (bus_exists(bus, stream, fault) < 0)
		return -1;
	return bus->driver->group->all(bus, stream, fn, arg, fault);
}

/* ---- by hand ---- */

static void
group_try_name(void *near, const char *group, uint64_t seq, const char *bad)
{
	(void)seq;
	(void)bad;
	near_name_try(near, group);
}

static int
group_missing(struct bus_group *g, struct fault *fault)
{
	char hint[NEAREST_HINT];
	struct near_name n;
	struct fault ignored;

	nearest_start(&n.near, str_z(g->name));
	bus_groups(g->bus, g->stream, group_try_name, &n, &ignored);
	return fault_set(fault, BUS_NO_GROUP, "%s/%s: no such group%s",
	    g->stream, g->name, nearest_hint(&n.near, "", hint));
}

/* 0 when the group may be changed: it is there, and from now on nobody else
 * reads by it. */
static int
group_take(struct bus_group *g, struct fault *fault)
{
	uint64_t seq;
	int known;

	if (bus_exists(g->bus, g->stream, fault) < 0)
		return -1;
	known = bus_group_get(g, &seq, fault);
	if (known == 0)
		return group_missing(g, fault);
	if (known < 0 && fault->status != EX_DATAERR)
		return -1;
	return g->bus->driver->group->lease(g, BUS_ROLE_READER, fault);
}

int
bus_group_forget(struct bus_group *g, bool dry_run, struct fault *fault)
{
	if (group_take(g, fault) < 0)
		return -1;
	return dry_run ? 0 : g->bus->driver->group->remove(g, fault);
}

static int
group_find(struct bus_group *g, const struct bus_where *where, uint64_t *seq,
    struct fault *fault)
{
	uint64_t end;

	if (bus_where_find(g->bus, g->stream, where, seq, fault) < 0 ||
	    bus_where_find(g->bus, g->stream, &bus_where_end, &end, fault) < 0)
		return -1;
	return *seq <= end ? 0 : fault_set(fault, EX_USAGE,
	    "%s: %llu is beyond the end at %llu", g->stream,
	    (unsigned long long)*seq, (unsigned long long)end);
}

int
bus_group_seek(struct bus_group *g, const struct bus_where *where,
    enum bus_seek how, uint64_t *seq, struct fault *fault)
{
	if (group_take(g, fault) < 0 && (fault->status != BUS_NO_GROUP ||
	    !(how & BUS_SEEK_CREATE)))
		return -1;
	if (group_find(g, where, seq, fault) < 0)
		return -1;
	return (how & BUS_SEEK_DRY_RUN) ? 0 :
	    g->bus->driver->group->put(g, *seq, BUS_PUT_SEEK, fault);
}

/* ---- sources ---- */

/* the group becomes the source's, or is closed */
static int
group_source(struct bus_source **source, struct bus_writer *to,
    struct bus_group *g, struct fault *fault)
{
	const struct bus_driver *driver = to->bus->driver;

	if (driver->group->lease(g, BUS_ROLE_SOURCE, fault) == 0 &&
	    driver->source->open(source, to, g, fault) == 0)
		return 0;
	bus_group_close(g);
	return -1;
}

int
bus_source_open(struct bus_source **source, struct bus_writer *to,
    const char *stream, const char *group, struct fault *fault)
{
	struct bus_group *g;

	return bus_group_open(&g, to->bus, stream, group, fault) < 0 ? -1 :
	    group_source(source, to, g, fault);
}

int
bus_source_open_abroad(struct bus_source **source, struct bus_writer *to,
    const char *stream, const char *name, struct fault *fault)
{
	struct bus_group *g;

	return to->bus->driver->group->open(&g, to->bus, stream, name,
	    to->stream, fault) < 0 ? -1 : group_source(source, to, g, fault);
}

void
bus_source_close(struct bus_source *source)
{
	struct bus_group *g;

	if (source == NULL)
		return;
	g = source->group;
	source->to->bus->driver->source->close(source);
	bus_group_close(g);
}

int
bus_source_ack(struct bus_source *source, struct fault *fault)
{
	return source->to->bus->driver->source->ack(source, fault);
}
