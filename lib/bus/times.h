/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_TIMES_H
#define MFX_BUS_TIMES_H

#include "bus/bus.h"

/* For drivers: the times of lines, as bus_line_time, by reading them. */

/*
 * The first line that is not earlier than t, from where the reader is: 1, and
 * the position before it; 0 at the end, and that; -1.  With `any`, the first
 * line that has a time at all, and *t becomes that.
 */
int times_find(struct bus_reader *, bool any, struct stamp *t, uint64_t *seq,
    struct fault *);

/* was the first line with a time after `first` before t?  1, 0, -1 */
int times_start_before(struct bus *, const char *stream, uint64_t first,
    struct stamp t, struct fault *);

/* the time of the first line after `from` that has one or, with `last`, of
 * the last */
int times_of(struct bus *, const char *stream, uint64_t from, bool last,
    struct stamp *t, bool *found, struct fault *);

#endif
