/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_BODY_H
#define MFX_API_BODY_H

#include "api/request_ctx.h"
#include "json/object.h"
#include "registry/changes.h"

/* The body of a request. */

/* Is the body of the type that the row wants?  Else it answers 415: false. */
bool body_typed(struct request_ctx *);
/* Reads a JSON body, and sees that there is a token if the row wants one; else
 * it answers, with 400 for what is not of this form: false. */
bool body_read(struct request_ctx *, struct object_field *, size_t n);
/* is it lines of JSON? */
#define BODY_LINES "application/x-ndjson"
bool body_is_lines(const struct request_ctx *);

/* checks and copies name, metadata, tags and key as far as they are there;
 * NULL, or why not */
enum { ITEM_NAME, ITEM_METADATA, ITEM_TAGS, ITEM_KEY, ITEM_FIELDS };
const char *body_fill_change(struct changes *, struct change *,
    const struct object_field f[ITEM_FIELDS], bool key);
/* the same; what is wrong is answered with 400: false */
bool body_take_change(struct request_ctx *, struct changes *, struct change *,
    const struct object_field f[ITEM_FIELDS], bool key);

/* a user's own; {} when it isn't there; else it answers 400: false */
bool body_metadata(struct request_ctx *, struct str json, struct str *compact);

#endif
