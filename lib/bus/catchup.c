/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/catchup.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/memory.h"

struct catchup {
	char stream[BUS_NAME_MAX + 1];
	struct bus_reader *reader;	/* where the last step ended */
};

int
catchup_open(struct catchup **out, const char *stream, struct fault *fault)
{
	struct catchup *r;

	if (!bus_name_valid(str_z(stream)))
		return fault_set(fault, EX_USAGE,
		    "'%s' is no name for a stream", stream);
	r = memory_zero(1, sizeof *r);
	memcpy(r->stream, stream, strlen(stream));
	*out = r;
	return 0;
}

void
catchup_close(struct catchup *r)
{
	if (r == NULL)
		return;
	bus_reader_close(r->reader);
	free(r);
}

/* The reader is put where this subscriber stands. */
static int
catchup_seek(struct catchup *r, uint64_t at, struct fault *fault)
{
	if (r->reader != NULL && bus_reader_position(r->reader) == at)
		return 0;
	bus_reader_close(r->reader);
	r->reader = NULL;
	return bus_reader_open(&r->reader, r->stream, at, fault);
}

enum catchup_result
catchup_step(struct catchup *r, uint64_t *at, uint64_t feed_seq,
    struct str *lines, struct fault *fault)
{
	uint64_t before;
	int got;

	if (feed_seq != 0 && *at >= feed_seq)
		return CATCHUP_LIVE;
	if (catchup_seek(r, *at, fault) < 0)
		return CATCHUP_ERROR;
	got = bus_read(r->reader, lines, &before, fault);
	/* pruned, or in the middle of a line: it goes on behind that */
	*at = got > 0 ? before : bus_reader_position(r->reader);
	if (got != 0)
		return got > 0 ? CATCHUP_LINES : CATCHUP_ERROR;
	return feed_seq != 0 && *at >= feed_seq ? CATCHUP_LIVE :
	    CATCHUP_WAIT;
}
