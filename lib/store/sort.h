/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_SORT_H
#define MFX_STORE_SORT_H

#include <stdint.h>

#include "base/fault.h"
#include "line/route.h"
#include "senml/pack.h"

/*
 * Records by time; those of one time as they came, or with `desc` the other
 * way round.
 *
 *	sort_init(&sort, desc, keep, memory, disk);
 *	while (...)
 *		sort_add(&sort, &route, &record, &fault);
 *	while ((got = sort_next(&sort, &route, &record, &fault)) > 0)
 *		...
 *	sort_release(&sort);
 *
 * Of what has been added only the first `keep` are wanted.  What takes more
 * than `memory` bytes goes to a file without a name in $TMPDIR, /var/tmp or
 * /tmp, which may take `disk` bytes.
 */
struct sort_key {
	int64_t time;
	size_t at;		/* in rows */
};

struct sort_run;

struct sort {
	/* private */
	bool desc, sorted;
	uint64_t keep;
	size_t memory;
	uint64_t disk;
	struct buf rows;
	struct sort_key *keys;
	size_t n, cap, next;
	bool full;		/* `keep` of them are there, up to … */
	int64_t last;		/* … this time */
	int fd;			/* of the file; 0: none */
	uint64_t size;
	struct sort_run *runs;	/* in the order in which they came */
	size_t n_runs;
	size_t *heap, n_heap;	/* of runs, the one with the first row on top */
};

void sort_init(struct sort *, bool desc, uint64_t keep, size_t memory,
    uint64_t disk);
/* also one that is all zero */
void sort_release(struct sort *);

int sort_add(struct sort *, const struct route *, const struct record *,
    struct fault *);
/* 1 and a record, whose slices die at the next call; 0: that was all; -1 */
int sort_next(struct sort *, struct route *, struct record *,
    struct fault *);

#endif
