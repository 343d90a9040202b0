/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <sysexits.h>

#include "api/answer.h"
#include "api/auth.h"
#include "api/body.h"
#include "api/handlers.h"
#include "api/parameters.h"
#include "api/registry_writer.h"
#include "api/state.h"
#include "base/memory.h"

/*
 * What users do with their own account: look at it, note something about
 * themselves, end it, end sessions, make and remove the lasting tokens that
 * Mainflux came to call keys.
 */

struct account_change {
	struct api_change change;
	struct api *api;
	struct http_request *request;
	struct principal principal;
	int64_t now;
	bool all;
	struct lasting lasting;
	char id[ID_TEXT + 1], name[TOKEN_NAME_MAX + 1];
	struct buf token, metadata;
};

static struct account_change *
account_of(struct task *t)
{
	return (struct account_change *)t;
}

static int
account_remains(struct registry *r, const struct user *user,
    struct fault *fault)
{
	int got = user_remains(r, user, fault);

	return got != 0 ? got : fault_set(fault, EX_NOUSER, "no such user");
}

static struct account_change *
account_change_new(struct request_ctx *c, const struct principal *principal,
    int (*make)(struct api_change *, struct registry *, struct fault *),
    void (*done)(struct task *))
{
	struct account_change *a = memory_zero(1, sizeof *a);

	a->change.make = make;
	a->change.task.done = done;
	a->api = c->api;
	a->request = c->request;
	a->principal = *principal;
	a->now = c->api->now;
	return a;
}

static void
account_answer(struct account_change *a, unsigned status)
{
	if (a->change.result < 0) {
		answer_fault(a->api, a->request, &a->change.fault, 409);
	} else {
		state_recovered(a->api);
		http_answer(a->request, status);
	}
	free(a);
}

/* the answer to most of them */
static void
account_changed(struct task *t)
{
	account_answer(account_of(t), 204);
}

/* ---- the account ---- */

static void
account_show(struct request_ctx *c, const struct principal *principal)
{
	struct buf *b = &c->api->answer;
	char time[STAMP_TEXT];
	struct fault fault;
	size_t before;
	int got;

	buf_printf(b, "{\"id\":\"%s\",\"email\":", principal->user.id);
	json_put_string(b, str_z(principal->user.email));
	buf_puts(b, ",\"created\":");
	buf_put(b, time, stamp_print(time, principal->user.created));
	/* Mainflux of 2019 has none, and its clients compare */
	before = b->n;
	buf_puts(b, ",\"metadata\":");
	got = user_metadata(c->api->registry, &principal->user, b, &fault);
	if (got < 0) {
		answer_unable(c->api, c->request, &fault);
		return;
	}
	if (got == 0)
		b->n = before;
	buf_puts(b, "}\n");
	answer_json(c->request, 200, buf_str(b));
}

void
users_show(struct request_ctx *c)
{
	const struct principal *principal;

	if ((principal = auth_user(c, 0)) != NULL)
		account_show(c, principal);
}

/* a user sees no other user */
void
users_show_one(struct request_ctx *c)
{
	const struct principal *principal;

	if ((principal = auth_user(c, 0)) == NULL)
		return;
	if (!str_eq(c->id[0], str_z(principal->user.id)))
		http_problem(c->request, 404, "no such user");
	else if (ctx_holds(c, true, NULL))
		account_show(c, principal);
}

static int
account_set_metadata(struct api_change *c, struct registry *r,
    struct fault *fault)
{
	struct account_change *a = account_of(&c->task);

	return account_remains(r, &a->principal.user, fault) < 0 ? -1 :
	    user_set_metadata(r, &a->principal.user, buf_str(&a->metadata),
	    fault);
}

static void
account_metadata_set(struct task *t)
{
	buf_release(&account_of(t)->metadata);
	account_answer(account_of(t), 200);
}

void
users_update(struct request_ctx *c)
{
	struct object_field f = { .name = "metadata", .type = OBJECT_RAW };
	const struct principal *principal;
	struct account_change *a;
	struct str metadata;

	if (!body_read(c, &f, 1) ||
	    !body_metadata(c, f.value, &metadata) ||
	    (principal = auth_user(c, 0)) == NULL)
		return;
	a = account_change_new(c, principal, account_set_metadata,
	    account_metadata_set);
	buf_init(&a->metadata, METADATA_BYTES_MAX);
	buf_put_str(&a->metadata, metadata);
	registry_writer_add(c->api->writer, &a->change);
}

static int
account_remove(struct api_change *c, struct registry *r, struct fault *fault)
{
	struct account_change *a = account_of(&c->task);

	return account_remains(r, &a->principal.user, fault) < 0 ? -1 :
	    (a->all && items_remove_all(r, &a->principal.user, fault) < 0) ?
	    -1 : user_remove(r, &a->principal.user, fault);
}

void
users_remove(struct request_ctx *c)
{
	const struct principal *principal;
	struct account_change *a;

	if ((principal = auth_user(c, 0)) == NULL)
		return;
	a = account_change_new(c, principal, account_remove, account_changed);
	a->change.many = true;
	a->all = parameter_is_true(c, "all");
	registry_writer_add(c->api->writer, &a->change);
}

static int
account_end_tokens(struct api_change *c, struct registry *r,
    struct fault *fault)
{
	struct account_change *a = account_of(&c->task);

	if (account_remains(r, &a->principal.user, fault) < 0)
		return -1;
	return a->all ? user_renew(r, &a->principal.user, fault) :
	    token_revoke(r, &a->principal, a->now, fault);
}

void
tokens_end(struct request_ctx *c)
{
	bool all = parameter_is_true(c, "all");
	const struct principal *principal;
	struct account_change *a;

	if ((principal = auth_user(c, all ? TOKEN_ACCOUNT : 0)) == NULL)
		return;
	a = account_change_new(c, principal, account_end_tokens,
	    account_changed);
	a->all = all;
	registry_writer_add(c->api->writer, &a->change);
}

/* ---- lasting tokens ---- */

static void
account_put_time(struct buf *b, const char *name, int64_t seconds)
{
	char text[STAMP_TEXT];

	if (seconds == 0)
		return;
	buf_printf(b, ",\"%s\":\"", name);
	buf_put(b, text, stamp_print_utc(text,
	    (struct stamp){ seconds * STAMP_SECOND }));
	buf_putc(b, '"');
}

static void
account_put_lasting(struct buf *b, const struct lasting *l)
{
	char scope[TOKEN_SCOPE_TEXT];

	token_scope_print(l->scope, scope);
	buf_puts(b, "{\"id\":");
	json_put_string(b, l->id);
	if (l->name.n > 0) {
		buf_puts(b, ",\"name\":");
		json_put_string(b, l->name);
	}
	buf_printf(b, ",\"scope\":\"%s\"", scope);
	account_put_time(b, "issued_at", l->created);
	account_put_time(b, "expires_at", l->expires);
}

static int
account_create_lasting(struct api_change *c, struct registry *r,
    struct fault *fault)
{
	struct account_change *a = account_of(&c->task);

	return account_remains(r, &a->principal.user, fault) < 0 ? -1 :
	    lasting_create(r, &a->principal.user, &a->lasting, &a->token,
	    fault);
}

static void
account_lasting_created(struct task *t)
{
	struct account_change *a = account_of(t);
	struct buf *b = &a->api->answer;
	char place[ID_TEXT + 16];

	buf_clear(b);
	if (a->change.result < 0) {
		answer_fault(a->api, a->request, &a->change.fault, 409);
	} else {
		state_recovered(a->api);
		account_put_lasting(b, &a->lasting);
		buf_printf(b, ",\"value\":\"%.*s\"}\n",
		    STR_ARG(buf_str(&a->token)));
		snprintf(place, sizeof place, "/keys/%s", a->id);
		http_set(a->request, "Location", place);
		http_set(a->request, "Cache-Control", "no-store");
		answer_json(a->request, 201, buf_str(b));
	}
	buf_release(&a->token);
	free(a);
}

/* how long it is good for, in seconds; 0: without an end */
#define DURATION_MAX (INT64_C(100) * 365 * 24 * 3600)

/* what Mainflux calls an API key, which acts for its user */
#define TYPE_API 2
#define SCOPE_API (TOKEN_THINGS_READ | TOKEN_THINGS_WRITE |		\
	TOKEN_CHANNELS_READ | TOKEN_CHANNELS_WRITE | TOKEN_KEYS_READ |	\
	TOKEN_EVENTS_READ)

enum { NAME, SCOPE, DURATION, TYPE, KEY_FIELDS };

/* a scope, or the type in place of one; NULL, or why not */
static const char *
account_set_scope(struct account_change *a,
    const struct object_field f[KEY_FIELDS])
{
	int64_t type;

	if (f[TYPE].value.p != NULL && (!object_number(f[TYPE].value, &type) ||
	    type != TYPE_API))
		return "type must be 2, an API key; to log in, POST /tokens";
	if (f[SCOPE].value.p == NULL && f[TYPE].value.p != NULL) {
		a->lasting.scope = SCOPE_API;
		return NULL;
	}
	return f[SCOPE].value.p != NULL &&
	    token_scope_parse(f[SCOPE].value, &a->lasting.scope) ? NULL :
	    "scope must be one or more of things:read, things:write, "
	    "channels:read, channels:write, keys:read, events:read";
}

/* Clients of Mainflux, which give a type, have nanoseconds: those are more
 * than all the seconds that are taken. */
static const char *
account_set_duration(struct account_change *a,
    const struct object_field f[KEY_FIELDS])
{
	int64_t n = 0;

	if (f[DURATION].value.p == NULL)
		return NULL;
	if (!object_number(f[DURATION].value, &n)) {
		n = 0;
	} else if (f[TYPE].value.p != NULL) {
		/* 0 is what they say for "without an end" */
		if (n == 0)
			return NULL;
		if (n > DURATION_MAX)
			n /= STAMP_SECOND;
	}
	if (n == 0 || n > DURATION_MAX)
		return "duration must be a number of seconds, 1 or more";
	a->lasting.expires = a->now + n;
	return NULL;
}

static const char *
account_set_lasting(struct account_change *a,
    const struct object_field f[KEY_FIELDS])
{
	const char *why;

	if (f[NAME].value.n > TOKEN_NAME_MAX)
		return "the name is longer than 256 bytes";
	if ((why = account_set_scope(a, f)) != NULL ||
	    (why = account_set_duration(a, f)) != NULL)
		return why;
	uuid_make(a->id);
	if (f[NAME].value.n > 0)
		memcpy(a->name, f[NAME].value.p, f[NAME].value.n);
	a->lasting.id = str_z(a->id);
	a->lasting.name = (struct str){ a->name, f[NAME].value.n };
	a->lasting.created = a->now;
	return NULL;
}

void
keys_create(struct request_ctx *c)
{
	struct object_field f[KEY_FIELDS] = {
		[NAME] = { .name = "name", .type = OBJECT_TEXT },
		[SCOPE] = { .name = "scope", .type = OBJECT_TEXT },
		[DURATION] = { .name = "duration", .type = OBJECT_NUMBER },
		[TYPE] = { .name = "type", .type = OBJECT_NUMBER },
	};
	struct account_change *a;
	const struct principal *principal;
	static const struct principal nobody;
	const char *why;

	if (!body_read(c, f, KEY_FIELDS))
		return;
	a = account_change_new(c, &nobody, account_create_lasting,
	    account_lasting_created);
	why = account_set_lasting(a, f);
	if (why != NULL)
		http_problem(c->request, 400, why);
	if (why != NULL || (principal = auth_user(c, 0)) == NULL) {
		free(a);
		return;
	}
	a->principal = *principal;
	buf_init(&a->token, JWT_MAX);
	registry_writer_add(c->api->writer, &a->change);
}

static void
account_list_one(void *arg, const struct lasting *l)
{
	struct buf *b = arg;

	if (b->n > 0)
		buf_putc(b, ',');
	account_put_lasting(b, l);
	buf_putc(b, '}');
}

/* all of them, or one: their number is given, or -1 when it is answered */
static int
account_find_lasting(struct request_ctx *c, struct str id)
{
	const struct principal *principal;
	struct fault fault;
	int n;

	if ((principal = auth_user(c, 0)) == NULL)
		return -1;
	n = lasting_each(c->api->registry, &principal->user, id,
	    account_list_one, &c->api->answer, &fault);
	if (n < 0)
		answer_unable(c->api, c->request, &fault);
	return n;
}

void
keys_list(struct request_ctx *c)
{
	int n = account_find_lasting(c, STR_NONE);
	struct buf b;

	if (n < 0)
		return;
	buf_init(&b, c->api->answer.max);
	buf_printf(&b, "{\"total\":%d,\"keys\":[", n);
	buf_put_str(&b, buf_str(&c->api->answer));
	buf_puts(&b, "]}\n");
	answer_json(c->request, 200, buf_str(&b));
	buf_release(&b);
}

void
keys_show(struct request_ctx *c)
{
	int n = account_find_lasting(c, c->id[0].p ? c->id[0] : STR(""));

	if (n == 0)
		http_problem(c->request, 404, "no such key");
	if (n <= 0 || !ctx_holds(c, true, NULL))
		return;
	buf_putc(&c->api->answer, '\n');
	answer_json(c->request, 200, buf_str(&c->api->answer));
}

static int
account_remove_lasting(struct api_change *c, struct registry *r,
    struct fault *fault)
{
	struct account_change *a = account_of(&c->task);

	if (account_remains(r, &a->principal.user, fault) < 0)
		return -1;
	/* one that isn't there counts as removed */
	return lasting_remove(r, &a->principal.user, str_z(a->id), fault) < 0 &&
	    fault->status != 1 ? -1 : 0;
}

static void
account_pass_over(void *arg, const struct lasting *l)
{
	(void)arg;
	(void)l;
}

/* Do the preconditions hold for this key?  Else it is answered: false. */
static bool
account_key_holds(struct request_ctx *c, const struct principal *principal)
{
	struct fault fault;
	int n;

	if (!conditions_any(&c->conditions))
		return true;
	n = lasting_each(c->api->registry, &principal->user, c->id[0],
	    account_pass_over, NULL, &fault);
	if (n < 0)
		answer_unable(c->api, c->request, &fault);
	return n >= 0 && ctx_holds(c, n > 0, NULL);
}

void
keys_remove(struct request_ctx *c)
{
	const struct principal *principal;
	struct account_change *a;

	if ((principal = auth_user(c, 0)) == NULL || !account_key_holds(c,
	    principal))
		return;
	a = account_change_new(c, principal, account_remove_lasting,
	    account_changed);
	/* a longer one is not the id of a key, and neither is the empty one */
	if (c->id[0].n <= ID_TEXT)
		snprintf(a->id, sizeof a->id, "%.*s", STR_ARG(c->id[0]));
	registry_writer_add(c->api->writer, &a->change);
}
