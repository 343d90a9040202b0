/* SPDX-License-Identifier: Apache-2.0 */
#include "api/call.h"
#include "base/opt.h"
#include "http/caller.h"
#include "http/path.h"

/* a body that nobody has to show a token for */
#define OPEN_BODY_MAX (16 * 1024)

/* What there is.  Of two that fit a path, the first one is taken. */
const struct api_route api_routes[] = {
	{ "POST", "/users", users_create, "users", "register", true },
	{ "GET", "/users", users_show, "users", "view_user", false },
	{ "DELETE", "/users", users_remove, "users", "remove_user", false },
	{ "PATCH", "/password", users_password, "users", "change_password",
	    false },
	{ "POST", "/tokens", tokens_create, "users", "login", true },
	{ "POST", "/tokens/refresh", tokens_refresh, "users",
	    "refresh_token", false },
	{ "DELETE", "/tokens", tokens_end, "users", "revoke_token", false },
	{ "POST", "/keys", keys_create, "users", "issue_key", false },
	{ "GET", "/keys", keys_list, "users", "list_keys", false },
	{ "GET", "/keys/:id", keys_show, "users", "view_key", false },
	{ "DELETE", "/keys/:id", keys_remove, "users", "revoke_key", false },

	{ "POST", "/things", things_create, "things", "add_thing", false },
	{ "POST", "/things/bulk", things_bulk, "things", "add_things",
	    false },
	{ "PATCH", "/things/bulk", things_update_many, "things",
	    "update_things", false },
	{ "POST", "/things/bulk/remove", things_remove_many, "things",
	    "remove_things", false },
	{ "GET", "/things", things_list, "things", "list_things", false },
	{ "GET", "/things/:id", things_show, "things", "view_thing", false },
	{ "PUT", "/things/:id", things_update, "things", "update_thing",
	    false },
	{ "PATCH", "/things/:id/key", things_key, "things", "update_key",
	    false },
	{ "DELETE", "/things/:id", things_remove, "things", "remove_thing",
	    false },
	{ "GET", "/things/:id/channels", channels_of_thing, "things",
	    "list_channels_by_thing", false },
	{ "GET", "/things/:id/access", access_explain, "things",
	    "explain_access", false },

	{ "POST", "/channels", channels_create, "things", "create_channel",
	    false },
	{ "POST", "/channels/bulk", channels_bulk, "things",
	    "create_channels", false },
	{ "PATCH", "/channels/bulk", channels_update_many, "things",
	    "update_channels", false },
	{ "POST", "/channels/bulk/remove", channels_remove_many, "things",
	    "remove_channels", false },
	{ "GET", "/channels", channels_list, "things", "list_channels",
	    false },
	{ "GET", "/channels/:id", channels_show, "things", "view_channel",
	    false },
	{ "PUT", "/channels/:id", channels_update, "things",
	    "update_channel", false },
	{ "DELETE", "/channels/:id", channels_remove, "things",
	    "remove_channel", false },
	{ "GET", "/channels/:id/things", things_of_channel, "things",
	    "list_things_by_channel", false },

	{ "PUT", "/channels/:id/things/:id", connections_add, "things",
	    "connect", false },
	{ "DELETE", "/channels/:id/things/:id", connections_remove, "things",
	    "disconnect", false },
	{ "POST", "/connect", connections_bulk, "things", "connect_all",
	    false },
	{ "POST", "/disconnect", connections_end_bulk, "things",
	    "disconnect_all", false },

	{ "POST", "/identify", access_identity, "things", "identify", true },
	{ "POST", "/channels/:id/access", access_decide, "things",
	    "can_access", true },
	{ "GET", "/channels/:id/messages", messages_list, "message_reader",
	    "read_all", true },
	{ "GET", "/events", events_stream, "things", "list_events", false },

	{ "GET", "/version", status_version, "things", "version", true },
	{ "GET", "/health", status_health, "things", "health", true },
	{ "GET", "/metrics", status_metrics, "things", "metrics", true },
	{ "GET", "/openapi.json", openapi_show, "things", "openapi", true },
	{ NULL, NULL, NULL, NULL, NULL, false },
};

/* ---- matching ---- */

static struct str
segment(struct str *rest)
{
	const char *slash = memchr(rest->p, '/', rest->n);
	size_t n = slash ? (size_t)(slash - rest->p) : rest->n;
	struct str s = { rest->p, n };

	*rest = str_from(*rest, n);
	return s;
}

/* a path fits when its segments do; :id fits any, even an empty one */
static bool
path_fits(const char *pattern, struct str path, struct str *ids)
{
	struct str want = str_z(pattern), a, b;

	while (want.n > 0 && path.n > 0 && *path.p == '/') {
		want = str_from(want, 1);
		path = str_from(path, 1);
		a = segment(&want);
		b = segment(&path);
		if (str_eq(a, STR(":id")))
			*ids++ = b;
		else if (!str_eq(a, b))
			return false;
	}
	return want.n == 0 && path.n == 0;
}

static const struct api_route *
find(struct str method, struct str path, struct str *ids)
{
	const struct api_route *route;

	if (str_eq(method, STR("HEAD")))
		method = STR("GET");
	for (route = api_routes; route->method != NULL; route++)
		if (str_eq(method, str_z(route->method)) &&
		    path_fits(route->path, path, ids))
			return route;
	return NULL;
}

/* The answer where there is no route: with a slash less there may be one. */
static void
answer_nowhere(struct http_request *r)
{
	struct str path = { r->path.p, r->path.n - (r->path.n > 0) };
	struct str ids[CALL_IDS];
	char to[HTTP_SET_TEXT];

	if (path.n > 0 && path.n < sizeof to && path.p[path.n] == '/' &&
	    find(r->method, path, ids) != NULL) {
		snprintf(to, sizeof to, "%.*s", STR_ARG(path));
		http_set(r, "Location", to);
		http_answer(r, 302);
	} else {
		http_problem(r, 404, "there is nothing of this method here");
	}
}

/* ---- the server's callbacks ---- */

static bool
is_ours(const struct api *api, const struct api_route *route)
{
	return api->options.administers || (route->handle != status_health &&
	    route->handle != status_metrics);
}

static bool
decode_ids(struct call *c)
{
	struct buf b;
	size_t i;
	bool sound = true;

	buf_init(&b, OPEN_BODY_MAX);
	for (i = 0; i < CALL_IDS && sound; i++) {
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

void
api_handle(struct http_request *r, void *arg)
{
	struct api *api = arg;
	struct call call = { .api = api, .request = r };
	const struct api_route *route = find(r->method, r->path, call.id);

	arena_reset(&api->scratch);
	buf_clear(&api->answer);
	if (route == NULL || !is_ours(api, route)) {
		answer_nowhere(r);
		return;
	}
	r->about = route;
	if (!decode_ids(&call))
		http_problem(r, 400,
		    "the path is not percent-encoded as it should be");
	else
		route->handle(&call);
}

void
api_early(struct http_request *r, void *arg)
{
	struct api *api = arg;
	struct call call = { .api = api, .request = r };
	const struct api_route *route = find(r->method, r->path, call.id);
	struct str length = http_header(r, "Content-Length");
	int64_t n;

	if (route == NULL || !is_ours(api, route)) {
		answer_nowhere(r);
		return;
	}
	r->about = route;
	if (!route->open) {
		if (call_has_token(&call))
			call_user(&call, 0);
	} else if (length.p != NULL && (!number_parse(length.p, 0,
	    INT64_MAX, &n) || n > OPEN_BODY_MAX)) {
		http_problem(r, 413, "the body is longer than it need be");
	}
}

void
api_administer(struct http_request *r, void *arg)
{
	struct api *api = arg;
	struct call call = { .api = api, .request = r };
	const struct api_route *route = find(r->method, r->path, call.id);

	arena_reset(&api->scratch);
	buf_clear(&api->answer);
	if (route != NULL && (route->handle == status_health ||
	    route->handle == status_metrics ||
	    route->handle == status_version))
		route->handle(&call);
	else
		http_problem(r, 404, "here are /health, /metrics, /version");
}
