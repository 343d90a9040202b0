/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/share.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/memory.h"

#define BUCKETS (sizeof ((struct shares *)0)->buckets / sizeof(struct share *))

_Static_assert(crypto_shorthash_KEYBYTES == 16, "shares.secret");

void
shares_init(struct shares *s)
{
	memset(s, 0, sizeof *s);
	randombytes_buf(s->secret, sizeof s->secret);
}

void
shares_release(struct shares *s)
{
	struct share *x;
	size_t i;

	for (i = 0; i < BUCKETS; i++)
		while ((x = s->buckets[i]) != NULL) {
			s->buckets[i] = x->next;
			free(x);
		}
}

static struct share **
share_bucket(struct shares *s, const char *name, size_t n)
{
	uint64_t hash;

	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)name,
	    n, s->secret);
	return &s->buckets[hash % BUCKETS];
}

struct share *
share_get(struct shares *s, char kind, struct str of)
{
	char name[SHARE_NAME] = { kind };
	size_t n = of.n < sizeof name ? of.n : sizeof name - 1;
	struct share **bucket, *x;

	memcpy(name + 1, of.p, n++);
	bucket = share_bucket(s, name, n);
	for (x = *bucket; x != NULL; x = x->next)
		if (x->name_n == n && memcmp(x->name, name, n) == 0)
			return share_hold(x);
	x = memory_zero(1, sizeof *x);
	memcpy(x->name, name, n);
	x->name_n = (unsigned char)n;
	x->next = *bucket;
	*bucket = x;
	return share_hold(x);
}

struct share *
share_hold(struct share *x)
{
	x->refs++;
	return x;
}

void
share_put(struct shares *s, struct share *x)
{
	struct share **p;

	if (x == NULL || --x->refs > 0)
		return;
	for (p = share_bucket(s, x->name, x->name_n); *p != x;
	    p = &(*p)->next)
		;
	*p = x->next;
	free(x);
}

struct share *
shares_greediest(const struct shares *s)
{
	struct share *x, *most = NULL;
	size_t i;

	for (i = 0; i < BUCKETS; i++)
		for (x = s->buckets[i]; x != NULL; x = x->next)
			if (x->bytes > (most ? most->bytes : 0))
				most = x;
	return most;
}
