/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_JSON_OBJECT_H
#define MFX_JSON_OBJECT_H

#include "json/json.h"

/*
 * The JSON of requests and answers.  As Mainflux did it, names of members
 * are read in any case, unknown ones are passed over, and null is as good
 * as absent.  The rest is strict: JSON as RFC 8259 has it, UTF-8, each
 * member of its type and there once, and nothing behind it.
 * Metadata stays text, so that its numbers keep their digits.
 */
enum body_type {
	BODY_TEXT,		/* decoded */
	BODY_OBJECT,		/* as it was written */
	BODY_TEXTS,		/* an array of texts: body_text */
	BODY_NUMBER,		/* a whole one, from 0: body_number */
};

struct body_field {
	const char *name;	/* lower case */
	enum body_type type;
	struct str value;	/* p NULL: it isn't there */
	bool given;		/* it was there, and may have been null */
};

/* an object; NULL, or why not, with the byte, from 0, where that was seen;
 * it and the values borrow from the text or the arena */
const char *body_read(struct str text, struct body_field *, size_t n,
    struct arena *);

/* why the scanner failed, and where in the text; else `why` */
const char *body_place(const struct scan *, struct str text,
    const char *why);

/* each element of an array: 1 and the element's text, 0 at the end, -1 */
struct body_array {
	struct scan scan;
	struct str text;
	const char *at;		/* where the next one is; NULL: at the end */
};
int body_next(struct body_array *, struct str *element);
void body_array_init(struct body_array *, struct str text, struct arena *);

/* a text out of an array of texts, decoded; false: it is none */
bool body_text(struct str element, struct arena *, struct str *text);
/* at most 2^53; false: it is none */
bool body_number(struct str value, int64_t *n);

#endif
