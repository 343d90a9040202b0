/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_PRINT_H
#define MFX_SENML_PRINT_H

#include "senml/pack.h"

/* A time as text, kept because most records of a pack share their time. */
struct time_text {
	struct stamp time;
	size_t n;		/* 0: no time yet */
	char text[STAMP_TEXT];
};

/* Appends the members of a resolved record in JSON, without the '{' and what
 * may come first, and then `end`. */
void record_put_fields(struct buf *, const struct record *,
    struct time_text *last, struct str end);

#endif
