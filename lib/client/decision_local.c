/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client.h"

#include <string.h>
#include <sysexits.h>

#include "registry/access.h"
#include "registry/item.h"

static enum access_result
ask(struct access *a, struct question *q)
{
	enum access_result result;
	struct str thing = STR_NONE;

	if (q->key.p == NULL)
		return access_check_id(a, q->thing, q->channel);
	result = access_check(a, q->key, q->channel, &thing);
	if (thing.n == ID_TEXT) {
		memcpy(q->id, thing.p, ID_TEXT);
		q->thing = (struct str){ q->id, ID_TEXT };
	}
	return result;
}

/* the reason behind a no */
static enum decision
explain(const struct question *q, enum access_result result,
    struct fault *fault)
{
	bool thing_off, channel_off;
	struct registry *r;
	int thing, channel;

	if (result == ACCESS_NO_KEY && q->key.p != NULL)
		return DECISION_NOBODY;
	if (registry_open(&r, NULL, REGISTRY_READ, fault) < 0)
		return DECISION_FAULT;
	thing = item_exists(r, ITEM_THING, q->thing, &thing_off, fault);
	channel = item_exists(r, ITEM_CHANNEL, q->channel, &channel_off,
	    fault);
	registry_close(r);
	if (thing < 0 || channel < 0)
		return DECISION_FAULT;
	if (thing == 0)
		return DECISION_NO_THING;
	if (result == ACCESS_NO_KEY)
		return thing_off ? DECISION_THING_DISABLED : DECISION_NO_KEY;
	return channel == 0 ? DECISION_NO_CHANNEL : channel_off ?
	    DECISION_CHANNEL_DISABLED : DECISION_NOT_CONNECTED;
}

static enum decision
local_decide(struct client *client, struct question *q, struct fault *fault)
{
	enum access_result result;
	struct access *a;

	(void)client;
	if (access_open(&a, NULL, fault) < 0)
		return DECISION_FAULT;
	result = ask(a, q);
	if (result == ACCESS_ERROR)
		fault_set(fault, EX_TEMPFAIL, "%s", access_fault(a));
	access_close(a);
	if (result == ACCESS_ERROR)
		return DECISION_FAULT;
	return result == ACCESS_YES ? DECISION_YES :
	    explain(q, result, fault);
}

/* each question opens what it needs */
static int
local_open(struct client *client, const struct remote_setup *setup,
    struct fault *fault)
{
	(void)client;
	(void)setup;
	(void)fault;
	return 0;
}

static void
local_close(struct client *client)
{
	(void)client;
}

const struct client_backend client_local = {
	local_open, local_decide, local_close
};
