/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_METRICS_H
#define MFX_BASE_METRICS_H

#include "base/buf.h"

/*
 * What a service counts, in Prometheus' text format (0.0.4).
 *
 *	metric_put_head(&b, "x_total", "counter", "what it counts");
 *	metric_put(&b, "x_total", "code=\"202\"", n);
 */
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

void metric_put_head(struct buf *, const char *name, const char *type,
    const char *help);
/* `labels` may be NULL */
void metric_put(struct buf *, const char *name, const char *labels,
    uint64_t value);

/* a histogram of durations, from 50 microseconds to 10 seconds */
#define METRIC_BUCKETS 17
struct metric_times {
	uint64_t counts[METRIC_BUCKETS + 1];	/* the last: longer */
	uint64_t ns;				/* all of them together */
};

void metric_times_add(struct metric_times *, int64_t ns);
/* in seconds, its head too */
void metric_times_put(struct buf *, const char *name, const char *help,
    const char *labels, const struct metric_times *);

/* the same without a head, for the next labels of one name */
void metric_times_put_values(struct buf *, const char *name,
    const char *labels, const struct metric_times *);

/* process_*: CPU time, memory, start, open files, as Prometheus' own client
 * libraries name them */
void metric_process_put(struct buf *);

#endif
