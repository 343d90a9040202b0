/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/replay.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/memory.h"

struct replay {
	char stream[BUS_NAME_MAX + 1];
	struct bus_reader *reader;	/* where the last step ended */
};

int
replay_open(struct replay **out, const char *stream, struct fault *fault)
{
	struct replay *r;

	if (!bus_name_valid(str_z(stream)))
		return fault_set(fault, EX_USAGE,
		    "'%s' is no name for a stream", stream);
	r = memory_zero(1, sizeof *r);
	memcpy(r->stream, stream, strlen(stream));
	*out = r;
	return 0;
}

void
replay_close(struct replay *r)
{
	if (r == NULL)
		return;
	bus_reader_close(r->reader);
	free(r);
}

/* The reader is put where this subscriber stands. */
static int
seek(struct replay *r, uint64_t at, struct fault *fault)
{
	if (r->reader != NULL && bus_reader_position(r->reader) == at)
		return 0;
	bus_reader_close(r->reader);
	r->reader = NULL;
	return bus_reader_open(&r->reader, r->stream, at, fault);
}

enum replay_result
replay_step(struct replay *r, uint64_t *at, uint64_t inlet_seq,
    struct str *lines, struct fault *fault)
{
	uint64_t before;
	int got;

	if (inlet_seq != 0 && *at >= inlet_seq)
		return REPLAY_LIVE;
	if (seek(r, *at, fault) < 0)
		return REPLAY_ERROR;
	got = bus_read(r->reader, lines, &before, fault);
	/* pruned, or in the middle of a line: it goes on behind that */
	*at = got > 0 ? before : bus_reader_position(r->reader);
	if (got != 0)
		return got > 0 ? REPLAY_LINES : REPLAY_ERROR;
	return inlet_seq != 0 && *at >= inlet_seq ? REPLAY_LIVE :
	    REPLAY_WAIT;
}
