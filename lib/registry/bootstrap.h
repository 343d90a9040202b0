/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_BOOTSTRAP_H
#define MFX_REGISTRY_BOOTSTRAP_H

#include "registry/bootstrap_change.h"
#include "registry/bootstrap_secure.h"
#include "registry/item.h"

/*
 * Configurations of things that are still in their box: a device knows its
 * external id and its external key, asks for what belongs to them, and is
 * told which thing it is, the key and the channels of that thing, and what
 * else its owner has written for it.  A thing has one at most, and an
 * external id is that of one thing of the whole registry.
 *
 * A configuration is made inactive.  When it becomes active its thing is
 * connected to its channels, and when it becomes inactive again they are
 * disconnected; so it is, too, when somebody disconnects one of them.  It
 * goes with its thing, and loses a channel that is removed; neither has an
 * event of its own.  Keys, names and metadata are those that the thing and
 * the channels have when they are asked for.
 *
 * As for items, every call but bootstrap_prove names the owner.
 */
struct bootstrap {
	long long n;			/* its row */
	struct str thing;		/* its id */
	struct str external_id, name, content, client_cert, ca_cert;
	struct str thing_box;		/* sealed keys; p NULL: none */
	struct str key_box, client_box;
	bool active;
};

/* appends the line of bootstrap_change.h, with `keys` also with the keys */
int bootstrap_put(struct buf *, struct registry *, const struct bootstrap *,
    bool keys, struct fault *);

/* one of the owner's by the id of its thing; it borrows until
 * item_found_end(); fault.status 1 when there is none */
int bootstrap_find(struct registry *, const struct user *, struct str thing,
    struct bootstrap *, void **found, struct fault *);

/*
 * The device that shows these: 1; 0 when that is nobody's id, or not its key,
 * or its thing is disabled; -1.  The key is compared in constant time, also
 * where there is none to compare it with.  `owner` becomes that of the
 * external id, for the event, or "".
 */
int bootstrap_prove(struct registry *, struct str external_id,
    struct str external_key, struct bootstrap *, void **found,
    char owner[ID_TEXT + 1], struct fault *);
/* the same for what secure_parse() has read; then its keys are derived */
int bootstrap_prove_secure(struct registry *, struct str external_id,
    struct secure *, struct bootstrap *, void **found,
    char owner[ID_TEXT + 1], struct fault *);
/* the external key of this id, for a handshake that needs it on both sides: 1
 * and *n bytes in `key`, which has room for THING_KEY_MAX and is wiped by the
 * caller; 0; -1.  Not that of a thing that is disabled. */
int bootstrap_key(struct registry *, struct str external_id, char *key,
    size_t *n, struct fault *);
/* adds the event of an attempt */
int bootstrap_tell(struct registry *, const char *owner,
    struct str external_id, bool success, struct fault *);

/* each channel in order of its creation, until `each` returns non-zero, which
 * is then returned; 0 at the end; -1 */
int bootstrap_each_channel(struct registry *, long long n,
    int (*each)(void *, struct str id, struct str name,
    struct str metadata), void *arg, struct fault *);

/* ---- lists, in order of creation ---- */

struct bootstrap_query {
	/* p NULL: any; `name` is a part of it, ASCII letters in any case */
	struct str external_id, name, thing, thing_key;
	enum { BOOTSTRAP_ANY, BOOTSTRAP_INACTIVE, BOOTSTRAP_ACTIVE } state;
	long long after;		/* those after this row */
	uint64_t offset, limit;
};

/* as bootstrap_each_channel; at most `limit` */
int bootstrap_each(struct registry *, const struct user *,
    const struct bootstrap_query *, int (*each)(void *,
    const struct bootstrap *, struct fault *), void *arg, struct fault *);
/* how many there are, without limit and offset */
int bootstrap_count(struct registry *, const struct user *,
    const struct bootstrap_query *, uint64_t *n, struct fault *);

/* ---- changes, between registry_begin and registry_commit ---- */

/*
 * Makes the changes, after bootstrap_prepare, and appends to `answer` a line
 * for each that was added: {"thing_id":…,"external_id":…,"external_key":…,
 * "thing_key":…,"state":…}.  A key is there when it was made here or given.
 * A fault is about v[at]: 1, no such thing, channel or configuration;
 * EX_DATAERR, the thing has one or the external id is in use, and it does
 * not say whose.  The caller then rolls back.
 */
int bootstrap_make(struct bootstrap_changes *, struct registry *,
    const struct user *, struct buf *answer, struct fault *);

#endif
