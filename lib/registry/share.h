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

/* Calls `each`, as item_each_connection does, for the guest connections that
 * the user has by grants of others, in order of the channel's and then the
 * thing's id. */
int share_each_guest(struct registry *, const struct user *,
    int (*each)(void *arg, const struct item_pair *, struct fault *),
    void *arg, struct fault *);

/* The same for those that need one grant, which the user gave or got, in order
 * of their rows: those after `at`, which is where it is.  fault.status 1: there
 * is no such grant. */
struct guest_place {
	long long channel, thing;	/* rows; 0: before the first */
};
int share_each_guest_of(struct registry *, const struct user *,
    struct str grant, struct guest_place *at,
    int (*each)(void *arg, const struct item_pair *, struct fault *),
    void *arg, struct fault *);

/* The grant that the guest connection of these two needs: 1, and its id; 0:
 * they have none, or the user neither gave nor got it; -1.  A user of NULL may
 * know of all. */
int share_guest_grant(struct registry *, const struct user *,
    struct str channel, struct str thing, char id[ID_TEXT + 1],
    struct fault *);

#endif
