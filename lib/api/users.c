/* SPDX-License-Identifier: Apache-2.0 */
#include "api/users.h"

#include <sodium.h>
#include <stdlib.h>
#include <sysexits.h>

#include "api/answer.h"
#include "api/auth.h"
#include "api/body.h"
#include "api/fair_queue.h"
#include "api/handlers.h"
#include "api/registry_writer.h"
#include "api/state.h"
#include "base/memory.h"
#include "net/rate_limit.h"
#include "net/thread_pool.h"

/*
 * Users and their sessions.  A password is hashed or compared by the pool;
 * what follows from it is done when that has come back.
 *
 * Failed logins are limited by address, and by account from this address: so
 * no client can keep a user at another address from logging in.  New users
 * are limited by address too.  Requests that wait for the pool take turns by
 * address, and logins do not wait for registrations.
 */

/* an address may be that of many */
#define ADDRESS_FACTOR 10
#define MINUTE (60 * STAMP_SECOND)
#define HOUR (60 * MINUTE)
/* what is counted; an address alone, or followed by an account */
#define FAILING_HERE 'a'
#define FAILING 'n'
#define REGISTERING 'r'

struct login {
	struct api_change change;	/* for the pool its task alone */
	struct api *api;
	struct http_request *request;
	char email[EMAIL_MAX + 1];
	unsigned char address[16];
	size_t address_n;
	struct buf old, new;		/* passwords */
	struct buf metadata;		/* of a new user */
	char hash[PASSWORD_HASH_TEXT];	/* of the old one, then the new */
	struct user user;
	bool registers;			/* it is to become a user */
	bool matches;
	int hashed;
	void (*made)(struct task *);	/* when the change is done */
};

static struct login *
login_of_task(struct task *t)
{
	return (struct login *)t;
}

static struct login *
login_new(struct request_ctx *c, struct str email, struct str old,
    struct str new)
{
	struct login *l = memory_zero(1, sizeof *l);
	size_t i;

	l->api = c->api;
	l->request = c->request;
	for (i = 0; i < email.n && i < EMAIL_MAX; i++)
		l->email[i] = email.p[i];
	l->address_n = http_address(c->request, l->address);
	buf_init(&l->old, PASSWORD_MAX + 1);
	buf_init(&l->new, PASSWORD_MAX + 1);
	buf_init(&l->metadata, METADATA_BYTES_MAX);
	buf_put_str(&l->old, old);
	buf_put_str(&l->new, new);
	return l;
}

static void
login_free(struct login *l)
{
	struct buf *both[] = { &l->old, &l->new };
	int i;

	for (i = 0; i < 2; i++) {
		if (both[i]->p != NULL)
			sodium_memzero(both[i]->p, both[i]->cap);
		buf_release(both[i]);
	}
	buf_release(&l->metadata);
	free(l);
}

/* ---- how often ---- */

static struct str
login_address(const struct login *l)
{
	return (struct str){ (const char *)l->address, l->address_n };
}

/* its address and the same account, however that is written */
static struct str
login_account_here(const struct login *l, char to[16 + EMAIL_MAX])
{
	size_t i, n = l->address_n;

	memcpy(to, l->address, n);
	for (i = 0; l->email[i] != '\0'; i++)
		to[n++] = l->email[i] >= 'A' && l->email[i] <= 'Z' ?
		    (char)(l->email[i] | 0x20) : l->email[i];
	return (struct str){ to, n };
}

static struct rate
login_rate(const struct login *l, char kind)
{
	const struct api_options *o = &l->api->options;

	if (kind == REGISTERING)
		return (struct rate){ o->registrations, HOUR };
	return (struct rate){ kind == FAILING ? o->attempts * ADDRESS_FACTOR :
	    o->attempts, MINUTE };
}

static void
login_give_back_one(struct login *l, char kind, struct str name)
{
	/* a client without an address is on this machine */
	if (kind == FAILING_HERE || l->address_n > 0)
		rate_limit_give_back(l->api->limits, kind, name,
		    login_rate(l, kind), l->api->clock);
}

static unsigned
login_take_one(struct login *l, char kind, struct str name)
{
	if (kind != FAILING_HERE && l->address_n == 0)
		return 0;
	return rate_limit_take(l->api->limits, kind, name, login_rate(l, kind),
	    l->api->clock);
}

/* it was no failure; a new user is counted all the same */
static void
login_give_back(struct login *l)
{
	char name[16 + EMAIL_MAX];

	login_give_back_one(l, FAILING, login_address(l));
	if (!l->registers)
		login_give_back_one(l, FAILING_HERE, login_account_here(l,
		    name));
}

/* 0, or seconds to wait; then nothing was counted */
static unsigned
login_take_attempt(struct login *l)
{
	unsigned wait = login_take_one(l, FAILING, login_address(l));
	char name[16 + EMAIL_MAX];

	if (wait > 0)
		return wait;
	wait = l->registers ?
	    login_take_one(l, REGISTERING, login_address(l)) :
	    login_take_one(l, FAILING_HERE, login_account_here(l, name));
	if (wait > 0)
		login_give_back_one(l, FAILING, login_address(l));
	return wait;
}

/* as nothing came of it */
static void
login_undo_attempt(struct login *l)
{
	login_give_back(l);
	if (l->registers)
		login_give_back_one(l, REGISTERING, login_address(l));
}

static bool
login_queue(struct login *l)
{
	char owner[1 + sizeof l->address];

	owner[0] = l->registers ? REGISTERING : FAILING;
	memcpy(owner + 1, l->address, l->address_n);
	return fair_queue_add(l->api->logins, (struct str){ owner,
	    1 + l->address_n }, &l->change.task);
}

/* To the pool; beyond the allowed attempts it is answered here. */
static void
login_start(struct login *l)
{
	unsigned wait = login_take_attempt(l);
	char text[16];

	if (wait > 0) {
		snprintf(text, sizeof text, "%u", wait);
		http_set(l->request, "Retry-After", text);
		http_problem(l->request, 429, l->registers ?
		    "too many new users from this address; try again later" :
		    "too many attempts; try again later");
		login_free(l);
	} else if (!login_queue(l)) {
		login_undo_attempt(l);
		http_problem(l->request, 503,
		    "too many are logging in; try again later");
		login_free(l);
	}
}

void
logins_end(struct api *api)
{
	struct task *t;

	while (api->logins != NULL &&
	    (t = fair_queue_drop(api->logins)) != NULL) {
		struct login *l = login_of_task(t);

		http_problem(l->request, 503, "the service is being stopped");
		login_free(l);
	}
}

/* ---- tokens ---- */

static void
login_answer_token(struct api *api, struct http_request *r,
    const struct user *user, int64_t since, unsigned status)
{
	int64_t expires = api->now + api->options.session / STAMP_SECOND;
	struct buf b;

	if (expires > since + TOKEN_REFRESH_MAX)
		expires = since + TOKEN_REFRESH_MAX;
	buf_init(&b, 2 * JWT_MAX);
	buf_puts(&b, "{\"token\":\"");
	token_put_session(api->registry, user, since, api->now, expires, &b);
	buf_puts(&b, "\"}\n");
	http_set(r, "Cache-Control", "no-store");
	answer_json(r, status, buf_str(&b));
	buf_release(&b);
}

/* in the pool */
static void
login_compare(struct task *t)
{
	struct login *l = login_of_task(t);

	l->matches = password_matches(buf_str(&l->old), l->hash);
}

static void
login_compared(struct task *t)
{
	struct login *l = login_of_task(t);
	struct fault fault;

	fair_queue_done(l->api->logins);
	if (!l->matches) {
		http_problem(l->request, 403,
		    "no user has this address and this password");
	} else if (l->api->registry == NULL ||
	    user_find_id(l->api->registry, str_z(l->user.id), &l->user,
	    &fault) < 0) {
		if (l->api->registry == NULL)
			fault_set(&fault, EX_TEMPFAIL, "no registry");
		if (fault.status == 1)
			fault.status = EX_NOUSER;
		answer_fault(l->api, l->request, &fault, 403);
	} else {
		login_give_back(l);
		login_answer_token(l->api, l->request, &l->user, l->api->now,
		    201);
	}
	login_free(l);
}

enum { EMAIL, PASSWORD, METADATA, ACCOUNT_FIELDS };
#define ACCOUNT {							\
	[EMAIL] = { .name = "email", .type = OBJECT_TEXT },		\
	[PASSWORD] = { .name = "password", .type = OBJECT_TEXT },	\
	[METADATA] = { .name = "metadata", .type = OBJECT_RAW },	\
}

/* the first `n` of these: an address, and a password that is not empty */
static bool
login_read_account(struct request_ctx *c, struct object_field f[ACCOUNT_FIELDS],
    size_t n)
{
	const char *why;

	if (!body_read(c, f, n))
		return false;
	why = email_fault(f[EMAIL].value);
	if (why == NULL && f[PASSWORD].value.n == 0)
		why = "the password is missing";
	if (why != NULL)
		http_problem(c->request, 400, why);
	return why == NULL;
}

void
tokens_create(struct request_ctx *c)
{
	struct object_field f[] = ACCOUNT;
	struct fault fault;
	struct login *l;

	/* only a new user brings metadata */
	if (!login_read_account(c, f, METADATA))
		return;
	l = login_new(c, f[EMAIL].value, f[PASSWORD].value, STR_NONE);
	if (c->api->registry == NULL)
		fault_set(&fault, EX_TEMPFAIL, "no registry");
	if (c->api->registry == NULL || (user_find_hash(c->api->registry,
	    f[EMAIL].value, &l->user, l->hash, &fault) < 0 &&
	    fault.status != 1)) {
		answer_unable(c->api, c->request, &fault);
		login_free(l);
		return;
	}
	l->change.task.run = login_compare;
	l->change.task.done = login_compared;
	login_start(l);
}

void
tokens_refresh(struct request_ctx *c)
{
	const struct principal *principal;

	if ((principal = auth_user(c, 0)) == NULL)
		return;
	if (c->api->now >= principal->since + TOKEN_REFRESH_MAX)
		http_problem(c->request, 403, "log in again");
	else
		login_answer_token(c->api, c->request, &principal->user,
		    principal->since, 201);
}

/* ---- new ones ---- */

/* in the pool */
static void
login_hash(struct task *t)
{
	struct login *l = login_of_task(t);

	l->hashed = password_hash(buf_str(&l->new),
	    l->api->options.password_min, l->hash, &l->change.fault);
}

static int
login_make_user(struct api_change *c, struct registry *r, struct fault *fault)
{
	struct login *l = login_of_task(&c->task);

	return user_create(r, str_z(l->email), l->hash,
	    buf_str(&l->metadata), &l->user, fault);
}

static void
login_user_made(struct task *t)
{
	struct login *l = login_of_task(t);
	char place[ID_TEXT + 16];

	if (l->change.result == 0) {
		state_recovered(l->api);
		login_give_back(l);
		snprintf(place, sizeof place, "/users/%s", l->user.id);
		http_set(l->request, "Location", place);
		http_answer(l->request, 201);
	} else {
		answer_fault(l->api, l->request, &l->change.fault, 409);
	}
	login_free(l);
}

/* what a hash is good for: the change that `make` is */
static void
login_change(struct login *l)
{
	if (l->hashed < 0) {
		answer_unable(l->api, l->request, &l->change.fault);
		login_free(l);
		return;
	}
	l->change.task.done = l->made;
	registry_writer_add(l->api->writer, &l->change);
}

static void
login_hashed(struct task *t)
{
	fair_queue_done(login_of_task(t)->api->logins);
	login_change(login_of_task(t));
}

static bool
login_password_allowed(struct request_ctx *c, struct str password)
{
	size_t min = c->api->options.password_min;
	char text[64];

	if (password.n >= min && password.n <= PASSWORD_MAX)
		return true;
	snprintf(text, sizeof text, "a password must have %zu to %d bytes", min,
	    PASSWORD_MAX);
	http_problem(c->request, 400, text);
	return false;
}

void
users_create(struct request_ctx *c)
{
	struct object_field f[] = ACCOUNT;
	struct str metadata;
	struct login *l;

	if (!login_read_account(c, f, ACCOUNT_FIELDS) ||
	    !login_password_allowed(c, f[PASSWORD].value) ||
	    !body_metadata(c, f[METADATA].value, &metadata))
		return;
	if (!c->api->options.open) {
		http_problem(c->request, 403,
		    "only the administrator can create users");
		return;
	}
	l = login_new(c, f[EMAIL].value, STR_NONE, f[PASSWORD].value);
	buf_put_str(&l->metadata, metadata);
	l->registers = true;
	l->change.task.run = login_hash;
	l->change.task.done = login_hashed;
	l->change.make = login_make_user;
	l->made = login_user_made;
	login_start(l);
}

/* ---- a new password ---- */

/* in the pool */
static void
login_replace(struct task *t)
{
	struct login *l = login_of_task(t);

	l->hashed = 0;
	l->matches = password_matches(buf_str(&l->old), l->hash);
	if (l->matches)
		login_hash(t);
}

static int
login_set_password(struct api_change *c, struct registry *r,
    struct fault *fault)
{
	struct login *l = login_of_task(&c->task);
	struct user now;

	if (user_find_id(r, str_z(l->user.id), &now, fault) < 0 ||
	    user_set_password(r, &now, l->hash, fault) < 0)
		return -1;
	return user_find_id(r, str_z(l->user.id), &l->user, fault);
}

static void
login_password_set(struct task *t)
{
	struct login *l = login_of_task(t);

	if (l->change.result == 0) {
		state_recovered(l->api);
		/* the one that was shown has ended with the password */
		login_answer_token(l->api, l->request, &l->user, l->api->now,
		    201);
	} else {
		answer_fault(l->api, l->request, &l->change.fault, 409);
	}
	login_free(l);
}

static void
login_replaced(struct task *t)
{
	struct login *l = login_of_task(t);

	fair_queue_done(l->api->logins);
	if (!l->matches) {
		http_problem(l->request, 403, "the old password is wrong");
		login_free(l);
		return;
	}
	login_give_back(l);
	login_change(l);
}

void
users_password(struct request_ctx *c)
{
	struct object_field f[] = {
		{ .name = "password", .type = OBJECT_TEXT },
		{ .name = "old_password", .type = OBJECT_TEXT },
	};
	const struct principal *principal;
	struct fault fault;
	struct login *l;

	if (!body_read(c, f, 2) ||
	    !login_password_allowed(c, f[0].value) ||
	    (principal = auth_user(c, 0)) == NULL)
		return;
	l = login_new(c, str_z(principal->user.email), f[1].value, f[0].value);
	l->user = principal->user;
	if (user_find_hash(c->api->registry, str_z(l->email), &l->user,
	    l->hash, &fault) < 0) {
		fault.status = fault.status == 1 ? EX_NOUSER : fault.status;
		answer_fault(c->api, c->request, &fault, 409);
		login_free(l);
		return;
	}
	l->change.task.run = login_replace;
	l->change.task.done = login_replaced;
	l->change.make = login_set_password;
	l->made = login_password_set;
	login_start(l);
}
