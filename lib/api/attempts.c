/* SPDX-License-Identifier: Apache-2.0 */
#include "api/attempts.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/stamp.h"

#define SETS 4096
#define WAYS 4
#define NAME_MAX_N 512

/* `spent` counts in nanoseconds of the time that gives it back */
struct entry {
	unsigned char tag[crypto_shorthash_siphashx24_BYTES];
	int64_t spent, at;
};

struct attempts {
	unsigned char secret[crypto_shorthash_siphashx24_KEYBYTES];
	struct entry entries[SETS][WAYS];
};

struct attempts *
attempts_open(void)
{
	struct attempts *a = memory_zero(1, sizeof *a);

	randombytes_buf(a->secret, sizeof a->secret);
	return a;
}

void
attempts_close(struct attempts *a)
{
	free(a);
}

static struct entry *
find(struct attempts *a, char kind, struct str name, int64_t now)
{
	unsigned char tag[crypto_shorthash_siphashx24_BYTES];
	unsigned char text[1 + NAME_MAX_N];
	struct entry *set, *oldest;
	int i;

	text[0] = (unsigned char)kind;
	if (name.n > sizeof text - 1)
		name.n = sizeof text - 1;
	if (name.n > 0)
		memcpy(text + 1, name.p, name.n);
	crypto_shorthash_siphashx24(tag, text, 1 + name.n, a->secret);
	set = a->entries[(tag[0] | tag[1] << 8) % SETS];
	oldest = set;
	for (i = 0; i < WAYS; i++) {
		if (memcmp(set[i].tag, tag, sizeof tag) == 0)
			return &set[i];
		if (set[i].at < oldest->at)
			oldest = &set[i];
	}
	memcpy(oldest->tag, tag, sizeof tag);
	oldest->spent = 0;
	oldest->at = now;
	return oldest;
}

/* with what has come back since the last time */
static struct entry *
current(struct attempts *a, char kind, struct str name, int64_t now)
{
	struct entry *e = find(a, kind, name, now);

	e->spent = e->spent > now - e->at ? e->spent - (now - e->at) : 0;
	e->at = now;
	return e;
}

unsigned
attempts_take(struct attempts *a, char kind, struct str name,
    struct rate rate, int64_t now)
{
	struct entry *e = current(a, kind, name, now);
	int64_t one = rate.period / rate.n;
	int64_t over = e->spent + one - rate.period;

	if (over > 0)
		return (unsigned)(over / STAMP_SECOND) + 1;
	e->spent += one;
	return 0;
}

void
attempts_give_back(struct attempts *a, char kind, struct str name,
    struct rate rate, int64_t now)
{
	struct entry *e = current(a, kind, name, now);
	int64_t one = rate.period / rate.n;

	e->spent = e->spent > one ? e->spent - one : 0;
}
