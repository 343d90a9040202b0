/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_PATIENT_H
#define MFX_BUS_PATIENT_H

#include "bus/bus.h"

/*
 * Appending for a program that has nowhere else to put its lines: it waits
 * for room on a full disk.  As filter.h it speaks for the program.
 */
struct patient {
	struct bus_writer *writer;
	struct bus_relay *relay;	/* or NULL: exactly once by this */
	int64_t timeout;	/* gives up after so long, ns; 0: never */
	bool each;		/* without a relay: each line by itself */
};

/*
 * Appends whole lines, and, with `moves`, moves the relay's group to `at`,
 * which is how far they go.  0, or the status to end with.
 */
int patient_append(struct patient *, struct str lines,
    const struct progress *at, bool moves);

#endif
