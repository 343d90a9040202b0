/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_ROW_H
#define MFX_STORE_ROW_H

#include "base/buf.h"
#include "line/route.h"
#include "senml/pack.h"

/*
 * A record and its labels as bytes of this process, for what is kept in
 * memory or in a file of its own.  A position is not kept.
 */

/* appends it */
void row_put(struct buf *, const struct route *, const struct record *);

/* its length and time, from its first ROW_HEAD bytes */
#define ROW_HEAD 16
size_t row_size(const char *row);
int64_t row_time(const char *row);

/* the slices borrow from the row; numbers have a NUL after them */
void row_get(const char *row, struct route *, struct record *);

#endif
