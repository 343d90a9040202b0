/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_INFLUX_AGGREGATE_H
#define MFX_STORE_INFLUX_AGGREGATE_H

#include "store/influx/layout.h"
#include "store/influx/rows.h"
#include "store/store.h"

/*
 * Aggregates that the server works out, of the layout MFX: those that
 * influx_query_plan says.  There is one statement for each kind of value, as
 * each has a field of its own; their answers come one after the other, each
 * series by series, so the frame has to put them in order.
 *
 * An aggregate without buckets has the time of its newest reading.  The server
 * does not say that along with the aggregate: a statement before it does.
 */
struct aggregate_newest {
	size_t at, n;			/* of the tags, in `keys` */
	int64_t time;
};

struct influx_aggregate {
	/* private */
	struct rows *rows;
	const struct query *ask;
	int kind;			/* of enum value_kind */
	bool asked;			/* its statement */
	uint64_t series;		/* of the answer, which is in … */
	struct cell tags[LAYOUT_TAGS];	/* … these */
	struct arena texts;
	bool wanted;			/* it matches, and has a time */
	struct aggregate_newest *newest;
	size_t n_newest, cap_newest, at_newest;
	struct buf keys;
	struct buf time;		/* of the newest one, as text */
	struct buf read;		/* texts of the record */
};

void influx_aggregate_init(struct influx_aggregate *, struct rows *);
void influx_aggregate_release(struct influx_aggregate *);

/* the functions of struct store_driver */
int influx_aggregate_ask(struct influx_aggregate *, const struct query *,
    struct fault *);
int influx_aggregate_next(struct influx_aggregate *, struct route *,
    struct record *, struct fault *);

#endif
