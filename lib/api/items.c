/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sysexits.h>

#include "api/answer.h"
#include "api/auth.h"
#include "api/body.h"
#include "api/bulk.h"
#include "api/handlers.h"
#include "api/item_json.h"
#include "api/registry_writer.h"
#include "api/state.h"
#include "base/memory.h"
#include "registry/share.h"

/*
 * Things and channels one by one and many at once: what is made, shown,
 * changed and removed.  A change is checked here as far as that goes without
 * the registry, and made by the registry writer.
 */

/* of one request; more would keep the others waiting for too long */
#define BULK_MAX 50000
/* what its body takes to be read */
#define BULK_SCRATCH ((size_t)256 << 20)

enum item_action { CREATE, UPDATE, REMOVE };
/* empty as Mainflux' of 2019, by its id, or with all of it */
enum item_detail { PLAIN, NAMED, SHOWN };

struct item_change {
	struct api_change change;
	struct api *api;
	struct http_request *request;
	enum item_kind kind;
	enum item_action action;
	bool bulk, keys;
	unsigned problem;		/* status of what is wrong with it */
	enum item_detail detail;	/* of the answer to an update */
	struct user user;
	struct changes changes;
	struct conditions conditions;
	bool mismatch;
	char state[ITEM_STATE + 1];	/* after an update */
	struct buf answer;
};

static const char *const collection[] = { "things", "channels" };
static const unsigned may_read[] = {
	TOKEN_THINGS_READ, TOKEN_CHANNELS_READ
};

/* ---- changes, in the registry writer ---- */

static struct item_change *
items_of_change(struct api_change *c)
{
	return (struct item_change *)c;
}

static int
items_find_state(struct item_change *ic, struct registry *r, struct str id,
    struct fault *fault)
{
	struct item item;
	void *found;

	if (share_find(r, ic->kind, &ic->user, id, &item, &found, fault) < 0)
		return -1;
	item_state(&item, ic->state);
	item_found_end(found);
	return 0;
}

static void
items_put_created(struct item_change *ic, const struct change *change)
{
	struct buf *b = &ic->answer;

	buf_puts(b, b->n > 0 ? ",{\"id\":" : "{\"id\":");
	json_put_string(b, change->id);
	if (change->name.n > 0) {
		buf_puts(b, ",\"name\":");
		json_put_string(b, change->name);
	}
	if (ic->kind == ITEM_THING) {
		buf_puts(b, ",\"key\":");
		json_put_string(b, ic->keys ? change->key : STR_NONE);
	}
	if (change->metadata.n > 2) {
		buf_puts(b, ",\"metadata\":");
		buf_put_str(b, change->metadata);
	}
	if (change->tags.n > 2) {
		buf_puts(b, ",\"tags\":");
		buf_put_str(b, change->tags);
	}
	buf_putc(b, '}');
}

static int
items_make_new(struct item_change *ic, struct registry *r, struct fault *fault)
{
	size_t at;

	if (!ic->bulk)
		return item_create(r, ic->kind, &ic->user, ic->changes.v,
		    fault);
	return items_create(r, ic->kind, &ic->user, ic->changes.v,
	    ic->changes.n, &at, fault);
}

static int
items_make(struct api_change *c, struct registry *r, struct fault *fault)
{
	struct item_change *ic = items_of_change(c);
	const struct change *change = &ic->changes.v[0];
	int got = user_remains(r, &ic->user, fault);

	if (got <= 0)
		return got < 0 ? -1 :
		    fault_set(fault, EX_NOUSER, "no such user");
	if (ic->action == CREATE)
		return items_make_new(ic, r, fault);
	if (conditions_any(&ic->conditions)) {
		got = items_find_state(ic, r, change->id, fault);
		if (got < 0 && fault->status != 1)
			return -1;
		ic->mismatch = conditions_status(&ic->conditions, got == 0,
		    ic->state) != 0;
		if (ic->mismatch)
			return 0;
	}
	if (ic->action == REMOVE)
		return share_remove(r, ic->kind, &ic->user, change->id, fault);
	if (share_update(r, ic->kind, &ic->user, change, fault) < 0)
		return -1;
	return items_find_state(ic, r, change->id, fault);
}

/* ---- and back ---- */

static void
items_answer_created(struct item_change *ic)
{
	struct http_request *r = ic->request;
	char place[ID_TEXT + 16];
	struct buf *b = &ic->api->answer;

	if (!ic->bulk) {
		snprintf(place, sizeof place, "/%s/%.*s",
		    collection[ic->kind], STR_ARG(ic->changes.v[0].id));
		http_set(r, "Location", place);
		http_answer(r, 201);
		return;
	}
	buf_clear(b);
	buf_printf(b, "{\"%s\":[", collection[ic->kind]);
	buf_put_str(b, buf_str(&ic->answer));
	buf_puts(b, "]}\n");
	answer_json(r, 201, buf_str(b));
}

/* As it is by now: another may have changed it since.  A token that may not
 * read it is only told the id. */
static void
items_answer_updated(struct item_change *ic)
{
	struct api *api = ic->api;
	struct fault fault;
	struct item item = { .id = ic->changes.v[0].id };
	void *found = NULL;
	int got;

	if (ic->detail == PLAIN) {
		http_answer(ic->request, 200);
		return;
	}
	if (ic->detail == SHOWN && api->registry != NULL)
		share_find(api->registry, ic->kind, &ic->user, item.id, &item,
		    &found, &fault);
	buf_clear(&api->answer);
	got = item_json_put(&api->key, api->registry, &api->answer, ic->kind,
	    &item, ic->keys, &fault);
	if (found != NULL)
		item_found_end(found);
	buf_putc(&api->answer, '\n');
	if (got < 0)
		answer_unable(api, ic->request, &fault);
	else
		answer_json(ic->request, 200, buf_str(&api->answer));
}

static void
items_done(struct task *t)
{
	struct item_change *ic = items_of_change((struct api_change *)t);
	struct http_request *r = ic->request;
	const struct fault *fault = &ic->change.fault;

	if (ic->change.result == 0)
		state_recovered(ic->api);
	if (ic->problem != 0) {
		http_problem(r, ic->problem, fault->text);
	} else if (ic->mismatch) {
		answer_changed(r);
	} else if (ic->action == REMOVE && (ic->change.result == 0 ||
	    fault->status == 1)) {
		http_answer(r, 204);
	} else if (ic->change.result < 0) {
		answer_fault(ic->api, r, fault, 422);
	} else if (ic->action == CREATE) {
		items_answer_created(ic);
	} else {
		answer_etag(r, ic->state);
		items_answer_updated(ic);
	}
	buf_release(&ic->answer);
	changes_release(&ic->changes);
	free(ic);
}

static struct item_change *
items_change_new(struct request_ctx *c, enum item_kind kind,
    enum item_action action)
{
	struct item_change *ic = memory_zero(1, sizeof *ic);

	ic->change.make = items_make;
	ic->change.task.done = items_done;
	ic->api = c->api;
	ic->request = c->request;
	ic->kind = kind;
	ic->action = action;
	changes_init(&ic->changes);
	buf_init(&ic->answer, c->api->answer.max);
	return ic;
}

static void
items_change_drop(struct item_change *ic)
{
	changes_release(&ic->changes);
	free(ic);
}

/* On its way, if this user may; else it is answered. */
static void
items_change_start(struct request_ctx *c, struct item_change *ic)
{
	const struct principal *principal = auth_user(c, 0);

	if (principal == NULL) {
		items_change_drop(ic);
		return;
	}
	ic->user = principal->user;
	/* the creator of a thing is told its key */
	ic->keys = ic->action == CREATE || principal->scope & TOKEN_KEYS_READ;
	if (ic->detail == SHOWN && !(principal->scope & may_read[ic->kind]))
		ic->detail = NAMED;
	ic->conditions = conditions_keep(&c->conditions, &ic->changes.keep);
	ic->change.user = ic->user.id;
	registry_writer_add(c->api->writer, &ic->change);
}

/* ---- requests ---- */

#define ITEM_BODY {							\
	[ITEM_NAME] = { .name = "name", .type = OBJECT_TEXT },		\
	[ITEM_METADATA] = { .name = "metadata", .type = OBJECT_RAW },	\
	[ITEM_TAGS] = { .name = "tags", .type = OBJECT_TEXTS },		\
	[ITEM_KEY] = { .name = "key", .type = OBJECT_TEXT },		\
}

/* with an id and a key, which is random when none is given */
static const char *
items_fill_new(struct item_change *ic, struct change *change,
    const struct object_field f[ITEM_FIELDS])
{
	bool thing = ic->kind == ITEM_THING;
	const char *why = body_fill_change(&ic->changes, change, f, thing);

	if (why == NULL)
		why = change_make_id(&ic->changes, change);
	if (why == NULL && thing && !(change->given & MEMBER_KEY))
		why = change_make_key(&ic->changes, change);
	return why;
}

static void
items_create_one(struct request_ctx *c, enum item_kind kind)
{
	struct object_field f[] = ITEM_BODY;
	struct item_change *ic;
	const char *why;

	if (!body_read(c, f, kind == ITEM_THING ? ITEM_FIELDS : ITEM_KEY))
		return;
	ic = items_change_new(c, kind, CREATE);
	why = items_fill_new(ic, changes_add(&ic->changes), f);
	if (why == NULL) {
		items_change_start(c, ic);
	} else {
		http_problem(c->request, 400, why);
		items_change_drop(ic);
	}
}

/* ---- many, in the registry writer's other thread ---- */

static int
items_wrong(struct item_change *ic, unsigned status, const char *why,
    struct fault *fault)
{
	ic->problem = status;
	return fault_set(fault, EX_DATAERR, "%s", why);
}

static int
items_read_bulk(struct item_change *ic, struct arena *scratch,
    struct fault *fault)
{
	struct object_array array;
	struct str element;
	const char *why = NULL;
	int got;

	object_array_init(&array, ic->request->body, scratch);
	while ((got = object_array_next(&array, &element)) > 0) {
		struct object_field f[] = ITEM_BODY;

		why = object_read(element, f,
		    ic->kind == ITEM_THING ? ITEM_FIELDS : ITEM_KEY, scratch);
		if (why == NULL && ic->changes.n == BULK_MAX)
			return items_wrong(ic, 413, "more than 50000 at once",
			    fault);
		if (why == NULL)
			why = items_fill_new(ic, changes_add(&ic->changes), f);
		if (why != NULL)
			return items_wrong(ic, 400, why, fault);
	}
	if (got < 0)
		return items_wrong(ic, 400, array.scan.why, fault);
	if (ic->changes.n == 0)
		return items_wrong(ic, 400, "the array is empty", fault);
	return 0;
}

static int
items_prepare(struct api_change *c, const struct keyring *keys,
    struct fault *fault)
{
	struct item_change *ic = items_of_change(c);
	struct arena scratch;
	const char *why;
	size_t i;
	int result;

	arena_init(&scratch, BULK_SCRATCH);
	result = items_read_bulk(ic, &scratch, fault);
	arena_release(&scratch);
	if (result < 0)
		return -1;
	if ((why = changes_seal(&ic->changes, keys)) != NULL)
		return items_wrong(ic, 400, why, fault);
	for (i = 0; i < ic->changes.n; i++)
		items_put_created(ic, &ic->changes.v[i]);
	return 0;
}

static void
items_create_many(struct request_ctx *c, enum item_kind kind)
{
	struct item_change *ic;

	if (body_is_lines(c)) {
		bulk_change(c, CHANGE_CREATE, kind);
		return;
	}
	if (!bulk_allowed(c))
		return;
	ic = items_change_new(c, kind, CREATE);
	ic->bulk = ic->change.many = true;
	ic->change.prepare = items_prepare;
	items_change_start(c, ic);
}

static bool
items_has_id(struct request_ctx *c)
{
	if (c->id[0].n > 0)
		return true;
	http_problem(c->request, 400, "the id is missing");
	return false;
}

/* a full replacement: what is not given is cleared */
static void
items_update(struct request_ctx *c, enum item_kind kind)
{
	struct object_field f[] = ITEM_BODY;
	struct item_change *ic;
	struct change *change;

	if (!body_read(c, f, ITEM_KEY) || !items_has_id(c))
		return;
	ic = items_change_new(c, kind, UPDATE);
	change = changes_add(&ic->changes);
	change_set_id(&ic->changes, change, c->id[0]);
	change_set_name(&ic->changes, change, STR(""));
	change_set_metadata(&ic->changes, change, STR("{}"));
	if (body_take_change(c, &ic->changes, change, f, false))
		items_change_start(c, ic);
	else
		items_change_drop(ic);
}

/* what is given, and nothing else */
static void
items_patch(struct request_ctx *c, enum item_kind kind)
{
	struct object_field f[] = ITEM_BODY;
	struct item_change *ic;
	struct change *change;

	if (!body_read(c, f, ITEM_KEY) || !items_has_id(c))
		return;
	ic = items_change_new(c, kind, UPDATE);
	ic->detail = SHOWN;
	change = changes_add(&ic->changes);
	change_set_id(&ic->changes, change, c->id[0]);
	if (body_take_change(c, &ic->changes, change, f, false))
		items_change_start(c, ic);
	else
		items_change_drop(ic);
}

static void
items_set_status(struct request_ctx *c, enum item_kind kind, bool disabled)
{
	struct item_change *ic;
	struct change *change;

	if (!items_has_id(c))
		return;
	ic = items_change_new(c, kind, UPDATE);
	ic->detail = SHOWN;
	change = changes_add(&ic->changes);
	change_set_id(&ic->changes, change, c->id[0]);
	change_set_status(&ic->changes, change, item_status(disabled));
	items_change_start(c, ic);
}

void
things_key(struct request_ctx *c)
{
	struct object_field f = { .name = "key", .type = OBJECT_TEXT };
	struct item_change *ic;
	struct change *change;
	const char *why;

	if (!body_read(c, &f, 1) || !items_has_id(c))
		return;
	ic = items_change_new(c, ITEM_THING, UPDATE);
	change = changes_add(&ic->changes);
	change_set_id(&ic->changes, change, c->id[0]);
	why = change_set_key(&ic->changes, change, f.value);
	if (why == NULL) {
		items_change_start(c, ic);
	} else {
		http_problem(c->request, 400, why);
		items_change_drop(ic);
	}
}

static void
items_remove_one(struct request_ctx *c, enum item_kind kind)
{
	struct item_change *ic;

	if (!items_has_id(c))
		return;
	ic = items_change_new(c, kind, REMOVE);
	change_set_id(&ic->changes, changes_add(&ic->changes), c->id[0]);
	items_change_start(c, ic);
}

static void
items_show(struct request_ctx *c, enum item_kind kind)
{
	struct api *api = c->api;
	const struct principal *principal;
	char state[ITEM_STATE + 1];
	struct fault fault;
	struct item item;
	void *found;
	int got;

	if (!items_has_id(c) ||
	    (principal = auth_user(c, item_json_scope(c))) == NULL)
		return;
	if (share_find(api->registry, kind, &principal->user, c->id[0], &item,
	    &found, &fault) < 0) {
		answer_fault(api, c->request, &fault, 422);
		return;
	}
	item_state(&item, state);
	got = item_json_put(&api->key, api->registry, &api->answer, kind,
	    &item, item_json_keys(c, principal), &fault);
	item_found_end(found);
	buf_putc(&api->answer, '\n');
	if (got < 0)
		answer_unable(api, c->request, &fault);
	else if (ctx_holds(c, true, state))
		answer_json(c->request, 200, buf_str(&api->answer));
}

void
things_create(struct request_ctx *c)
{
	items_create_one(c, ITEM_THING);
}

void
things_bulk(struct request_ctx *c)
{
	items_create_many(c, ITEM_THING);
}

void
things_show(struct request_ctx *c)
{
	items_show(c, ITEM_THING);
}

void
things_update(struct request_ctx *c)
{
	items_update(c, ITEM_THING);
}

void
things_patch(struct request_ctx *c)
{
	items_patch(c, ITEM_THING);
}

void
things_enable(struct request_ctx *c)
{
	items_set_status(c, ITEM_THING, false);
}

void
things_disable(struct request_ctx *c)
{
	items_set_status(c, ITEM_THING, true);
}

void
things_remove(struct request_ctx *c)
{
	items_remove_one(c, ITEM_THING);
}

void
channels_create(struct request_ctx *c)
{
	items_create_one(c, ITEM_CHANNEL);
}

void
channels_bulk(struct request_ctx *c)
{
	items_create_many(c, ITEM_CHANNEL);
}

void
channels_show(struct request_ctx *c)
{
	items_show(c, ITEM_CHANNEL);
}

void
channels_update(struct request_ctx *c)
{
	items_update(c, ITEM_CHANNEL);
}

void
channels_patch(struct request_ctx *c)
{
	items_patch(c, ITEM_CHANNEL);
}

void
channels_enable(struct request_ctx *c)
{
	items_set_status(c, ITEM_CHANNEL, false);
}

void
channels_disable(struct request_ctx *c)
{
	items_set_status(c, ITEM_CHANNEL, true);
}

void
channels_remove(struct request_ctx *c)
{
	items_remove_one(c, ITEM_CHANNEL);
}
