/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_EVENTS_H
#define MFX_CLIENT_EVENTS_H

#include "client/client.h"
#include "registry/event.h"

/*
 * Writes the lines that have come whole from a server to `out`, and removes
 * them from `come`.  Each has to be an event whose seq is greater than that
 * of the one before, whatever the server says; otherwise e->broken is set.
 * 1: enough, `out` can't be written, or broken; 0: go on.
 */
int events_put(struct client_events *e, struct out *out, struct buf *come);

/* what may come without a line end in it, and with */
#define EVENTS_BACKLOG (16 * EVENT_MAX)

#endif
