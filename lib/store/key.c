/* SPDX-License-Identifier: Apache-2.0 */
#include "store/key.h"

#include "base/hash.h"
#include "json/number.h"

static void
key_text(struct buf *b, struct str s)
{
	uint64_t n = s.n;

	buf_put(b, &n, sizeof n);
	buf_put_str(b, s);
}

static void
key_number(struct buf *b, struct str s)
{
	double v = s.p == NULL ? 0 : number_value(s);

	v += 0.0;		/* -0 is 0 */
	buf_putc(b, s.p != NULL);
	buf_put(b, &v, sizeof v);
}

static void
key_value(struct buf *b, const struct record *r)
{
	buf_putc(b, (char)r->kind);
	if (r->kind == VALUE_NUMBER)
		key_number(b, r->value);
	else if (r->kind == VALUE_BOOL)
		buf_putc(b, r->truth);
	else if (r->kind != VALUE_NONE)
		key_text(b, r->value);
	key_number(b, r->sum);
}

void
reading_key(struct reading_key *key, struct buf *b,
    const struct route *route, const struct record *r)
{
	static uint64_t seeds[2];
	uint64_t h;

	if (seeds[0] == 0) {
		seeds[0] = hash_seed();
		seeds[1] = hash_mix(seeds[0], UINT64_C(0x2545f4914f6cdd1d));
	}
	buf_clear(b);
	key_text(b, route->channel);
	key_text(b, route->publisher);
	key_text(b, route->protocol);
	key_text(b, route->subtopic);
	key_text(b, r->name);
	key_text(b, r->unit);
	buf_put(b, &r->time.ns, sizeof r->time.ns);
	key_value(b, r);
	h = hash_seeded(seeds[0], buf_str(b));
	key->part[0] = (uint32_t)(h % READING_KEY_PRIME);
	key->part[1] = (uint32_t)((h >> 32) % READING_KEY_PRIME);
	key->part[2] = (uint32_t)(hash_seeded(seeds[1], buf_str(b)) %
	    READING_KEY_PRIME);
}
