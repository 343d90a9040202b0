/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_SQLITE_WRITER_H
#define MFX_STORE_SQLITE_WRITER_H

#include "store/store.h"

/* The writing side of the driver (store/store.h): a batch is one
 * transaction, on disk when it is done. */
enum store_result sqlite_writer_open(void **, const char *path,
    const struct store_watch *, struct fault *);
enum store_result sqlite_writer_position(void *, const char *source,
    struct progress *, struct fault *);
enum store_result sqlite_writer_write(void *, struct batch *, struct fault *);
void sqlite_writer_close(void *);

#endif
