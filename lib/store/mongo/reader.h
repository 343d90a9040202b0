/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_MONGO_READER_H
#define MFX_STORE_MONGO_READER_H

#include "store/store.h"

/* the functions of struct store_driver */
int mongo_reader_open(void **, const char *place,
    const struct store_watch *, struct fault *);
int mongo_reader_query(void *, const struct query *, struct fault *);
int mongo_reader_next(void *, struct route *, struct record *,
    struct fault *);
int mongo_reader_count(void *, uint64_t *, struct fault *);
void mongo_reader_explain(void *, struct buf *);
void mongo_reader_close(void *);

#endif
