/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_POSTGRES_PRUNER_H
#define MFX_STORE_POSTGRES_PRUNER_H

#include "store/store.h"

/*
 * Removes old readings: months that are old as a whole with their partition,
 * unless only some channels are asked for; all others in steps of some blocks
 * of the table.  And then series that have no readings left.
 */
int postgres_pruner_open(void **, const char *place,
    const struct store_watch *, struct fault *);
int postgres_pruner_prune(void *, const struct match *, uint64_t *removed,
    struct fault *);
void postgres_pruner_close(void *);

#endif
