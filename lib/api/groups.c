/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sysexits.h>

#include "api/answer.h"
#include "api/auth.h"
#include "api/body.h"
#include "api/bulk.h"
#include "api/group_json.h"
#include "api/handlers.h"
#include "api/parameters.h"
#include "api/registry_writer.h"
#include "api/state.h"
#include "base/memory.h"

/*
 * Groups of things and channels, one by one as Mainflux of 2021 has them, or
 * many at once in the form that mfx-groups(1) takes from files (bulk.h).
 */

/* of one request; more would keep the others waiting for too long */
#define GROUP_MEMBERS_MAX 20000
#define GROUP_ANSWER_MAX ((size_t)1 << 20)

struct group_change {
	struct api_change change;
	struct api *api;
	struct http_request *request;
	struct user user;
	struct changes changes;
	struct buf answer;
};

static struct group_change *
groups_of_change(struct api_change *c)
{
	return (struct group_change *)c;
}

/* ---- changes, in the registry writer ---- */

static int
groups_make(struct api_change *c, struct registry *r, struct fault *fault)
{
	struct group_change *gc = groups_of_change(c);
	int got = user_remains(r, &gc->user, fault);

	if (got <= 0)
		return got < 0 ? -1 :
		    fault_set(fault, EX_NOUSER, "no such user");
	return changes_make(&gc->changes, r, &gc->user, &gc->answer, fault);
}

/* ---- and back ---- */

static void
groups_free(struct group_change *gc)
{
	changes_release(&gc->changes);
	buf_release(&gc->answer);
	free(gc);
}

static void
groups_answer(struct group_change *gc)
{
	char place[sizeof "/groups/" + ID_TEXT];

	switch (gc->changes.verb) {
	case CHANGE_GROUP_CREATE:
		snprintf(place, sizeof place, "/groups/%.*s",
		    STR_ARG(gc->changes.v[0].id));
		http_set(gc->request, "Location", place);
		http_answer(gc->request, 201);
		break;
	case CHANGE_GROUP_REMOVE:
	case CHANGE_UNASSIGN:
		http_answer(gc->request, 204);
		break;
	default:
		http_answer(gc->request, 200);
	}
}

static void
groups_done(struct task *t)
{
	struct group_change *gc = groups_of_change((struct api_change *)t);

	if (gc->change.result < 0) {
		answer_fault(gc->api, gc->request, &gc->change.fault, 409);
	} else {
		state_recovered(gc->api);
		groups_answer(gc);
	}
	groups_free(gc);
}

static struct group_change *
groups_change_new(struct request_ctx *c, enum change_verb verb)
{
	struct group_change *gc = memory_zero(1, sizeof *gc);

	gc->change.make = groups_make;
	gc->change.task.done = groups_done;
	/* it may be refused half way */
	gc->change.many = true;
	gc->api = c->api;
	gc->request = c->request;
	changes_init(&gc->changes);
	gc->changes.verb = verb;
	buf_init(&gc->answer, GROUP_ANSWER_MAX);
	return gc;
}

/* On its way, if this user may and nothing is wrong; else it is answered. */
static void
groups_change_go(struct request_ctx *c, struct group_change *gc,
    const char *why)
{
	const struct principal *principal = NULL;

	if (why != NULL)
		http_problem(c->request, 400, why);
	else if (bulk_allowed(c))
		principal = auth_user(c, 0);
	if (principal == NULL) {
		groups_free(gc);
		return;
	}
	gc->user = principal->user;
	gc->change.user = gc->user.id;
	registry_writer_add(c->api->writer, &gc->change);
}

/* ---- one group ---- */

enum { NAME, DESCRIPTION, METADATA, PARENT, FIELDS };

#define GROUP_FIELDS {							\
	[NAME] = { .name = "name", .type = OBJECT_TEXT },		\
	[DESCRIPTION] = { .name = "description", .type = OBJECT_TEXT },	\
	[METADATA] = { .name = "metadata", .type = OBJECT_RAW },	\
	[PARENT] = { .name = "parent_id", .type = OBJECT_TEXT },	\
}

/* what is there; a parent of null is the top */
static const char *
groups_take(struct group_change *gc, const struct object_field f[FIELDS])
{
	struct change *change = &gc->changes.v[0];
	struct changes *s = &gc->changes;
	const char *why = NULL;

	if (f[NAME].value.p != NULL)
		why = change_set_name(s, change, f[NAME].value);
	if (why == NULL && f[DESCRIPTION].value.p != NULL)
		why = change_set_description(s, change, f[DESCRIPTION].value);
	if (why == NULL && f[PARENT].given)
		why = change_set_parent(s, change, f[PARENT].value.p != NULL ?
		    f[PARENT].value : STR(""));
	if (why == NULL && f[METADATA].value.p != NULL)
		why = change_set_metadata(s, change, f[METADATA].value);
	return why;
}

/* of the group that the path names */
static const char *
groups_take_id(struct request_ctx *c, struct group_change *gc)
{
	return c->id[0].n == 0 ? "the id is missing" : change_set_id(
	    &gc->changes, changes_add(&gc->changes), c->id[0]);
}

void
groups_create(struct request_ctx *c)
{
	struct object_field f[] = GROUP_FIELDS;
	struct group_change *gc;
	struct change *change;
	const char *why;

	if (!body_read(c, f, FIELDS))
		return;
	gc = groups_change_new(c, CHANGE_GROUP_CREATE);
	change = changes_add(&gc->changes);
	why = f[NAME].value.n == 0 ? "a name is required" :
	    change_make_id(&gc->changes, change);
	groups_change_go(c, gc, why != NULL ? why : groups_take(gc, f));
}

static void
groups_change(struct request_ctx *c, const struct object_field f[FIELDS])
{
	struct group_change *gc = groups_change_new(c, CHANGE_GROUP_UPDATE);
	const char *why = groups_take_id(c, gc);

	if (why == NULL)
		why = groups_take(gc, f);
	if (why == NULL && gc->changes.v[0].given == MEMBER_ID)
		why = "nothing to change is given";
	groups_change_go(c, gc, why);
}

/* all but the parent is replaced: what is not there is empty */
void
groups_update(struct request_ctx *c)
{
	struct object_field f[] = GROUP_FIELDS;

	if (!body_read(c, f, FIELDS))
		return;
	if (f[NAME].value.p == NULL)
		f[NAME].value = STR("");
	if (f[DESCRIPTION].value.p == NULL)
		f[DESCRIPTION].value = STR("");
	if (f[METADATA].value.p == NULL)
		f[METADATA].value = STR("{}");
	groups_change(c, f);
}

void
groups_patch(struct request_ctx *c)
{
	struct object_field f[] = GROUP_FIELDS;

	if (body_read(c, f, FIELDS))
		groups_change(c, f);
}

void
groups_remove(struct request_ctx *c)
{
	struct group_change *gc = groups_change_new(c, CHANGE_GROUP_REMOVE);

	gc->changes.if_exists = true;
	gc->changes.recursive = parameter_is_true(c, "recursive");
	groups_change_go(c, gc, groups_take_id(c, gc));
}

static int
groups_put(void *arg, const struct group *group, struct fault *fault)
{
	struct request_ctx *c = arg;

	(void)fault;
	group_json_put(&c->api->answer, &c->principal->user, group);
	buf_putc(&c->api->answer, '\n');
	return 0;
}

void
groups_show(struct request_ctx *c)
{
	const struct principal *principal;
	struct fault fault;

	if (c->id[0].n == 0)
		http_problem(c->request, 400, "the id is missing");
	else if ((principal = auth_user(c, 0)) == NULL)
		return;
	else if (group_find(c->api->registry, &principal->user, c->id[0],
	    groups_put, c, &fault) < 0)
		answer_fault(c->api, c->request, &fault, 409);
	else
		answer_json(c->request, 200, buf_str(&c->api->answer));
}

/* ---- what is in one ---- */

static const char *
groups_add_members(struct request_ctx *c, struct group_change *gc,
    struct str array, bool things)
{
	struct object_array a;
	struct str element, id;
	struct change *change;
	int got;

	object_array_init(&a, array, &c->api->scratch);
	while ((got = object_array_next(&a, &element)) > 0) {
		if (!object_text(element, &c->api->scratch, &id))
			return "a member must be a string";
		if (gc->changes.n == GROUP_MEMBERS_MAX)
			return "more than 20000 members at once";
		id = arena_str(&gc->changes.keep, id);
		change = changes_add(&gc->changes);
		change->group = arena_str(&gc->changes.keep, c->id[0]);
		*(things ? &change->thing : &change->channel) = id;
		if (id.p == NULL || change->group.p == NULL)
			return "too much input";
	}
	return got < 0 ? a.scan.why :
	    gc->changes.n == 0 ? "no members are given" : NULL;
}

static void
groups_change_members(struct request_ctx *c, enum change_verb verb)
{
	struct object_field f[] = {
		{ .name = "type", .type = OBJECT_TEXT },
		{ .name = "members", .type = OBJECT_TEXTS },
	};
	struct group_change *gc;
	const char *why = NULL;
	bool things;

	if (!body_read(c, f, 2))
		return;
	gc = groups_change_new(c, verb);
	things = f[0].value.p == NULL || str_eq(f[0].value, STR("things"));
	if (c->id[0].n == 0)
		why = "the id is missing";
	else if (!things && !str_eq(f[0].value, STR("channels")))
		why = "type must be things or channels";
	else if (f[1].value.p == NULL)
		why = "members are required";
	else
		why = groups_add_members(c, gc, f[1].value, things);
	groups_change_go(c, gc, why);
}

void
groups_assign(struct request_ctx *c)
{
	groups_change_members(c, CHANGE_ASSIGN);
}

void
groups_unassign(struct request_ctx *c)
{
	groups_change_members(c, CHANGE_UNASSIGN);
}

/* ---- many ---- */

void
groups_bulk(struct request_ctx *c)
{
	bulk_change(c, CHANGE_GROUP_CREATE, ITEM_THING);
}

void
groups_update_many(struct request_ctx *c)
{
	bulk_change(c, CHANGE_GROUP_UPDATE, ITEM_THING);
}

void
groups_remove_many(struct request_ctx *c)
{
	bulk_change(c, CHANGE_GROUP_REMOVE, ITEM_THING);
}

void
groups_assign_many(struct request_ctx *c)
{
	bulk_change(c, CHANGE_ASSIGN, ITEM_THING);
}

void
groups_unassign_many(struct request_ctx *c)
{
	bulk_change(c, CHANGE_UNASSIGN, ITEM_THING);
}
