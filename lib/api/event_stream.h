/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_EVENT_STREAM_H
#define MFX_API_EVENT_STREAM_H

#include <stdbool.h>

struct api;

/* what is new goes out; `changed`: the registry has changed */
void event_streams_turn(struct api *, bool changed);
void event_streams_end(struct api *);
/* is there something to be sent now? */
bool event_streams_behind(const struct api *);

#endif
