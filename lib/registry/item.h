/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_ITEM_H
#define MFX_REGISTRY_ITEM_H

#include "base/buf.h"
#include "registry/change.h"
#include "registry/grant.h"
#include "registry/registry.h"
#include "registry/user.h"

/*
 * Things and channels, which differ only in that things have keys.  Every
 * call names the owner: what belongs to another user does not exist for it.
 * For lists see page.h.
 */
struct item {
	struct str id, name;
	struct str metadata;		/* compact; "{}" without any */
	struct str tags;		/* tags.h; "[]" without any */
	struct str box;			/* thing's sealed key; p NULL: no key */
	bool disabled;			/* a thing without access, or a channel
					 * that nobody has access to */
	unsigned direction;		/* of its connection, in a list of what
					 * is connected, if that goes one way
					 * only; else 0 */
	/* of another user's (share.h): the address of its owner, and what this
	 * user may do with it, 0 for no more than to see its id; p NULL: it is
	 * the user's own */
	struct str owner;
	enum grant_level level;
};

static inline struct str
item_status(bool disabled)
{
	return disabled ? STR("disabled") : STR("enabled");
}

/*
 * Creates change->id with change->key; change_make_id and change_make_key
 * fill in new ones.  EX_DATAERR when any thing has that key, or any user has
 * or ever had that id; the fault never says which user.  An owner may create
 * an id again after having removed it.
 */
int item_create(struct registry *, enum item_kind, const struct user *,
    const struct change *, struct fault *);

/*
 * The same as item_create and item_remove of each, in about half the time.
 * *at is the number of items done; after -1 the index of the one that failed,
 * and the rest were not tried.
 */
int items_create(struct registry *, enum item_kind, const struct user *,
    const struct change *, size_t n, size_t *at, struct fault *);
/* with `if_exists` a missing item is not an error; `show`, which may be NULL,
 * is called for each item before its removal */
struct items_removal {
	bool if_exists;
	void (*show)(void *arg, const struct item *);
	void *arg;
};
int items_remove(struct registry *, enum item_kind, const struct user *,
    const struct change *, size_t n, const struct items_removal *, size_t *at,
    struct fault *);

/* changes the members in change->given, and nothing else */
int item_update(struct registry *, enum item_kind, const struct user *,
    const struct change *, struct fault *);

/* removes it with its connections, which get no event of their own */
int item_remove(struct registry *, enum item_kind, const struct user *,
    struct str id, struct fault *);
/* all things and channels of a user, and groups */
int items_remove_all(struct registry *, const struct user *, struct fault *);

/* one of the owner's items by its id; it borrows until item_found_end;
 * fault.status 1 when there is no such item */
int item_find(struct registry *, enum item_kind, const struct user *,
    struct str id, struct item *, void **found, struct fault *);
void item_found_end(void *found);

/* Identifies the state of an item, for an ETag: text of ITEM_STATE bytes that
 * differs when its name, metadata, tags, status or key does. */
#define ITEM_STATE 22
void item_state(const struct item *, char to[ITEM_STATE + 1]);

/* Connects a thing and a channel of the owner, so that the thing may do what
 * `direction` says (direction.h).  0: leaves a connection as it is, and makes a
 * new one for both.  1; 0 when nothing had to be changed; -1 */
int item_connect(struct registry *, const struct user *, struct str channel,
    struct str thing, unsigned direction, struct fault *);
/* ends that: 1, and which direction it had; 0; -1 */
int item_disconnect(struct registry *, const struct user *, struct str channel,
    struct str thing, unsigned *direction, struct fault *);

struct item_pair {
	struct str channel, thing;	/* ids */
	unsigned direction;		/* enum direction */
};
/* Calls `each` for all connections of the owner, in order of the channel's and
 * then the thing's id, until it returns non-zero: -1 then, and 0 at the end */
int item_each_connection(struct registry *, const struct user *,
    int (*each)(void *arg, const struct item_pair *, struct fault *),
    void *arg, struct fault *);

/* are this channel and this thing of the owner connected?  1, 0, -1 */
int item_connected(struct registry *, const struct user *,
    struct str channel, struct str thing, struct fault *);

/* the id of the user who owns it: 1; 0 when there is no such item; -1 */
int item_owner(struct registry *, enum item_kind, struct str id,
    char owner[ID_TEXT + 1], struct fault *);

/* does it exist, with any owner, and is it disabled?  1, 0, -1 */
int item_exists(struct registry *, enum item_kind, struct str id,
    bool *disabled, struct fault *);

#endif
