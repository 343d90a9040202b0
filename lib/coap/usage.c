/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/usage.h"

#include <stdlib.h>

#include "base/memory.h"

#define SIZE_MIN 64

void
usages_init(struct usages *s)
{
	s->seed = hash_seed();
	hash_table_init(&s->table, SIZE_MIN);
}

void
usages_release(struct usages *s)
{
	struct hash_node *node;

	while ((node = hash_table_after(&s->table, NULL)) != NULL) {
		hash_table_remove(&s->table, node);
		free(node);
	}
	hash_table_release(&s->table);
}

struct usage *
usage_get(struct usages *s, char kind, struct str of)
{
	char name[USAGE_NAME] = { kind };
	size_t n = of.n < sizeof name ? of.n : sizeof name - 1;
	struct hash_node *node;
	struct usage *x;
	uint64_t hash;

	memcpy(name + 1, of.p, n++);
	hash = hash_seeded(s->seed, (struct str){ name, n });
	for (node = hash_first(&s->table, hash); node != NULL;
	    node = hash_next(node)) {
		x = (struct usage *)node;
		if (x->name_n == n && memcmp(x->name, name, n) == 0)
			return usage_hold(x);
	}
	x = memory_zero(1, sizeof *x);
	memcpy(x->name, name, n);
	x->name_n = (unsigned char)n;
	hash_table_add(&s->table, &x->node, hash);
	return usage_hold(x);
}

struct usage *
usage_hold(struct usage *x)
{
	x->refs++;
	return x;
}

void
usage_put(struct usages *s, struct usage *x)
{
	if (x == NULL || --x->refs > 0)
		return;
	hash_table_remove(&s->table, &x->node);
	free(x);
}

struct usage *
usages_largest(const struct usages *s)
{
	struct hash_node *node = NULL;
	struct usage *x, *most = NULL;

	while ((node = hash_table_after(&s->table, node)) != NULL) {
		x = (struct usage *)node;
		if (x->bytes > (most ? most->bytes : 0))
			most = x;
	}
	return most;
}
