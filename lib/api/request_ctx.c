/* SPDX-License-Identifier: Apache-2.0 */
#include "api/request_ctx.h"

#include <strings.h>
#include <sysexits.h>

#define JSON_TYPE "application/json"

/* ---- the body ---- */

static bool
call_contains(struct str text, struct str part)
{
	size_t i;

	for (i = 0; i + part.n <= text.n; i++)
		if (strncasecmp(text.p + i, part.p, part.n) == 0)
			return true;
	return false;
}

bool
body_is_lines(const struct request_ctx *c)
{
	return call_contains(http_header(c->request, "Content-Type"),
	    STR(BODY_LINES));
}

bool
body_typed(struct request_ctx *c)
{
	if (!(c->route->flags & (API_JSON | API_LINES)) ||
	    call_contains(http_header(c->request, "Content-Type"),
	    STR(JSON_TYPE)) ||
	    (c->route->flags & API_LINES && body_is_lines(c)))
		return true;
	http_problem(c->request, 415, "the body must be " JSON_TYPE);
	return false;
}

bool
body_read(struct request_ctx *c, struct object_field *fields, size_t n)
{
	const char *why;

	why = object_read(c->request->body, fields, n, &c->api->scratch);
	if (why != NULL)
		http_problem(c->request, 400, why);
	return why == NULL && auth_shows_token(c);
}

const char *
body_fill_change(struct changes *changes, struct change *change,
    const struct object_field f[ITEM_FIELDS], bool key)
{
	const char *why = NULL;

	if (f[ITEM_NAME].value.p != NULL)
		why = change_set_name(changes, change, f[ITEM_NAME].value);
	if (why == NULL && f[ITEM_METADATA].value.p != NULL)
		why = change_set_metadata(changes, change,
		    f[ITEM_METADATA].value);
	if (why == NULL && f[ITEM_TAGS].value.p != NULL)
		why = change_set_tags(changes, change, f[ITEM_TAGS].value);
	if (why == NULL && key && f[ITEM_KEY].value.n > 0)
		why = change_set_key(changes, change, f[ITEM_KEY].value);
	return why;
}

bool
body_take_change(struct request_ctx *c, struct changes *changes,
    struct change *change, const struct object_field f[ITEM_FIELDS], bool key)
{
	const char *why = body_fill_change(changes, change, f, key);

	if (why != NULL)
		http_problem(c->request, 400, why);
	return why == NULL;
}

bool
body_metadata(struct request_ctx *c, struct str json, struct str *compact)
{
	const char *why = NULL;

	*compact = STR("{}");
	if (json.p != NULL)
		why = metadata_take(json, &c->api->scratch, compact);
	if (why != NULL)
		http_problem(c->request, 400, why);
	return why == NULL;
}

/* ---- answers ---- */

void
answer_json(struct http_request *r, unsigned status, struct str body)
{
	http_answer_text(r, status, JSON_TYPE, body);
}

void
state_complain(struct api *api, const struct fault *fault)
{
	if (!api->failing && api->options.complain != NULL)
		api->options.complain(fault);
	api->failing = true;
}

void
state_complain_store(struct api *api, struct api_store *store,
    const struct fault *fault)
{
	if (!store->failing && api->options.complain != NULL)
		api->options.complain(fault);
	store->failing = true;
}

void
stores_recovered(struct api_store *store)
{
	store->failing = false;
	store->seen = true;
}

void
answer_unable(struct api *api, struct http_request *r,
    const struct fault *fault)
{
	state_complain(api, fault);
	http_problem(r, 503, "the registry can't be used now");
}

void
state_recovered(struct api *api)
{
	api->failing = false;
}

void
answer_fault(struct api *api, struct http_request *r,
    const struct fault *fault, unsigned clash)
{
	if (fault->status == 1)
		http_problem(r, 404, fault->text);
	else if (fault->status == EX_DATAERR)
		http_problem(r, clash, fault->text);
	else if (fault->status == EX_NOUSER)
		http_problem(r, 403, "this user no longer exists");
	else if (fault->status == EX_UNAVAILABLE)
		/* a replica: it says who makes changes */
		http_problem(r, 503, fault->text);
	else
		answer_unable(api, r, fault);
}

bool
item_json_keys(struct request_ctx *c, const struct principal *principal)
{
	struct str value;

	return principal->scope & TOKEN_KEYS_READ &&
	    (parameter_get(c, "keys", &value) == 0 ||
	    parameter_is_true(c, "keys"));
}

unsigned
item_json_scope(struct request_ctx *c)
{
	return parameter_is_true(c, "keys") ? TOKEN_KEYS_READ : 0;
}

int
item_json_put(struct buf *key, struct registry *registry, struct buf *b,
    enum item_kind kind, const struct item *item, bool keys,
    struct fault *fault)
{
	buf_puts(b, "{\"id\":");
	json_put_string(b, item->id);
	if (item->name.n > 0) {
		buf_puts(b, ",\"name\":");
		json_put_string(b, item->name);
	}
	if (kind == ITEM_THING) {
		buf_puts(b, ",\"key\":");
		buf_clear(key);
		if (keys && item->box.p != NULL &&
		    !keyring_unseal(registry_keyring(registry), item->box.p,
		    item->box.n, key))
			return fault_set(fault, EX_IOERR,
			    "the key of %.*s is damaged", STR_ARG(item->id));
		json_put_string(b, buf_str(key));
	}
	if (item->metadata.n > 2) {
		buf_puts(b, ",\"metadata\":");
		buf_put_str(b, item->metadata);
	}
	/* Mainflux of 2019 has neither, and its clients compare */
	if (item->tags.n > 2) {
		buf_puts(b, ",\"tags\":");
		buf_put_str(b, item->tags);
	}
	if (item->disabled)
		buf_puts(b, ",\"status\":\"disabled\"");
	buf_putc(b, '}');
	return 0;
}
