/* SPDX-License-Identifier: Apache-2.0 */
#include "client/account.h"

#include <inttypes.h>
#include <strings.h>
#include <sysexits.h>

#include "base/file.h"
#include "base/utf8.h"
#include "client/token_file.h"
#include "json/object.h"
#include "registry/metadata.h"

/* the largest body that is sent here: two passwords, each byte escaped, and
 * metadata */
#define BODY_MAX (((size_t)32 << 10) + METADATA_BYTES_MAX)
#define SCRATCH_MAX ((size_t)8 << 20)
/* all the lasting tokens of a user: TOKENS_MAX with names of 256 bytes */
#define KEYS_MAX ((size_t)4 << 20)

/* ---- bodies and answers ---- */

static void
put_text(struct buf *b, const char *name, struct str value)
{
	buf_printf(b, "%s\"%s\":", b->n > 0 ? "," : "{", name);
	json_put_string(b, value);
}

static void
put_metadata(struct buf *b, struct str metadata)
{
	if (metadata.p == NULL)
		return;
	buf_puts(b, b->n > 0 ? ",\"metadata\":" : "{\"metadata\":");
	buf_put_str(b, metadata);
}

/* a body of two texts, of which both may be secret, and metadata */
static int
send(struct session *s, struct ask *ask, const char *names[2],
    struct str a, struct str b, struct str metadata, struct fault *fault)
{
	struct buf body;
	int result;

	if (!utf8_valid(a) || !utf8_valid(b))
		return fault_set(fault, EX_DATAERR,
		    "what is not UTF-8 can't be sent");
	buf_init(&body, BODY_MAX);
	buf_room(&body, body.max);
	put_text(&body, names[0], a);
	put_text(&body, names[1], b);
	put_metadata(&body, metadata);
	buf_putc(&body, '}');
	ask->body = buf_str(&body);
	result = session_ask(s, ask, fault);
	secret_release(&body);
	return result;
}

/* the members of an answer; text in the arena */
static int
read_answer(struct session *s, struct object_field *f, size_t n,
    struct arena *arena, struct fault *fault)
{
	arena_init(arena, SCRATCH_MAX);
	if (object_read(session_body(s), f, n, arena) == NULL)
		return 0;
	return session_strange(s, "no JSON object", fault);
}

static int
take_token(struct session *s, struct buf *token, struct fault *fault)
{
	struct object_field f = { .name = "token", .type = OBJECT_TEXT };
	struct arena arena;
	int result = read_answer(s, &f, 1, &arena, fault);

	if (result == 0 && !token_sound(f.value))
		result = session_strange(s, "no token", fault);
	if (result == 0)
		buf_put_str(token, f.value);
	arena_release(&arena);
	return result;
}

/* ---- who has no token yet ---- */

static const char *account_names[] = { "email", "password" };

int
account_create(struct session *s, struct str email, struct str password,
    struct str metadata, struct fault *fault)
{
	struct ask ask = {
		.method = "POST", .path = "/users", .change = true
	};
	if (email_check(email, fault) < 0)
		return -1;
	return send(s, &ask, account_names, email, password, metadata, fault);
}

int
account_login(struct session *s, struct str email, struct str password,
    struct buf *token, struct fault *fault)
{
	struct ask ask = { .method = "POST", .path = "/tokens" };

	/* not even asked for: the answer would be that this is none */
	if (email_fault(email) != NULL || password.n == 0)
		return 0;
	if (send(s, &ask, account_names, email, password, STR_NONE,
	    fault) < 0)
		return fault->status == EX_NOPERM ? 0 : -1;
	return take_token(s, token, fault) < 0 ? -1 : 1;
}

/* ---- whose token this is ---- */

static bool
copy(char *to, size_t room, struct str from)
{
	if (from.n == 0 || from.n >= room)
		return false;
	memcpy(to, from.p, from.n);
	to[from.n] = '\0';
	return true;
}

int
account_show(struct session *s, struct user *user, struct buf *metadata,
    struct fault *fault)
{
	struct object_field f[] = {
		{ .name = "id", .type = OBJECT_TEXT },
		{ .name = "email", .type = OBJECT_TEXT },
		{ .name = "created", .type = OBJECT_NUMBER },
		{ .name = "metadata", .type = OBJECT_RAW },
	};
	struct str compact = STR("{}");
	struct arena arena;
	int result;

	*user = (struct user){ .rowid = 0 };
	if (session_ask(s, &(struct ask){ .path = "/users" }, fault) < 0)
		return -1;
	result = read_answer(s, f, 4, &arena, fault);
	if (result == 0 && (!uuid_valid(f[0].value) ||
	    email_fault(f[1].value) != NULL ||
	    !copy(user->id, sizeof user->id, f[0].value) ||
	    !copy(user->email, sizeof user->email, f[1].value) ||
	    !stamp_parse(f[2].value, stamp_now(), &user->created) ||
	    (f[3].value.p != NULL &&
	    metadata_take(f[3].value, &arena, &compact) != NULL)))
		result = session_strange(s, "no user", fault);
	if (result == 0 && metadata != NULL)
		buf_put_str(metadata, compact);
	arena_release(&arena);
	return result;
}

int
account_is(struct session *s, struct str email, struct fault *fault)
{
	struct user user;

	if (account_show(s, &user, NULL, fault) < 0)
		return -1;
	if (strlen(user.email) == email.n &&
	    strncasecmp(user.email, email.p, email.n) == 0)
		return 0;
	return fault_set(fault, EX_NOPERM, "%s: the token is that of %s, "
	    "not of %.*s", session_url(s), user.email, STR_ARG(email));
}

int
account_set_password(struct session *s, struct str old, struct str password,
    struct buf *token, struct fault *fault)
{
	static const char *names[] = { "old_password", "password" };
	struct ask ask = {
		.method = "PATCH", .path = "/password", .change = true
	};

	return send(s, &ask, names, old, password, STR_NONE, fault) < 0 ? -1 :
	    take_token(s, token, fault);
}

int
account_set_metadata(struct session *s, struct str metadata,
    struct fault *fault)
{
	struct ask ask = {
		.method = "PUT", .path = "/users", .change = true
	};
	struct buf body;
	int result;

	buf_init(&body, BODY_MAX);
	put_metadata(&body, metadata);
	buf_putc(&body, '}');
	ask.body = buf_str(&body);
	result = session_ask(s, &ask, fault);
	buf_release(&body);
	return result;
}

int
account_remove(struct session *s, bool all, struct fault *fault)
{
	struct ask ask = {
		.method = "DELETE", .change = true,
		.path = all ? "/users?all=true" : "/users"
	};

	return session_ask(s, &ask, fault);
}

int
account_count(struct session *s, const char *path, uint64_t *n,
    struct fault *fault)
{
	struct object_field f = { .name = "total", .type = OBJECT_NUMBER };
	struct arena arena;
	int64_t total;
	int result;

	if (session_ask(s, &(struct ask){ .path = path }, fault) < 0)
		return -1;
	result = read_answer(s, &f, 1, &arena, fault);
	if (result == 0 && !object_number(f.value, &total))
		result = session_strange(s, "no page of a list", fault);
	if (result == 0)
		*n = (uint64_t)total;
	arena_release(&arena);
	return result;
}

int
account_refresh(struct session *s, struct buf *token, struct fault *fault)
{
	struct ask ask = {
		.method = "POST", .path = "/tokens/refresh", .body = STR("")
	};

	return session_ask(s, &ask, fault) < 0 ? -1 :
	    take_token(s, token, fault);
}

int
account_logout(struct session *s, bool all, struct fault *fault)
{
	struct ask ask = {
		.method = "DELETE", .change = true,
		.path = all ? "/tokens?all=true" : "/tokens"
	};

	return session_ask(s, &ask, fault);
}

/* ---- lasting tokens ---- */

enum { ID, NAME, SCOPE, ISSUED, EXPIRES, VALUE, FIELDS };
#define LASTING_FIELDS {						\
	[ID] = { .name = "id", .type = OBJECT_TEXT },			\
	[NAME] = { .name = "name", .type = OBJECT_TEXT },		\
	[SCOPE] = { .name = "scope", .type = OBJECT_TEXT },		\
	[ISSUED] = { .name = "issued_at", .type = OBJECT_TEXT },	\
	[EXPIRES] = { .name = "expires_at", .type = OBJECT_TEXT },	\
	[VALUE] = { .name = "value", .type = OBJECT_TEXT },		\
}

static bool
take_time(struct str text, int64_t *seconds)
{
	struct stamp t;

	*seconds = 0;
	if (text.p == NULL)
		return true;
	if (!stamp_parse(text, stamp_now(), &t))
		return false;
	*seconds = t.ns / STAMP_SECOND;
	return true;
}

static bool
take_lasting(const struct object_field f[FIELDS], struct lasting *l)
{
	*l = (struct lasting){ .id = f[ID].value, .name = f[NAME].value };
	return uuid_valid(l->id) && l->name.n <= TOKEN_NAME_MAX &&
	    token_scope_parse(f[SCOPE].value, &l->scope) &&
	    take_time(f[ISSUED].value, &l->created) &&
	    take_time(f[EXPIRES].value, &l->expires);
}

static void
put_lasting(struct buf *b, const struct lasting *l)
{
	char scope[TOKEN_SCOPE_TEXT];
	int64_t now = stamp_now().ns / STAMP_SECOND;

	token_scope_print(l->scope, scope);
	put_text(b, "name", l->name);
	put_text(b, "scope", str_z(scope));
	if (l->expires > 0)
		buf_printf(b, ",\"duration\":%" PRId64,
		    l->expires > now ? l->expires - now : 1);
	buf_putc(b, '}');
}

int
account_lasting_create(struct session *s, struct lasting *l,
    struct arena *keep, struct buf *token, struct fault *fault)
{
	struct object_field f[] = LASTING_FIELDS;
	struct ask ask = {
		.method = "POST", .path = "/keys", .change = true
	};
	struct arena arena;
	struct buf body;
	int result;

	if (!utf8_valid(l->name))
		return fault_set(fault, EX_DATAERR, "the name is not UTF-8");
	buf_init(&body, BODY_MAX);
	put_lasting(&body, l);
	ask.body = buf_str(&body);
	result = session_ask(s, &ask, fault);
	buf_release(&body);
	if (result < 0)
		return -1;
	result = read_answer(s, f, FIELDS, &arena, fault);
	if (result == 0 && (!take_lasting(f, l) ||
	    !token_sound(f[VALUE].value)))
		result = session_strange(s, "no token", fault);
	if (result == 0) {
		buf_put_str(token, f[VALUE].value);
		l->id = arena_str(keep, l->id);
		l->name = arena_str(keep, l->name);
	}
	arena_release(&arena);
	return result;
}

int
account_lasting_each(struct session *s,
    void (*each)(void *, const struct lasting *), void *arg,
    struct fault *fault)
{
	struct object_field keys = { .name = "keys", .type = OBJECT_TEXTS };
	struct ask ask = { .path = "/keys", .limit = KEYS_MAX };
	struct object_array array;
	struct arena arena;
	struct lasting l;
	struct str element;
	int got = -1;

	if (session_ask(s, &ask, fault) < 0)
		return -1;
	if (read_answer(s, &keys, 1, &arena, fault) == 0) {
		object_array_init(&array, keys.value, &arena);
		while ((got = object_array_next(&array, &element)) > 0) {
			struct object_field f[] = LASTING_FIELDS;

			if (object_read(element, f, FIELDS, &arena) != NULL ||
			    !take_lasting(f, &l))
				break;
			each(arg, &l);
		}
		if (got != 0)
			got = session_strange(s, "no list of tokens", fault);
	}
	arena_release(&arena);
	return got;
}

int
account_lasting_remove(struct session *s, struct str id, struct fault *fault)
{
	struct ask ask = { .method = NULL };
	char path[ID_TEXT + 8];

	if (!uuid_valid(id))
		return fault_set(fault, 1, "no token '%.*s'", STR_ARG(id));
	snprintf(path, sizeof path, "/keys/%.*s", STR_ARG(id));
	/* there it is fine when there is none; here that is said */
	ask.path = path;
	if (session_ask(s, &ask, fault) < 0)
		return fault->status != 1 ? -1 :
		    fault_set(fault, 1, "no token '%.*s'", STR_ARG(id));
	ask.method = "DELETE";
	ask.change = true;
	return session_ask(s, &ask, fault);
}
