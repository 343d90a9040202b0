/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/resent.h"

#include <sodium.h>

#include "base/memory.h"

#define HASH 16

struct resent {
	struct {
		unsigned char hash[HASH];
		uint16_t id;	/* 0: none */
	} messages[RESENT_MAX];
	unsigned next;
};

static void
resent_hash_of(unsigned char hash[HASH], struct str topic, struct str payload)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, HASH);
	/* with the NUL behind it, which no topic holds */
	crypto_generichash_update(&state, (const unsigned char *)topic.p,
	    topic.n + 1);
	crypto_generichash_update(&state, (const unsigned char *)payload.p,
	    payload.n);
	crypto_generichash_final(&state, hash, HASH);
}

static unsigned
resent_place_of(const struct resent *r, uint16_t id)
{
	unsigned i;

	for (i = 0; i < RESENT_MAX && r->messages[i].id != id; i++)
		;
	return i;
}

bool
resent_has(const struct resent *r, uint16_t id, struct str topic,
    struct str payload)
{
	unsigned char hash[HASH];
	unsigned i;

	if (r == NULL || (i = resent_place_of(r, id)) == RESENT_MAX)
		return false;
	resent_hash_of(hash, topic, payload);
	return memcmp(hash, r->messages[i].hash, HASH) == 0;
}

void
resent_note(struct resent **at, uint16_t id, struct str topic,
    struct str payload)
{
	struct resent *r = *at;
	unsigned i;

	if (r == NULL)
		r = *at = memory_zero(1, sizeof *r);
	if ((i = resent_place_of(r, id)) == RESENT_MAX) {
		i = r->next;
		r->next = (i + 1) % RESENT_MAX;
	}
	r->messages[i].id = id;
	resent_hash_of(r->messages[i].hash, topic, payload);
}
