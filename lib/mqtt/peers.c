/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/peers.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/memory.h"

static void
free_peer(struct peer *p)
{
	free(p->grants);
	free(p->will_properties);
	sodium_memzero(&p->proof, sizeof p->proof);
	free(p);
}

void
peers_init(struct peers *s)
{
	*s = (struct peers){ .cap = 256 };
	s->buckets = memory_zero(s->cap, sizeof *s->buckets);
}

void
peers_release(struct peers *s)
{
	struct peer *p, *next;
	size_t i;

	for (i = 0; i < s->cap; i++)
		for (p = s->buckets[i]; p != NULL; p = next) {
			next = p->next;
			free_peer(p);
		}
	free(s->buckets);
}

static struct peer **
place_of(const struct peers *s, const struct mosquitto *client)
{
	/* Knuth's multiplicative hash of an address from malloc(3) */
	uint64_t h = ((uint64_t)(uintptr_t)client >> 4) *
	    UINT64_C(0x9e3779b97f4a7c15);
	struct peer **at = &s->buckets[(h >> 32) & (s->cap - 1)];

	while (*at != NULL && (*at)->client != client)
		at = &(*at)->next;
	return at;
}

static void
grow(struct peers *s)
{
	struct peers old = *s;
	struct peer *p, *next, **to;
	size_t i;

	/* without memory it stays as it was */
	s->buckets = memory_zero(2 * old.cap, sizeof *s->buckets);
	s->cap = 2 * old.cap;
	s->cursor = 0;
	for (i = 0; i < old.cap; i++)
		for (p = old.buckets[i]; p != NULL; p = next) {
			next = p->next;
			to = place_of(s, p->client);
			p->next = NULL;
			*to = p;
		}
	free(old.buckets);
}

struct peer *
peers_add(struct peers *s, const struct mosquitto *client)
{
	struct peer **at = place_of(s, client), *old = *at, *p;

	if (old != NULL) {
		*at = old->next;
		free_peer(old);
		s->n--;
	}
	if (s->n >= s->cap)
		grow(s);
	p = memory_zero(1, sizeof *p);
	p->client = client;
	at = place_of(s, client);
	*at = p;
	s->n++;
	return p;
}

struct peer *
peers_find(const struct peers *s, const struct mosquitto *client)
{
	return *place_of(s, client);
}

void
peers_expire(struct peers *s, int64_t now)
{
	struct peer **at, *p;
	size_t i;

	for (i = 0; i < s->cap; i++)
		for (at = &s->buckets[i]; (p = *at) != NULL; ) {
			if (p->online || p->drop_at > now) {
				at = &p->next;
				continue;
			}
			*at = p->next;
			free_peer(p);
			s->n--;
		}
}

struct peer *
peers_round(struct peers *s)
{
	s->cursor = (s->cursor + 1) & (s->cap - 1);
	return s->buckets[s->cursor];
}

/* ---- grants: a table with open places, never full ---- */

static struct grant *
grant_place(struct grant *grants, size_t cap, struct str channel)
{
	uint64_t h;
	size_t i;

	/* the last digits of a UUID are random in all versions but one */
	memcpy(&h, channel.p + ID_TEXT - sizeof h, sizeof h);
	h *= UINT64_C(0x9e3779b97f4a7c15);
	for (i = (h >> 32) & (cap - 1); grants[i].generation != 0;
	    i = (i + 1) & (cap - 1))
		if (memcmp(grants[i].channel, channel.p, ID_TEXT) == 0)
			break;
	return &grants[i];
}

struct grant *
peer_granted(const struct peer *p, struct str channel)
{
	struct grant *g;

	if (p->cap_grants == 0)
		return NULL;
	g = grant_place(p->grants, p->cap_grants, channel);
	return g->generation != 0 ? g : NULL;
}

static void
grow_grants(struct peer *p)
{
	struct grant *old = p->grants;
	size_t i, cap = p->cap_grants;

	p->grants = memory_zero(cap ? cap * 2 : 4, sizeof *p->grants);
	p->cap_grants = cap ? cap * 2 : 4;
	for (i = 0; i < cap; i++)
		if (old[i].generation != 0)
			*grant_place(p->grants, p->cap_grants, (struct str){
			    old[i].channel, ID_TEXT }) = old[i];
	free(old);
}

void
peer_grant(struct peer *p, struct str channel, uint32_t generation)
{
	struct grant *g = peer_granted(p, channel);

	if (g == NULL) {
		if (p->n_grants >= GRANTS_MAX)
			return;
		if (2 * p->n_grants >= p->cap_grants)
			grow_grants(p);
		g = grant_place(p->grants, p->cap_grants, channel);
		memcpy(g->channel, channel.p, ID_TEXT);
		p->n_grants++;
	}
	g->generation = generation;
}
