/* SPDX-License-Identifier: Apache-2.0 */
#include "store/resume.h"

#include <sysexits.h>

#include "bus/bus.h"
#include "store/row.h"

#define RESUME_ROW_MAX ((size_t)8 << 20)

int
resume_check(const char *name, struct fault *fault)
{
	char stream[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];

	return bus_group_parse(name, stream, group, fault);
}

/* A stream of that name would have positions of its own. */
static int
resume_check_stream(struct bus *bus, const char *stream, struct fault *fault)
{
	uint64_t end;

	if (bus_where_find(bus, stream, &bus_where_end, &end, fault) < 0)
		return -1;
	return end == 0 ? 0 : fault_set(fault, EX_CONFIG, "'%s' is a stream "
	    "of the bus: --resume needs a name that no stream has", stream);
}

int
resume_from(const char *name, int64_t *from, struct fault *fault)
{
	char stream[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];
	struct bus *bus = NULL;
	struct bus_group *g = NULL;
	uint64_t seq;
	int r = -1;

	if (bus_group_parse(name, stream, group, fault) == 0 &&
	    bus_open(&bus, NULL, fault) == 0 &&
	    resume_check_stream(bus, stream, fault) == 0 &&
	    bus_group_open(&g, bus, stream, group, fault) == 0)
		r = bus_group_get(g, &seq, fault);
	bus_group_close(g);
	bus_close(bus);
	if (r > 0 && seq > 0 && seq < INT64_MAX && (int64_t)seq + 1 > *from)
		*from = (int64_t)seq + 1;
	return r < 0 ? -1 : 0;
}

static uint64_t
resume_position(int64_t time)
{
	return time > 1 ? (uint64_t)time : 1;
}

/* The next one of the store's into `held`, which is empty at the end. */
static int
resume_look(struct resume *r, struct fault *fault)
{
	struct route route;
	struct record record;
	int got = reader_next(r->reader, &route, &record, fault);

	buf_clear(&r->held);
	if (got > 0)
		row_put(&r->held, &route, &record);
	return r->held.full ? fault_set(fault, EX_DATAERR,
	    "a record is too long") : got;
}

void
resume_init(struct resume *r, struct reader *reader)
{
	*r = (struct resume){ .reader = reader };
	buf_init(&r->held, RESUME_ROW_MAX);
	buf_init(&r->given, RESUME_ROW_MAX);
}

void
resume_release(struct resume *r)
{
	buf_release(&r->held);
	buf_release(&r->given);
}

int
resume_next(struct resume *r, struct route *route, struct record *record,
    struct fault *fault)
{
	struct buf row;
	int got;

	/* the first of all */
	if (r->given.n == 0 && (got = resume_look(r, fault)) <= 0)
		return got;
	if (r->held.n == 0)
		return 0;
	row = r->given;
	r->given = r->held;
	r->held = row;
	if ((got = resume_look(r, fault)) < 0)
		return -1;
	row_get(r->given.p, route, record);
	route->has_seq = true;
	route->seq = resume_position(record->time.ns);
	if (got == 0 || resume_position(row_time(r->held.p)) != route->seq)
		r->part = 0;
	else if (r->part < PART_MAX)
		r->part++;
	else
		return fault_set(fault, EX_DATAERR, "too many readings of one "
		    "time");
	route->part = r->part;
	return 1;
}
