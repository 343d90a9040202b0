/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_BOOTSTRAP_UNKNOWN_H
#define MFX_REGISTRY_BOOTSTRAP_UNKNOWN_H

#include <stdbool.h>

#include "base/stamp.h"
#include "registry/registry.h"

/*
 * Devices that asked for a configuration (bootstrap.h) and were not let in,
 * for the administrator, who sees which wait to be added: by external id,
 * never with the key that they showed.  The last UNKNOWN_MAX are kept.
 */
#define UNKNOWN_MAX 1000

struct bootstrap_unknown {
	struct str external_id, address;
	struct stamp first, last;
	uint64_t attempts;
	bool known;		/* it is somebody's by now: its key was wrong */
};

/* `address`: where it came from, as text */
int bootstrap_unknown_note(struct registry *, struct str external_id,
    struct str address, struct fault *);
/* it was added */
int bootstrap_unknown_forget(struct registry *, struct str external_id,
    struct fault *);

/* the last first, until `each` returns non-zero, which is then returned; 0 at
 * the end; -1 */
int bootstrap_unknown_each(struct registry *, uint64_t offset, uint64_t limit,
    int (*each)(void *, const struct bootstrap_unknown *), void *arg,
    struct fault *);
int bootstrap_unknown_count(struct registry *, uint64_t *n, struct fault *);

/* {"external_id":…,"address":…,"first":…,"last":…,"attempts":…,"known":…} */
void bootstrap_unknown_put(struct buf *, const struct bootstrap_unknown *);

#endif
