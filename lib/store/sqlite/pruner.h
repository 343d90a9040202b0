/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_SQLITE_PRUNER_H
#define MFX_STORE_SQLITE_PRUNER_H

#include "store/store.h"

/*
 * Removes old readings; then the series, routes and texts that nothing uses
 * any more; and, in a file with auto_vacuum = INCREMENTAL, the pages that are
 * free.
 */
int sqlite_pruner_open(void **, const char *place,
    const struct store_watch *, struct fault *);
int sqlite_pruner_prune(void *, const struct match *, uint64_t *removed,
    struct fault *);
void sqlite_pruner_close(void *);

#endif
