/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_DAMAGE_H
#define MFX_BUS_DAMAGE_H

#include "bus/bus.h"

/* What the `verify` of every kind of bus has in common: damage is counted, and
 * told with the stream in front, ten times for each part of it at most. */
struct bus_check {
	const char *stream;
	struct bus_health *health;
	bus_tell_fn *tell;
	void *arg;
	unsigned told;		/* of this part; 0 where the next one begins */
};

void bus_damage(struct bus_check *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* a group, as bus_groups() gives it, of a stream that ends there */
void bus_check_group(struct bus_check *, const char *group, uint64_t seq,
    const char *bad, uint64_t end);

#endif
