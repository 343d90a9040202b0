/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_USAGE_H
#define MFX_COAP_USAGE_H

#include "base/hash.h"

/*
 * How much one thing, or one network of addresses, uses of what there is, so
 * that nobody takes everything.  The limits are the callers'.
 *
 *	struct usage *u = usage_get(&usages, 't', id);
 *	if (u->observers == limit) ...
 *	u->observers++;
 *	...
 *	usage_put(&usages, u);
 */
#define USAGE_NAME 37

struct block_transfer;

struct usage {
	struct hash_node node;
	unsigned refs;
	unsigned char name_n;
	char name[USAGE_NAME];		/* its kind, and which it is */

	unsigned sessions;		/* of TCP and (D)TLS */
	unsigned observers;
	size_t queued;			/* bytes that wait for them */
	uint64_t key;			/* a thing's, in the budget */
	unsigned jobs;			/* history being read */
	struct block_transfer *oldest, *newest;
	unsigned transfers;
	size_t bytes;			/* of those */
};

struct usages {
	struct hash_table table;
	uint64_t seed;
};

void usages_init(struct usages *);
/* all are given back by then */
void usages_release(struct usages *);

/* kind 't' or 'a'; `name` is of at most 36 bytes */
struct usage *usage_get(struct usages *, char kind, struct str name);
struct usage *usage_hold(struct usage *);
/* NULL is fine */
void usage_put(struct usages *, struct usage *);
/* the one that has most bytes in transfers; or NULL */
struct usage *usages_largest(const struct usages *);

#endif
