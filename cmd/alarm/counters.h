/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_ALARM_COUNTERS_H
#define MFX_CMD_ALARM_COUNTERS_H

#include "base/run_read.h"
#include "cmd/alarm/rules.h"

/*
 * What the programs of the site count (mfx-run(5)), for the rules that ask for
 * it: the sum of all processes of a program.
 *
 *	counters_look(&c, &rules, &fault)
 *	... c.v[i].program, c.v[i].name, c.v[i].value
 *	counters_release(&c)
 *
 * A program that has ended is there once more, with 0.
 */
#define COUNTERS_MAX 4096

struct counter {
	char program[32], name[48];
	double value;		/* durations in seconds */
	bool seen;		/* private */
};

struct counters {
	struct counter *v;
	size_t n;
	/* private */
	const struct rules *rules;
	size_t room;
};

int counters_look(struct counters *, const struct rules *, struct fault *);
/* also one of zeros */
void counters_release(struct counters *);

/* a name that is not that of a sample but what the system says */
#define COUNTERS_PROCESSES "processes"
#define COUNTERS_RESIDENT "resident_bytes"
#define COUNTERS_CPU "cpu_seconds_total"

#endif
