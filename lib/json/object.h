/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_JSON_OBJECT_H
#define MFX_JSON_OBJECT_H

#include "json/json.h"

/*
 * The JSON of requests and answers.  As in Mainflux, names of members are read
 * in any case, unknown ones are ignored, and null means absent.  The rest is
 * strict: JSON as in RFC 8259, UTF-8, each member of its own type and at most
 * once, and nothing after the object.  Metadata stays text, so that its numbers
 * keep their digits.
 */
enum object_type {
	OBJECT_TEXT,		/* decoded */
	OBJECT_RAW,		/* as it was written */
	OBJECT_TEXTS,		/* an array of texts: object_text */
	OBJECT_NUMBER,		/* an integer, at least 0: object_number */
	OBJECT_ANY,		/* whatever it is, as it was written */
};

struct object_field {
	const char *name;	/* lower case */
	enum object_type type;
	struct str value;	/* p NULL: absent or null */
	bool given;		/* it was present, maybe as null */
};

/* reads an object: NULL, or why it is refused, with the offset of the byte;
 * the reason and the values borrow from the text or the arena */
const char *object_read(struct str text, struct object_field *, size_t n,
    struct arena *);
/* the same, but names are matched as they are written, and no others are
 * allowed */
const char *object_read_strict(struct str text, struct object_field *,
    size_t n, struct arena *);

/* each element of an array: 1 and the element's text, 0 at the end, -1 when
 * the array is not valid */
struct object_array {
	struct scan scan;
	struct str text;
	const char *at;		/* the next one; NULL: at the end */
};
int object_array_next(struct object_array *, struct str *element);
void object_array_init(struct object_array *, struct str text, struct arena *);

/* an element as text, decoded; false when it is not a string */
bool object_text(struct str element, struct arena *, struct str *text);
/* an integer from 0 to 2^53; false when it is not one */
bool object_number(struct str value, int64_t *n);

#endif
