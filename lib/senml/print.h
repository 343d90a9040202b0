/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_PRINT_H
#define MFX_SENML_PRINT_H

#include "senml/pack.h"

/* A time as text: the records of a pack mostly share theirs. */
struct time_text {
	struct stamp time;
	size_t n;		/* 0: none yet */
	char text[STAMP_TEXT];
};

/* The members of a resolved record in JSON, after the '{' and whatever
 * stands in front, and then `end`. */
void record_put_fields(struct buf *, const struct record *,
    struct time_text *last, struct str end);

#endif
