/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/format.h"
#include "coap/internal.h"

/* what a block's message has beside it */
#define BLOCK_OPTIONS 64

/* The largest block that goes into one message of the session; of BERT as
 * many of 1024 bytes as do. */
static size_t
block_fit(const coap_session_t *s, struct block_option *b)
{
	size_t room = coap_session_max_pdu_size(s);

	room = room > BLOCK_OPTIONS ? room - BLOCK_OPTIONS : 0;
	if (b->bert && room >= 1024)
		return room / 1024 * 1024;
	if (b->bert)
		b->exponent = 6;
	b->bert = false;
	while (b->exponent > 0 && (16U << b->exponent) > room)
		b->exponent--;
	b->size = 16U << b->exponent;
	return b->size;
}

uint32_t
block_value(const struct block_option *b)
{
	return b->number << 4 | (uint32_t)b->more << 3 | b->exponent;
}

struct response
block_response(const coap_session_t *s, const struct block_option *block,
    struct str whole, uint64_t etag, int format)
{
	struct block_option given = *block;
	size_t size = block_fit(s, &given);
	size_t at = (size_t)block->number * block->size;
	struct response r = {
		.code = COAP_RESPONSE_CODE_CONTENT,
		.has = HAS_ETAG | HAS_BLOCK2, .etag = etag
	};

	if (at >= whole.n && at > 0)
		return (struct response){ .code =
		    COAP_RESPONSE_CODE_BAD_REQUEST, .why =
		    "there is no such block" };
	r.data = str_from(whole, at);
	if (r.data.n > size)
		r.data.n = size;
	given.number = (uint32_t)(at / given.size);
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
