/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_MONGO_WRITER_H
#define MFX_STORE_MONGO_WRITER_H

#include "store/store.h"

/* the functions of struct store_driver */
enum store_result mongo_writer_open(void **, const char *place,
    const struct store_watch *, struct fault *);
enum store_result mongo_writer_write(void *, struct batch *, struct fault *);
void mongo_writer_close(void *);

#endif
