/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_POSTGRES_READER_H
#define MFX_STORE_POSTGRES_READER_H

#include "store/store.h"

/* the functions of struct store_driver */
int postgres_reader_open(void **, const char *place,
    const struct store_watch *, struct fault *);
int postgres_reader_query(void *, const struct query *, struct fault *);
int postgres_reader_next(void *, struct route *, struct record *,
    struct fault *);
int postgres_reader_count(void *, uint64_t *, struct fault *);
uint64_t postgres_reader_beyond(const void *);
void postgres_reader_close(void *);

#endif
