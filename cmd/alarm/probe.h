/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_ALARM_PROBE_H
#define MFX_CMD_ALARM_PROBE_H

#include "cmd/alarm/counters.h"
#include "cmd/alarm/engine.h"

/*
 * What rules ask of the site itself, looked up now and then, and given to the
 * engine as records of protocol "mfx", which no adapter writes:
 *
 *	lag:STREAM/GROUP	how much the group has not read, in the bus's
 *				unit
 *	disk:PATH		percent of that file system that is used
 *	certificate:SERIAL	seconds until it ends; publisher: its thing
 *	counter:PROGRAM/NAME	what all processes of the program count
 *
 * --test does not look: lines in this form take its place.
 */
#define PROBE_PROTOCOL "mfx"

struct probe {
	bool told[PROBE_KINDS];		/* that it can't be looked up */
	struct counters counters;
};

/* looks up what the rules ask for */
void probe_run(struct probe *, const struct rules *, struct engine *);
void probe_release(struct probe *);

#endif
