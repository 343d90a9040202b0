/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_CHANGES_H
#define MFX_REGISTRY_CHANGES_H

#include "registry/item.h"

/*
 * Many changes of one kind in one transaction, all or none: mfx-things(1),
 * mfx-channels(1) and mfx-groups(1) take them from operands and files,
 * mfx-api(1) from requests.
 */

/* which members each may have, and must have: enum change_member */
unsigned changes_may(const struct changes *);
unsigned changes_must(const struct changes *);

/*
 * Does what is possible before registry_begin, so that other writers wait
 * less: ids, keys, and the answer for items that will be created.
 */
int changes_prepare(struct changes *, const struct keyring *,
    struct buf *answer, struct fault *);

/*
 * Makes the changes, after changes_prepare, between registry_begin and
 * registry_commit.  Appends to `answer`, a line each: {"id":…,"name":…,
 * "key":…} for each item created, {"id":…,"key":…} for each that got a key,
 * and in a dry run each item or group that would be removed, or {"channel":…,
 * "thing":…} for a connection, with its direction if it goes one way only.  A
 * fault is about v[at]; the caller then rolls
 * back, as it does after a dry run.
 */
int changes_make(struct changes *, struct registry *, const struct user *,
    struct buf *answer, struct fault *);

/* {"id":…,"name":…,"metadata":…,"tags":…,"status":…}: the members in `shown`
 * (enum change_member); with MEMBER_KEY also the key, null if its p is NULL;
 * and its direction, if it has one; and of another's what share_put appends,
 * and no key */
void item_put(struct buf *, const struct item *, unsigned shown,
    struct str key);
/* {"channel":…,"thing":…}, and "direction" unless it is 0 */
void pair_put(struct buf *, struct str channel, struct str thing,
    unsigned direction);

#endif
