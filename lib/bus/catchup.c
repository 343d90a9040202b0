/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/catchup.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"

struct catchup {
	struct bus *bus;
	char stream[BUS_NAME_MAX + 1];
	struct bus_reader *reader;	/* where the last step ended */
};

int
catchup_open(struct catchup **out, struct bus *bus, const char *stream,
    struct fault *fault)
{
	struct catchup *c;

	if (!bus_name_valid(str_z(stream)))
		return fault_set(fault, EX_USAGE, "invalid stream name '%s'",
		    stream);
	c = memory_zero(1, sizeof *c);
	c->bus = bus;
	memcpy(c->stream, stream, strlen(stream));
	*out = c;
	return 0;
}

void
catchup_close(struct catchup *c)
{
	if (c == NULL)
		return;
	bus_reader_close(c->reader);
	free(c);
}

int
catchup_find(struct catchup *c, const struct bus_where *where, uint64_t *at,
    struct fault *fault)
{
	uint64_t end;

	if (bus_where_find(c->bus, c->stream, where, at, fault) < 0 ||
	    bus_where_find(c->bus, c->stream, &bus_where_end, &end, fault) < 0)
		return -1;
	if (*at > end)
		*at = end;
	return 0;
}

/* The reader is put where this subscriber is. */
static int
catchup_seek(struct catchup *c, uint64_t at, struct fault *fault)
{
	if (c->reader != NULL && bus_reader_position(c->reader) == at)
		return 0;
	bus_reader_close(c->reader);
	c->reader = NULL;
	return bus_reader_open(&c->reader, c->bus, c->stream, at, fault);
}

enum catchup_result
catchup_step(struct catchup *c, uint64_t *at, uint64_t feed_seq,
    struct bus_lines *lines, struct fault *fault)
{
	int got;

	if (feed_seq != 0 && *at >= feed_seq)
		return CATCHUP_LIVE;
	if (catchup_seek(c, *at, fault) < 0)
		return CATCHUP_ERROR;
	got = bus_read(c->reader, lines, fault);
	/* pruned, or in the middle of a line: it goes on after that */
	*at = got > 0 ? lines->seq : bus_reader_position(c->reader);
	if (got != 0)
		return got > 0 ? CATCHUP_LINES : CATCHUP_ERROR;
	return feed_seq != 0 && *at >= feed_seq ? CATCHUP_LIVE :
	    CATCHUP_WAIT;
}
