/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/token.h"

#include <inttypes.h>
#include <sodium.h>
#include <sysexits.h>

#include "base/base64.h"
#include "json/json.h"
#include "registry/statement.h"

/* how far the clocks of two machines may differ, seconds */
#define CLOCK_SKEW 60
#define SESSION_ID_BYTES 16

static const struct {
	const char *word;
	unsigned bit;
} scopes[] = {
	{ "things:read", TOKEN_THINGS_READ },
	{ "things:write", TOKEN_THINGS_WRITE },
	{ "channels:read", TOKEN_CHANNELS_READ },
	{ "channels:write", TOKEN_CHANNELS_WRITE },
	{ "keys:read", TOKEN_KEYS_READ },
	{ "events:read", TOKEN_EVENTS_READ },
};
#define SCOPES (sizeof scopes / sizeof *scopes)

static bool
token_add_scope(struct str word, unsigned *scope)
{
	size_t i;

	for (i = 0; i < SCOPES; i++)
		if (str_eq(word, str_z(scopes[i].word))) {
			*scope |= scopes[i].bit;
			return true;
		}
	return word.n == 0;
}

bool
token_scope_parse(struct str text, unsigned *scope)
{
	size_t i, start = 0;

	*scope = 0;
	for (i = 0; i <= text.n; i++) {
		if (i < text.n && text.p[i] != ' ')
			continue;
		if (!token_add_scope((struct str){ text.p + start, i - start },
		    scope))
			return false;
		start = i + 1;
	}
	return *scope != 0;
}

void
token_scope_print(unsigned scope, char to[TOKEN_SCOPE_TEXT])
{
	size_t i, n = 0;

	*to = '\0';
	for (i = 0; i < SCOPES; i++)
		if (scope & scopes[i].bit)
			n += (size_t)snprintf(to + n, TOKEN_SCOPE_TEXT - n,
			    "%s%s", n ? " " : "", scopes[i].word);
}

/* ---- issue ---- */

static void
token_put(struct registry *r, const struct user *user, const char *more,
    int64_t now, struct str id, int64_t expires, struct buf *to)
{
	struct buf claims;

	buf_init(&claims, JWT_MAX);
	buf_putc(&claims, '{');
	if (expires != 0)
		buf_printf(&claims, "\"exp\":%" PRId64 ",", expires);
	buf_printf(&claims, "\"iat\":%" PRId64 ",\"iss\":\"%s\",\"sub\":",
	    now, TOKEN_ISSUER);
	json_put_string(&claims, str_z(user->email));
	buf_printf(&claims, ",\"uid\":\"%s\",\"ver\":%" PRId64
	    ",\"jti\":\"%.*s\",%s}", user->id, user->version, STR_ARG(id),
	    more);
	jwt_put(to, buf_str(&claims), r->keys.token);
	buf_release(&claims);
}

void
token_put_session(struct registry *r, const struct user *user,
    int64_t since, int64_t now, int64_t expires, struct buf *to)
{
	unsigned char bytes[SESSION_ID_BYTES];
	char id[BASE64_MAX(SESSION_ID_BYTES)], more[64];
	const char *end;

	randombytes_buf(bytes, sizeof bytes);
	end = base64_write(id, (struct str){ (const char *)bytes,
	    sizeof bytes });
	snprintf(more, sizeof more, "\"auth_time\":%" PRId64, since);
	token_put(r, user, more, now, (struct str){ id, (size_t)(end - id) },
	    expires, to);
}

/* ---- check ---- */

static int
token_revoked(struct registry *r, struct str id, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r,
	    "SELECT 1 FROM revoked WHERE id = ?1", fault);

	db_bind_str(st, 1, id);
	return statement_found(r, st, fault);
}

static const char one_lasting[] =
	"SELECT id, name, scope, created, expires FROM tokens"
	" WHERE owner = ?1 AND id = ?2";

static void
lasting_fill(struct lasting *l, sqlite3_stmt *st)
{
	*l = (struct lasting){
		.id = db_column(st, 0),
		.name = db_column(st, 1),
		.scope = (unsigned)sqlite3_column_int64(st, 2),
		.created = sqlite3_column_int64(st, 3),
		.expires = sqlite3_column_int64(st, 4),
	};
}

/* its row, not the token itself, says what it allows */
static int
token_check_lasting(struct registry *r, struct str id, int64_t now,
    struct principal *who, struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, one_lasting, who->user.rowid, id,
	    fault);
	struct lasting l;
	int got;

	if ((got = statement_step(r, st, fault)) <= 0)
		return got;
	lasting_fill(&l, st);
	who->lasting = true;
	who->scope = l.scope & TOKEN_LASTING_ALL;
	who->expires = l.expires;
	db_reset(st);
	return who->expires == 0 || who->expires > now;
}

static int
token_check_session(struct registry *r, const struct jwt_claims *c,
    int64_t now, struct principal *who, struct fault *fault)
{
	int got;

	if (c->exp <= now || c->auth_time < 0)
		return 0;
	who->scope = TOKEN_ALL;
	who->expires = c->exp;
	who->since = c->auth_time;
	got = token_revoked(r, c->jti, fault);
	return got < 0 ? -1 : !got;
}

static int
token_check_claims(struct registry *r, const struct jwt_claims *c,
    int64_t now, struct principal *who, struct fault *fault)
{
	if (!str_eq(c->iss, STR(TOKEN_ISSUER)) || c->iat < 0 ||
	    c->iat > now + CLOCK_SKEW || c->uid.p == NULL ||
	    c->jti.n == 0 || c->jti.n > ID_TEXT)
		return 0;
	if (user_find_id(r, c->uid, &who->user, fault) < 0)
		return fault->status == 1 ? 0 : -1;
	if (!str_eq(c->sub, str_z(who->user.email)) ||
	    c->ver != who->user.version)
		return 0;
	memcpy(who->id, c->jti.p, c->jti.n);
	return c->scope.p != NULL ?
	    token_check_lasting(r, c->jti, now, who, fault) :
	    token_check_session(r, c, now, who, fault);
}

int
token_check(struct registry *r, struct str text, int64_t now,
    struct principal *who, struct fault *fault)
{
	struct jwt_claims claims;
	struct arena arena;
	struct buf json;
	int result = 0;

	*who = (struct principal){ .scope = 0 };
	arena_init(&arena, 2 * JWT_MAX);
	buf_init(&json, JWT_MAX);
	if (jwt_open(&json, text, r->keys.token) &&
	    jwt_read(buf_str(&json), &claims, &arena))
		result = token_check_claims(r, &claims, now, who, fault);
	buf_release(&json);
	arena_release(&arena);
	return result;
}

/* ---- revoke ---- */

static int
token_forget_expired(struct registry *r, int64_t now, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r,
	    "DELETE FROM revoked WHERE expires < ?1", fault);

	sqlite3_bind_int64(st, 1, now);
	return statement_run(r, st, fault);
}

int
token_revoke(struct registry *r, const struct principal *who, int64_t now,
    struct fault *fault)
{
	sqlite3_stmt *st;

	if (who->lasting)
		return lasting_remove(r, &who->user, str_z(who->id), fault);
	if (token_forget_expired(r, now, fault) < 0)
		return -1;
	st = statement_get(r,
	    "INSERT OR IGNORE INTO revoked(id, expires) VALUES(?1, ?2)",
	    fault);
	db_bind_str(st, 1, str_z(who->id));
	sqlite3_bind_int64(st, 2, who->expires);
	return statement_done(r, st, fault);
}

/* ---- lasting ones ---- */

static int
lasting_insert(struct registry *r, const struct user *user,
    const struct lasting *l, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "INSERT INTO tokens"
	    "(id, owner, name, scope, created, expires)"
	    " SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?7 >"
	    " (SELECT count(*) FROM tokens WHERE owner = ?2)", fault);
	int n;

	db_bind_str(st, 1, l->id);
	sqlite3_bind_int64(st, 2, user->rowid);
	db_bind_str(st, 3, l->name);
	sqlite3_bind_int64(st, 4, l->scope);
	sqlite3_bind_int64(st, 5, l->created);
	sqlite3_bind_int64(st, 6, l->expires);
	sqlite3_bind_int(st, 7, TOKENS_MAX);
	n = statement_run(r, st, fault);
	return n != 0 ? n : fault_set(fault, EX_DATAERR,
	    "there are %d tokens already, the most for one user", TOKENS_MAX);
}

int
lasting_create(struct registry *r, const struct user *user,
    const struct lasting *l, struct buf *token, struct fault *fault)
{
	char scope[TOKEN_SCOPE_TEXT], more[TOKEN_SCOPE_TEXT + 16];

	if (lasting_insert(r, user, l, fault) < 0)
		return -1;
	token_scope_print(l->scope, scope);
	snprintf(more, sizeof more, "\"scope\":\"%s\"", scope);
	token_put(r, user, more, l->created, l->id, l->expires, token);
	return 0;
}

int
lasting_remove(struct registry *r, const struct user *user, struct str id,
    struct fault *fault)
{
	int n = statement_run(r, statement_of(r,
	    "DELETE FROM tokens WHERE owner = ?1 AND id = ?2", user->rowid,
	    id, fault), fault);

	return n != 0 ? n < 0 ? -1 : 0 : fault_set(fault, 1,
	    "no token '%.*s'", STR_ARG(id));
}

int
lasting_each(struct registry *r, const struct user *user, struct str id,
    void (*each)(void *, const struct lasting *), void *arg,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, id.p ? one_lasting :
	    "SELECT id, name, scope, created, expires FROM tokens"
	    " WHERE owner = ?1 ORDER BY created, id", user->rowid, id, fault);
	struct lasting l;
	int got, n = 0;

	for (; (got = statement_step(r, st, fault)) > 0; n++) {
		lasting_fill(&l, st);
		each(arg, &l);
	}
	return got < 0 ? -1 : n;
}
