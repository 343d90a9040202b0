/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_JSON_OBJECT_H
#define MFX_JSON_OBJECT_H

#include "json/json.h"

/*
 * The JSON of requests and answers.  As in Mainflux, names of members are
 * read in upper or lower case, unknown ones are ignored, and null means
 * absent.  The rest is strict: JSON as in RFC 8259, UTF-8, each member of
 * its type and at most once, and nothing after the object.
 * Metadata stays text, so that its numbers keep their digits.
 */
enum body_type {
	BODY_TEXT,		/* decoded */
	BODY_OBJECT,		/* as it was written */
	BODY_TEXTS,		/* an array of texts: body_text */
	BODY_NUMBER,		/* an integer, at least 0: body_number */
};

struct body_field {
	const char *name;	/* lower case */
	enum body_type type;
	struct str value;	/* p NULL: absent or null */
	bool given;		/* it was there, maybe as null */
};

/* reads an object: NULL, or why it is refused, with the offset of the byte;
 * the reason and the values borrow from the text or the arena */
const char *body_read(struct str text, struct body_field *, size_t n,
    struct arena *);

/* why the scanner failed, and where in the text; `why` when it did not */
const char *body_place(const struct scan *, struct str text,
    const char *why);

/* each element of an array: 1 and the element's text, 0 at the end, -1 when
 * the array is not valid */
struct body_array {
	struct scan scan;
	struct str text;
	const char *at;		/* where the next one is; NULL: at the end */
};
int body_next(struct body_array *, struct str *element);
void body_array_init(struct body_array *, struct str text, struct arena *);

/* an element as text, decoded; false when it is not a string */
bool body_text(struct str element, struct arena *, struct str *text);
/* an integer from 0 to 2^53; false when it is not one */
bool body_number(struct str value, int64_t *n);

#endif
