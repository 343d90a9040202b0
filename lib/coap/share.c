/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/share.h"

#include <stdlib.h>

#include "base/memory.h"

#define SIZE_MIN 64

void
shares_init(struct shares *s)
{
	s->seed = hash_seed();
	hash_table_init(&s->table, SIZE_MIN);
}

void
shares_release(struct shares *s)
{
	struct hash_node *node;

	while ((node = hash_table_after(&s->table, NULL)) != NULL) {
		hash_table_remove(&s->table, node);
		free(node);
	}
	hash_table_release(&s->table);
}

struct share *
share_get(struct shares *s, char kind, struct str of)
{
	char name[SHARE_NAME] = { kind };
	size_t n = of.n < sizeof name ? of.n : sizeof name - 1;
	struct hash_node *node;
	struct share *x;
	uint64_t hash;

	memcpy(name + 1, of.p, n++);
	hash = hash_seeded(s->seed, (struct str){ name, n });
	for (node = hash_first(&s->table, hash); node != NULL;
	    node = hash_next(node)) {
		x = (struct share *)node;
		if (x->name_n == n && memcmp(x->name, name, n) == 0)
			return share_hold(x);
	}
	x = memory_zero(1, sizeof *x);
	memcpy(x->name, name, n);
	x->name_n = (unsigned char)n;
	hash_table_add(&s->table, &x->node, hash);
	return share_hold(x);
}

struct share *
share_hold(struct share *x)
{
	x->refs++;
	return x;
}

void
share_put(struct shares *s, struct share *x)
{
	if (x == NULL || --x->refs > 0)
		return;
	hash_table_remove(&s->table, &x->node);
	free(x);
}

struct share *
shares_greediest(const struct shares *s)
{
	struct hash_node *node = NULL;
	struct share *x, *most = NULL;

	while ((node = hash_table_after(&s->table, node)) != NULL) {
		x = (struct share *)node;
		if (x->bytes > (most ? most->bytes : 0))
			most = x;
	}
	return most;
}
