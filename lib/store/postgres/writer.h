/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_POSTGRES_WRITER_H
#define MFX_STORE_POSTGRES_WRITER_H

#include "store/store.h"

/* the functions of struct store_driver */
enum store_result postgres_writer_open(void **, const char *place,
    const struct store_watch *, struct fault *);
enum store_result postgres_writer_position(void *, const char *source,
    struct progress *, struct fault *);
enum store_result postgres_writer_write(void *, struct batch *,
    struct fault *);
void postgres_writer_close(void *);

#endif
