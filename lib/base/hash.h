/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_HASH_H
#define MFX_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/wide.h"

/*
 * FNV-1a, 64 bits: the same on every machine, for ever.  A client that chooses
 * the texts can make them all collide: use hash_seeded for those.
 *
 *	uint64_t h = hash_add(HASH_START, s);
 */
#define HASH_START UINT64_C(0xcbf29ce484222325)

static inline uint64_t
hash_add(uint64_t h, struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* with the high half in the low bits, for `% n` */
static inline uint64_t
hash_fold(struct str s)
{
	uint64_t h = hash_add(HASH_START, s);

	return h ^ h >> 32;
}

/* For tables: without the seed nobody can choose texts that collide.  With the
 * same seed it is the same on all machines of one byte order, so a store may
 * keep it. */
uint64_t hash_seed(void);

/* both halves of the product count */
static inline uint64_t
hash_mix(uint64_t a, uint64_t b)
{
	struct wide product = wide_product(a, b);

	return product.low ^ product.high;
}

/* sixteen bytes a step */
static inline uint64_t
hash_seeded(uint64_t seed, struct str s)
{
	uint64_t secret = seed ^ UINT64_C(0x9e3779b97f4a7c15);
	uint64_t h = seed ^ s.n, words[2];
	size_t i;

	for (i = 0; i + sizeof words <= s.n; i += sizeof words) {
		memcpy(words, s.p + i, sizeof words);
		h = hash_mix(words[0] ^ secret, words[1] ^ h);
	}
	memset(words, 0, sizeof words);
	if (i < s.n)
		memcpy(words, s.p + i, s.n - i);
	return hash_mix(words[0] ^ secret ^ UINT64_C(0xd6e8feb86659fd93),
	    words[1] ^ h);
}

/*
 * A table of nodes, each the first member of a larger struct:
 *
 *	struct holder { struct hash_node node; char thing[ID_TEXT + 1]; };
 *
 *	h = hash_seeded(seed, id);
 *	for (n = hash_first(&t, h); n != NULL; n = hash_next(n))
 *		if (str_eq(id, …((struct holder *)n)->thing …)) ...
 *
 * It doubles when it has as many nodes as lists, and never shrinks: the
 * caller bounds how many there are.
 */
struct hash_node {
	struct hash_node *next;
	uint64_t hash;
};

struct hash_table {
	struct hash_node **lists;
	size_t size;		/* lists; a power of two */
	size_t n;		/* nodes */
};

/* `size`: how many lists it has at first, a power of two */
void hash_table_init(struct hash_table *, size_t size);
/* not the nodes */
void hash_table_release(struct hash_table *);
/* doubles it now if the next node would; for callers that return here when
 * memory runs out (memory_on_failure): call it before allocating that node */
void hash_table_reserve(struct hash_table *);
void hash_table_add(struct hash_table *, struct hash_node *, uint64_t hash);
void hash_table_remove(struct hash_table *, struct hash_node *);

/* this one or the next after it in its list with that hash, or NULL */
static inline struct hash_node *
hash_from(struct hash_node *node, uint64_t hash)
{
	while (node != NULL && node->hash != hash)
		node = node->next;
	return node;
}

static inline struct hash_node *
hash_first(const struct hash_table *t, uint64_t hash)
{
	return hash_from(t->lists[hash & (t->size - 1)], hash);
}

/* the next one with the same hash, or NULL */
static inline struct hash_node *
hash_next(const struct hash_node *node)
{
	return hash_from(node->next, node->hash);
}

/* All nodes, one after the other: the first for NULL; NULL at the end.  None
 * may be added in between; to remove one, get the next one first. */
struct hash_node *hash_table_after(const struct hash_table *,
    const struct hash_node *);

#endif
