/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_COUNTS_H
#define MFX_REGISTRY_COUNTS_H

#include <stdint.h>

#include "base/fault.h"

struct registry;

/* How many of each the registry has. */
struct registry_counts {
	int64_t users, things, channels, connections;
};

int registry_count(struct registry *, struct registry_counts *,
    struct fault *);

#endif
