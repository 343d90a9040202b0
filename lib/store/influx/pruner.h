/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_INFLUX_PRUNER_H
#define MFX_STORE_INFLUX_PRUNER_H

#include "store/store.h"

/*
 * Removes old points, a day (UTC) at a time, the oldest first.  A statement
 * DELETE does not say how many it was, so they are counted before.
 */
int influx_pruner_open(void **, const char *place, const struct store_watch *,
    struct fault *);
int influx_pruner_prune(void *, const struct match *, uint64_t *removed,
    struct fault *);
void influx_pruner_close(void *);

#endif
