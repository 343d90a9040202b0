/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_WIDE_H
#define MFX_BASE_WIDE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Unsigned integers of 128 bits as two words, for products of two 64-bit
 * numbers and for decimals of up to 38 digits: not every compiler has such a
 * type.  Sums, differences and products are modulo 2^128.
 */
struct wide {
	uint64_t high, low;
};

static inline struct wide
wide_of(uint64_t v)
{
	return (struct wide){ 0, v };
}

static inline bool
wide_is_zero(struct wide a)
{
	return (a.high | a.low) == 0;
}

static inline bool
wide_less(struct wide a, struct wide b)
{
	return a.high < b.high || (a.high == b.high && a.low < b.low);
}

static inline struct wide
wide_add(struct wide a, struct wide b)
{
	uint64_t low = a.low + b.low;

	return (struct wide){ a.high + b.high + (low < a.low), low };
}

static inline struct wide
wide_subtract(struct wide a, struct wide b)
{
	return (struct wide){ a.high - b.high - (a.low < b.low),
		a.low - b.low };
}

/* all 128 bits of a * b, from the products of their halves */
static inline struct wide
wide_product(uint64_t a, uint64_t b)
{
	uint64_t a_low = (uint32_t)a, a_high = a >> 32;
	uint64_t b_low = (uint32_t)b, b_high = b >> 32;
	uint64_t low = a_low * b_low;
	/* neither sum can overflow: (2^32 - 1)^2 + 2 (2^32 - 1) < 2^64 */
	uint64_t middle = a_high * b_low + (low >> 32);
	uint64_t other = a_low * b_high + (uint32_t)middle;

	return (struct wide){
		a_high * b_high + (middle >> 32) + (other >> 32),
		other << 32 | (uint32_t)low
	};
}

static inline struct wide
wide_multiply(struct wide a, uint64_t b)
{
	struct wide product = wide_product(a.low, b);

	product.high += a.high * b;
	return product;
}

/* *a becomes the quotient; returns the remainder */
static inline uint32_t
wide_divide(struct wide *a, uint32_t by)
{
	uint64_t rest, part;

	if (a->high == 0) {
		rest = a->low % by;
		a->low /= by;
		return (uint32_t)rest;
	}
	rest = a->high % by;
	a->high /= by;
	/* rest < by, so each quotient has 32 bits */
	part = rest << 32 | a->low >> 32;
	rest = part % by << 32 | (uint32_t)a->low;
	a->low = part / by << 32 | rest / by;
	return (uint32_t)(rest % by);
}

#endif
