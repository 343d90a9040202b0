/* SPDX-License-Identifier: Apache-2.0 */
#include <sysexits.h>

#include "api/answer.h"
#include "api/auth.h"
#include "api/body.h"
#include "api/handlers.h"
#include "api/parameters.h"
#include "api/state.h"
#include "registry/access.h"

/*
 * May the thing that has this key use this channel, and whose key is it: what
 * services in front of others ask.  The key is in the body, and a client that
 * does not have it learns nothing.  By its id a thing is asked for where
 * only this machine can come, or by its owner.
 */

static void
access_answer(struct request_ctx *c, enum access_result result,
    struct str thing)
{
	struct fault fault;

	if (result == ACCESS_ERROR) {
		fault_set(&fault, EX_TEMPFAIL, "%s",
		    access_fault(c->api->access));
		answer_unable(c->api, c->request, &fault);
	} else if (result != ACCESS_YES) {
		http_problem(c->request, 403,
		    "no thing with this key may do that");
	} else {
		buf_printf(&c->api->answer, "{\"id\":\"%.*s\"}\n",
		    STR_ARG(thing));
		answer_json(c->request, 200, buf_str(&c->api->answer));
	}
}

static bool
access_read_key(struct request_ctx *c, struct str *key)
{
	struct object_field token = { .name = "token", .type = OBJECT_TEXT };

	if (!body_read(c, &token, 1))
		return false;
	*key = token.value;
	return true;
}

void
access_identity(struct request_ctx *c)
{
	struct str key, thing = STR_NONE;

	if (access_read_key(c, &key))
		access_answer(c, access_identify(c->api->access, key, &thing),
		    thing);
}

void
access_decide(struct request_ctx *c)
{
	struct str key, thing = STR_NONE;
	enum access_result result;

	if (!access_read_key(c, &key))
		return;
	if (c->id[0].n == 0) {
		http_problem(c->request, 400, "the channel's id is missing");
		return;
	}
	result = access_check(c->api->access, key, c->id[0], &thing);
	access_answer(c, result, thing);
}

/* likewise by a thing's id, for services that know it already */
void
access_decide_id(struct request_ctx *c)
{
	struct object_field thing = { .name = "thing_id", .type = OBJECT_TEXT };

	if (!body_read(c, &thing, 1))
		return;
	if (c->id[0].n == 0 || thing.value.n == 0)
		http_problem(c->request, 400,
		    "channel and thing_id are required");
	else
		access_answer(c, access_check_id(c->api->access, thing.value,
		    c->id[0]), thing.value);
}

/* why not; NULL: it can't be asked */
static const char *
access_reason(struct request_ctx *c, const struct principal *principal,
    struct str channel, enum access_result result, bool disabled,
    struct fault *fault)
{
	struct item item;
	void *found;

	if (result == ACCESS_NO_KEY)
		return disabled ? "thing_disabled" : "no_key";
	if (item_find(c->api->registry, ITEM_CHANNEL, &principal->user, channel,
	    &item, &found, fault) < 0)
		return fault->status == 1 ? "no_channel" : NULL;
	disabled = item.disabled;
	item_found_end(found);
	return disabled ? "channel_disabled" : "not_connected";
}

/* "" for yes */
static const char *
access_find_reason(struct request_ctx *c, const struct principal *principal,
    struct str channel, struct fault *fault)
{
	enum access_result result;
	struct item item;
	bool disabled;
	void *found;

	if (item_find(c->api->registry, ITEM_THING, &principal->user, c->id[0],
	    &item, &found, fault) < 0)
		return fault->status == 1 ? "no_thing" : NULL;
	disabled = item.disabled;
	item_found_end(found);
	result = access_check_id(c->api->access, c->id[0], channel);
	if (result == ACCESS_YES)
		return "";
	if (result != ACCESS_ERROR)
		return access_reason(c, principal, channel, result, disabled,
		    fault);
	fault_set(fault, EX_TEMPFAIL, "%s", access_fault(c->api->access));
	return NULL;
}

void
access_explain(struct request_ctx *c)
{
	struct buf *b = &c->api->answer;
	const struct principal *principal;
	struct str channel;
	struct fault fault;
	const char *why;
	int given = parameter_get(c, "channel", &channel);

	if (given != 1 || c->id[0].n == 0) {
		http_problem(c->request, 400,
		    "a thing and one channel are required");
		return;
	}
	principal = auth_user(c, 0);
	if (principal == NULL)
		return;
	why = access_find_reason(c, principal, channel, &fault);
	if (why == NULL) {
		answer_unable(c->api, c->request, &fault);
		return;
	}
	buf_printf(b, "{\"allowed\":%s", *why ? "false" : "true");
	if (*why)
		buf_printf(b, ",\"reason\":\"%s\"", why);
	buf_puts(b, "}\n");
	answer_json(c->request, 200, buf_str(b));
}
