/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_ATTEMPTS_H
#define MFX_API_ATTEMPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * How often somebody may try: for each name (an address, an account tried
 * from an address) a number of attempts at once, and as many again each period.
 * One that succeeds is given back where only failures are to count.
 *
 * The table has a fixed size.  Under a flood of names one takes the place
 * of another that was used longest ago among a few: it can be pushed out
 * by whoever has that many addresses, which the limit on each makes slow.
 */
struct attempts;

struct rate {
	unsigned n;
	int64_t period;			/* ns */
};

struct attempts *attempts_open(void);
void attempts_close(struct attempts *);

/* 0, or how many seconds from now (ns, monotonic) it has to wait;
 * `kind` keeps names of different kinds apart */
unsigned attempts_take(struct attempts *, char kind, struct str name,
    struct rate, int64_t now);
void attempts_give_back(struct attempts *, char kind, struct str name,
    struct rate, int64_t now);

#endif
