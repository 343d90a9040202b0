/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_CASSANDRA_ROW_H
#define MFX_STORE_CASSANDRA_ROW_H

#include "cql/cql.h"
#include "store/batch.h"

/*
 * A reading as a row of readings, and back.
 */
#define CASSANDRA_INSERT "INSERT INTO %.readings (channel, bucket, time, id," \
	" publisher, protocol, subtopic, name, unit, value, string_value," \
	" bool_value, data_value, value_sum, update_time, exact_value," \
	" exact_sum, exact_update, content_type, version) VALUES" \
	" (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

/* all values of CASSANDRA_INSERT */
void cassandra_row_bind(struct cql_call *, const struct reading *,
    int64_t bucket);

/* about how many bytes of a request it takes */
size_t cassandra_row_size(const struct route *, const struct record *);

#define CASSANDRA_COLUMNS "time, publisher, protocol, subtopic, name, unit," \
	" value, string_value, bool_value, data_value, value_sum," \
	" update_time, exact_value, exact_sum, exact_update, content_type," \
	" version"
#define CASSANDRA_CELLS 17

int64_t cassandra_row_time(const struct str cells[CASSANDRA_CELLS]);

/* The cells of CASSANDRA_COLUMNS; all but the channel.  Slices borrow from
 * the cells and from `texts`, which is replaced.  NULL, or what is wrong with
 * a row that another program has written. */
const char *cassandra_row_get(const struct str cells[CASSANDRA_CELLS],
    struct buf *texts, struct route *, struct record *);

#endif
