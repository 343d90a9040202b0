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
 *
 * *acked becomes the group's position.  *starts: neither knows the group, and
 * its stream has no line.  Then the group has to be made before the first
 * commit: if the sink is killed between that and its acknowledgement, nothing
 * else tells that this bus is not another one, as a copy (resume.h) has no
 * stream.
 */
int settle(struct bus *, struct bus_group *, struct progress *at,
    uint64_t *acked, bool *starts, struct fault *);

#endif
