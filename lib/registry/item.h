/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_ITEM_H
#define MFX_REGISTRY_ITEM_H

#include "base/buf.h"
#include "registry/registry.h"
#include "registry/spec.h"
#include "registry/user.h"

/*
 * Things and channels, which are alike but for a thing's key.  Every call
 * names the owner: what belongs to another is not there.  page.h gives many.
 */
enum item_kind { ITEM_THING, ITEM_CHANNEL };

struct item {
	struct str id, name;
	struct str metadata;		/* compact; "{}" when there is none */
	struct str tags;		/* tags.h; "[]" when there are none */
	struct str box;			/* a thing's sealed key; p NULL: none */
	bool disabled;			/* it has no access, or gives none */
};

/* "enabled" or "disabled" */
struct str item_status(bool disabled);

/*
 * Makes spec->id, with spec->key: spec_make_id and spec_make_key fill them
 * before.  EX_DATAERR when somebody has that key, or has or ever had that
 * id; whose it is is never said.  An owner's own may come back once it was
 * removed.
 */
int item_create(struct registry *, enum item_kind, const struct user *,
    const struct spec *, struct fault *);

/*
 * As item_create and item_remove of each, in about half the time: for many
 * at once.  *at: how many of them were done; of -1 the one that failed, with
 * none of those that follow.
 */
int items_create(struct registry *, enum item_kind, const struct user *,
    const struct spec *, size_t n, size_t *at, struct fault *);
/* with `if_exists` one that isn't there is fine; `show` (may be NULL) is told
 * of each before it goes */
struct items_removal {
	bool if_exists;
	void (*show)(void *arg, const struct item *);
	void *arg;
};
int items_remove(struct registry *, enum item_kind, const struct user *,
    const struct spec *, size_t n, const struct items_removal *, size_t *at,
    struct fault *);

/* changes what spec->given says, and nothing else */
int item_update(struct registry *, enum item_kind, const struct user *,
    const struct spec *, struct fault *);

/* with its connections, for which there is no event of their own */
int item_remove(struct registry *, enum item_kind, const struct user *,
    struct str id, struct fault *);
int item_remove_all(struct registry *, enum item_kind, const struct user *,
    struct fault *);

/* one of the owner's, by its id; it borrows until item_found_end; fault
 * status 1: there is none */
int item_find(struct registry *, enum item_kind, const struct user *,
    struct str id, struct item *, void **found, struct fault *);
void item_found_end(void *found);

/* What tells two states of an item apart: text of ITEM_STATE bytes, the
 * same for the same name, metadata, tags, status and key. */
#define ITEM_STATE 22
void item_state(const struct item *, char to[ITEM_STATE + 1]);

/* connects, or disconnects, a thing and a channel of the owner; fine when
 * that is so already: 0, else 1, or -1 */
int item_connect(struct registry *, const struct user *, bool connect,
    struct str channel, struct str thing, struct fault *);

/* are these two of the owner's connected?  1, 0, -1 */
int item_connected(struct registry *, const struct user *,
    struct str channel, struct str thing, struct fault *);

/* the id of the user whose it is; 1, 0: there is none, -1 */
int item_owner(struct registry *, enum item_kind, struct str id,
    char owner[ID_TEXT + 1], struct fault *);

/* is there one, whoever has it, and is it disabled?  1, 0, -1 */
int item_exists(struct registry *, enum item_kind, struct str id,
    bool *disabled, struct fault *);

#endif
