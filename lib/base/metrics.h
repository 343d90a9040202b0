/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_METRICS_H
#define MFX_BASE_METRICS_H

#include "base/buf.h"
#include "base/run.h"

/*
 * What a service counts: on a page in Prometheus' text format (0.0.4), or in
 * the file of run.h.  The same code says it for both.
 *
 *	struct metrics m = { .page = &b };
 *
 *	metric_put_head(&m, "x_total", "counter", "what it counts");
 *	metric_put(&m, "x_total", "code=\"202\"", n);
 */
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
/* how often it is put into the file, ns */
#define METRICS_EACH INT64_C(1000000000)

struct metrics {
	struct buf *page;	/* NULL: into the file */
	/* private: of the last head, for the file */
	const char *help;
	enum run_kind kind;
};

void metric_put_head(struct metrics *, const char *name, const char *type,
    const char *help);
/* `labels` may be NULL */
void metric_put(struct metrics *, const char *name, const char *labels,
    uint64_t value);

/* a histogram of durations, from 50 microseconds to 10 seconds */
#define METRIC_BUCKETS RUN_BUCKETS
struct metric_times {
	uint64_t counts[METRIC_BUCKETS + 1];	/* the last: longer */
	uint64_t ns;				/* all of them together */
};

void metric_times_add(struct metric_times *, int64_t ns);
/* in seconds, its head too */
void metric_times_put(struct metrics *, const char *name, const char *help,
    const char *labels, const struct metric_times *);

/* the same without a head, for the next labels of one name */
void metric_times_put_values(struct metrics *, const char *name,
    const char *labels, const struct metric_times *);

/* process_*: CPU time, memory, start, open files, as Prometheus' own client
 * libraries name them; not for the file, whose readers know the process */
void metric_process_put(struct buf *);

#endif
