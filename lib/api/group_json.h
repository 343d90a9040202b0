/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_GROUP_JSON_H
#define MFX_API_GROUP_JSON_H

#include "registry/group.h"

/* A group as Mainflux of 2021 has it, and how many things and channels are in
 * it:
 *
 *	{"id":…,"name":…,"owner_id":…,"parent_id":…,"description":…,
 *	 "metadata":…,"level":…,"path":…,"created_at":…,"updated_at":…,
 *	 "things":…,"channels":…}
 *
 * A parent, description or metadata that it does not have is left out. */
void group_json_put(struct buf *, const struct user *owner,
    const struct group *);

#endif
