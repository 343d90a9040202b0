/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_GROUP_H
#define MFX_REGISTRY_GROUP_H

#include "base/buf.h"
#include "registry/change.h"
#include "registry/grant.h"
#include "registry/user.h"

/*
 * Groups of things and channels.  A group may be in another one of the same
 * owner, its parent, so that groups form trees; none is ever beneath itself.  A
 * thing or channel may be in several groups of its owner, and a group contains
 * what is in it and what is in the groups beneath it.
 *
 * As for items, every call names the owner: what belongs to another user does
 * not exist for it.  With a thing or channel goes its place in groups, and
 * with a group the place of what was in it; neither has an event of its own.
 * No thing or channel is ever removed with a group.
 */
#define GROUPS_MAX 100000		/* of one owner */
#define GROUP_DEPTH_MAX 16		/* levels, the top included */
#define GROUPS_OF_ITEM_MAX 32		/* that a thing or channel is in */
#define GROUP_PATH_MAX (GROUP_DEPTH_MAX * (ID_TEXT + 1) - 1)

struct group {
	long long n;			/* its row */
	struct str id, name, description;
	struct str metadata;		/* compact; "{}" without any */
	struct str parent;		/* an id; p NULL: it is at the top */
	struct str path;		/* the ids from the top to its own, with
					 * dots between */
	int64_t created, updated;	/* ns since 1970 */
	uint64_t things, channels;	/* in it, not counting those beneath */
	/* of another user's that is shared: the address of its owner, and the
	 * grant's level; p NULL: it is the user's own.  What is above the
	 * groups that are shared does not show in parent and path. */
	struct str owner;
	enum grant_level level;
};

/* 1 at the top */
unsigned group_level(const struct group *);

/* appends {"id":…,"name":…,"parent":…,"description":…,"metadata":…}, and with
 * `place` ,"level":…,"things":…,"channels":…; of another's it also has
 * ,"owner":…,"shared":… */
void group_put(struct buf *, const struct group *, bool place);

/* ---- changes, between registry_begin and registry_commit ---- */

/* Creates change->id, with the name, description, metadata and parent of the
 * change.  EX_DATAERR when the id is in use or was another user's, when there
 * would be too many of them, or levels; 1 when there is no such parent. */
int group_create(struct registry *, const struct user *,
    const struct change *, struct fault *);

/* Changes the members in change->given, and nothing else.  A parent moves it,
 * with all that is beneath it; "" moves it to the top.  EX_DATAERR when it
 * would be beneath itself, or too deep. */
int group_update(struct registry *, const struct user *,
    const struct change *, struct fault *);

/* Removes it.  EX_DATAERR when there are groups beneath it, unless with
 * `recursive`, which removes these first.  `show`, which may be NULL, is
 * called for each of them before its removal. */
struct group_removal {
	bool recursive;
	void (*show)(void *arg, const struct group *);
	void *arg;
};
int group_remove(struct registry *, const struct user *, struct str id,
    const struct group_removal *, struct fault *);
/* all groups of a user */
int group_remove_all(struct registry *, const struct user *, struct fault *);

/* Puts a thing or channel of the owner into a group, or takes it out: 1; 0 when
 * nothing had to be changed; -1: 1, no such group, thing or channel;
 * EX_DATAERR, it is in too many groups. */
int group_assign(struct registry *, const struct user *, struct str group,
    enum item_kind, struct str item, struct fault *);
int group_unassign(struct registry *, const struct user *, struct str group,
    enum item_kind, struct str item, struct fault *);

/* ---- what there is ---- */

struct group_query {
	enum group_which {
		GROUPS_ALL,		/* in order of creation */
		GROUPS_TOP,		/* the same, only those at the top */
		GROUPS_CHILDREN,	/* and those in `of` */
		GROUPS_SHARED,		/* those of others that are shared with
					 * the user, and all beneath them */
		GROUPS_TREE,		/* `of` or, if its p is NULL, each at
					 * the top, and after each those in it,
					 * by name */
		GROUPS_PARENTS,		/* those above `of`, the nearest
					 * first */
		GROUPS_OF_THING,	/* those that contain the thing, or */
		GROUPS_OF_CHANNEL,	/* channel, `of` */
	} which;
	struct str of;			/* an id */
	/* only those with such a name, that contain this; NULL: any */
	const struct glob *glob;
	struct metadata_want *metadata;
	unsigned levels;		/* of GROUPS_TREE; 0: all */
	long long after;		/* those after this row; in order of
					 * creation only */
	uint64_t offset, limit;		/* of those that pass the filters */
};

/* does it pass the filters?  1, 0, or -1: asked to stop */
int group_wanted(const struct group_query *, const struct group *);

/* Calls `each` with borrowed groups until it returns non-zero, which is then
 * returned; 0 at the end; -1.  Of what does not exist there are none. */
int group_each(struct registry *, const struct user *,
    const struct group_query *, int (*each)(void *arg, const struct group *,
    struct fault *), void *arg, struct fault *);

/* one of the owner's by its id, or one that is shared with this user, as
 * group_each does; fault.status 1 when there is no such group */
int group_find(struct registry *, const struct user *, struct str id,
    int (*each)(void *arg, const struct group *, struct fault *), void *arg,
    struct fault *);
/* is there such a group of the owner?  0, or -1 and that fault */
int group_exists(struct registry *, const struct user *, struct str id,
    struct fault *);

/* Calls `each`, as group_each does, for every place that things, or channels,
 * of the owner have in a group: in order of the ids of the group and of what is
 * in it. */
struct group_place {
	struct str group, item;		/* ids */
	enum item_kind kind;
};
int group_each_place(struct registry *, const struct user *, enum item_kind,
    int (*each)(void *arg, const struct group_place *, struct fault *),
    void *arg, struct fault *);

#endif
