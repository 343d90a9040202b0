/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_CASSANDRA_PRUNER_H
#define MFX_STORE_CASSANDRA_PRUNER_H

#include "store/store.h"

/* the functions of struct store_driver */
int cassandra_pruner_open(void **, const char *place,
    const struct store_watch *, struct fault *);
int cassandra_pruner_prune(void *, const struct match *, uint64_t *removed,
    struct fault *);
void cassandra_pruner_close(void *);

#endif
