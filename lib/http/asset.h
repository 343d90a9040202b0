/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_ASSET_H
#define MFX_HTTP_ASSET_H

#include "http/request.h"

/*
 * A document that stays the same as long as the program runs, such as a file of
 * a web page: kept in memory, with its gzip form beside it.
 *
 *	asset_make(&a, "text/html; charset=utf-8", "public, max-age=300",
 *	    bytes, gzip);
 *	http_answer_asset(request, &a);
 *
 * The answer to GET and HEAD has an ETag of its own for each form, Vary,
 * Accept-Ranges and Cache-Control; If-Match, If-None-Match, Range and If-Range
 * are acted on in the order of RFC 9110 13.2.2: 200, 206, 304, 406, 412 or 416.
 */
#define ASSET_TAG 24		/* hexadecimal digits */

struct asset {
	const char *type;		/* Content-Type */
	const char *cache;		/* Cache-Control */
	struct str bytes;
	struct str gzip;		/* n 0: there is none */
	/* strong entity tags, without quotes (RFC 9110 8.8.3) */
	char tag[ASSET_TAG + 1], gzip_tag[ASSET_TAG + 1];
};

/* All is borrowed.  A gzip form that is not shorter is not used. */
void asset_make(struct asset *, const char *type, const char *cache,
    struct str bytes, struct str gzip);

void http_answer_asset(struct http_request *, const struct asset *);

/*
 * Several, by name: "index.html", "css/site.css".  A name is compared byte by
 * byte with what was asked for, so there is no way out of the table: ".." and
 * "%2f" are part of no name, and no file is opened.
 */
struct asset_row {
	const char *name;
	struct asset asset;
};

/* `path`: of the request, after the part that leads to the table, and
 * without a slash before it; NULL: no row has this name */
const struct asset *asset_find(const struct asset_row *, size_t n,
    struct str path);

#endif
