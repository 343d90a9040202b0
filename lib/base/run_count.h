/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_RUN_COUNT_H
#define MFX_BASE_RUN_COUNT_H

#include "base/run_file.h"

/*
 * What every filter, sink and adapter counts, by any thread and at any time:
 * an addition in memory, which is the file of run.h once that is open.
 *
 *	run_add(RUN_LINES_IN, n);
 */
#define RUN_BUCKETS 17		/* of a histogram, and one for longer ones */

enum run_metric {
	/* every filter, sink and adapter */
	RUN_LINES_IN, RUN_BYTES_IN, RUN_LINES_OUT, RUN_BYTES_OUT,
	RUN_REJECTED, RUN_NOTED, RUN_MARKS,
	/* of those that commit: a sink, mfx-pub, an adapter */
	RUN_RETRIES,
	RUN_COMMITS,		/* a histogram: run_commit_end() */
	RUN_COMMITS_LAST = RUN_COMMITS + RUN_BUCKETS,
	RUN_COMMITS_SUM,
	/* a sink */
	RUN_STORED, RUN_REFUSED, RUN_PENDING,
	/* of one that moves a group, and knows how far behind it is */
	RUN_POSITION, RUN_LAG, RUN_LAG_TIME,
	RUN_METRICS
};

/* private: where it is counted now, and where when there is no file */
extern _Atomic(struct run_file *) run_now;
extern struct run_file *const run_memory;

/* 0: in programs beside which tests/bench/counters measures what it costs */
#ifdef RUN_UNCOUNTED
#define RUN_COUNTED 0
#else
#define RUN_COUNTED 1
#endif

static inline _Atomic uint64_t *
run_value(enum run_metric m)
{
	return &atomic_load_explicit(&run_now,
	    memory_order_relaxed)->slots[m].value;
}

static inline void
run_add(enum run_metric m, uint64_t n)
{
	if (RUN_COUNTED)
		atomic_fetch_add_explicit(run_value(m), n,
		    memory_order_relaxed);
}

static inline void
run_set(enum run_metric m, uint64_t n)
{
	if (RUN_COUNTED)
		atomic_store_explicit(run_value(m), n, memory_order_relaxed);
}

/* How long a commit took, into the histogram:
 *	began = run_commit_begin(); ... run_commit_end(began); */
int64_t run_commit_begin(void);
void run_commit_end(int64_t began);

/* the bounds of a histogram's buckets, in microseconds; which one a duration
 * counts in, RUN_BUCKETS for longer ones */
extern const int64_t run_bounds[RUN_BUCKETS];
int run_bucket(int64_t ns);

#endif
