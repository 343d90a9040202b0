/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_count: what it costs to count, in a file of $MFX_HOME/run.  Prints rows
 * for tests/bench/counters.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/run.h"
#include "base/run_top.h"

#define COUNTED 20000000
#define TURNS 5

static struct run_tops tops;
static char ids[4096][37];

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void
add(unsigned i)
{
	run_add(RUN_LINES_IN, i & 1);
}

static void
commit(unsigned i)
{
	(void)i;
	run_commit_end(run_commit_begin());
}

/* what a registry would be asked is not measured here: "access decision" */
static struct str
owner(void *arg, struct str thing)
{
	(void)arg;
	return (struct str){ ids[(unsigned char)thing.p[35] & 15], 36 };
}

/* four things send all; a thing of many sends each time, and takes the place of
 * another mostly */
static void
top_few(unsigned i)
{
	run_tops_add(&tops, (struct str){ ids[i % 4], 36 },
	    (struct str){ ids[5], 36 }, 100);
}

static void
top_many(unsigned i)
{
	run_tops_add(&tops, (struct str){ ids[i * 2654435761u >> 20], 36 },
	    (struct str){ ids[i * 2246822519u >> 20], 36 }, 100);
}

static void
measure(const char *what, void (*one)(unsigned), unsigned n)
{
	double best = 1e9, t;
	unsigned i, turn;

	for (turn = 0; turn < TURNS; turn++) {
		t = now();
		for (i = 0; i < n; i++)
			one(i);
		t = (now() - t) / n;
		best = t < best ? t : best;
	}
	printf("counters, %s\t%.1f\tns\tat best of %d turns\n", what, best,
	    TURNS);
}

int
main(void)
{
	unsigned i;

	for (i = 0; i < 4096; i++)
		snprintf(ids[i], sizeof ids[i],
		    "01a229ce-81ff-75dc-be9b-%012x", i);
	run_open("mfx-bench", RUN_COMMITTING | RUN_SERVER | RUN_MAKE);
	if (!run_is_open()) {
		fputs("run_count: no file in $MFX_HOME/run\n", stderr);
		return 1;
	}
	run_tops_init(&tops, owner, NULL);
	measure("an addition", add, COUNTED);
	measure("a commit", commit, COUNTED);
	measure("a message of four things", top_few, COUNTED / 4);
	measure("a message of 4096 things and channels", top_many,
	    COUNTED / 4);
	return 0;
}
