/* SPDX-License-Identifier: Apache-2.0 */
#include "api/call.h"
#include "http/caller.h"
#include "http/path.h"

/* a body that nobody has to show a token for */
#define OPEN_BODY_MAX (16 * 1024)
#define LOCATION_MAX 1024
#define ALLOW_MAX 256

#define LIST "offset limit cursor name glob metadata order dir status tag tags"
#define MESSAGES "offset limit *subtopic *publisher *protocol *name *unit " \
	"*value v vs vb vd comparator from to order aggregate every " \
	"aggregation interval store"

/* What there is.  Of two that fit a path, the first one is taken. */
const struct api_route api_routes[] = {
	{ "POST", "/users", users_create, "users", "register", API_OPEN,
	    NULL },
	{ "GET", "/users", users_show, "users", "view_user", 0, NULL },
	{ "GET", "/users/:id", users_show_one, "users", "view_user",
	    API_STATE, NULL },
	{ "PUT", "/users", users_update, "users", "update_user", 0, NULL },
	{ "DELETE", "/users", users_remove, "users", "remove_user", API_OURS,
	    "all" },
	{ "PATCH", "/password", users_password, "users", "change_password", 0,
	    NULL },
	{ "POST", "/tokens", tokens_create, "users", "login", API_OPEN, NULL },
	{ "POST", "/tokens/refresh", tokens_refresh, "users", "refresh_token",
	    API_OURS, NULL },
	{ "DELETE", "/tokens", tokens_end, "users", "revoke_token", API_OURS,
	    "all" },
	{ "POST", "/keys", keys_create, "users", "issue_key", 0, NULL },
	{ "GET", "/keys", keys_list, "users", "list_keys", 0, NULL },
	{ "GET", "/keys/:id", keys_show, "users", "view_key", API_STATE,
	    NULL },
	{ "DELETE", "/keys/:id", keys_remove, "users", "revoke_key", API_STATE,
	    NULL },

	{ "POST", "/things", things_create, "things", "add_thing", 0, NULL },
	{ "POST", "/things/bulk", things_bulk, "things", "add_things", 0,
	    NULL },
	{ "PATCH", "/things/bulk", things_update_many, "things",
	    "update_things", API_OURS, NULL },
	{ "POST", "/things/bulk/remove", things_remove_many, "things",
	    "remove_things", API_OURS, "if_exists dry_run" },
	{ "GET", "/things", things_list, "things", "list_things", 0,
	    LIST " keys" },
	{ "GET", "/things/:id", things_show, "things", "view_thing", API_STATE,
	    "keys" },
	{ "PUT", "/things/:id", things_update, "things", "update_thing",
	    API_STATE, NULL },
	{ "PATCH", "/things/:id", things_patch, "things", "patch_thing",
	    API_STATE, NULL },
	{ "PATCH", "/things/:id/tags", things_patch, "things", "tag_thing",
	    API_STATE, NULL },
	{ "POST", "/things/:id/enable", things_enable, "things",
	    "enable_thing", API_STATE, NULL },
	{ "POST", "/things/:id/disable", things_disable, "things",
	    "disable_thing", API_STATE, NULL },
	{ "PATCH", "/things/:id/key", things_key, "things", "update_key",
	    API_STATE, NULL },
	{ "DELETE", "/things/:id", things_remove, "things", "remove_thing",
	    API_STATE, NULL },
	{ "GET", "/things/:id/channels", channels_of_thing, "things",
	    "list_channels_by_thing", 0, LIST " disconnected" },
	{ "GET", "/things/:id/access", access_explain, "things",
	    "explain_access", API_OURS, "channel" },

	{ "POST", "/channels", channels_create, "things", "create_channel", 0,
	    NULL },
	{ "POST", "/channels/bulk", channels_bulk, "things", "create_channels",
	    0, NULL },
	{ "PATCH", "/channels/bulk", channels_update_many, "things",
	    "update_channels", API_OURS, NULL },
	{ "POST", "/channels/bulk/remove", channels_remove_many, "things",
	    "remove_channels", API_OURS, "if_exists dry_run" },
	{ "GET", "/channels", channels_list, "things", "list_channels", 0,
	    LIST },
	{ "GET", "/channels/:id", channels_show, "things", "view_channel",
	    API_STATE, NULL },
	{ "PUT", "/channels/:id", channels_update, "things", "update_channel",
	    API_STATE, NULL },
	{ "PATCH", "/channels/:id", channels_patch, "things",
	    "patch_channel", API_STATE, NULL },
	{ "POST", "/channels/:id/enable", channels_enable, "things",
	    "enable_channel", API_STATE, NULL },
	{ "POST", "/channels/:id/disable", channels_disable, "things",
	    "disable_channel", API_STATE, NULL },
	{ "DELETE", "/channels/:id", channels_remove, "things",
	    "remove_channel", API_STATE, NULL },
	{ "GET", "/channels/:id/things", things_of_channel, "things",
	    "list_things_by_channel", 0, LIST " disconnected keys" },

	{ "PUT", "/channels/:id/things/:id", connections_add, "things",
	    "connect", API_STATE, NULL },
	{ "DELETE", "/channels/:id/things/:id", connections_remove, "things",
	    "disconnect", API_STATE, NULL },
	{ "POST", "/connect", connections_bulk, "things", "connect_all", 0,
	    NULL },
	{ "POST", "/disconnect", connections_end_bulk, "things",
	    "disconnect_all", API_OURS, "dry_run" },

	{ "POST", "/identify", access_identity, "things", "identify", API_OPEN,
	    NULL },
	{ "POST", "/channels/:id/access", access_decide, "things",
	    "can_access", API_OPEN, NULL },
	{ "POST", "/channels/:id/access-by-key", access_decide, "things",
	    "can_access", API_OPEN, NULL },
	{ "POST", "/channels/:id/access-by-id", access_decide_id, "things",
	    "can_access_by_id", API_OPEN, NULL },
	{ "GET", "/channels/:id/messages", messages_list, "message_reader",
	    "read_all", API_OPEN | API_STATE, MESSAGES },
	{ "GET", "/events", events_stream, "things", "list_events", API_OURS,
	    "from follow" },

	{ "GET", "/version", status_version, "things", "version", API_OPEN,
	    NULL },
	{ "GET", "/health", status_health, "things", "health", API_OPEN,
	    NULL },
	{ "GET", "/metrics", status_metrics, "things", "metrics", API_OPEN,
	    NULL },
	{ "GET", "/openapi.json", openapi_show, "things", "openapi",
	    API_OPEN | API_OURS | API_STATE, NULL },
	{ NULL, NULL, NULL, NULL, NULL, 0, NULL },
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

static bool
is_ours(const struct api *api, const struct api_route *route)
{
	return api->options.administers || (route->handle != status_health &&
	    route->handle != status_metrics);
}

/* the methods that this path has, as a list; false: it does not exist */
static bool
routes_allow(const struct api *api, struct str path, struct buf *to)
{
	const struct api_route *route;
	struct str ids[CALL_IDS];

	for (route = api_routes; route->method != NULL; route++) {
		if (!is_ours(api, route) || !path_fits(route->path, path, ids))
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
routes_redirect(struct http_request *r)
{
	struct str path = { r->path.p, r->path.n - (r->path.n > 0) };
	struct str ids[CALL_IDS];
	char to[LOCATION_MAX];

	if (path.n == 0 || path.n >= sizeof to || path.p[path.n] != '/' ||
	    find(r->method, path, ids) == NULL)
		return false;
	snprintf(to, sizeof to, "%.*s", STR_ARG(path));
	http_set(r, "Location", to);
	http_answer(r, 302);
	return true;
}

/* The answer where there is no route. */
static void
answer_nowhere(const struct api *api, struct http_request *r)
{
	struct buf allow;

	buf_init(&allow, ALLOW_MAX);
	if (routes_allow(api, r->path, &allow))
		http_refuse_method(r, allow.p);
	else if (!routes_redirect(r))
		http_problem(r, 404, "no such path");
	buf_release(&allow);
}

/* ---- the server's callbacks ---- */

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
		answer_nowhere(api, r);
		return;
	}
	r->about = call.route = route;
	if (!decode_ids(&call))
		http_problem(r, 400,
		    "the path is not correctly percent-encoded");
	else if (call_begin(&call) && (!(route->flags & API_OPEN) ||
	    route->flags & API_STATE || call_holds(&call, true, NULL)))
		route->handle(&call);
}

/* who is new may have metadata */
static uint64_t
open_body_max(const struct api_route *route)
{
	return route->handle == users_create ?
	    OPEN_BODY_MAX + METADATA_BYTES_MAX : OPEN_BODY_MAX;
}

void
api_early(struct http_request *r, void *arg)
{
	struct api *api = arg;
	struct call call = { .api = api, .request = r };
	const struct api_route *route = find(r->method, r->path, call.id);

	if (route == NULL || !is_ours(api, route)) {
		answer_nowhere(api, r);
		return;
	}
	r->about = call.route = route;
	if (!(route->flags & API_OPEN)) {
		if (call_has_token(&call))
			call_user(&call, 0);
	} else if (r->head.framing == HTTP1_LENGTH &&
	    r->head.length > open_body_max(route)) {
		http_problem(r, 413, "request body too large");
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
	call.route = route;
	if (route == NULL || (route->handle != status_health &&
	    route->handle != status_metrics &&
	    route->handle != status_version))
		http_problem(r, 404, "no such path; there are /health, "
		    "/metrics and /version");
	else if (call_begin(&call))
		route->handle(&call);
}
