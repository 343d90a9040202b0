/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_GRANT_H
#define MFX_REGISTRY_GRANT_H

#include "base/buf.h"
#include "base/stamp.h"
#include "registry/user.h"

/*
 * Grants: an owner shares a thing, a channel or a group with another user, who
 * is invited by an email address and has to accept.  Ids, keys and history stay
 * the owner's.  Until then a grant allows nothing; it ends at once when the
 * owner takes it back, when the other user leaves, and when the thing, the
 * channel, the group or one of the two users is removed.
 *
 * A group is shared with all things and channels that it contains (group.h), as
 * they come and go: what is taken out of it, or is in a group that is moved
 * elsewhere, is shared no more.  What is in it, and where it is, only the owner
 * changes.
 *
 * Nothing here tells whether somebody has an address: an invitation to one
 * that no user has waits like any other.
 */
enum grant_level {
	GRANT_VIEW = 1,		/* see it, but never a key */
	GRANT_USE,		/* and connect it to what is one's own */
	GRANT_MANAGE,		/* and change its name, metadata, tags, status
				 * and connections */
	GRANT_OWNER,		/* no grant allows this: key, removal, grants */
};

/* "view", "use" or "manage"; 0: not one of these words */
struct str grant_level_word(enum grant_level);
unsigned grant_level_parse(struct str word);

enum grant_kind {
	GRANT_THING = ITEM_THING,
	GRANT_CHANNEL = ITEM_CHANNEL,
	GRANT_GROUP,
	GRANT_KINDS
};
/* "thing", "channel" or "group" */
const char *grant_kind_word(enum grant_kind);

/* An owner has at most this many grants, of which so many may wait, and so
 * many for one address; for one address so many wait of all owners together,
 * and a user accepts so many.  One that is not accepted is gone after this
 * time. */
#define GRANTS_MAX 2000
#define GRANTS_PENDING_MAX 500
#define GRANTS_PENDING_SAME 20
#define GRANTS_PENDING_ADDRESS 100
#define GRANT_PENDING_DAYS 30

struct grant {
	long long n;			/* their order: see grant_query */
	struct str id;
	struct str owner, email;	/* of the two users */
	enum grant_kind kind;
	struct str item, name;		/* what is shared */
	enum grant_level level;
	bool accepted;
	struct stamp created;
};

/* appends {"id":…,"owner":…,"email":…,"level":…,"thing":…,"name":…,
 * "accepted":…,"created":…}; `suffix` comes after "thing", "channel" or
 * "group": "_id" over HTTP, else "" */
void grant_put(struct buf *, const struct grant *, const char *suffix);

/*
 * Invites grant->email to grant->item at grant->level: with a new id, which it
 * gets.  If that address has a grant for it already, this gets the new level
 * at once, and keeps its id.  fault.status 1: the owner has no such item;
 * EX_DATAERR: too many, or the owner's own address.
 */
int grant_make(struct registry *, const struct user *owner,
    const struct grant *, char id[ID_TEXT + 1], struct fault *);

/* Of a grant that the user gave: the level.  One that the user got is refused
 * with EX_NOPERM; any other does not exist: status 1. */
int grant_set_level(struct registry *, const struct user *, struct str id,
    enum grant_level, struct fault *);
/* of one that the user got; accepting it again is fine */
int grant_accept(struct registry *, const struct user *, struct str id,
    struct fault *);
/* ends one, which the user gave or got */
int grant_end(struct registry *, const struct user *, struct str id,
    struct fault *);

enum grant_side { GRANTS_BOTH, GRANTS_GIVEN, GRANTS_RECEIVED };

struct grant_query {
	enum grant_side side;
	long long after;		/* those after this one; 0: all */
};
/* Calls `each` for the grants of a user in order of creation, until it returns
 * non-zero, which is then returned; 0 at the end, -1.  The grant is
 * borrowed. */
int grant_each(struct registry *, const struct user *,
    const struct grant_query *,
    int (*each)(void *, const struct grant *, struct fault *), void *arg,
    struct fault *);
/* the same for the one with this id, which the user gave or got */
int grant_find(struct registry *, const struct user *, struct str id,
    int (*each)(void *, const struct grant *, struct fault *), void *arg,
    struct fault *);

/*
 * May the user do what needs this level with an item of another, as far as
 * grants say?  1, and its owner; 0: nothing of it was shared with the user, for
 * whom it does not exist; -1, with EX_NOPERM when it was, at a lower level.
 */
int grant_allows(struct registry *, enum grant_kind, const struct user *,
    struct str id, enum grant_level, struct user *owner, struct fault *);

#endif
