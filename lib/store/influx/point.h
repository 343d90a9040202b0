/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_INFLUX_POINT_H
#define MFX_STORE_INFLUX_POINT_H

#include "base/buf.h"
#include "store/batch.h"
#include "store/influx/layout.h"

/*
 * A reading as a line of InfluxDB's line protocol,
 *
 *	readings,channel=c1,kind=v,name=dev:t value=21.5 1700000000000000000
 *
 * Any text goes in and comes back, and none can be taken for more than one
 * tag, field or line.
 */

/* where its parts begin in the buffer */
struct point_place {
	size_t start, fields, time;
};

/* appends it; NULL, or why it can't be stored */
const char *point_put(struct buf *, enum layout, const struct reading *,
    struct point_place *);

/* the value of a tag as it is stored, and back; the second one writes to
 * `to`, which has room for text.n, and gives the length */
void point_put_tag(struct buf *, struct str text);
size_t point_read_tag(char *to, struct str text);

#endif
