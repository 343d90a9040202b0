/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/memory.h"
#include "cmd/audit/audit.h"

void
audit_channels_init(struct audit_channels *c)
{
	hash_table_init(&c->table, 256);
	c->seed = hash_seed();
	c->others = NULL;
}

void
audit_channels_release(struct audit_channels *c)
{
	struct hash_node *n;

	while ((n = hash_table_after(&c->table, NULL)) != NULL) {
		struct audit_channel *channel = (struct audit_channel *)n;

		hash_table_remove(&c->table, n);
		free(channel->name);
		free(channel);
	}
	hash_table_release(&c->table);
}

static struct audit_channel *
channels_add(struct audit_channels *c, struct str name, uint64_t hash)
{
	struct audit_channel *channel = memory_zero(1, sizeof *channel);

	channel->name = memory_get(name.n + 1);
	if (name.n > 0)
		memcpy(channel->name, name.p, name.n);
	channel->name[name.n] = '\0';
	hash_table_add(&c->table, &channel->node, hash);
	return channel;
}

struct audit_counts *
audit_counts_of(struct audit_channels *c, struct str name)
{
	uint64_t hash = hash_seeded(c->seed, name);
	struct hash_node *n = hash_first(&c->table, hash);

	for (; n != NULL; n = hash_next(n))
		if (str_eq(name, str_z(((struct audit_channel *)n)->name)))
			return &((struct audit_channel *)n)->n;
	if (c->table.n < AUDIT_CHANNELS_MAX)
		return &channels_add(c, name, hash)->n;
	if (c->others == NULL)
		c->others = channels_add(c, STR("(others)"), 0);
	return &c->others->n;
}

static int
channels_compare(const void *a, const void *b)
{
	const struct audit_channel *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

struct audit_channel **
audit_channels_sorted(const struct audit_channels *c)
{
	struct audit_channel **all = memory_zero(c->table.n + 1, sizeof *all);
	struct hash_node *n = NULL;
	size_t i = 0;

	while ((n = hash_table_after(&c->table, n)) != NULL)
		all[i++] = (struct audit_channel *)n;
	qsort(all, i, sizeof *all, channels_compare);
	return all;
}
