/* SPDX-License-Identifier: Apache-2.0 */
#include "base/run_count.h"

#include "base/clock.h"

const int64_t run_bounds[RUN_BUCKETS] = {
	50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000,
	250000, 500000, 1000000, 2500000, 5000000, 10000000
};

/* what is counted when there is no file */
static union {
	struct run_file file;
	char room[sizeof(struct run_header) +
	    RUN_METRICS * sizeof(struct run_slot)];
} run_room;

struct run_file *const run_memory = &run_room.file;
_Atomic(struct run_file *) run_now = &run_room.file;

int
run_bucket(int64_t ns)
{
	int i = 0;

	while (i < RUN_BUCKETS && ns > run_bounds[i] * 1000)
		i++;
	return i;
}

int64_t
run_commit_begin(void)
{
	return RUN_COUNTED ? clock_ns() : 0;
}

void
run_commit_end(int64_t began)
{
	int64_t ns = RUN_COUNTED ? clock_ns() - began : 0;

	if (!RUN_COUNTED)
		return;
	run_add(RUN_COMMITS + (unsigned)run_bucket(ns), 1);
	run_add(RUN_COMMITS_SUM, ns > 0 ? (uint64_t)ns : 0);
}
