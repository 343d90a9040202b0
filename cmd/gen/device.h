/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_GEN_DEVICE_H
#define MFX_CMD_GEN_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/stamp.h"

/*
 * A simulated device: temperature with a daily wave, humidity, a battery that
 * runs down, a switch, a meter that counts, a position and a status.  All
 * values come from the seed by integer arithmetic, so the same calls give the
 * same bytes on every machine.
 */
struct device {
	uint64_t seed, index;
	/* private: values in the last digit that is printed */
	uint64_t random;
	int32_t warmth, humidity, battery, latitude, longitude;
	uint32_t energy;
	bool on;
};

void device_init(struct device *, uint64_t seed, uint64_t index);

/* an id (UUID, version 4) that belongs to the seed and the index; no NUL */
#define DEVICE_ID 36
void device_id(const struct device *, char id[DEVICE_ID]);

/*
 * The next readings as SenML at time t, without the brackets:
 * "bn":…,"bt":…,"n":…,"u":…,"v":…},{"n":…  The first eight are one of each
 * sensor; the next eight are a second older, and so on.
 */
void device_put(struct buf *, struct device *, struct stamp t, int records);

#endif
