/* SPDX-License-Identifier: Apache-2.0 */
/* A mfx-api(1), which knows its user by a token. */
#include "client/remote.h"

#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/ready.h"
#include "base/signal.h"
#include "base/utf8.h"
#include "client/events.h"
#include "client/session.h"
#include "client/token_file.h"
#include "registry/metadata.h"

#define PATH_BYTES_MAX ((size_t)1 << 20)
/* all lasting tokens of a user: TOKENS_MAX with names of TOKEN_NAME_MAX */
#define TOKENS_BYTES_MAX ((size_t)4 << 20)

/* ---- beginning and end ---- */

static int
remote_open(struct client *c, enum client_access access, struct fault *fault)
{
	(void)access;
	if (session_open(&c->session, c->setup, fault) < 0)
		return -1;
	c->url = c->session->url;
	return 0;
}

static void
remote_close(struct client *c)
{
	session_close(c->session);
}

int
remote_self(struct client *c, struct str *metadata, struct fault *fault)
{
	struct object_field f[] = {
		{ .name = "id", .type = OBJECT_TEXT },
		{ .name = "email", .type = OBJECT_TEXT },
		{ .name = "created", .type = OBJECT_NUMBER },
		{ .name = "metadata", .type = OBJECT_RAW },
	};
	struct session *s = c->session;
	struct user *user = &c->user;

	if (session_ask(s, &(struct ask){ .path = "/users" }, fault) < 0 ||
	    session_read(s, buf_str(&s->body), f, 4, fault) < 0)
		return -1;
	*user = (struct user){ .rowid = 0 };
	*metadata = STR("{}");
	if (!uuid_valid(f[0].value) || email_fault(f[1].value) != NULL ||
	    !stamp_parse(f[2].value, stamp_now(), &user->created) ||
	    (f[3].value.p != NULL && metadata_take(f[3].value, &s->scratch,
	    metadata) != NULL))
		return session_unexpected(s, "a user", fault);
	memcpy(user->id, f[0].value.p, f[0].value.n);
	memcpy(user->email, f[1].value.p, f[1].value.n);
	return 0;
}

static int
remote_act_as(struct client *c, const char *email, struct fault *fault)
{
	struct str metadata;

	if (session_use_token(c->session, fault) < 0)
		return -1;
	if (email == NULL)
		return 0;
	if (remote_self(c, &metadata, fault) < 0)
		return -1;
	return strcasecmp(c->user.email, email) == 0 ? 0 : fault_set(fault,
	    EX_NOPERM, "%s: the token is that of %s, not of %s", c->url,
	    c->user.email, email);
}

/* the total of the list at this path */
static int
remote_count(struct session *s, const char *path, uint64_t *n,
    struct fault *fault)
{
	struct object_field f = { .name = "total", .type = OBJECT_NUMBER };
	int64_t total;

	if (session_ask(s, &(struct ask){ .path = path }, fault) < 0 ||
	    session_read(s, buf_str(&s->body), &f, 1, fault) < 0)
		return -1;
	if (!object_number(f.value, &total))
		return session_unexpected(s, "a page of a list", fault);
	*n = (uint64_t)total;
	return 0;
}

/* ---- decisions ---- */

static const struct {
	const char *word;
	enum decision decision;
} remote_reasons[] = {
	{ "no_thing", DECISION_NO_THING },
	{ "no_key", DECISION_NO_KEY },
	{ "thing_disabled", DECISION_THING_DISABLED },
	{ "no_channel", DECISION_NO_CHANNEL },
	{ "channel_disabled", DECISION_CHANNEL_DISABLED },
	{ "not_connected", DECISION_NOT_CONNECTED },
	{ "publish_only", DECISION_PUBLISH_ONLY },
	{ "subscribe_only", DECISION_SUBSCRIBE_ONLY },
};

static enum decision
remote_reason(struct session *s, struct str word, struct fault *fault)
{
	size_t i;

	if (word.p == NULL)
		return DECISION_YES;
	for (i = 0; i < sizeof remote_reasons / sizeof *remote_reasons; i++)
		if (str_eq(word, str_z(remote_reasons[i].word)))
			return remote_reasons[i].decision;
	session_unexpected(s, "a reason", fault);
	return DECISION_FAULT;
}

/* as the owner of the thing */
static enum decision
remote_decide_by_id(struct session *s, struct question *q,
    struct fault *fault)
{
	struct object_field f[] = {
		{ .name = "reason", .type = OBJECT_TEXT },
		{ .name = "grant", .type = OBJECT_TEXT },
	};
	struct buf path;
	int result;

	if (session_use_token(s, fault) < 0)
		return DECISION_FAULT;
	if (!uuid_valid(q->thing))
		return DECISION_NO_THING;
	buf_init(&path, PATH_BYTES_MAX);
	buf_printf(&path, "/things/%.*s/access?direction=%.*s&channel=",
	    STR_ARG(q->thing), STR_ARG(direction_word(q->use)));
	session_encode(&path, q->channel);
	buf_putc(&path, '\0');
	result = session_ask(s, &(struct ask){ .path = path.p }, fault);
	buf_release(&path);
	if (result < 0 || session_read(s, buf_str(&s->body), f, 2, fault) < 0)
		return DECISION_FAULT;
	if (uuid_valid(f[1].value))
		snprintf(q->grant, sizeof q->grant, "%.*s",
		    STR_ARG(f[1].value));
	return remote_reason(s, f[0].value, fault);
}

/* with a key as the body, and a direction if its p is not NULL: 1, 0 when that
 * is a no, -1 */
static int
remote_show_key(struct session *s, const char *path, struct str key,
    struct str direction, struct fault *fault)
{
	struct ask ask = {
		.method = "POST", .path = path, .anonymous = true
	};
	struct object_field f[] = {
		{ .name = "token", .type = OBJECT_TEXT, .value = key },
		{ .name = "direction", .type = OBJECT_TEXT,
		    .value = direction },
	};

	if (session_send(s, &ask, f, direction.p == NULL ? 1 : 2, fault) == 0)
		return 1;
	return fault->status == EX_NOPERM ? 0 : -1;
}

static int
remote_identify(struct session *s, struct question *q, struct fault *fault)
{
	struct object_field f = { .name = "id", .type = OBJECT_TEXT };
	int got = remote_show_key(s, "/identify", q->key, STR_NONE, fault);

	if (got <= 0)
		return got;
	if (session_read(s, buf_str(&s->body), &f, 1, fault) < 0)
		return -1;
	if (!uuid_valid(f.value))
		return session_unexpected(s, "an id", fault);
	memcpy(q->id, f.value.p, ID_TEXT);
	q->thing = (struct str){ q->id, ID_TEXT };
	return 1;
}

static enum decision
remote_decide_by_key(struct session *s, struct question *q,
    struct fault *fault)
{
	char path[ID_TEXT + 32];
	enum decision decision;
	struct fault other;
	int got;

	/* nobody has a key of another form */
	if (q->key.n == 0 || q->key.n > THING_KEY_MAX || !utf8_valid(q->key))
		return DECISION_NOBODY;
	if ((got = remote_identify(s, q, fault)) <= 0)
		return got < 0 ? DECISION_FAULT : DECISION_NOBODY;
	if (!uuid_valid(q->channel))
		return DECISION_NO_CHANNEL;
	snprintf(path, sizeof path, "/channels/%.*s/access",
	    STR_ARG(q->channel));
	got = remote_show_key(s, path, q->key, direction_word(q->use), fault);
	if (got != 0)
		return got < 0 ? DECISION_FAULT : DECISION_YES;
	/* the reason, if we are the owner of the thing */
	decision = remote_decide_by_id(s, q, &other);
	return decision == DECISION_NO_CHANNEL ||
	    decision == DECISION_PUBLISH_ONLY ||
	    decision == DECISION_SUBSCRIBE_ONLY ? decision :
	    DECISION_NOT_CONNECTED;
}

static enum decision
remote_decide(struct client *c, struct question *q, struct fault *fault)
{
	return q->key.p != NULL ? remote_decide_by_key(c->session, q, fault) :
	    remote_decide_by_id(c->session, q, fault);
}

/* ---- events ---- */

struct remote_stream {
	struct client *client;
	struct client_events *events;
};

static int
remote_take_events(void *arg, struct buf *come)
{
	struct remote_stream *stream = arg;
	struct session *s = stream->client->session;
	struct client_events *e = stream->events;
	struct out *out = stream->client->out;
	int enough;

	if (!e->begun)
		ready_tell(e->ready_fd);
	e->begun = true;
	if (e->from != EVENTS_AFTER && s->seq >= 0) {
		e->from = EVENTS_AFTER;
		e->seq = (uint64_t)s->seq;
	}
	enough = events_put(e, out, come);
	return out_flush(out) < 0 || enough ||
	    signal_wait_input(-1, out->fd, 0) < 0;
}

static void
remote_print_start(const struct client_events *e, char to[STAMP_TEXT + 8])
{
	switch (e->from) {
	case EVENTS_AFTER:
		snprintf(to, STAMP_TEXT, "%" PRIu64, e->seq);
		break;
	case EVENTS_FROM_END:
		memcpy(to, "end", 4);
		break;
	case EVENTS_SINCE:
		/* '@' and the seconds */
		memcpy(to, "%40", 3);
		to[3 + stamp_print(to + 3, e->since)] = '\0';
		break;
	}
}

/* over one connection: 1 enough, 0 the server has ended it, -1 */
static int
remote_ask_events(struct client *c, struct client_events *e,
    struct fault *fault)
{
	struct remote_stream stream = { c, e };
	struct session *s = c->session;
	char from[STAMP_TEXT + 8], path[64 + STAMP_TEXT];
	struct ask ask = {
		.path = path, .limit = EVENTS_BACKLOG,
		.take = remote_take_events, .arg = &stream
	};
	int result;

	remote_print_start(e, from);
	snprintf(path, sizeof path, "/events?follow=%s&from=%s",
	    e->follow ? "true" : "false", from);
	result = session_ask(s, &ask, fault);
	/* the last line has to have its end, too */
	if (e->broken || (result == 0 && s->body.n > 0))
		return session_unexpected(s, "events", fault);
	return result;
}

int
remote_events(struct client *c, struct client_events *e, struct fault *fault)
{
	int got = remote_ask_events(c, e, fault);

	if (got > 0 || signal_stop())
		return 0;
	if (!e->follow || (got < 0 &&
	    (fault->status != EX_TEMPFAIL || !e->begun)))
		return got;
	if (got == 0)
		fault_set(fault, EX_TEMPFAIL, "%s: the server has ended the "
		    "answer", c->url);
	return 1;
}

/* ---- users ---- */

static int
remote_user_create(struct client *c, struct str email, struct str password,
    struct str metadata, struct fault *fault)
{
	struct ask ask = {
		.method = "POST", .path = "/users", .change = true,
		.anonymous = true
	};
	struct object_field f[] = {
		{ .name = "email", .type = OBJECT_TEXT, .value = email },
		{ .name = "password", .type = OBJECT_TEXT, .value = password },
		{ .name = "metadata", .type = OBJECT_RAW, .value = metadata },
	};

	return session_send(c->session, &ask, f, 3, fault);
}

/* the token of an answer becomes that of the session */
static int
remote_take_token(struct session *s, struct fault *fault)
{
	struct object_field f = { .name = "token", .type = OBJECT_TEXT };

	if (session_read(s, buf_str(&s->body), &f, 1, fault) < 0)
		return -1;
	if (!token_is_valid(f.value))
		return session_unexpected(s, "a token", fault);
	buf_clear(&s->token);
	buf_put_str(&s->token, f.value);
	return 0;
}

/* logs in: 1, 0, -1 */
static int
remote_user_verify(struct client *c, struct str email, struct str password,
    struct fault *fault)
{
	struct ask ask = {
		.method = "POST", .path = "/tokens", .anonymous = true
	};
	struct object_field f[] = {
		{ .name = "email", .type = OBJECT_TEXT, .value = email },
		{ .name = "password", .type = OBJECT_TEXT, .value = password },
	};

	/* the server would say that these are not valid, not that they are
	 * wrong */
	if (email_fault(email) != NULL || password.n == 0)
		return 0;
	if (session_send(c->session, &ask, f, 2, fault) < 0)
		return fault->status == EX_NOPERM ? 0 : -1;
	return remote_take_token(c->session, fault) < 0 ? -1 : 1;
}

static int
remote_user_each(struct client *c, int (*each)(void *, const struct user *,
    struct str), void *arg, struct fault *fault)
{
	struct str metadata;

	if (remote_self(c, &metadata, fault) < 0)
		return -1;
	each(arg, &c->user, metadata);
	return 0;
}

/* ---- what a mfx-api does not do ---- */

static int
remote_begin_all(struct client *c, enum client_access access,
    struct fault *fault)
{
	(void)c;
	(void)access;
	(void)fault;
	return 0;
}

static int
remote_end_all(struct client *c, bool keep, struct fault *fault)
{
	(void)c;
	(void)keep;
	(void)fault;
	return 0;
}

static int
remote_certificates(struct client *c, int (*each)(void *,
    const struct issued *, struct fault *), void *arg, struct fault *fault)
{
	return remote_cert_each(c, NULL, each, arg, fault);
}

static int
remote_user_restore(struct client *c, const struct client_user *user,
    struct fault *fault)
{
	return fault_set(fault, EX_NOPERM, "%s: user '%.*s' can't be made "
	    "there: it is of the token's user only", c->url,
	    STR_ARG(user->email));
}

static int
remote_user_set_hash(struct client *c, struct str hash, struct fault *fault)
{
	(void)hash;
	return fault_set(fault, EX_NOPERM, "%s: the hash of a password can't "
	    "be set there", c->url);
}

static int
remote_user_hash(struct client *c, struct buf *to, struct fault *fault)
{
	(void)c;
	(void)to;
	(void)fault;
	return 0;
}

static int
remote_keep_token(struct client *c, struct fault *fault)
{
	char *path = token_file_path(c->setup);
	int result = token_file_write(path, buf_str(&c->session->token),
	    c->url, fault);

	free(path);
	return result;
}

/* All tokens end with the old password; the one in the file is replaced. */
static int
remote_user_set_password(struct client *c, struct str old,
    struct str password, struct fault *fault)
{
	struct ask ask = {
		.method = "PATCH", .path = "/password", .change = true
	};
	struct object_field f[] = {
		{ .name = "old_password", .type = OBJECT_TEXT, .value = old },
		{ .name = "password", .type = OBJECT_TEXT, .value = password },
	};

	return token_file_writable(c->setup, fault) < 0 ||
	    session_send(c->session, &ask, f, 2, fault) < 0 ||
	    remote_take_token(c->session, fault) < 0 ? -1 :
	    remote_keep_token(c, fault);
}

static int
remote_user_set_metadata(struct client *c, struct str metadata,
    struct fault *fault)
{
	struct ask ask = {
		.method = "PUT", .path = "/users", .change = true
	};
	struct object_field f = {
		.name = "metadata", .type = OBJECT_RAW, .value = metadata
	};

	return session_send(c->session, &ask, &f, 1, fault);
}

static int
remote_user_remove(struct client *c, struct client_removal *removal,
    struct fault *fault)
{
	struct session *s = c->session;
	struct ask ask = {
		.method = "DELETE", .change = true,
		.path = removal->all ? "/users?all=true" : "/users"
	};

	uint64_t groups;

	if (!removal->dry_run)
		return session_ask(s, &ask, fault);
	if (remote_count(s, "/things?limit=1&keys=false", &removal->things,
	    fault) < 0 || remote_count(s, "/channels?limit=1",
	    &removal->channels, fault) < 0 ||
	    remote_count(s, "/groups?limit=1", &groups, fault) < 0)
		return -1;
	if (removal->all || removal->things + removal->channels + groups == 0)
		return 0;
	return fault_set(fault, EX_DATAERR, "'%s' still has things, "
	    "channels or groups (--all removes them too)", c->user.email);
}

/* ---- lasting tokens ---- */

enum { ID, NAME, SCOPE, ISSUED, EXPIRES, VALUE, FIELDS };

static bool
remote_take_time(struct str text, int64_t *seconds)
{
	struct stamp t = { 0 };

	if (text.p != NULL && !stamp_parse(text, stamp_now(), &t))
		return false;
	*seconds = t.ns / STAMP_SECOND;
	return true;
}

/* `l` and `token` are valid as long as what session_read gives */
static int
remote_take_lasting(struct session *s, struct str json, struct lasting *l,
    struct str *token, struct fault *fault)
{
	struct object_field f[] = {
		[ID] = { .name = "id", .type = OBJECT_TEXT },
		[NAME] = { .name = "name", .type = OBJECT_TEXT },
		[SCOPE] = { .name = "scope", .type = OBJECT_TEXT },
		[ISSUED] = { .name = "issued_at", .type = OBJECT_TEXT },
		[EXPIRES] = { .name = "expires_at", .type = OBJECT_TEXT },
		[VALUE] = { .name = "value", .type = OBJECT_TEXT },
	};

	if (session_read(s, json, f, FIELDS, fault) < 0)
		return -1;
	*l = (struct lasting){ .id = f[ID].value, .name = f[NAME].value };
	*token = f[VALUE].value;
	return uuid_valid(l->id) && l->name.n <= TOKEN_NAME_MAX &&
	    token_scope_parse(f[SCOPE].value, &l->scope) &&
	    remote_take_time(f[ISSUED].value, &l->created) &&
	    remote_take_time(f[EXPIRES].value, &l->expires) ? 0 :
	    session_unexpected(s, "a token", fault);
}

static int
remote_token_create(struct client *c, struct lasting *l, struct arena *keep,
    struct buf *token, struct fault *fault)
{
	char scope[TOKEN_SCOPE_TEXT], duration[24];
	int64_t now = stamp_now().ns / STAMP_SECOND;
	struct session *s = c->session;
	struct ask ask = {
		.method = "POST", .path = "/keys", .change = true
	};
	struct object_field f[] = {
		{ .name = "name", .type = OBJECT_TEXT, .value = l->name },
		{ .name = "scope", .type = OBJECT_TEXT },
		{ .name = "duration", .type = OBJECT_NUMBER },
	};
	struct str value;

	token_scope_print(l->scope, scope);
	f[1].value = str_z(scope);
	if (l->expires > 0) {
		snprintf(duration, sizeof duration, "%" PRId64,
		    l->expires > now ? l->expires - now : 1);
		f[2].value = str_z(duration);
	}
	if (session_send(s, &ask, f, 3, fault) < 0 ||
	    remote_take_lasting(s, buf_str(&s->body), l, &value, fault) < 0)
		return -1;
	if (!token_is_valid(value))
		return session_unexpected(s, "a token", fault);
	buf_put_str(token, value);
	l->id = arena_str(keep, l->id);
	l->name = arena_str(keep, l->name);
	return 0;
}

/* What can't be an id need not be asked for, and has no place in a path. */
static int
remote_ask_for_token(struct session *s, const char *method, struct str id,
    struct fault *fault)
{
	char path[ID_TEXT + 8];
	struct ask ask = {
		.method = method, .path = path, .change = method != NULL
	};

	fault->status = 1;
	snprintf(path, sizeof path, "/keys/%.*s", STR_ARG(id));
	if (uuid_valid(id) && session_ask(s, &ask, fault) == 0)
		return 0;
	return fault->status != 1 ? -1 :
	    fault_set(fault, 1, "no token '%.*s'", STR_ARG(id));
}

static int
remote_each_token(struct session *s, struct str keys,
    void (*each)(void *, const struct lasting *), void *arg,
    struct fault *fault)
{
	struct object_array array;
	struct str element, token;
	struct lasting l;
	int got;

	object_array_init(&array, keys, &s->scratch);
	while ((got = object_array_next(&array, &element)) > 0) {
		if (remote_take_lasting(s, element, &l, &token, fault) < 0)
			return -1;
		each(arg, &l);
	}
	return got == 0 ? 0 : session_unexpected(s, "a list of tokens",
	    fault);
}

static int
remote_token_each(struct client *c, struct str id,
    void (*each)(void *, const struct lasting *), void *arg,
    struct fault *fault)
{
	struct object_field keys = { .name = "keys", .type = OBJECT_TEXTS };
	struct ask ask = { .path = "/keys", .limit = TOKENS_BYTES_MAX };
	struct session *s = c->session;
	struct lasting l;
	struct str token;

	if (id.p != NULL) {
		if (remote_ask_for_token(s, NULL, id, fault) < 0 ||
		    remote_take_lasting(s, buf_str(&s->body), &l, &token,
		    fault) < 0)
			return -1;
		each(arg, &l);
		return 0;
	}
	if (session_ask(s, &ask, fault) < 0 ||
	    session_read(s, buf_str(&s->body), &keys, 1, fault) < 0)
		return -1;
	return keys.value.p == NULL ?
	    session_unexpected(s, "a list of tokens", fault) :
	    remote_each_token(s, keys.value, each, arg, fault);
}

static int
remote_token_remove(struct client *c, char **ids, struct fault *fault)
{
	/* the server has no word for one that does not exist */
	if (client_show_tokens(c, ids, NULL, fault) < 0)
		return -1;
	for (; *ids != NULL; ids++)
		if (remote_ask_for_token(c->session, "DELETE", str_z(*ids),
		    fault) < 0)
			return -1;
	return 0;
}

/* ---- the token of other commands ---- */

static int
remote_login(struct client *c, struct str email, struct str password,
    struct fault *fault)
{
	int got = remote_user_verify(c, email, password, fault);

	if (got == 0)
		return fault_set(fault, EX_NOPERM, "%s: no user has this "
		    "address and this password", c->url);
	return got < 0 ? -1 : remote_keep_token(c, fault);
}

static int
remote_refresh(struct client *c, struct fault *fault)
{
	struct ask ask = {
		.method = "POST", .path = "/tokens/refresh", .body = STR("")
	};

	return session_ask(c->session, &ask, fault) < 0 ||
	    remote_take_token(c->session, fault) < 0 ? -1 :
	    remote_keep_token(c, fault);
}

static int
remote_logout(struct client *c, bool all, struct fault *fault)
{
	struct ask ask = {
		.method = "DELETE", .change = true,
		.path = all ? "/tokens?all=true" : "/tokens"
	};
	char *path;
	int result = 0;

	if (session_use_token(c->session, fault) < 0 ||
	    (session_ask(c->session, &ask, fault) < 0 &&
	    (all || fault->status != EX_NOPERM)))
		return -1;
	path = token_file_path(c->setup);
	if (unlink(path) < 0)
		result = fault_errno(fault, 0, "%s", path);
	free(path);
	return result;
}

/* what a token says of itself, if it is one of ours */
static void
remote_read_token(struct client_login *login)
{
	struct jwt_claims claims;
	struct arena arena;
	struct buf json;

	arena_init(&arena, 2 * JWT_MAX);
	buf_init(&json, JWT_MAX);
	login->known = jwt_peek(&json, login->token) &&
	    jwt_read(buf_str(&json), &claims, &arena);
	if (login->known) {
		login->expires = claims.exp > 0 ? claims.exp : 0;
		snprintf(login->scope, sizeof login->scope, "%.*s",
		    STR_ARG(claims.scope.p ? claims.scope : STR("all")));
	}
	buf_release(&json);
	arena_release(&arena);
}

static int
remote_login_show(struct client *c, struct client_login *login,
    struct fault *fault)
{
	struct str metadata;

	if (remote_self(c, &metadata, fault) < 0)
		return -1;
	*login = (struct client_login){
		.token = buf_str(&c->session->token)
	};
	remote_read_token(login);
	return 0;
}

const struct client_backend client_remote = {
	.open = remote_open, .close = remote_close, .act_as = remote_act_as,
	.find = remote_find, .list = remote_list, .change = remote_change,
	.decide = remote_decide, .events = remote_events,
	.certificates = remote_certificates,
	.cert_issue = remote_cert_issue, .cert_revoke = remote_cert_revoke,
	.cert_each = remote_cert_each,
	.group_find = remote_group_find, .group_list = remote_group_list,
	.places = remote_places,
	.connections = remote_connections, .guests = remote_guests,
	.history = remote_history,
	.begin = remote_begin_all, .end = remote_end_all,
	.user_restore = remote_user_restore,
	.user_set_hash = remote_user_set_hash, .user_hash = remote_user_hash,
	.user_create = remote_user_create, .user_verify = remote_user_verify,
	.user_each = remote_user_each, .old_password = true,
	.user_set_password = remote_user_set_password,
	.user_set_metadata = remote_user_set_metadata,
	.user_remove = remote_user_remove,
	.token_create = remote_token_create,
	.token_each = remote_token_each, .token_remove = remote_token_remove,
	.bootstrap_find = remote_bootstrap_find,
	.bootstrap_list = remote_bootstrap_list,
	.bootstrap_change = remote_bootstrap_change,
	.bootstrap_unknown = remote_bootstrap_unknown,
	.grant_make = remote_grant_make, .grant_accept = remote_grant_accept,
	.grant_end = remote_grant_end, .grant_each = remote_grant_each,
	.grant_find = remote_grant_find,
	.login = remote_login, .refresh = remote_refresh,
	.logout = remote_logout, .login_show = remote_login_show,
};
