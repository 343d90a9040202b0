/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/exchange.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define WAYS 4
#define SETS (EXCHANGES / WAYS)

_Static_assert(crypto_shorthash_KEYBYTES == 16, "exchanges.secret");
_Static_assert(crypto_shorthash_BYTES == sizeof(uint64_t), "exchange.tag");

void
exchanges_init(struct exchanges *x)
{
	*x = (struct exchanges){ .turn = 0 };
	/* pages of it become real when they are used */
	x->entries = memory_zero(EXCHANGES, sizeof *x->entries);
	randombytes_buf(x->secret, sizeof x->secret);
}

void
exchanges_release(struct exchanges *x)
{
	free(x->entries);
	x->entries = NULL;
}

static struct exchange *
exchange_set_of(struct exchanges *x, uint64_t tag)
{
	return x->entries + tag % SETS * WAYS;
}

static struct exchange *
exchange_find(struct exchanges *x, uint64_t tag)
{
	struct exchange *set = exchange_set_of(x, tag);
	int i;

	for (i = 0; i < WAYS; i++)
		if (set[i].tag == tag)
			return &set[i];
	return NULL;
}

/* Where a new one goes: the place of the oldest. */
static struct exchange *
exchange_place(struct exchanges *x, uint64_t tag)
{
	struct exchange *set = exchange_set_of(x, tag), *oldest = set;
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

enum exchange_state
exchange_begin(struct exchanges *x, const void *id, size_t n, int64_t now,
    struct exchange *out)
{
	struct exchange *e;
	uint64_t tag;

	crypto_shorthash((unsigned char *)&tag, id, n, x->secret);
	tag |= tag == 0;
	e = exchange_find(x, tag);
	if (e != NULL && now - (int64_t)e->second < EXCHANGE_SECONDS) {
		*out = *e;
		return e->code ? EXCHANGE_DONE : EXCHANGE_BUSY;
	}
	if (e == NULL)
		e = exchange_place(x, tag);
	*e = (struct exchange){ .tag = tag, .second = (uint32_t)now };
	*out = *e;
	return EXCHANGE_NEW;
}

void
exchange_end(struct exchanges *x, uint64_t tag, uint8_t code,
    const char *why)
{
	struct exchange *e = exchange_find(x, tag);

	/* many may have come since, and taken its place */
	if (e == NULL)
		return;
	e->code = code;
	e->why = why;
}
