/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_INFLUX_ROW_H
#define MFX_STORE_INFLUX_ROW_H

#include "line/route.h"
#include "senml/pack.h"
#include "store/influx/answer.h"
#include "store/influx/layout.h"

/*
 * A row of the answer to influx_query_put as a record.
 */
#define INFLUX_CELLS_MAX (1 + LAYOUT_FIELDS + LAYOUT_TAGS)

/* how many cells a row has */
int influx_row_width(enum layout);

/* The slices borrow from `texts`, which is replaced; NULL, or why it is no
 * reading of ours. */
const char *influx_row_get(enum layout, const struct cell *,
    struct buf *texts, struct route *, struct record *);

#endif
