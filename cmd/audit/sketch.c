/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/audit/sketch.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"

#define SKETCH_CELLS 32768u	/* of each part of a key; a power of two */
#define SKETCH_SUMS (READING_KEY_PARTS + 1)

struct sketch_cell {
	int64_t n;
	/* of the parts of each key, and of its check */
	uint32_t sum[SKETCH_SUMS];
};

struct sketch {
	struct sketch_cell cells[READING_KEY_PARTS * SKETCH_CELLS];
	/* those that may hold one key only */
	uint32_t queue[READING_KEY_PARTS * SKETCH_CELLS * 2];
	size_t queued;
};

struct sketch *
sketch_new(void)
{
	return memory_zero(1, sizeof(struct sketch));
}

void
sketch_free(struct sketch *s)
{
	free(s);
}

static uint32_t
sketch_times(uint32_t a, uint32_t b)
{
	return (uint32_t)((uint64_t)a * b % READING_KEY_PRIME);
}

/* 1 / a, by Fermat */
static uint32_t
sketch_inverse(uint32_t a)
{
	uint32_t r = 1, e = READING_KEY_PRIME - 2;

	for (; e > 0; e >>= 1, a = sketch_times(a, a))
		if (e & 1)
			r = sketch_times(r, a);
	return r;
}

static uint32_t
sketch_residue(int64_t n)
{
	n %= (int64_t)READING_KEY_PRIME;
	return (uint32_t)(n < 0 ? n + (int64_t)READING_KEY_PRIME : n);
}

static uint32_t
sketch_check(const struct reading_key *key)
{
	return (uint32_t)(hash_mix((uint64_t)key->part[0] << 32 | key->part[1],
	    key->part[2] ^ UINT64_C(0x9e3779b97f4a7c15)) % READING_KEY_PRIME);
}

static uint32_t
sketch_cell_of(const struct reading_key *key, uint32_t part)
{
	return part * SKETCH_CELLS + key->part[part] % SKETCH_CELLS;
}

void
sketch_add(struct sketch *s, const struct reading_key *key, int64_t n)
{
	uint32_t times = sketch_residue(n), add[SKETCH_SUMS], i, j;

	for (i = 0; i < READING_KEY_PARTS; i++)
		add[i] = sketch_times(key->part[i], times);
	add[READING_KEY_PARTS] = sketch_times(sketch_check(key), times);
	for (i = 0; i < READING_KEY_PARTS; i++) {
		struct sketch_cell *c = &s->cells[sketch_cell_of(key, i)];

		c->n += n;
		for (j = 0; j < SKETCH_SUMS; j++)
			c->sum[j] = (uint32_t)(((uint64_t)c->sum[j] + add[j]) %
			    READING_KEY_PRIME);
	}
}

/* is there one key in the cell, be it several times? */
static bool
sketch_single(const struct sketch *s, uint32_t cell, struct reading_key *key)
{
	const struct sketch_cell *c = &s->cells[cell];
	uint32_t times = sketch_residue(c->n), by, i;

	if (times == 0)
		return false;
	by = sketch_inverse(times);
	for (i = 0; i < READING_KEY_PARTS; i++)
		key->part[i] = sketch_times(c->sum[i], by);
	return sketch_cell_of(key, cell / SKETCH_CELLS) == cell &&
	    sketch_times(sketch_check(key), times) == c->sum[READING_KEY_PARTS];
}

static bool
sketch_is_empty(const struct sketch *s)
{
	uint32_t i, j;

	for (i = 0; i < READING_KEY_PARTS * SKETCH_CELLS; i++) {
		if (s->cells[i].n != 0)
			return false;
		for (j = 0; j < SKETCH_SUMS; j++)
			if (s->cells[i].sum[j] != 0)
				return false;
	}
	return true;
}

/* what else was in its cells may be alone there now */
static void
sketch_take_from(struct sketch *s, uint32_t cell, sketch_fn *see, void *arg)
{
	struct reading_key key;
	int64_t n = s->cells[cell].n;
	uint32_t i;

	if (!sketch_single(s, cell, &key))
		return;
	sketch_add(s, &key, -n);
	see(arg, &key, n);
	for (i = 0; i < READING_KEY_PARTS; i++)
		if (s->queued < sizeof s->queue / sizeof *s->queue)
			s->queue[s->queued++] = sketch_cell_of(&key, i);
}

bool
sketch_take(struct sketch *s, sketch_fn *see, void *arg)
{
	uint32_t i;

	for (i = 0; i < READING_KEY_PARTS * SKETCH_CELLS; i++) {
		sketch_take_from(s, i, see, arg);
		while (s->queued > 0)
			sketch_take_from(s, s->queue[--s->queued], see, arg);
	}
	return sketch_is_empty(s);
}
