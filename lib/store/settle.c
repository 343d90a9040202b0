/* SPDX-License-Identifier: Apache-2.0 */
#include "store/settle.h"

#include <sysexits.h>

#define LLU(n) ((unsigned long long)(n))

/* 1 when lines after this position were pruned away, 0, -1 */
static int
settle_gone(struct bus *bus, const char *stream, uint64_t seq,
    struct fault *fault)
{
	struct bus_reader *reader;
	uint64_t from, to;
	bool gone;

	if (bus_reader_open(&reader, bus, stream, seq, fault) < 0)
		return -1;
	gone = bus_reader_gone(reader, &from, &to) ||
	    (seq == 0 && bus_reader_position(reader) > 0);
	bus_reader_close(reader);
	return gone;
}

/* The store is an older one. */
static int
settle_back(struct bus *bus, struct bus_group *g, const struct progress *at,
    uint64_t acked, struct fault *fault)
{
	const char *stream = bus_group_stream(g), *group = bus_group_name(g);
	int gone = settle_gone(bus, stream, at->whole, fault);

	if (gone < 0)
		return -1;
	if (gone)
		return fault_set(fault, EX_CONFIG, "%s/%s: the store has it "
		    "up to %llu, but the group is at %llu and the lines "
		    "after the former were pruned; 'mfx-bus seek %s/%s "
		    "start' goes on with the oldest line that is there",
		    stream, group, LLU(at->whole), LLU(acked), stream, group);
	if (bus_group_set(g, at->whole, fault) < 0)
		return -1;
	return fault_set(fault, EX_TEMPFAIL, "%s/%s: the store has it up to "
	    "%llu only, as an older copy of it would: the group is moved back "
	    "there from %llu; start again", stream, group, LLU(at->whole),
	    LLU(acked));
}

static int
settle_forward(struct bus *bus, struct bus_group *g,
    const struct progress *at, bool known, struct fault *fault)
{
	const char *stream = bus_group_stream(g);
	uint64_t end;

	if (!known && bus_where_find(bus, stream, &bus_where_end, &end,
	    fault) < 0)
		return -1;
	if (!known && end < at->whole)
		return fault_set(fault, EX_CONFIG, "the store has '%s/%s' up "
		    "to %llu, but the stream ends at %llu: another bus, which "
		    "needs another group", stream, bus_group_name(g),
		    LLU(at->whole), LLU(end));
	return bus_group_set(g, at->whole, fault);
}

/* A store that knows nothing of the group has nothing to say. */
static int
settle_new(struct bus *bus, struct bus_group *g, bool known, bool *starts,
    struct fault *fault)
{
	uint64_t end = 0;

	if (!known && bus_where_find(bus, bus_group_stream(g), &bus_where_end,
	    &end, fault) < 0)
		return -1;
	*starts = !known && end == 0;
	return 0;
}

int
settle(struct bus *bus, struct bus_group *g, struct progress *at,
    uint64_t *acked, bool *starts, struct fault *fault)
{
	int known = bus_group_get(g, acked, fault);

	*starts = false;
	if (known < 0)
		return -1;
	if (at->whole == 0 && at->part == 0)
		return settle_new(bus, g, known, starts, fault);
	if (progress_compare(&(struct progress){ .whole = *acked }, at) > 0) {
		if (!bus_group_sought(g, *acked))
			return settle_back(bus, g, at, *acked, fault);
		*at = (struct progress){ .whole = *acked };
		return 0;
	}
	if (at->whole > *acked &&
	    settle_forward(bus, g, at, known, fault) < 0)
		return -1;
	if (at->whole > *acked)
		*acked = at->whole;
	return 0;
}
