/* SPDX-License-Identifier: Apache-2.0 */
#include "net/rate_limit.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/stamp.h"

#define WAYS 4
#define NAME_MAX_N 512

/* `spent` counts in nanoseconds of the time that gives it back */
struct entry {
	unsigned char tag[crypto_shorthash_siphashx24_BYTES];
	int64_t spent, at;
};

struct rate_limit {
	unsigned char secret[crypto_shorthash_siphashx24_KEYBYTES];
	size_t sets;
	struct entry entries[][WAYS];
};

struct rate_limit *
rate_limit_open(size_t sets)
{
	struct rate_limit *l = memory_zero(1, sizeof *l +
	    sets * sizeof *l->entries);

	l->sets = sets;
	randombytes_buf(l->secret, sizeof l->secret);
	return l;
}

void
rate_limit_close(struct rate_limit *l)
{
	free(l);
}

static struct entry *
rate_limit_find(struct rate_limit *l, char kind, struct str name, int64_t now)
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
	crypto_shorthash_siphashx24(tag, text, 1 + name.n, l->secret);
	set = l->entries[(tag[0] | tag[1] << 8) % l->sets];
	oldest = set;
	for (i = 0; i < WAYS; i++) {
		if (memcmp(set[i].tag, tag, sizeof tag) == 0)
			return &set[i];
		/* within one turn of a loop it is always the same time */
		if (set[i].at < oldest->at || (set[i].at == oldest->at &&
		    set[i].spent < oldest->spent))
			oldest = &set[i];
	}
	memcpy(oldest->tag, tag, sizeof tag);
	oldest->spent = 0;
	oldest->at = now;
	return oldest;
}

/* with what has come back since the last time */
static struct entry *
rate_limit_current(struct rate_limit *l, char kind, struct str name,
    int64_t now)
{
	struct entry *e = rate_limit_find(l, kind, name, now);

	e->spent = e->spent > now - e->at ? e->spent - (now - e->at) : 0;
	e->at = now;
	return e;
}

/* ns from now until there is room for one more; 0 or less: there is */
static int64_t
rate_limit_over(const struct entry *e, struct rate rate)
{
	return e->spent + rate.period / rate.n - rate.period;
}

unsigned
rate_limit_take(struct rate_limit *l, char kind, struct str name,
    struct rate rate, int64_t now)
{
	struct entry *e = rate_limit_current(l, kind, name, now);
	int64_t over = rate_limit_over(e, rate);

	if (over > 0)
		return (unsigned)(over / STAMP_SECOND) + 1;
	e->spent += rate.period / rate.n;
	return 0;
}

bool
rate_limit_spent(struct rate_limit *l, char kind, struct str name,
    struct rate rate, int64_t now)
{
	return rate_limit_over(rate_limit_current(l, kind, name, now),
	    rate) > 0;
}

void
rate_limit_give_back(struct rate_limit *l, char kind, struct str name,
    struct rate rate, int64_t now)
{
	struct entry *e = rate_limit_current(l, kind, name, now);
	int64_t one = rate.period / rate.n;

	e->spent = e->spent > one ? e->spent - one : 0;
}
