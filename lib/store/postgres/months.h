/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_POSTGRES_MONTHS_H
#define MFX_STORE_POSTGRES_MONTHS_H

#include "base/stamp.h"
#include "store/postgres/link.h"

/*
 * The partitions of readings: one for each calendar month (UTC) of the last
 * ten years up to the next month, made when the first reading of it comes.
 * All others, which a device with a wrong clock sends, share one that is
 * always there.
 */
#define MONTHS_MAX 122

struct months {
	bool partitioned;	/* or nothing is done */
	/* private */
	int first;		/* number of the oldest one, since year 0 */
	bool known[MONTHS_MAX];
	int64_t from, to;	/* of the last one looked at */
};

enum store_result months_open(struct months *, struct link *,
    struct fault *);
/* a partition for readings of that time, if it should have one of its own */
enum store_result months_need(struct months *, struct link *, struct stamp,
    struct fault *);

#endif
