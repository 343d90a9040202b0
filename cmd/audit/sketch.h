/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_AUDIT_SKETCH_H
#define MFX_CMD_AUDIT_SKETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "store/key.h"

/*
 * In what two bags of keys differ, whatever their order and size, in memory
 * that depends on the differences only: what is in both cancels out.
 *
 *	sketch_add(s, &key, 1);		for each of the one bag
 *	sketch_add(s, &key, -1);	for each of the other
 *	sketch_take(s, see, arg);	those that are left
 *
 * An invertible Bloom lookup table (Goodrich and Mitzenmacher, 2011): a key is
 * added to three cells, and one that is alone in a cell can be told from its
 * sums, and be taken out of the other two.  Sums are modulo a prime, so that a
 * key which is there n times can be divided by n.
 */
/* differences that are told apart all but surely */
#define SKETCH_ROOM 75000

struct sketch;

struct sketch *sketch_new(void);
void sketch_free(struct sketch *);
void sketch_add(struct sketch *, const struct reading_key *, int64_t n);

/* Takes each key out that is not as often in both bags; n is by how much.
 * False: there are more than can be told apart, and some were not found. */
typedef void sketch_fn(void *arg, const struct reading_key *, int64_t n);
bool sketch_take(struct sketch *, sketch_fn *, void *arg);

#endif
