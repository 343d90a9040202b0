/* SPDX-License-Identifier: Apache-2.0 */
#include <sysexits.h>

#include "api/answer.h"
#include "api/auth.h"
#include "api/body.h"
#include "api/handlers.h"
#include "api/parameters.h"
#include "api/state.h"
#include "registry/access.h"
#include "registry/share.h"

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

void
access_identity(struct request_ctx *c)
{
	struct object_field key = { .name = "token", .type = OBJECT_TEXT };
	struct str thing = STR_NONE;

	if (body_read(c, &key, 1))
		access_answer(c, access_identify(c->api->access, key.value,
		    &thing), thing);
}

/*
 * What the body has under `name`, and which use it asks about: both
 * directions unless it names one, so that a client that does not know of
 * directions is not told yes for half of them.
 */
static bool
access_read(struct request_ctx *c, const char *name, struct str *value,
    unsigned *use)
{
	struct object_field f[] = {
		{ .name = name, .type = OBJECT_TEXT },
		{ .name = "direction", .type = OBJECT_TEXT },
	};

	if (!body_read(c, f, 2))
		return false;
	*value = f[0].value;
	return parameter_direction(c, f[1].value, DIRECTION_BOTH, use);
}

void
access_decide(struct request_ctx *c)
{
	struct str key, thing = STR_NONE;
	enum access_result result;
	unsigned use;

	if (!access_read(c, "token", &key, &use))
		return;
	if (c->id[0].n == 0) {
		http_problem(c->request, 400, "the channel's id is missing");
		return;
	}
	result = access_check(c->api->access, key, c->id[0], use, &thing);
	access_answer(c, result, thing);
}

/* likewise by a thing's id, for services that know it already */
void
access_decide_id(struct request_ctx *c)
{
	struct str thing;
	unsigned use;

	if (!access_read(c, "thing_id", &thing, &use))
		return;
	if (c->id[0].n == 0 || thing.n == 0)
		http_problem(c->request, 400,
		    "channel and thing_id are required");
	else
		access_answer(c, access_check_id(c->api->access, thing,
		    c->id[0], use), thing);
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
	if (share_find(c->api->registry, ITEM_CHANNEL, &principal->user,
	    channel, &item, &found, fault) < 0)
		return fault->status == 1 ? "no_channel" : NULL;
	disabled = item.disabled;
	item_found_end(found);
	return disabled ? "channel_disabled" : "not_connected";
}

/* "" for yes */
static const char *
access_find_reason(struct request_ctx *c, const struct principal *principal,
    struct str channel, unsigned use, struct fault *fault)
{
	enum access_result result;
	unsigned directions;
	struct item item;
	bool disabled;
	void *found;

	if (share_find(c->api->registry, ITEM_THING, &principal->user, c->id[0],
	    &item, &found, fault) < 0)
		return fault->status == 1 ? "no_thing" : NULL;
	disabled = item.disabled;
	item_found_end(found);
	result = access_directions(c->api->access, c->id[0], channel,
	    &directions);
	if (result == ACCESS_YES)
		return (directions & use) == use ? "" :
		    directions == DIRECTION_PUBLISH ? "publish_only" :
		    "subscribe_only";
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
	struct str channel, direction;
	struct fault fault;
	char grant[ID_TEXT + 1] = "";
	const char *why;
	unsigned use;
	int given = parameter_get(c, "channel", &channel);

	if (given != 1 || c->id[0].n == 0) {
		http_problem(c->request, 400,
		    "a thing and one channel are required");
		return;
	}
	if (parameter_get(c, "direction", &direction) > 1)
		direction = STR("");
	if (!parameter_direction(c, direction, DIRECTION_BOTH, &use) ||
	    (principal = auth_user(c, 0)) == NULL)
		return;
	why = access_find_reason(c, principal, channel, use, &fault);
	if (why == NULL || share_guest_grant(c->api->registry,
	    &principal->user, channel, c->id[0], grant, &fault) < 0) {
		answer_unable(c->api, c->request, &fault);
		return;
	}
	buf_printf(b, "{\"allowed\":%s", *why ? "false" : "true");
	if (*why)
		buf_printf(b, ",\"reason\":\"%s\"", why);
	else if (grant[0])
		buf_printf(b, ",\"grant\":\"%s\"", grant);
	buf_puts(b, "}\n");
	answer_json(c->request, 200, buf_str(b));
}
