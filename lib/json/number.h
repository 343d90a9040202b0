/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_JSON_NUMBER_H
#define MFX_JSON_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/stamp.h"

/*
 * Numbers as text.  A device's digits are carried as they are; arithmetic
 * is decimal, so that 0.1 + 0.2 is 0.3 and no time loses a nanosecond.
 *
 * A `number` is a slice that holds one JSON number (RFC 8259 6), already
 * checked, and is followed by a byte that can't belong to a number, as any
 * number inside a JSON text is, and those made here are.
 */

/* is it one JSON number, and nothing else? */
bool number_valid(struct str);

/* the nearest double; infinite when out of range */
double number_value(struct str number);

/* within the range of a double; what underflows is 0 and in range */
bool number_in_range(struct str number);

/* seconds as nanoseconds, rounded; false when a stamp can't hold it */
bool number_ns(struct str number, int64_t *ns);
/* the same for any text; false unless it is a number without exponent, which is
 * how we write seconds */
bool number_ns_plain(struct str text, int64_t *ns);

/* the value when it is whole (10, 10.0, 1e1) and within int64 */
bool number_integer(struct str number, int64_t *out);

/* the value as m * 10^e, where m has the fewest digits possible; false when
 * m needs more than 64 bits */
bool number_decimal(struct str, bool *negative, uint64_t *m, int *e);

/*
 * a + b: exact when the sum has at most 17 significant digits or is an
 * integer below 2^64, else the shortest text of the nearest double.  In
 * the arena; p is NULL when out of range (or the arena is full).
 */
struct str number_sum(struct arena *, struct str a, struct str b);

/*
 * a * num / den + offset, in the same way: exact, or the shortest text of the
 * nearest double; the division comes last.  num and den are at least 1 and have
 * few digits except zeros, like the scales of units: when the factors 2 and 5
 * of den are turned into 10, num stays below 10^12 and den below 2^32.  A
 * number of more than 24 digits counts as its nearest double.
 */
struct str number_convert(struct arena *, struct str a, uint64_t num,
    uint64_t den, int offset);

/* a finite double as the shortest JSON number that reads back the same;
 * number_print writes to NUMBER_TEXT bytes and returns the length */
void number_put(struct buf *, double);
#define NUMBER_TEXT 40
size_t number_print(char *to, double);

#endif
