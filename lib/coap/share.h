/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_SHARE_H
#define MFX_COAP_SHARE_H

#include "base/hash.h"

/*
 * What one thing, or one network of addresses, has of what there is in all,
 * so that nobody takes everything: the limits are the callers'.
 *
 *	struct share *s = share_get(&shares, 't', id);
 *	if (s->observers == limit) …
 *	s->observers++;
 *	…
 *	share_put(&shares, s);
 */
#define SHARE_NAME 37

struct transfer;

struct share {
	struct hash_node node;
	unsigned refs;
	unsigned char name_n;
	char name[SHARE_NAME];		/* its kind, and which it is */

	unsigned sessions;		/* of TCP and (D)TLS */
	unsigned observers;
	size_t queued;			/* bytes that wait for them */
	uint64_t key;			/* a thing's, in the budget */
	unsigned jobs;			/* history being read */
	struct transfer *oldest, *newest;
	unsigned transfers;
	size_t bytes;			/* of those */
};

struct shares {
	struct hash_table table;
	uint64_t seed;
};

void shares_init(struct shares *);
/* all are given back by then */
void shares_release(struct shares *);

/* kind 't' or 'a'; `name` is of at most 36 bytes */
struct share *share_get(struct shares *, char kind, struct str name);
struct share *share_hold(struct share *);
/* NULL is fine */
void share_put(struct shares *, struct share *);
/* the one that has most bytes in transfers; or NULL */
struct share *shares_greediest(const struct shares *);

#endif
