/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_FMT_TEMPLATE_H
#define MFX_CMD_FMT_TEMPLATE_H

#include "line/field.h"

/*
 * What is printed for each record, as users write it, such as '{time}
 * {name}={value}{unit}\n'.  The name of a field is in braces (see
 * line/field.h), of a time with the form of strftime(3) for it after a colon,
 * in UTC; {{ and }} are braces; \n \t \r \\ and \xHH as in C.
 */
#define TEMPLATE_PARTS_MAX 128

struct template {
	struct buf text;	/* all fixed text, one part after another */
	struct buf dates;	/* forms of dates, each with its NUL */
	struct {
		size_t n;	/* bytes of text before the field */
		enum field field;	/* FIELDS for none */
		size_t date;		/* where in dates its form begins; 0:
					 * it has none */
	} parts[TEMPLATE_PARTS_MAX];
	int n;
};

/* NULL, or why it is refused and at which offset */
const char *template_parse(struct template *, const char *z, size_t *at);
void template_release(struct template *);

/* device text is put as escape_put() does: it breaks no line */
void template_put(struct buf *, const struct template *,
    const struct route *, const struct record *, enum field_time,
    struct buf *scratch);

#endif
