/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/qos2_dedup.h"

#include <sodium.h>

#include "base/memory.h"

#define HASH 16

struct qos2_dedup {
	struct {
		unsigned char hash[HASH];
		uint16_t id;	/* 0: none */
	} messages[QOS2_DEDUP_MAX];
	unsigned next;
};

static void
qos2_dedup_hash_of(unsigned char hash[HASH], struct str topic,
    struct str payload)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, HASH);
	/* with its NUL, which no topic holds */
	crypto_generichash_update(&state, (const unsigned char *)topic.p,
	    topic.n + 1);
	crypto_generichash_update(&state, (const unsigned char *)payload.p,
	    payload.n);
	crypto_generichash_final(&state, hash, HASH);
}

static unsigned
qos2_dedup_place_of(const struct qos2_dedup *r, uint16_t id)
{
	unsigned i;

	for (i = 0; i < QOS2_DEDUP_MAX && r->messages[i].id != id; i++)
		;
	return i;
}

bool
qos2_dedup_has(const struct qos2_dedup *r, uint16_t id, struct str topic,
    struct str payload)
{
	unsigned char hash[HASH];
	unsigned i;

	if (r == NULL || (i = qos2_dedup_place_of(r, id)) == QOS2_DEDUP_MAX)
		return false;
	qos2_dedup_hash_of(hash, topic, payload);
	return memcmp(hash, r->messages[i].hash, HASH) == 0;
}

void
qos2_dedup_add(struct qos2_dedup **at, uint16_t id, struct str topic,
    struct str payload)
{
	struct qos2_dedup *r = *at;
	unsigned i;

	if (r == NULL)
		r = *at = memory_zero(1, sizeof *r);
	if ((i = qos2_dedup_place_of(r, id)) == QOS2_DEDUP_MAX) {
		i = r->next;
		r->next = (i + 1) % QOS2_DEDUP_MAX;
	}
	r->messages[i].id = id;
	qos2_dedup_hash_of(r->messages[i].hash, topic, payload);
}
