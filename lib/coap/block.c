/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdlib.h>

#include "base/memory.h"
#include "coap/format.h"
#include "coap/inside.h"

struct body *
body_new(struct station *st, uint64_t about, size_t max)
{
	struct body *b;

	if (max > BODIES_MAX - st->bodies)
		return NULL;
	b = memory_zero(1, sizeof *b);
	buf_init(&b->b, max);
	b->about = about;
	b->used = st->now;
	b->format = FORMAT_NONE;
	st->bodies += max;
	return b;
}

void
body_free(struct station *st, struct body **b)
{
	if (*b == NULL)
		return;
	st->bodies -= (*b)->b.max;
	buf_release(&(*b)->b);
	free(*b);
	*b = NULL;
}

static void
add(crypto_generichash_state *h, struct str s)
{
	crypto_generichash_update(h, (const unsigned char *)&s.n, sizeof s.n);
	if (s.n > 0)
		crypto_generichash_update(h, (const unsigned char *)s.p, s.n);
}

uint64_t
body_about(const struct asked *a)
{
	crypto_generichash_state h;
	unsigned char hash[crypto_generichash_BYTES_MIN];
	uint64_t about;

	crypto_generichash_init(&h, NULL, 0, sizeof hash);
	add(&h, a->channel);
	add(&h, buf_str(&a->path));
	add(&h, a->from);
	crypto_generichash_update(&h, (const unsigned char *)&a->accept,
	    sizeof a->accept);
	crypto_generichash_final(&h, hash, sizeof hash);
	memcpy(&about, hash, sizeof about);
	return about;
}

/* The largest block that goes into one message of the session. */
static unsigned
fitting_exponent(const coap_session_t *s, unsigned exponent)
{
	size_t room = coap_session_max_pdu_size(s);

	while (exponent > 0 && (16U << exponent) + 64 > room)
		exponent--;
	return exponent;
}

uint32_t
block_value(const struct asked_block *b)
{
	return b->number << 4 | (uint32_t)b->more << 3 | b->exponent;
}

struct reply
block_reply(const coap_session_t *s, const struct asked_block *block,
    struct str whole, uint64_t etag, int format)
{
	unsigned exponent = fitting_exponent(s, block->exponent);
	size_t size = (size_t)16 << exponent;
	size_t at = (size_t)block->number * ((size_t)16 << block->exponent);
	struct asked_block given = { .exponent = exponent };
	struct reply r = {
		.code = COAP_RESPONSE_CODE_CONTENT,
		.has = HAS_ETAG | HAS_BLOCK2, .etag = etag
	};

	if (at >= whole.n && at > 0)
		return (struct reply){ .code = COAP_RESPONSE_CODE_BAD_REQUEST,
		    .why = "there is no such block" };
	r.data = str_from(whole, at);
	if (r.data.n > size)
		r.data.n = size;
	given.number = (uint32_t)(at / size);
	given.more = at + r.data.n < whole.n;
	r.block2 = block_value(&given);
	if (format != FORMAT_NONE) {
		r.has |= HAS_FORMAT;
		r.format = (uint32_t)format;
	}
	if (at == 0) {
		r.has |= HAS_SIZE2;
		r.size2 = (uint32_t)whole.n;
	}
	return r;
}
