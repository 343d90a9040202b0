/* SPDX-License-Identifier: Apache-2.0 */
#include "api/body.h"

#include <strings.h>

#include "api/answer.h"
#include "api/auth.h"
#include "api/state.h"

static bool
body_type_has(struct str text, struct str part)
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
	return body_type_has(http_header(c->request, "Content-Type"),
	    STR(BODY_LINES));
}

bool
body_typed(struct request_ctx *c)
{
	if (!(c->route->flags & (API_JSON | API_LINES)) ||
	    body_type_has(http_header(c->request, "Content-Type"),
	    STR(ANSWER_JSON)) ||
	    (c->route->flags & API_LINES && body_is_lines(c)))
		return true;
	http_problem(c->request, 415, "the body must be " ANSWER_JSON);
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
