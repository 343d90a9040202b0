/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "api/api.h"
#include "api/auth.h"
#include "api/body.h"
#include "api/forward.h"
#include "api/handlers.h"
#include "api/parameters.h"
#include "api/routes.h"
#include "api/state.h"
#include "http/path.h"

/* From a request to its handler: what the row says is seen to here, and not
 * in handlers. */

#define PATH_MAX_TEXT (16 * 1024)
#define LOCATION_MAX 1024
#define ALLOW_MAX 256

static bool
dispatch_serves(const struct api *api, const struct api_route *route)
{
	if (strcmp(route->service, "est") == 0)
		return api->options.certs->est;
	return api->options.administers || (route->handle != status_health &&
	    route->handle != status_metrics);
}

/* the methods that this path has, as a list; false: it does not exist */
static bool
dispatch_allow(const struct api *api, struct str path, struct buf *to)
{
	const struct api_route *route;
	struct str ids[CTX_IDS];

	for (route = api_routes; route->method != NULL; route++) {
		if (!dispatch_serves(api, route) ||
		    !routes_fit(route, path, ids))
			continue;
		buf_puts(to, to->n > 0 ? ", " : "");
		buf_puts(to, route->method);
		if (strcmp(route->method, "GET") == 0)
			buf_puts(to, ", HEAD");
	}
	if (to->n == 0)
		return false;
	buf_puts(to, ", OPTIONS");
	buf_putc(to, '\0');
	return true;
}

/* a slash at the end is not part of any path */
static bool
dispatch_redirect(struct http_request *r)
{
	struct str path = { r->path.p, r->path.n - (r->path.n > 0) };
	struct str ids[CTX_IDS];
	char to[LOCATION_MAX];

	if (path.n == 0 || path.n >= sizeof to || path.p[path.n] != '/' ||
	    routes_find(r->method, path, ids) == NULL)
		return false;
	snprintf(to, sizeof to, "%.*s", STR_ARG(path));
	http_set(r, "Location", to);
	http_answer(r, 302);
	return true;
}

/* The answer where there is no route. */
static void
dispatch_answer_nowhere(const struct api *api, struct http_request *r)
{
	struct buf allow;

	buf_init(&allow, ALLOW_MAX);
	if (dispatch_allow(api, r->path, &allow))
		http_refuse_method(r, allow.p);
	else if (!dispatch_redirect(r))
		http_problem(r, 404, "no such path");
	buf_release(&allow);
}

/* ---- the server's callbacks ---- */

static bool
dispatch_decode_ids(struct request_ctx *c)
{
	struct buf b;
	size_t i;
	bool sound = true;

	buf_init(&b, PATH_MAX_TEXT);
	for (i = 0; i < CTX_IDS && sound; i++) {
		if (c->id[i].n == 0 ||
		    memchr(c->id[i].p, '%', c->id[i].n) == NULL)
			continue;
		buf_clear(&b);
		sound = percent_decode(&b, c->id[i]);
		c->id[i] = arena_str(&c->api->scratch, buf_str(&b));
	}
	buf_release(&b);
	return sound;
}

/* Is the body short enough for its row?  Else it is answered: false. */
static bool
dispatch_fits(struct request_ctx *c, uint64_t n)
{
	if (c->route->body == 0 || n <= c->route->body)
		return true;
	http_problem(c->request, 413, "request body too large");
	return false;
}

/* All that its row says of a request, in this order, and preconditions where
 * no handler knows better; else it is answered: false. */
static bool
dispatch_admit(struct request_ctx *c)
{
	unsigned flags = c->route->flags;

	if (!dispatch_fits(c, c->request->body.n) || !parameters_read(c) ||
	    !http_body_uncoded(c->request) || !body_typed(c))
		return false;
	if ((!(flags & API_JSON) || body_is_lines(c)) && !auth_admit(c))
		return false;
	/* a handler of a user's row asks auth_user() */
	return !(flags & API_OPEN) || flags & API_STATE ||
	    ctx_holds(c, true, NULL);
}

void
api_handle(struct http_request *r, void *arg)
{
	struct api *api = arg;
	struct request_ctx c = { .api = api, .request = r };
	const struct api_route *route = routes_find(r->method, r->path, c.id);

	arena_reset(&api->scratch);
	buf_clear(&api->answer);
	if (route == NULL || !dispatch_serves(api, route)) {
		dispatch_answer_nowhere(api, r);
		return;
	}
	r->about = c.route = route;
	if (!dispatch_decode_ids(&c))
		http_problem(r, 400,
		    "the path is not correctly percent-encoded");
	else if (dispatch_admit(&c) && !forward_change(&c))
		route->handle(&c);
}

void
api_on_headers(struct http_request *r, void *arg)
{
	struct api *api = arg;
	struct request_ctx c = { .api = api, .request = r };
	const struct api_route *route = routes_find(r->method, r->path, c.id);

	if (route == NULL || !dispatch_serves(api, route)) {
		dispatch_answer_nowhere(api, r);
		return;
	}
	r->about = c.route = route;
	if (r->head.framing != HTTP1_LENGTH ||
	    dispatch_fits(&c, r->head.length))
		auth_admit(&c);
}

void
api_answer_ocsp(struct http_request *r, void *arg)
{
	struct api *api = arg;
	struct str ids[CTX_IDS];
	const struct api_route *route = routes_find(r->method, r->path, ids);

	if (route == NULL || strcmp(route->service, "ocsp") != 0)
		http_problem(r, 404, "no such path; there is /ocsp");
	else
		api_handle(r, api);
}

void
api_administer(struct http_request *r, void *arg)
{
	struct api *api = arg;
	struct request_ctx c = { .api = api, .request = r };
	const struct api_route *route = routes_find(r->method, r->path, c.id);

	arena_reset(&api->scratch);
	buf_clear(&api->answer);
	c.route = route;
	if (route == NULL || (route->handle != status_health &&
	    route->handle != status_metrics &&
	    route->handle != status_version))
		http_problem(r, 404, "no such path; there are /health, "
		    "/metrics and /version");
	else if (parameters_read(&c))
		route->handle(&c);
}
