/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_SHARE_H
#define MFX_REGISTRY_SHARE_H

#include "registry/item.h"

/*
 * The functions of item.h for users to whom others have granted something
 * (grant.h): each tries what the user owns first, at no further cost, and then
 * what is shared.  Where a grant is not enough they give EX_NOPERM; what was
 * not shared at all does not exist, as ever.  A change of another's item is the
 * owner's, with who made it as `by` in its event.
 */

/* appends ,"owner":"ann@example.com","level":"view" to the JSON object of
 * another's item; nothing for one's own */
void share_put(struct buf *, const struct item *);

/* GRANT_VIEW; box is empty then, and owner and level are set */
int share_find(struct registry *, enum item_kind, const struct user *,
    struct str id, struct item *, void **found, struct fault *);
/* GRANT_MANAGE, and with a key GRANT_OWNER */
int share_update(struct registry *, enum item_kind, const struct user *,
    const struct change *, struct fault *);
/* GRANT_OWNER */
int share_remove(struct registry *, enum item_kind, const struct user *,
    struct str id, struct fault *);

/*
 * Connects what is the user's own with what is shared at GRANT_USE, as a guest:
 * for as long as that grant lasts.  Two of one other owner: GRANT_MANAGE of
 * both, and that is a connection like others.  Two of different other owners:
 * EX_NOPERM.
 */
int share_connect(struct registry *, const struct user *, struct str channel,
    struct str thing, unsigned direction, struct fault *);
/* the same; a guest connection may be ended by the owner of either, and at
 * GRANT_MANAGE of either */
int share_disconnect(struct registry *, const struct user *,
    struct str channel, struct str thing, unsigned *direction,
    struct fault *);
/* for both, at GRANT_VIEW, or own one and be its guest's host */
int share_connected(struct registry *, const struct user *,
    struct str channel, struct str thing, struct fault *);

#endif
