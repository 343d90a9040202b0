/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sysexits.h>

#include "api/answer.h"
#include "api/auth.h"
#include "api/body.h"
#include "api/bulk.h"
#include "api/handlers.h"
#include "api/parameters.h"
#include "api/registry_writer.h"
#include "api/state.h"
#include "base/memory.h"
#include "registry/share.h"

/* Which things are on which channels: one pair, or every pair of two lists,
 * all of them or none. */

/* of one request; more would keep the others waiting for too long */
#define PAIRS_MAX 20000

struct connection_change {
	struct api_change change;
	struct api *api;
	struct http_request *request;
	struct user user;
	bool connect, mismatch;
	unsigned direction;		/* of connect; 0: none is given */
	struct conditions conditions;	/* for one pair */
	/* what has a channel, and then what has a thing */
	struct changes changes;
	size_t channels;
};

static struct connection_change *
connections_of_change(struct api_change *c)
{
	return (struct connection_change *)c;
}

static int
connections_make_pair(struct connection_change *cc, struct registry *r,
    struct str channel, struct str thing, struct fault *fault)
{
	unsigned before;
	int got = cc->connect ?
	    share_connect(r, &cc->user, channel, thing, cc->direction, fault) :
	    share_disconnect(r, &cc->user, channel, thing, &before, fault);

	if (got == 0 && !cc->connect && !cc->change.many)
		return fault_set(fault, 1, "they are not connected");
	return got < 0 ? -1 : 0;
}

/* 1 when the preconditions do not hold, 0 when they do, -1 */
static int
connections_refused(struct connection_change *cc, struct registry *r,
    struct fault *fault)
{
	const struct change *v = cc->changes.v;
	int got;

	if (!conditions_any(&cc->conditions))
		return 0;
	got = share_connected(r, &cc->user, v[0].channel, v[1].thing, fault);
	if (got < 0)
		return -1;
	cc->mismatch = conditions_status(&cc->conditions, got > 0, NULL) != 0;
	return cc->mismatch;
}

static int
connections_make(struct api_change *c, struct registry *r, struct fault *fault)
{
	struct connection_change *cc = connections_of_change(c);
	const struct change *v = cc->changes.v;
	size_t i, j;
	int got = user_remains(r, &cc->user, fault);

	if (got <= 0)
		return got < 0 ? -1 :
		    fault_set(fault, EX_NOUSER, "no such user");
	if ((got = connections_refused(cc, r, fault)) != 0)
		return got < 0 ? -1 : 0;
	for (i = 0; i < cc->channels; i++)
		for (j = cc->channels; j < cc->changes.n; j++)
			if (connections_make_pair(cc, r, v[i].channel,
			    v[j].thing, fault) < 0)
				return -1;
	return 0;
}

static void
connections_done(struct task *t)
{
	struct connection_change *cc =
	    connections_of_change((struct api_change *)t);

	if (cc->mismatch) {
		answer_changed(cc->request);
	} else if (cc->change.result < 0) {
		answer_fault(cc->api, cc->request, &cc->change.fault, 409);
	} else {
		state_recovered(cc->api);
		http_answer(cc->request, cc->connect ? 200 : 204);
	}
	changes_release(&cc->changes);
	free(cc);
}

static struct connection_change *
connections_change_new(struct request_ctx *c, bool connect)
{
	struct connection_change *cc = memory_zero(1, sizeof *cc);

	cc->change.make = connections_make;
	cc->change.task.done = connections_done;
	cc->api = c->api;
	cc->request = c->request;
	cc->connect = connect;
	changes_init(&cc->changes);
	return cc;
}

static void
connections_change_drop(struct connection_change *cc)
{
	changes_release(&cc->changes);
	free(cc);
}

static void
connections_add_channel(struct connection_change *cc, struct str id)
{
	changes_add(&cc->changes)->channel = arena_str(&cc->changes.keep, id);
	cc->channels++;
}

static void
connections_add_thing(struct connection_change *cc, struct str id)
{
	changes_add(&cc->changes)->thing = arena_str(&cc->changes.keep, id);
}

static void
connections_change_start(struct request_ctx *c, struct connection_change *cc)
{
	const struct principal *principal = auth_user(c, 0);

	if (principal == NULL) {
		connections_change_drop(cc);
		return;
	}
	cc->user = principal->user;
	if (!cc->change.many)
		cc->conditions = conditions_keep(&c->conditions,
		    &cc->changes.keep);
	cc->change.user = cc->user.id;
	registry_writer_add(c->api->writer, &cc->change);
}

static void
connections_one(struct request_ctx *c, bool connect)
{
	struct connection_change *cc;
	struct str word = STR_NONE;
	unsigned direction;

	if (c->id[0].n == 0 || c->id[1].n == 0) {
		http_problem(c->request, 400, "an id is missing");
		return;
	}
	if (parameter_get(c, "direction", &word) > 1)
		word = STR("");
	if (!parameter_direction(c, word, 0, &direction))
		return;
	cc = connections_change_new(c, connect);
	cc->direction = direction;
	connections_add_channel(cc, c->id[0]);
	connections_add_thing(cc, c->id[1]);
	connections_change_start(c, cc);
}

void
connections_add(struct request_ctx *c)
{
	connections_one(c, true);
}

void
connections_remove(struct request_ctx *c)
{
	connections_one(c, false);
}

/* ---- many ---- */

/* NULL, or why not */
static const char *
connections_read_ids(struct request_ctx *c, struct connection_change *cc,
    struct str array, void (*add)(struct connection_change *, struct str))
{
	struct object_array a;
	struct str element, id;
	int got, n;

	object_array_init(&a, array, &c->api->scratch);
	for (n = 0; (got = object_array_next(&a, &element)) > 0; n++) {
		if (!object_text(element, &c->api->scratch, &id))
			return "an id must be a string";
		if (id.n == 0)
			return "an id is empty";
		if (n == PAIRS_MAX)
			return "too many ids";
		add(cc, id);
	}
	if (got < 0)
		return a.scan.why;
	return n == 0 ? "no ids are given" : NULL;
}

static const char *
connections_read_pairs(struct request_ctx *c, struct connection_change *cc,
    const struct object_field f[2])
{
	const char *why;

	if (f[0].value.p == NULL || f[1].value.p == NULL)
		return "channel_ids and thing_ids are required";
	why = connections_read_ids(c, cc, f[0].value, connections_add_channel);
	if (why == NULL)
		why = connections_read_ids(c, cc, f[1].value,
		    connections_add_thing);
	if (why == NULL &&
	    cc->channels * (cc->changes.n - cc->channels) > PAIRS_MAX)
		why = "more than 20000 pairs at once";
	return why;
}

static void
connections_many(struct request_ctx *c, bool connect)
{
	struct object_field f[] = {
		{ .name = "channel_ids", .type = OBJECT_TEXTS },
		{ .name = "thing_ids", .type = OBJECT_TEXTS },
		{ .name = "direction", .type = OBJECT_TEXT },
	};
	struct connection_change *cc;
	const char *why;
	unsigned direction;

	if (body_is_lines(c)) {
		bulk_change(c, connect ? CHANGE_CONNECT : CHANGE_DISCONNECT,
		    ITEM_CHANNEL);
		return;
	}
	if (!bulk_allowed(c) || !body_read(c, f, 3) ||
	    !parameter_direction(c, f[2].value, 0, &direction))
		return;
	if (parameter_is_true(c, "dry_run")) {
		http_problem(c->request, 400,
		    "dry_run needs a body of " BODY_LINES);
		return;
	}
	cc = connections_change_new(c, connect);
	cc->change.many = true;
	cc->direction = direction;
	why = connections_read_pairs(c, cc, f);
	if (why == NULL) {
		connections_change_start(c, cc);
	} else {
		http_problem(c->request, 400, why);
		connections_change_drop(cc);
	}
}

void
connections_bulk(struct request_ctx *c)
{
	connections_many(c, true);
}

/* pairs that are not connected are fine */
void
connections_end_bulk(struct request_ctx *c)
{
	connections_many(c, false);
}
