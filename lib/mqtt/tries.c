/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/tries.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>

#include "base/memory.h"

#define MINUTE 60000	/* ms */
#define SETS 1024
#define WAYS 4
#define NAMES 10		/* of an address that tell all they may */

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

/* of the address alone when there is no name */
static uint64_t
tries_tag(const struct tries *t, const char *address, const char *name)
{
	unsigned char bytes[64 + 8], hash[8];
	size_t n = 4;
	uint64_t tag;

	if (strncmp(address, "::ffff:", 7) == 0)
		address += 7;
	if (inet_pton(AF_INET, address, bytes) != 1) {
		n = 8;
		if (inet_pton(AF_INET6, address, bytes) != 1) {
			n = strnlen(address, 64);
			memcpy(bytes, address, n);
		}
	}
	if (name != NULL) {
		crypto_shorthash(bytes + n, (const unsigned char *)name,
		    strlen(name), t->secret);
		n += 8;
	}
	crypto_shorthash(hash, bytes, n, t->secret);
	memcpy(&tag, hash, sizeof tag);
	return tag;
}

static struct account *
tries_find(struct tries *t, uint64_t tag)
{
	struct account *set = t->accounts[tag % SETS], *least = set;
	size_t i;

	for (i = 0; i < WAYS; i++) {
		if (set[i].tag == tag)
			return &set[i];
		if (set[i].clear < least->clear)
			least = &set[i];
	}
	*least = (struct account){ tag, 0 };
	return least;
}

/* Takes one of an account; false when there is none left. */
static bool
tries_take(struct account *a, int64_t share, int64_t now, bool *last)
{
	if (a->clear - now > MINUTE - share)
		return false;
	a->clear = (a->clear > now ? a->clear : now) + share;
	*last |= a->clear - now > MINUTE - share;
	return true;
}

bool
tries_wrong(struct tries *t, const char *address, const char *name,
    int64_t now, bool *last)
{
	*last = false;
	if (t->share == 0)
		return true;
	return tries_take(tries_find(t, tries_tag(t, address, name)),
	    t->share, now, last) &&
	    tries_take(tries_find(t, tries_tag(t, address, NULL)),
	    t->share / NAMES, now, last);
}
