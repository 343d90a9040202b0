/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/tries.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>

#include "base/memory.h"

#define MINUTE 60000	/* ms */
#define SETS 1024
#define WAYS 4

/* An entry is the time when all of its tries will be forgotten: each adds
 * its share of a minute, so that one number is the whole account. */
struct account {
	uint64_t tag;
	int64_t clear;
};

struct tries {
	int64_t share;		/* 0: no limit */
	struct account accounts[SETS][WAYS];
	unsigned char secret[crypto_shorthash_KEYBYTES];
};

struct tries *
tries_open(unsigned limit)
{
	struct tries *t = memory_zero(1, sizeof *t);

	if (limit > MINUTE)
		limit = MINUTE;
	t->share = limit > 0 ? MINUTE / (int64_t)limit : 0;
	randombytes_buf(t->secret, sizeof t->secret);
	return t;
}

void
tries_close(struct tries *t)
{
	free(t);
}

static uint64_t
tag_of(const struct tries *t, const char *address)
{
	unsigned char bytes[sizeof(struct in6_addr)], hash[8];
	size_t n = strlen(address);
	uint64_t tag;

	if (strncmp(address, "::ffff:", 7) == 0)
		address += 7;
	if (inet_pton(AF_INET, address, bytes) == 1)
		crypto_shorthash(hash, bytes, 4, t->secret);
	else if (inet_pton(AF_INET6, address, bytes) == 1)
		crypto_shorthash(hash, bytes, 8, t->secret);
	else
		crypto_shorthash(hash, (const unsigned char *)address, n,
		    t->secret);
	memcpy(&tag, hash, sizeof tag);
	return tag;
}

/* Its account; with `make` it gets one. */
static struct account *
find(struct tries *t, const char *address, bool make)
{
	uint64_t tag = tag_of(t, address);
	struct account *set = t->accounts[tag % SETS], *least = set;
	size_t i;

	for (i = 0; i < WAYS; i++) {
		if (set[i].tag == tag)
			return &set[i];
		if (set[i].clear < least->clear)
			least = &set[i];
	}
	if (!make)
		return NULL;
	*least = (struct account){ tag, 0 };
	return least;
}

bool
tries_left(struct tries *t, const char *address, int64_t now)
{
	const struct account *a;

	if (t->share == 0)
		return true;
	a = find(t, address, false);
	return a == NULL || a->clear - now <= MINUTE - t->share;
}

bool
tries_wrong(struct tries *t, const char *address, int64_t now)
{
	struct account *a;

	if (t->share == 0)
		return false;
	a = find(t, address, true);
	a->clear = (a->clear > now ? a->clear : now) + t->share;
	return a->clear - now > MINUTE - t->share;
}
