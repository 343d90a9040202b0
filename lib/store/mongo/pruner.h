/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_MONGO_PRUNER_H
#define MFX_STORE_MONGO_PRUNER_H

#include "store/store.h"

/* the functions of struct store_driver */
int mongo_pruner_open(void **, const char *place,
    const struct store_watch *, struct fault *);
int mongo_pruner_prune(void *, const struct match *, uint64_t *removed,
    struct fault *);
void mongo_pruner_close(void *);

#endif
