/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/sessions.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/memory.h"

static void
mqtt_sessions_free(struct mqtt_session *p)
{
	free(p->grants);
	free(p->will_properties);
	sodium_memzero(&p->proof, sizeof p->proof);
	free(p);
}

void
mqtt_sessions_init(struct mqtt_sessions *s)
{
	s->cursor = 0;
	hash_table_init(&s->table, 256);
}

void
mqtt_sessions_release(struct mqtt_sessions *s)
{
	struct hash_node *node;

	while ((node = hash_table_after(&s->table, NULL)) != NULL) {
		hash_table_remove(&s->table, node);
		mqtt_sessions_free((struct mqtt_session *)node);
	}
	hash_table_release(&s->table);
}

/* Knuth's multiplicative hash of an address from malloc(3), which makes no
 * two of them equal */
static uint64_t
mqtt_session_hash(const struct mosquitto *client)
{
	uint64_t h = ((uint64_t)(uintptr_t)client >> 4) *
	    UINT64_C(0x9e3779b97f4a7c15);

	return h >> 32 | h << 32;
}

struct mqtt_session *
mqtt_sessions_find(const struct mqtt_sessions *s,
    const struct mosquitto *client)
{
	struct hash_node *node = hash_first(&s->table,
	    mqtt_session_hash(client));

	return (struct mqtt_session *)node;
}

static void
mqtt_sessions_remove(struct mqtt_sessions *s, struct mqtt_session *p)
{
	hash_table_remove(&s->table, &p->node);
	mqtt_sessions_free(p);
}

struct mqtt_session *
mqtt_sessions_add(struct mqtt_sessions *s, const struct mosquitto *client)
{
	struct mqtt_session *p = mqtt_sessions_find(s, client);

	if (p != NULL)
		mqtt_sessions_remove(s, p);
	hash_table_reserve(&s->table);
	p = memory_zero(1, sizeof *p);
	p->client = client;
	hash_table_add(&s->table, &p->node, mqtt_session_hash(client));
	return p;
}

void
mqtt_sessions_expire(struct mqtt_sessions *s, int64_t now)
{
	struct hash_node *node = hash_table_after(&s->table, NULL), *next;
	struct mqtt_session *p;

	for (; node != NULL; node = next) {
		next = hash_table_after(&s->table, node);
		p = (struct mqtt_session *)node;
		if (!p->online && p->drop_at <= now)
			mqtt_sessions_remove(s, p);
	}
}

struct hash_node *
mqtt_sessions_round(struct mqtt_sessions *s)
{
	s->cursor = (s->cursor + 1) & (s->table.size - 1);
	return s->table.lists[s->cursor];
}

/* ---- grants: a table with open places, never full ---- */

static struct grant *
mqtt_sessions_grant_place(struct grant *grants, size_t cap, struct str channel)
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
mqtt_session_granted(const struct mqtt_session *p, struct str channel)
{
	struct grant *g;

	if (p->cap_grants == 0)
		return NULL;
	g = mqtt_sessions_grant_place(p->grants, p->cap_grants, channel);
	return g->generation != 0 ? g : NULL;
}

static void
mqtt_sessions_grow_grants(struct mqtt_session *p)
{
	struct grant *old = p->grants;
	size_t i, cap = p->cap_grants;

	p->grants = memory_zero(cap ? cap * 2 : 4, sizeof *p->grants);
	p->cap_grants = cap ? cap * 2 : 4;
	for (i = 0; i < cap; i++)
		if (old[i].generation != 0)
			*mqtt_sessions_grant_place(p->grants, p->cap_grants,
			    (struct
			    str){ old[i].channel, ID_TEXT }) = old[i];
	free(old);
}

void
mqtt_session_grant(struct mqtt_session *p, struct str channel,
    uint32_t generation, unsigned directions, unsigned used)
{
	struct grant *g = mqtt_session_granted(p, channel);

	if (g == NULL) {
		if (p->n_grants >= GRANTS_MAX)
			return;
		if (2 * p->n_grants >= p->cap_grants)
			mqtt_sessions_grow_grants(p);
		g = mqtt_sessions_grant_place(p->grants, p->cap_grants,
		    channel);
		memcpy(g->channel, channel.p, ID_TEXT);
		p->n_grants++;
	}
	g->generation = generation;
	g->directions = (uint8_t)directions;
	g->used |= (uint8_t)used;
}
