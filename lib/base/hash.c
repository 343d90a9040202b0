/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/os.h"

uint64_t
hash_seed(void)
{
	static char here;
	uint64_t random;

	/* without entropy, early at boot, use an address */
	return os_random(&random, sizeof random) ? random :
	    (uint64_t)(uintptr_t)&here;
}

/* ---- tables ---- */

static struct hash_node **
hash_list(const struct hash_table *t, uint64_t hash)
{
	return &t->lists[hash & (t->size - 1)];
}

static void
hash_put(struct hash_table *t, struct hash_node *node)
{
	struct hash_node **list = hash_list(t, node->hash);

	node->next = *list;
	*list = node;
}

void
hash_table_init(struct hash_table *t, size_t size)
{
	*t = (struct hash_table){ .size = size };
	t->lists = memory_zero(size, sizeof *t->lists);
}

void
hash_table_release(struct hash_table *t)
{
	free(t->lists);
	*t = (struct hash_table){ .n = 0 };
}

void
hash_table_reserve(struct hash_table *t)
{
	struct hash_table old = *t;
	struct hash_node *node, *next;
	size_t i;

	if (t->n < t->size)
		return;
	/* when memory runs out it stays as it was */
	t->lists = memory_zero(2 * old.size, sizeof *t->lists);
	t->size = 2 * old.size;
	for (i = 0; i < old.size; i++)
		for (node = old.lists[i]; node != NULL; node = next) {
			next = node->next;
			hash_put(t, node);
		}
	free(old.lists);
}

void
hash_table_add(struct hash_table *t, struct hash_node *node, uint64_t hash)
{
	hash_table_reserve(t);
	node->hash = hash;
	hash_put(t, node);
	t->n++;
}

void
hash_table_remove(struct hash_table *t, struct hash_node *node)
{
	struct hash_node **at = hash_list(t, node->hash);

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	t->n--;
}

struct hash_node *
hash_table_after(const struct hash_table *t, const struct hash_node *node)
{
	size_t i = node == NULL ? 0 : (node->hash & (t->size - 1)) + 1;

	if (node != NULL && node->next != NULL)
		return node->next;
	while (i < t->size && t->lists[i] == NULL)
		i++;
	return i < t->size ? t->lists[i] : NULL;
}
