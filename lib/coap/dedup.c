/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/dedup.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define WAYS 4
#define SETS (DEDUP_ENTRIES / WAYS)

_Static_assert(crypto_shorthash_KEYBYTES == 16, "dedup.secret");
_Static_assert(crypto_shorthash_BYTES == sizeof(uint64_t), "dedup_entry.tag");

void
dedup_init(struct dedup *x)
{
	*x = (struct dedup){ .turn = 0 };
	/* pages of it become real when they are used */
	x->entries = memory_zero(DEDUP_ENTRIES, sizeof *x->entries);
	randombytes_buf(x->secret, sizeof x->secret);
}

void
dedup_release(struct dedup *x)
{
	free(x->entries);
	x->entries = NULL;
}

static struct dedup_entry *
dedup_set_of(struct dedup *x, uint64_t tag)
{
	return x->entries + tag % SETS * WAYS;
}

static struct dedup_entry *
dedup_find(struct dedup *x, uint64_t tag)
{
	struct dedup_entry *set = dedup_set_of(x, tag);
	int i;

	for (i = 0; i < WAYS; i++)
		if (set[i].tag == tag)
			return &set[i];
	return NULL;
}

/* Where a new one goes: the place of the oldest. */
static struct dedup_entry *
dedup_slot(struct dedup *x, uint64_t tag)
{
	struct dedup_entry *set = dedup_set_of(x, tag), *oldest = set;
	int i;

	for (i = 0; i < WAYS; i++) {
		if (set[i].tag == 0)
			return &set[i];
		if (set[i].second < oldest->second)
			oldest = &set[i];
	}
	/* of one second they are all as old */
	if (oldest->second == set[x->turn % WAYS].second)
		oldest = &set[x->turn % WAYS];
	x->turn++;
	return oldest;
}

enum dedup_state
dedup_begin(struct dedup *x, const void *id, size_t n, int64_t now,
    struct dedup_entry *out)
{
	struct dedup_entry *e;
	uint64_t tag;

	crypto_shorthash((unsigned char *)&tag, id, n, x->secret);
	tag |= tag == 0;
	e = dedup_find(x, tag);
	if (e != NULL && now - (int64_t)e->second < DEDUP_SECONDS) {
		*out = *e;
		return e->code ? DEDUP_DONE : DEDUP_BUSY;
	}
	if (e == NULL)
		e = dedup_slot(x, tag);
	*e = (struct dedup_entry){ .tag = tag, .second = (uint32_t)now };
	*out = *e;
	return DEDUP_NEW;
}

void
dedup_end(struct dedup *x, uint64_t tag, uint8_t code,
    const char *why)
{
	struct dedup_entry *e = dedup_find(x, tag);

	/* many may have come since, and taken its place */
	if (e == NULL)
		return;
	e->code = code;
	e->why = why;
}
