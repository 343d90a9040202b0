/* SPDX-License-Identifier: Apache-2.0 */
#include "api/routes.h"

#include <string.h>

#include "api/enroll.h"
#include "api/handlers.h"
#include "registry/metadata.h"

/* the longest body of a request that needs no token: a new user may have
 * metadata */
#define OPEN_BODY (16 * 1024)
#define ACCOUNT_BODY (OPEN_BODY + METADATA_BYTES_MAX)

/* a configuration of a device, all of whose texts may be escaped in JSON; its
 * ids of channels; its state */
#define CONFIG_BODY (768 * 1024)
#define CHANNELS_BODY (32 * 1024)
#define STATE_BODY 1024
/* a group, all of whose texts may be escaped in JSON */
#define GROUP_BODY (32 * 1024 + METADATA_BYTES_MAX)

#define WRITE_BOTH (TOKEN_THINGS_WRITE | TOKEN_CHANNELS_WRITE)
#define READ_BOTH (TOKEN_THINGS_READ | TOKEN_CHANNELS_READ)
#define PROTOCOL (API_OPEN | API_OURS | API_PROTOCOL)
#define LIST "offset limit cursor name glob metadata order dir status tag " \
	"tags group recursive shared"
#define GROUPS "offset limit cursor glob metadata"
#define MESSAGES "offset limit *subtopic *publisher *protocol *name *unit " \
	"*value v vs vb vd comparator from to order aggregate every " \
	"aggregation interval store"

/* What there is.  Of two that fit a path, the first one is taken. */
const struct api_route api_routes[] = {
	{ "POST", "/users", users_create,
	    0, ACCOUNT_BODY, "users", "register", API_OPEN | API_JSON, NULL },
	{ "GET", "/users", users_show,
	    0, 0, "users", "view_user", 0, NULL },
	{ "GET", "/users/:id", users_show_one,
	    0, 0, "users", "view_user", API_STATE | API_NAMED, NULL },
	{ "PUT", "/users", users_update,
	    TOKEN_ACCOUNT, 0, "users", "update_user", API_JSON, NULL },
	{ "DELETE", "/users", users_remove,
	    TOKEN_ACCOUNT, 0, "users", "remove_user", API_OURS, "all" },
	{ "PATCH", "/password", users_password,
	    TOKEN_ACCOUNT, 0, "users", "change_password", API_JSON, NULL },
	{ "POST", "/tokens", tokens_create,
	    0, OPEN_BODY, "users", "login",
	    API_OPEN | API_JSON | API_READS, NULL },
	{ "POST", "/tokens/refresh", tokens_refresh,
	    TOKEN_ACCOUNT, 0, "users", "refresh_token",
	    API_OURS | API_READS, NULL },
	{ "DELETE", "/tokens", tokens_end,
	    0, 0, "users", "revoke_token", API_OURS, "all" },
	{ "POST", "/keys", keys_create,
	    TOKEN_ACCOUNT, 0, "users", "issue_key", API_JSON, NULL },
	{ "GET", "/keys", keys_list,
	    TOKEN_ACCOUNT, 0, "users", "list_keys", 0, NULL },
	{ "GET", "/keys/:id", keys_show,
	    TOKEN_ACCOUNT, 0, "users", "view_key", API_STATE, NULL },
	{ "DELETE", "/keys/:id", keys_remove,
	    TOKEN_ACCOUNT, 0, "users", "revoke_key", API_STATE, NULL },

	{ "POST", "/grants", grants_create,
	    TOKEN_ACCOUNT, OPEN_BODY, "users", "add_grant",
	    API_OURS | API_JSON, NULL },
	{ "GET", "/grants", grants_list,
	    READ_BOTH, 0, "users", "list_grants", API_OURS,
	    "side limit cursor" },
	{ "GET", "/grants/:id", grants_show,
	    READ_BOTH, 0, "users", "view_grant", API_OURS, NULL },
	{ "GET", "/grants/:id/guests", grants_guests,
	    READ_BOTH, 0, "users", "list_guests", API_OURS, "cursor" },
	{ "PATCH", "/grants/:id", grants_update,
	    TOKEN_ACCOUNT, OPEN_BODY, "users", "update_grant",
	    API_OURS | API_JSON, NULL },
	{ "POST", "/grants/:id/accept", grants_accept,
	    TOKEN_ACCOUNT, 0, "users", "accept_grant", API_OURS, NULL },
	{ "DELETE", "/grants/:id", grants_remove,
	    TOKEN_ACCOUNT, 0, "users", "remove_grant", API_OURS, NULL },

	{ "POST", "/things/configs", configs_create,
	    WRITE_BOTH, CONFIG_BODY, "bootstrap", "add", API_JSON, NULL },
	{ "POST", "/things/configs/bulk", configs_bulk,
	    WRITE_BOTH, 0, "bootstrap", "add_many", API_OURS | API_LINES,
	    NULL },
	{ "PATCH", "/things/configs/bulk", configs_update_many,
	    WRITE_BOTH, 0, "bootstrap", "update_many", API_OURS | API_LINES,
	    NULL },
	{ "POST", "/things/configs/bulk/remove", configs_remove_many,
	    WRITE_BOTH, 0, "bootstrap", "remove_many", API_OURS | API_LINES,
	    "if_exists" },
	{ "GET", "/things/configs", configs_list,
	    READ_BOTH, 0, "bootstrap", "list", 0,
	    "offset limit cursor state external_id mainflux_id mainflux_key "
	    "name keys" },
	{ "PUT", "/things/configs/connections/:id", configs_channels,
	    WRITE_BOTH, CHANNELS_BODY, "bootstrap", "update_connections",
	    API_JSON, NULL },
	{ "PATCH", "/things/configs/certs/:id", configs_certs,
	    WRITE_BOTH, CONFIG_BODY, "bootstrap", "update_cert", API_JSON,
	    NULL },
	{ "GET", "/things/configs/:id", configs_show,
	    READ_BOTH, 0, "bootstrap", "view", 0, "keys" },
	{ "PUT", "/things/configs/:id", configs_update,
	    WRITE_BOTH, CONFIG_BODY, "bootstrap", "update", API_JSON, NULL },
	{ "PATCH", "/things/configs/:id", configs_patch,
	    WRITE_BOTH, CONFIG_BODY, "bootstrap", "patch",
	    API_OURS | API_JSON, NULL },
	{ "DELETE", "/things/configs/:id", configs_remove,
	    WRITE_BOTH, 0, "bootstrap", "remove", 0, NULL },
	{ "PUT", "/things/state/:id", configs_state,
	    WRITE_BOTH, STATE_BODY, "bootstrap", "change_state", API_JSON,
	    NULL },
	{ "GET", "/things/unknown/configs", bootstrap_list_unknown,
	    TOKEN_ACCOUNT, 0, "bootstrap", "list_unknown", 0,
	    "offset limit" },
	{ "GET", "/things/bootstrap/secure/:id", bootstrap_device_secure,
	    0, 0, "bootstrap", "bootstrap_secure", API_OPEN, NULL },
	{ "GET", "/things/bootstrap/:id", bootstrap_device,
	    0, 0, "bootstrap", "bootstrap", API_OPEN, NULL },

	{ "POST", "/things", things_create,
	    TOKEN_THINGS_WRITE, 0, "things", "add_thing", API_JSON, NULL },
	{ "POST", "/things/bulk", things_bulk,
	    TOKEN_THINGS_WRITE, 0, "things", "add_things", API_LINES, NULL },
	{ "PATCH", "/things/bulk", things_update_many,
	    TOKEN_THINGS_WRITE, 0, "things", "update_things",
	    API_OURS | API_LINES, NULL },
	{ "POST", "/things/bulk/remove", things_remove_many,
	    TOKEN_THINGS_WRITE, 0, "things", "remove_things",
	    API_OURS | API_LINES, "if_exists dry_run" },
	{ "GET", "/things", things_list,
	    TOKEN_THINGS_READ, 0, "things", "list_things", 0, LIST " keys" },
	{ "GET", "/things/:id", things_show,
	    TOKEN_THINGS_READ, 0, "things", "view_thing", API_STATE, "keys" },
	{ "PUT", "/things/:id", things_update,
	    TOKEN_THINGS_WRITE, 0, "things", "update_thing",
	    API_STATE | API_JSON, NULL },
	{ "PATCH", "/things/:id", things_patch,
	    TOKEN_THINGS_WRITE, 0, "things", "patch_thing",
	    API_STATE | API_JSON, NULL },
	{ "PATCH", "/things/:id/tags", things_patch,
	    TOKEN_THINGS_WRITE, 0, "things", "tag_thing",
	    API_STATE | API_JSON, NULL },
	{ "POST", "/things/:id/enable", things_enable,
	    TOKEN_THINGS_WRITE, 0, "things", "enable_thing", API_STATE, NULL },
	{ "POST", "/things/:id/disable", things_disable,
	    TOKEN_THINGS_WRITE, 0, "things", "disable_thing", API_STATE,
	    NULL },
	{ "PATCH", "/things/:id/key", things_key,
	    TOKEN_THINGS_WRITE, 0, "things", "update_key",
	    API_STATE | API_JSON, NULL },
	{ "DELETE", "/things/:id", things_remove,
	    TOKEN_THINGS_WRITE, 0, "things", "remove_thing", API_STATE, NULL },
	{ "GET", "/things/:id/channels", channels_of_thing,
	    READ_BOTH, 0, "things", "list_channels_by_thing", 0,
	    LIST " disconnected" },
	{ "GET", "/things/:id/access", access_explain,
	    READ_BOTH, 0, "things", "explain_access", API_OURS,
	    "channel direction" },

	{ "POST", "/channels", channels_create,
	    TOKEN_CHANNELS_WRITE, 0, "things", "create_channel",
	    API_JSON, NULL },
	{ "POST", "/channels/bulk", channels_bulk,
	    TOKEN_CHANNELS_WRITE, 0, "things", "create_channels",
	    API_LINES, NULL },
	{ "PATCH", "/channels/bulk", channels_update_many,
	    TOKEN_CHANNELS_WRITE, 0, "things", "update_channels",
	    API_OURS | API_LINES, NULL },
	{ "POST", "/channels/bulk/remove", channels_remove_many,
	    TOKEN_CHANNELS_WRITE, 0, "things", "remove_channels",
	    API_OURS | API_LINES, "if_exists dry_run" },
	{ "GET", "/channels", channels_list,
	    TOKEN_CHANNELS_READ, 0, "things", "list_channels", 0, LIST },
	{ "GET", "/channels/:id", channels_show,
	    TOKEN_CHANNELS_READ, 0, "things", "view_channel", API_STATE,
	    NULL },
	{ "PUT", "/channels/:id", channels_update,
	    TOKEN_CHANNELS_WRITE, 0, "things", "update_channel",
	    API_STATE | API_JSON, NULL },
	{ "PATCH", "/channels/:id", channels_patch,
	    TOKEN_CHANNELS_WRITE, 0, "things", "patch_channel",
	    API_STATE | API_JSON, NULL },
	{ "POST", "/channels/:id/enable", channels_enable,
	    TOKEN_CHANNELS_WRITE, 0, "things", "enable_channel", API_STATE,
	    NULL },
	{ "POST", "/channels/:id/disable", channels_disable,
	    TOKEN_CHANNELS_WRITE, 0, "things", "disable_channel", API_STATE,
	    NULL },
	{ "DELETE", "/channels/:id", channels_remove,
	    TOKEN_CHANNELS_WRITE, 0, "things", "remove_channel", API_STATE,
	    NULL },
	{ "GET", "/channels/:id/things", things_of_channel,
	    READ_BOTH, 0, "things", "list_things_by_channel", 0,
	    LIST " disconnected keys" },

	{ "PUT", "/channels/:id/things/:id", connections_add,
	    TOKEN_CHANNELS_WRITE, 0, "things", "connect", API_STATE,
	    "direction" },
	{ "DELETE", "/channels/:id/things/:id", connections_remove,
	    TOKEN_CHANNELS_WRITE, 0, "things", "disconnect", API_STATE, NULL },
	{ "POST", "/connect", connections_bulk,
	    TOKEN_CHANNELS_WRITE, 0, "things", "connect_all",
	    API_JSON | API_LINES, NULL },
	{ "POST", "/disconnect", connections_end_bulk,
	    TOKEN_CHANNELS_WRITE, 0, "things", "disconnect_all",
	    API_OURS | API_JSON | API_LINES, "dry_run" },

	{ "POST", "/groups", groups_create,
	    WRITE_BOTH, GROUP_BODY, "groups", "create_group", API_JSON, NULL },
	{ "GET", "/groups", groups_list,
	    READ_BOTH, 0, "groups", "list_groups", 0,
	    GROUPS " parent tree group thing channel level shared" },
	{ "POST", "/groups/bulk", groups_bulk,
	    WRITE_BOTH, 0, "groups", "create_groups", API_OURS | API_LINES,
	    NULL },
	{ "PATCH", "/groups/bulk", groups_update_many,
	    WRITE_BOTH, 0, "groups", "update_groups", API_OURS | API_LINES,
	    NULL },
	{ "POST", "/groups/bulk/remove", groups_remove_many,
	    WRITE_BOTH, 0, "groups", "remove_groups", API_OURS | API_LINES,
	    "if_exists dry_run recursive" },
	{ "POST", "/groups/assign", groups_assign_many,
	    WRITE_BOTH, 0, "groups", "assign_many", API_OURS | API_LINES,
	    NULL },
	{ "POST", "/groups/unassign", groups_unassign_many,
	    WRITE_BOTH, 0, "groups", "unassign_many", API_OURS | API_LINES,
	    NULL },
	{ "GET", "/groups/:id", groups_show,
	    READ_BOTH, 0, "groups", "view_group", 0, NULL },
	{ "PUT", "/groups/:id", groups_update,
	    WRITE_BOTH, GROUP_BODY, "groups", "update_group", API_JSON, NULL },
	{ "PATCH", "/groups/:id", groups_patch,
	    WRITE_BOTH, GROUP_BODY, "groups", "patch_group",
	    API_OURS | API_JSON, NULL },
	{ "DELETE", "/groups/:id", groups_remove,
	    WRITE_BOTH, 0, "groups", "delete_group", 0, "recursive" },
	{ "GET", "/groups/:id/children", groups_children,
	    READ_BOTH, 0, "groups", "list_children", 0, GROUPS },
	{ "GET", "/groups/:id/parents", groups_parents,
	    READ_BOTH, 0, "groups", "list_parents_groups", 0, GROUPS },
	{ "GET", "/groups/:id/members", groups_members,
	    READ_BOTH, 0, "groups", "list_members", 0,
	    "offset limit cursor name glob metadata order dir status tag "
	    "tags recursive type" },
	{ "POST", "/groups/:id/members", groups_assign,
	    WRITE_BOTH, 0, "groups", "assign", API_JSON, NULL },
	{ "DELETE", "/groups/:id/members", groups_unassign,
	    WRITE_BOTH, 0, "groups", "unassign", API_JSON, NULL },

	{ "POST", "/identify", access_identity,
	    0, OPEN_BODY, "things", "identify",
	    API_OPEN | API_JSON | API_READS, NULL },
	{ "POST", "/channels/:id/access", access_decide,
	    0, OPEN_BODY, "things", "can_access",
	    API_OPEN | API_JSON | API_READS, NULL },
	{ "POST", "/channels/:id/access-by-key", access_decide,
	    0, OPEN_BODY, "things", "can_access",
	    API_OPEN | API_JSON | API_READS, NULL },
	{ "POST", "/channels/:id/access-by-id", access_decide_id,
	    0, OPEN_BODY, "things", "can_access_by_id",
	    API_OPEN | API_JSON | API_READS, NULL },
	{ "GET", "/channels/:id/messages", messages_list,
	    0, 0, "message_reader", "read_all", API_OPEN | API_STATE,
	    MESSAGES },
	{ "GET", "/events", events_stream,
	    TOKEN_EVENTS_READ, 0, "things", "list_events", API_OURS,
	    "from follow" },

	{ "POST", "/certs", certs_create,
	    TOKEN_THINGS_WRITE, ENROLL_BODY, "certs", "issue_cert", API_JSON,
	    NULL },
	{ "GET", "/certs", certs_all,
	    TOKEN_THINGS_READ, 0, "certs", "list_certs", API_OURS,
	    "offset limit" },
	{ "POST", "/certs/:id/renew", certs_renew,
	    TOKEN_THINGS_WRITE, 0, "certs", "renew_cert", API_OURS,
	    "ttl new_key key_type key_bits replace" },
	{ "GET", "/certs/:id", certs_show,
	    TOKEN_THINGS_READ, 0, "certs", "view_cert", 0, NULL },
	{ "DELETE", "/certs/:id", certs_remove,
	    TOKEN_THINGS_WRITE, 0, "certs", "revoke_cert", 0, "reason" },
	{ "GET", "/serials/:id", certs_serials,
	    TOKEN_THINGS_READ, 0, "certs", "list_serials", 0, "offset limit" },
	{ "GET", "/.well-known/est/cacerts", est_ca_certificates,
	    0, 0, "est", "cacerts", PROTOCOL, NULL },
	{ "GET", "/.well-known/est/csrattrs", est_attributes,
	    0, 0, "est", "csrattrs", PROTOCOL, NULL },
	{ "POST", "/.well-known/est/simpleenroll", est_enroll,
	    0, ENROLL_BODY, "est", "simpleenroll",
	    PROTOCOL | API_CONNECTION, NULL },
	{ "POST", "/.well-known/est/simplereenroll", est_renew,
	    0, ENROLL_BODY, "est", "simplereenroll",
	    PROTOCOL | API_CONNECTION, NULL },
	{ "POST", "/ocsp", ocsp_post,
	    0, OCSP_REQUEST_MAX, "ocsp", "post", PROTOCOL | API_READS, NULL },
	{ "GET", "/ocsp/*", ocsp_get,
	    0, 0, "ocsp", "get", PROTOCOL, NULL },

	{ "GET", "/version", status_version,
	    0, 0, "things", "version", API_OPEN, NULL },
	{ "GET", "/health", status_health,
	    0, 0, "things", "health", API_OPEN, NULL },
	{ "GET", "/metrics", status_metrics,
	    0, 0, "things", "metrics", API_OPEN, NULL },
	{ "GET", "/openapi.json", openapi_show,
	    0, 0, "things", "openapi", API_OPEN | API_OURS | API_STATE, NULL },
	{ NULL, NULL, NULL, 0, 0, NULL, NULL, 0, NULL },
};

/* ---- matching ---- */

static struct str
routes_segment(struct str *rest)
{
	const char *slash = memchr(rest->p, '/', rest->n);
	size_t n = slash ? (size_t)(slash - rest->p) : rest->n;
	struct str s = { rest->p, n };

	*rest = str_from(*rest, n);
	return s;
}

bool
routes_path_fits(const char *pattern, struct str path, struct str *ids)
{
	struct str want = str_z(pattern), a, b;

	while (want.n > 0 && path.n > 0 && *path.p == '/') {
		want = str_from(want, 1);
		path = str_from(path, 1);
		if (str_eq(want, STR("*"))) {
			*ids = path;
			return path.n > 0;
		}
		a = routes_segment(&want);
		b = routes_segment(&path);
		if (str_eq(a, STR(":id")))
			*ids++ = b;
		else if (!str_eq(a, b))
			return false;
	}
	return want.n == 0 && path.n == 0;
}

bool
routes_fit(const struct api_route *route, struct str path, struct str *ids)
{
	return routes_path_fits(route->path, path, ids) &&
	    !(route->flags & API_NAMED && ids->n == 0);
}

const struct api_route *
routes_find(struct str method, struct str path, struct str *ids)
{
	const struct api_route *route;

	if (str_eq(method, STR("HEAD")))
		method = STR("GET");
	for (route = api_routes; route->method != NULL; route++)
		if (str_eq(method, str_z(route->method)) &&
		    routes_fit(route, path, ids))
			return route;
	return NULL;
}
