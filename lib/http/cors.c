/* SPDX-License-Identifier: Apache-2.0 */
#include "http/cors.h"

#include <inttypes.h>

#include "base/stamp.h"
#include "http/chars.h"
#include "http/response.h"
#include "http/target.h"

/* fields of requests that mean something here */
#define CORS_REQUEST_FIELDS STR("Authorization, Content-Encoding, " \
	"Content-Type, If-Match, If-None-Match, If-Range, Last-Event-ID, Range")
/* fields of answers that a page may read, beside those it always may */
#define CORS_ANSWER_FIELDS STR("Accept-Ranges, Allow, Content-Encoding, " \
	"Content-Range, Date, ETag, Location, Mfx-Seq, Retry-After")

static bool
cors_is_any(const struct http_cors *c)
{
	int i;

	for (i = 0; i < c->origins->n; i++)
		if (strcmp(c->origins->v[i], "*") == 0)
			return true;
	return false;
}

const char *
cors_check(const char *origin)
{
	const char *scheme = strstr(origin, "://"), *p;
	struct str host;

	if (strcmp(origin, "*") == 0)
		return NULL;
	if (strcmp(origin, "null") == 0)
		return "every page can have this origin; use '*' for all";
	if (scheme == NULL || scheme == origin)
		return "not an origin, such as https://example.com";
	for (p = origin; p < scheme; p++)
		if (!http_is(*p, HTTP_TOKEN))
			return "not an origin, such as https://example.com";
	host = str_z(scheme + 3);
	/* a '*' may stand in a host, and would be thought to match many */
	if (host.n == 0 || !http_authority_valid(host) ||
	    memchr(host.p, '*', host.n) != NULL)
		return "not an origin: a host and port follow '://', without "
		    "a path";
	return NULL;
}

bool
cors_allows(const struct http_cors *c, struct str origin)
{
	int i;

	if (c == NULL || origin.n == 0)
		return false;
	for (i = 0; i < c->origins->n; i++)
		if (strcmp(c->origins->v[i], "*") == 0 ||
		    http_same(str_z(c->origins->v[i]), origin))
			return true;
	return false;
}

bool
cors_admits(const struct http_cors *c, const struct http1 *r)
{
	struct str origin;

	if (c == NULL || c->origins->n == 0)
		return true;
	if (!http1_single(r, STR("Origin"), &origin))
		return false;
	return origin.p == NULL || cors_allows(c, origin);
}

void
cors_put(struct buf *to, const struct http_cors *c, const struct http1 *r)
{
	struct str origin;

	if (c == NULL || c->origins->n == 0)
		return;
	/* a cache has to keep the answers to each origin apart */
	if (!cors_is_any(c))
		http_response_field(to, STR("Vary"), STR("Origin"));
	if (!http1_single(r, STR("Origin"), &origin) ||
	    !cors_allows(c, origin))
		return;
	http_response_field(to, STR("Access-Control-Allow-Origin"),
	    cors_is_any(c) ? STR("*") : origin);
	http_response_field(to, STR("Access-Control-Expose-Headers"),
	    CORS_ANSWER_FIELDS);
}

bool
cors_is_preflight(const struct http_cors *c, const struct http1 *r)
{
	struct str origin, method;

	return c != NULL && str_eq(r->method, STR("OPTIONS")) &&
	    http1_single(r, STR("Origin"), &origin) &&
	    cors_allows(c, origin) &&
	    http1_single(r, STR("Access-Control-Request-Method"), &method) &&
	    method.n > 0;
}

void
cors_put_preflight(struct buf *to, const struct http_cors *c,
    const char *allow)
{
	char age[24];

	snprintf(age, sizeof age, "%" PRId64, c->max_age / STAMP_SECOND);
	http_response_field(to, STR("Access-Control-Allow-Methods"),
	    str_z(allow));
	http_response_field(to, STR("Access-Control-Allow-Headers"),
	    CORS_REQUEST_FIELDS);
	http_response_field(to, STR("Access-Control-Max-Age"), str_z(age));
}
