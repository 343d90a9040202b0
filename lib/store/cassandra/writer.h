/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_CASSANDRA_WRITER_H
#define MFX_STORE_CASSANDRA_WRITER_H

#include "store/store.h"

/* the functions of struct store_driver */
enum store_result cassandra_writer_open(void **, const char *place,
    const struct store_watch *, struct fault *);
enum store_result cassandra_writer_write(void *, struct batch *,
    struct fault *);
void cassandra_writer_close(void *);

#endif
