/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_SITE_KIND_H
#define MFX_CMD_SITE_KIND_H

#include "cmd/site/row.h"

/*
 * The kinds of objects, in the order in which they are made: each after what
 * it needs.  To add one, add its members to row.h, a name here, and a row in
 * kinds.c.
 */
enum {
	KIND_USER, KIND_CHANNEL, KIND_THING, KIND_CONNECTION, KIND_CONFIG,
	KIND_GROUP, KIND_PLACE, KIND_GRANT, KIND_GUEST, KIND_CERTIFICATE,
	SITE_KINDS
};

struct site_source;

/* called with rows that are borrowed; 0, or -1 and a fault */
struct site_give {
	int (*row)(void *arg, struct site_row *, struct fault *);
	void *arg;
};

/*
 * Makes changes of one kind: each is called with rows of one owner, as whom
 * the client acts.  *at is the row that a fault is about; n: no single one.
 * Keys that were made are appended to `made`, as lines.
 */
typedef int site_make(struct client *, struct site_row *const *, size_t n,
    size_t *at, struct buf *made, struct fault *);

struct site_kind {
	const char *name;
	/* members that a line may have and must have, that an export shows,
	 * that say which one it is, and that can be changed: SITE_BIT */
	unsigned may, must, shown, identity, changes;
	bool ids;			/* it names what may be another user's:
					 * by ids, never by names */
	int item;			/* enum item_kind: it has a name that
					 * stands for its id; or -1 */
	/* what there is of this kind and this owner, in a stable order */
	int (*each)(struct site_source *, struct site_user *,
	    const struct site_give *, struct fault *);
	/* kinds without `create` are only shown, and their lines are passed
	 * over; they come last */
	site_make *create, *update, *remove;
};

extern const struct site_kind site_kinds[SITE_KINDS];

/* NULL: there is no such kind */
const struct site_kind *kind_find(struct str name);

/* the hash of what says which one it is, and whether two are the same one */
uint64_t kind_hash(uint64_t seed, const struct site_row *);
bool kind_same(const struct site_row *, const struct site_row *);

/* appends the object as a line, with these members of `shown` */
void kind_put_line(struct buf *, const struct site_row *, unsigned shown);

#endif
