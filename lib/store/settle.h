/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_SETTLE_H
#define MFX_STORE_SETTLE_H

#include "bus/bus.h"

/*
 * Before a sink begins: its store and its group on the bus are brought to
 * agree.  The store is what counts.
 *
 * - A group that is behind the store, as the sink was killed between the
 *   two, is moved.
 * - A group that is ahead of it was put there by hand (mfx-bus seek), and
 *   then *at becomes that; or the store is an older one, from a backup.  Then
 *   the group is moved back, which is EX_TEMPFAIL, as its reader has begun
 *   elsewhere; or EX_CONFIG when the lines between are gone.
 * - A bus that does not know the group and is not as long as the store has
 *   read is another one, or a new one: its lines would be taken for old ones
 *   and dropped.  EX_CONFIG.
 * - A group that neither knows, of a stream without a line, is made.
 *
 * *acked becomes the group's position.
 */
int settle(struct bus *, struct bus_group *, struct progress *at,
    uint64_t *acked, struct fault *);

#endif
