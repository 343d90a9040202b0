/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_SQLITE_READER_H
#define MFX_STORE_SQLITE_READER_H

#include "store/store.h"

/* The reading side of the driver (store/store.h): the file is opened
 * read-only.  One of many readers keeps 2 MiB of labels, instead of 32. */
int sqlite_reader_open(void **, const char *path, const struct store_watch *,
    struct fault *);
int sqlite_reader_query(void *, const struct query *, struct fault *);
int sqlite_reader_next(void *, struct route *, struct record *,
    struct fault *);
int sqlite_reader_count(void *, uint64_t *, struct fault *);
uint64_t sqlite_reader_beyond(const void *);
void sqlite_reader_explain(void *, struct buf *);
void sqlite_reader_close(void *);
int sqlite_reader_probe(const char *path, const struct store_watch *,
    struct fault *);

#endif
