/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_ALARM_OUTLET_H
#define MFX_CMD_ALARM_OUTLET_H

#include "base/out.h"
#include "cmd/alarm/state.h"

/*
 * Where events go once they are in the state: to a stream of the bus, exactly
 * once, or to stdout, at least once.  A bus that is away is tried again, and
 * the events wait in the state.
 */
struct outlet {
	struct state *state;
	struct out *out;	/* when there is no stream */
	struct bus_writer *writer;
	struct bus_source *source;
	/* private */
	int64_t again;		/* monotonic ms: the next try; 0: at once */
	int64_t pause;		/* ms */
	bool told;		/* that it is away */
};

/* `stream` NULL: stdout */
int outlet_open(struct outlet *, struct bus *, const char *stream,
    enum bus_sync, struct fault *);
void outlet_close(struct outlet *);

/* Gives what there is: 0, also when it has to wait; -1: it is of no use to try
 * again. */
int outlet_give(struct outlet *, struct fault *);

/* is the bus away? */
static inline bool
outlet_waits(const struct outlet *o)
{
	return o->again != 0;
}

#endif
