/* SPDX-License-Identifier: Apache-2.0 */
#include "cql/murmur3.h"

#define MURMUR3_C1 UINT64_C(0x87c37b91114253d5)
#define MURMUR3_C2 UINT64_C(0x4cf5ad432745937f)

static uint64_t
murmur3_rotate(uint64_t v, int n)
{
	return v << n | v >> (64 - n);
}

static uint64_t
murmur3_finish(uint64_t k)
{
	k = (k ^ k >> 33) * UINT64_C(0xff51afd7ed558ccd);
	k = (k ^ k >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return k ^ k >> 33;
}

/* eight bytes, the lowest first */
static uint64_t
murmur3_word(const char *p)
{
	uint64_t v = 0;
	int i;

	for (i = 7; i >= 0; i--)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

/* up to eight bytes, each extended by its sign */
static uint64_t
murmur3_rest(const char *p, size_t n)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < n; i++)
		v ^= (uint64_t)(int64_t)(signed char)p[i] << (8 * i);
	return v;
}

static uint64_t
murmur3_first(uint64_t k)
{
	return murmur3_rotate(k * MURMUR3_C1, 31) * MURMUR3_C2;
}

static uint64_t
murmur3_second(uint64_t k)
{
	return murmur3_rotate(k * MURMUR3_C2, 33) * MURMUR3_C1;
}

int64_t
murmur3_token(struct str key)
{
	uint64_t h1 = 0, h2 = 0;
	const char *p = key.p;
	size_t left = key.n;

	for (; left >= 16; p += 16, left -= 16) {
		h1 = murmur3_rotate(h1 ^ murmur3_first(murmur3_word(p)), 27);
		h1 = (h1 + h2) * 5 + 0x52dce729;
		h2 = murmur3_rotate(h2 ^ murmur3_second(murmur3_word(p + 8)),
		    31);
		h2 = (h2 + h1) * 5 + 0x38495ab5;
	}
	if (left > 8)
		h2 ^= murmur3_second(murmur3_rest(p + 8, left - 8));
	if (left > 0)
		h1 ^= murmur3_first(murmur3_rest(p, left < 8 ? left : 8));
	h1 ^= key.n;
	h2 ^= key.n;
	h1 += h2;
	h2 += h1;
	h1 = murmur3_finish(h1) + murmur3_finish(h2);
	return h1 == (uint64_t)1 << 63 ? INT64_MAX : (int64_t)h1;
}
