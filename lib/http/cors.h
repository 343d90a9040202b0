/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_CORS_H
#define MFX_HTTP_CORS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/opt.h"
#include "base/str.h"
#include "http/http1.h"

/*
 * Which pages in browsers may use the service from another origin (RFC 6454):
 * the CORS protocol of https://fetch.spec.whatwg.org, "HTTP extensions".  The
 * server adds the fields to every answer, those of its own refusals included,
 * so that a page can read why it was refused.
 *
 * Nothing here relies on cookies or on passwords that a browser keeps, and
 * Access-Control-Allow-Credentials is never sent: a page has to show a token or
 * key that it holds itself.  So the origin "*" gives a page nothing that the
 * same request from a program would not get.
 */
struct http_cors {
	const struct opt_list *origins;	/* "https://example.com"; or "*" */
	int64_t max_age;	/* lifetime of a preflight's answer, ns */
};

/* NULL, or why this is not a valid origin: "*", or scheme "://" host with an
 * optional port, as browsers send it */
const char *cors_check(const char *origin);

/* Is it an allowed origin?  A NULL `cors`, or one without origins, allows
 * none. */
bool cors_allows(const struct http_cors *, struct str origin);

/*
 * May a WebSocket be opened?  Browsers do not ask before they do, so their
 * Origin is checked (RFC 6455 10.2).  True without origins, and for clients
 * that send no Origin, as they are not browsers; false for several.
 */
bool cors_admits(const struct http_cors *, const struct http1 *);

/* The fields of any answer to this request; nothing for a NULL `cors`.  One
 * that reads `Vary: Origin` differs by it. */
void cors_put(struct buf *, const struct http_cors *, const struct http1 *);

/* Does a browser ask whether a request would be allowed?  cors_put_preflight
 * adds what the answer says then: the methods that the path has, as Allow. */
bool cors_is_preflight(const struct http_cors *, const struct http1 *);
void cors_put_preflight(struct buf *, const struct http_cors *,
    const char *allow);

#endif
