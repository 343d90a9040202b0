/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_INFLUX_CLASH_H
#define MFX_STORE_INFLUX_CLASH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Points of one request that are one to the server, as they have the same
 * measurement, tags and time: of their fields it keeps those that came last.
 * That is no loss where they are the same, as in a message that was sent
 * twice.  Points of different requests are not compared.
 *
 *	clashes_begin(&c);
 *	for each line of a text
 *		... append it; its tags end where its fields begin ...
 *		if (clashes_add(&c, &text, start, fields, time))
 *			... it takes the place of another one, which differs ...
 */
/* points of one request; those beyond are not compared */
#define CLASH_POINTS 8192

struct clashes {
	/* private */
	uint64_t seed;
	uint32_t *slots;		/* 1 + the number of the point, or 0 */
	struct clash_point *points;
	size_t n;
};

void clashes_init(struct clashes *);
void clashes_release(struct clashes *);

void clashes_begin(struct clashes *);
/* offsets of the line's parts, which ends the text with a newline */
bool clashes_add(struct clashes *, const struct buf *text, size_t start,
    size_t fields, size_t time);

#endif
