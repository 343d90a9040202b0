/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_ROUTES_H
#define MFX_API_ROUTES_H

#include "api/request_ctx.h"
#include "api/route.h"

/*
 * Does a path fit the one of a row?  Its segments have to; ":id" fits any, even
 * an empty one, and "*", at the end, fits the rest, of one segment or several.
 * `ids` borrow from the path; there are CTX_IDS of both kinds at most.
 */
bool routes_path_fits(const char *pattern, struct str path, struct str *ids);

/* The first of the rows that fit, or NULL.  HEAD is GET. */
const struct api_route *routes_find(struct str method, struct str path,
    struct str *ids);
/* does this row fit, with what its flags say of a path? */
bool routes_fit(const struct api_route *, struct str path, struct str *ids);

/* ends with a method that is NULL */
extern const struct api_route api_routes[];

#endif
