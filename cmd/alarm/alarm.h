/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_ALARM_ALARM_H
#define MFX_CMD_ALARM_ALARM_H

#include "bus/bus.h"
#include "cmd/alarm/rules.h"

/* The life of mfx-alarm: as filter.h it speaks for the program. */
struct alarm_options {
	const char *output;	/* a stream; NULL: stdout */
	const char *ack, *state, *rejects;
	enum bus_sync sync;
	bool test;
	int64_t now;		/* with test; INT64_MIN: not given */
};

#define ALARM_DEFAULTS { .sync = BUS_SYNC_NONE, .now = INT64_MIN }

/* the exit status */
int alarm_run(const struct alarm_options *, const char *rules, char **files,
    int64_t ready_fd);

/* Reads the rules, and prints each mistake with its place: -1 and EX_CONFIG. */
int rules_load(struct rules *, const char *path, struct fault *);

#endif
