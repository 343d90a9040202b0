/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_CASSANDRA_READER_H
#define MFX_STORE_CASSANDRA_READER_H

#include "store/store.h"

/* the functions of struct store_driver */
int cassandra_reader_open(void **, const char *place,
    const struct store_watch *, struct fault *);
int cassandra_reader_query(void *, const struct query *, struct fault *);
int cassandra_reader_next(void *, struct route *, struct record *,
    struct fault *);
int cassandra_reader_count(void *, uint64_t *, struct fault *);
void cassandra_reader_explain(void *, struct buf *);
void cassandra_reader_close(void *);

#endif
