/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_BULK_H
#define MFX_REGISTRY_BULK_H

#include "registry/item.h"

/*
 * Many changes of one kind in one transaction, all or none: mfx-things(1) and
 * mfx-channels(1) take them from operands and files, mfx-api(1) from
 * requests.
 */
enum bulk_what {
	BULK_CREATE, BULK_UPDATE, BULK_ENABLE, BULK_DISABLE, BULK_REMOVE,
	BULK_CONNECT, BULK_DISCONNECT
};

struct bulk {
	enum bulk_what what;
	enum item_kind kind;	/* of create, update and remove */
	bool if_exists;		/* remove: a missing one is not an error */
	bool dry_run;		/* remove, disconnect: the caller rolls back */
	struct specs specs;
	size_t at;		/* the current one; specs.n: no single one */
};

/* which members its specs may have, and must have: enum spec_member */
unsigned bulk_may(const struct bulk *);
unsigned bulk_must(const struct bulk *);

/*
 * Does what is possible before registry_begin, so that other writers wait
 * less: ids, keys, and the answer for items that will be created.
 */
int bulk_prepare(struct bulk *, const struct keyring *, struct buf *answer,
    struct fault *);

/*
 * Makes the changes, after bulk_prepare, between registry_begin and
 * registry_commit.  Appends to `answer`, a line each: {"id":…,"name":…,
 * "key":…} for each item created, {"id":…,"key":…} for each that got a key,
 * and in a dry run each item that would be removed, or {"channel":…,
 * "thing":…} for a connection.  A fault is about specs.v[at]; the caller then
 * rolls back, as it does after a dry run.
 */
int bulk_make(struct bulk *, struct registry *, const struct user *,
    struct buf *answer, struct fault *);

/* {"id":…,"name":…,"metadata":…,"tags":…,"status":…}: the members in `shown`
 * (enum spec_member); with SPEC_KEY also the key, null if its p is NULL */
void item_put(struct buf *, const struct item *, unsigned shown,
    struct str key);
/* {"channel":…,"thing":…} */
void pair_put(struct buf *, struct str channel, struct str thing);

#endif
