/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_INFLUX_QUERY_H
#define MFX_STORE_INFLUX_QUERY_H

#include "base/buf.h"
#include "store/influx/layout.h"
#include "store/store.h"

/*
 * The InfluxQL of a question.  It selects the time, the fields and the tags of
 * the layout, each in its order.  What the frame filters itself is asked of
 * the server, too, when it is sure to leave out none that matches.
 *
 * There are no parameters in a URL that all versions have, so texts are
 * written as literals: quotes and backslashes with a backslash; others that
 * would need one are not in a tag (layout.h).
 */
unsigned influx_query_plan(const struct query *);
void influx_query_put(struct buf *, enum layout, const struct query *);
/* only how many there are: the sum of the answers to several, of which this
 * is the nth, from 0 on; gives how many */
int influx_query_put_count(struct buf *, enum layout, const struct query *,
    int nth);
/* the same of what " FROM … WHERE …" says, as of the next one */
int influx_query_put_count_of(struct buf *, enum layout, struct str from,
    int nth);
/* points from one time to before another, of the channels of tags, or of all
 * when there are none */
void influx_query_put_span(struct buf *, enum layout, int64_t from, int64_t to,
    const struct str *tags, size_t n);

/*
 * The aggregates of all readings whose value is of one kind, series by series,
 * of each by time; the rows have the time, and these fields.  The labels are
 * asked of the server as in a plain query: it may give series that do not
 * match.
 */
#define QUERY_FIELDS_MAX 5
int influx_query_fields(enum aggregate, enum value_kind,
    enum layout_field [QUERY_FIELDS_MAX]);
void influx_query_put_aggregate(struct buf *, const struct query *,
    enum value_kind);
/* the time of the newest of each of these series, and a field */
void influx_query_put_newest(struct buf *, const struct query *,
    enum value_kind);

#endif
