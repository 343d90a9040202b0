/* SPDX-License-Identifier: Apache-2.0 */
#include "base/budget.h"

#include "base/hash.h"

void
budget_init(struct budget *b, size_t max)
{
	*b = (struct budget){ .max = max, .seed = hash_seed() };
}

uint64_t
budget_key(const struct budget *b, struct str who)
{
	return b != NULL ? hash_seeded(b->seed, who) : 0;
}

void
budget_hold(struct budget *b, size_t n)
{
	if (b != NULL)
		b->held += n;
}

void
budget_free(struct budget *b, size_t n)
{
	if (b != NULL)
		b->held -= n;
}

static size_t *
budget_counter(struct budget *b, uint64_t key, int i)
{
	return &b->kept[i][key >> (32 * i) & (BUDGET_COUNTERS - 1)];
}

static size_t
budget_kept(const struct budget *b, uint64_t key)
{
	size_t low = b->kept[0][key & (BUDGET_COUNTERS - 1)];
	size_t high = b->kept[1][key >> 32 & (BUDGET_COUNTERS - 1)];

	return low < high ? low : high;
}

static size_t
budget_left(const struct budget *b)
{
	return b->held < b->max ? b->max - b->held : 0;
}

bool
budget_keep(struct budget *b, uint64_t key, size_t n)
{
	size_t left, kept;

	if (b == NULL)
		return true;
	left = budget_left(b);
	kept = budget_kept(b, key);
	if (kept > left || n > left - kept) {
		b->refused++;
		return false;
	}
	*budget_counter(b, key, 0) += n;
	*budget_counter(b, key, 1) += n;
	return true;
}

void
budget_drop(struct budget *b, uint64_t key, size_t n)
{
	if (b == NULL)
		return;
	*budget_counter(b, key, 0) -= n;
	*budget_counter(b, key, 1) -= n;
}

bool
budget_is_easy(const struct budget *b, uint64_t key)
{
	return b == NULL || budget_kept(b, key) <= budget_left(b) / 2;
}
