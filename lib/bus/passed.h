/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_PASSED_H
#define MFX_BUS_PASSED_H

#include <stdint.h>

#include "base/str.h"

/*
 * Lines that a reader of the bus skips because it can't tell their channel.
 * They are counted and warned about: the first ten with their place, then
 * once a minute with their number.
 */
struct passed {
	uint64_t n;
	/* private */
	int64_t next;		/* the next warning, monotonic ns */
};

/* `at` is the line's position or number; `stream` and `between` stand before
 * it in the message: "raw", '@' or "<stdin>", ':' */
void passed_over(struct passed *, const char *stream, char between,
    uint64_t at, const char *why);

/* for a line in which route_scan found no channel: why its channel can't be
 * told, or NULL when it simply has none */
const char *passed_reason(struct str line);

/* skips a line of a bus in which route_scan found no channel, with a warning
 * if there is such a reason; a mark or a line without channel needs none */
void passed_line(struct passed *, const char *stream, uint64_t at,
    struct str line);

#endif
