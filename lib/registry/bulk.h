/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_BULK_H
#define MFX_REGISTRY_BULK_H

#include "registry/item.h"

/*
 * Many changes of one sort, to be made in one transaction, as
 * mfx-things(1) and mfx-channels(1) take them from operands and files and
 * as mfx-api(1) is sent them: all of them or none.
 */
enum bulk_what {
	BULK_CREATE, BULK_UPDATE, BULK_ENABLE, BULK_DISABLE, BULK_REMOVE,
	BULK_CONNECT, BULK_DISCONNECT
};

struct bulk {
	enum bulk_what what;
	enum item_kind kind;	/* of create, update and remove */
	bool if_exists;		/* remove: one that isn't there is fine */
	bool dry_run;		/* remove, disconnect: it is rolled back */
	struct specs specs;
	size_t at;		/* the one in hand; specs.n: none of them */
};

/* which members a spec of it may have, and has to: enum spec_member */
unsigned bulk_may(const struct bulk *);
unsigned bulk_must(const struct bulk *);

/*
 * What can be done before registry_begin, so that others wait for less: ids,
 * keys, and the answer of those to be made.
 */
int bulk_prepare(struct bulk *, const struct keyring *, struct buf *answer,
    struct fault *);

/*
 * Makes them, after bulk_prepare, inside of registry_begin and
 * registry_commit.  Their answers are appended to `answer`:
 * {"id":…,"name":…,"key":…} of each that is made, {"id":…,"key":…} of each
 * that was given a key, a line each; in a dry run what each is that would go,
 * {"channel":…,"thing":…} of a connection.  A fault is that of specs.v[at];
 * what was done before it is to be rolled back, as all of a dry run.
 */
int bulk_make(struct bulk *, struct registry *, const struct user *,
    struct buf *answer, struct fault *);

/* {"id":…,"name":…,"metadata":…,"tags":…,"status":…}, or what `shown` says
 * of it (enum spec_member); with SPEC_KEY a key that is NULL is null */
void item_put(struct buf *, const struct item *, unsigned shown,
    struct str key);
/* {"channel":…,"thing":…} */
void pair_put(struct buf *, struct str channel, struct str thing);

#endif
