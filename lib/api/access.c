/* SPDX-License-Identifier: Apache-2.0 */
#include <sysexits.h>

#include "api/call.h"

/*
 * May who has this key use this channel, and whose key is it at all: what
 * services in front of others ask.  The key is in the body, and nobody who
 * does not have it learns anything.
 */

static void
answer(struct call *c, enum access_result result, struct str thing)
{
	struct fault fault;

	if (result == ACCESS_ERROR) {
		fault_set(&fault, EX_TEMPFAIL, "%s",
		    access_fault(c->api->access));
		call_unable(c->api, c->request, &fault);
	} else if (result != ACCESS_YES) {
		http_problem(c->request, 403,
		    "no thing with this key may do that");
	} else {
		buf_printf(&c->api->answer, "{\"id\":\"%.*s\"}\n",
		    STR_ARG(thing));
		call_json(c->request, 200, buf_str(&c->api->answer));
	}
}

static bool
read_key(struct call *c, struct str *key)
{
	struct body_field token = { .name = "token", .type = BODY_TEXT };

	if (!call_read(c, &token, 1))
		return false;
	*key = token.value;
	return true;
}

void
access_identity(struct call *c)
{
	struct str key, thing = STR_NONE;

	if (read_key(c, &key))
		answer(c, access_identify(c->api->access, key, &thing),
		    thing);
}

void
access_decide(struct call *c)
{
	struct str key, thing = STR_NONE;
	enum access_result result;

	if (!read_key(c, &key))
		return;
	if (c->id[0].n == 0) {
		http_problem(c->request, 400, "the channel's id is missing");
		return;
	}
	result = access_check(c->api->access, key, c->id[0], &thing);
	answer(c, result, thing);
}
