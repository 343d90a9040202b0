/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_ALARM_EVENT_OUTPUT_H
#define MFX_CMD_ALARM_EVENT_OUTPUT_H

#include "base/out.h"
#include "cmd/alarm/state.h"

/*
 * Where events go once they are in the state: to a stream of the bus, exactly
 * once, or to stdout, at least once.  A bus that is away is tried again, and
 * the events wait in the state.
 */
struct event_output {
	struct state *state;
	struct out *out;	/* when there is no stream */
	struct bus_writer *writer;
	struct bus_source *source;
	/* private */
	int64_t again;		/* monotonic ms: the next try; 0: at once */
	int64_t pause;		/* ms */
	bool warned;		/* that the bus is away */
};

/* `stream` NULL: stdout */
int event_output_open(struct event_output *, struct bus *, const char *stream,
    enum bus_sync, struct fault *);
void event_output_close(struct event_output *);

/* Writes the events that wait: 0, also when they have to wait on; -1 when
 * trying again is of no use. */
int event_output_write(struct event_output *, struct fault *);

/* must the bus be tried again? */
static inline bool
event_output_waits(const struct event_output *o)
{
	return o->again != 0;
}

#endif
