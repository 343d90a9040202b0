/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_POSTGRES_COPY_H
#define MFX_STORE_POSTGRES_COPY_H

#include "base/buf.h"
#include "store/batch.h"

/*
 * The bytes of COPY … (FORMAT binary): copy_begin, rows, copy_end.
 */
#define COPY_SERIES \
	"COPY new_series (id, channel, publisher, protocol, subtopic, name," \
	" unit, content_type, kind, version) FROM STDIN (FORMAT binary)"
#define COPY_READINGS \
	"COPY readings (series, time, nth, value, integer_value," \
	" string_value, bool_value, data_value, sum, update_time)" \
	" FROM STDIN (FORMAT binary)"

/* series.id */
struct copy_id {
	unsigned char bytes[16];
};

void copy_begin(struct buf *);
void copy_series(struct buf *, const struct copy_id *, const struct route *,
    const struct record *);
void copy_reading(struct buf *, const struct copy_id *, int64_t nth,
    const struct record *);
void copy_end(struct buf *);

/* NULL, or why a text of PostgreSQL can't hold a label of it */
const char *copy_check(const struct route *, const struct record *);

#endif
