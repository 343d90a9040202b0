/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_SITE_LOG_H
#define MFX_CMD_SITE_LOG_H

#include "base/arena.h"
#include "client/client.h"

/* appends a change as a line, for people or as JSON */
int log_put(struct buf *, const struct event_record *, bool json,
    struct arena *scratch, struct fault *);

#endif
