/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_MONGO_LIBRARY_H
#define MFX_STORE_MONGO_LIBRARY_H

/* its functions in headers don't stand our warnings */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#include <mongoc/mongoc.h>
#pragma GCC diagnostic pop

#endif
