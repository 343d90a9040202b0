/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_PASSED_H
#define MFX_BUS_PASSED_H

#include <stdint.h>

#include "base/str.h"

/*
 * Lines that a reader of the bus passes over, as it can't tell whose they
 * are: counted, and warned about, the first ten by their place and then once
 * a minute how many there were.
 */
struct passed {
	uint64_t n;
	/* private */
	int64_t next;		/* the next warning, monotonic ns */
};

/* `at` is the line's position or number; "raw", '@' or "<stdin>", ':' stand
 * in front of it */
void passed_over(struct passed *, const char *stream, char between,
    uint64_t at, const char *why);

/* NULL, or why nobody can tell the channel of a line in which no channel
 * was found by route_scan */
const char *passed_reason(struct str line);

/* one line of a bus, in which it found none: passed over if there is such a
 * reason; a mark, or what has no channel, is for nobody */
void passed_line(struct passed *, const char *stream, uint64_t at,
    struct str line);

#endif
