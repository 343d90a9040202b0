/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/user.h"

#include <sodium.h>
#include <sysexits.h>

#include "base/os.h"
#include "registry/event.h"
#include "registry/statement.h"

/* OWASP's minimum for argon2id; about 40 ms */
#define HASH_PASSES 2
#define HASH_MEMORY ((size_t)19 << 20)

static bool
email_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

/* parts with single dots between; `more` are characters allowed beside
 * letters and digits */
static bool
email_dotted(struct str s, const char *more, size_t part_max)
{
	size_t i, part = 0;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '.') {
			if (part == 0)
				return false;
			part = 0;
			continue;
		}
		if (s.p[i] == '\0' ||
		    (!email_alnum(s.p[i]) && strchr(more, s.p[i]) == NULL) ||
		    ++part > part_max)
			return false;
	}
	return part > 0;
}

const char *
email_fault(struct str s)
{
	const char *at = s.n ? memchr(s.p, '@', s.n) : NULL;
	struct str local, host;

	if (at == NULL)
		return "it has no '@'";
	if (s.n > EMAIL_MAX)
		return "longer than 254 bytes";
	local = (struct str){ s.p, (size_t)(at - s.p) };
	host = str_from(s, local.n + 1);
	if (local.n > 64 || !email_dotted(local, "!#$%&'*+-/=?^_`{|}~", 64))
		return "its part before the '@' is not valid";
	if (!email_dotted(host, "-", 63) || *host.p == '-' ||
	    host.p[host.n - 1] == '-' ||
	    os_find(host.p, host.n, "-.", 2) != NULL ||
	    os_find(host.p, host.n, ".-", 2) != NULL)
		return "its part after the '@' is not a host name";
	return NULL;
}

int
email_check(struct str email, struct fault *fault)
{
	const char *why = email_fault(email);

	return why == NULL ? 0 : fault_set(fault, EX_DATAERR,
	    "'%.*s' is not an email address: %s; give it as name@host",
	    STR_ARG(email), why);
}

_Static_assert(PASSWORD_HASH_TEXT == crypto_pwhash_STRBYTES, "libsodium's");

int
password_hash(struct str password, size_t min, char hash[PASSWORD_HASH_TEXT],
    struct fault *fault)
{
	if (password.n < min || password.n > PASSWORD_MAX)
		return fault_set(fault, EX_DATAERR,
		    "a password must have %zu to %d bytes", min, PASSWORD_MAX);
	if (crypto_pwhash_str(hash, password.p, password.n, HASH_PASSES,
	    HASH_MEMORY) != 0)
		return fault_set(fault, EX_OSERR,
		    "not enough memory to hash a password");
	return 0;
}

static int
user_event(struct registry *r, const char *operation,
    const struct user *user, struct str metadata, struct fault *fault)
{
	event_begin(r, user->id);
	event_text(r, "id", str_z(user->id));
	event_text(r, "email", str_z(user->email));
	if (metadata.p != NULL)
		event_json(r, "metadata", metadata);
	return event_append(r, operation, fault);
}

static void
user_fill(struct user *user, sqlite3_stmt *st)
{
	struct str id = db_column(st, 1);
	struct str email = db_column(st, 2);

	*user = (struct user){
		.rowid = sqlite3_column_int64(st, 0),
		.created = { sqlite3_column_int64(st, 3) },
		.version = sqlite3_column_int64(st, 4),
	};
	snprintf(user->id, sizeof user->id, "%.*s", STR_ARG(id));
	snprintf(user->email, sizeof user->email, "%.*s", STR_ARG(email));
}

int
user_id_refuse(struct registry *r, struct str id, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "SELECT owner FROM removed"
	    " WHERE id = ?1 AND owner NOT IN (SELECT id FROM users)", fault);
	char owner[ID_TEXT + 1] = "";
	int got;

	db_bind_str(st, 1, id);
	if ((got = statement_step(r, st, fault)) < 0)
		return -1;
	if (got > 0)
		snprintf(owner, sizeof owner, "%.*s",
		    STR_ARG(db_column(st, 0)));
	db_reset(st);
	if (got == 0 || owner[0] == '\0')
		return fault_set(fault, EX_DATAERR, "the id '%.*s' is in use",
		    STR_ARG(id));
	if (str_eq(id, str_z(owner)))
		return fault_set(fault, EX_DATAERR, "the id '%s' was that of a "
		    "user who was removed, and nobody else gets it: leave it "
		    "out", owner);
	return fault_set(fault, EX_DATAERR, "the id '%.*s' was of user '%s', "
	    "who was removed, and nobody else gets it: leave it out",
	    STR_ARG(id), owner);
}

static int
user_insert(struct registry *r, const struct user *user, const char *hash,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "INSERT INTO users"
	    "(id, email, password, created) VALUES(?1, ?2, ?3, ?4)", fault);

	db_bind_str(st, 1, str_z(user->id));
	db_bind_str(st, 2, str_z(user->email));
	db_bind_str(st, 3, str_z(hash));
	sqlite3_bind_int64(st, 4, user->created.ns);
	if (statement_run(r, st, fault) >= 0)
		return 0;
	if (fault->status != EX_DATAERR)
		return -1;
	if (strstr(sqlite3_errmsg(r->db.sql), "users.email") == NULL)
		return user_id_refuse(r, str_z(user->id), fault);
	return fault_set(fault, EX_DATAERR, "user '%s' already exists",
	    user->email);
}

/* {} is the same as no metadata, and not kept */
static bool
user_has_metadata(struct str metadata)
{
	return metadata.n > 2;
}

static int
user_put_metadata(struct registry *r, const struct user *user,
    struct str metadata, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, user_has_metadata(metadata) ?
	    "INSERT INTO user_metadata(owner, metadata) VALUES(?1, ?2)"
	    " ON CONFLICT(owner) DO UPDATE SET metadata = ?2" :
	    "DELETE FROM user_metadata WHERE owner = ?1", fault);

	sqlite3_bind_int64(st, 1, user->rowid);
	if (user_has_metadata(metadata))
		db_bind_str(st, 2, metadata);
	return statement_done(r, st, fault);
}

bool
password_hash_valid(struct str hash)
{
	char text[PASSWORD_HASH_TEXT];

	if (hash.n >= sizeof text || memchr(hash.p, '\0', hash.n) != NULL)
		return false;
	snprintf(text, sizeof text, "%.*s", STR_ARG(hash));
	return crypto_pwhash_str_needs_rehash(text, HASH_PASSES,
	    HASH_MEMORY) == 0;
}

int
user_create(struct registry *r, struct str email, const char *hash,
    struct str metadata, struct user *user, struct fault *fault)
{
	return user_restore(r, STR_NONE, email, str_z(hash), metadata, user,
	    fault);
}

int
user_restore(struct registry *r, struct str id, struct str email,
    struct str given, struct str metadata, struct user *user,
    struct fault *fault)
{
	char hash[PASSWORD_HASH_TEXT];

	if (email_check(email, fault) < 0)
		return -1;
	*user = (struct user){ .created = stamp_now(), .version = 1 };
	if (id.p == NULL)
		uuid_make(user->id);
	else if (uuid_valid(id))
		memcpy(user->id, id.p, id.n);
	else
		return fault_set(fault, EX_DATAERR,
		    "the id '%.*s' is not a UUID in lower case", STR_ARG(id));
	memcpy(user->email, email.p, email.n);
	snprintf(hash, sizeof hash, "%.*s", STR_ARG(given));
	if (user_insert(r, user, hash, fault) < 0)
		return -1;
	user->rowid = sqlite3_last_insert_rowid(r->db.sql);
	if (!user_has_metadata(metadata))
		return user_event(r, "user.create", user, STR_NONE, fault);
	return user_put_metadata(r, user, metadata, fault) < 0 ? -1 :
	    user_event(r, "user.create", user, metadata, fault);
}

int
user_set_password(struct registry *r, const struct user *user,
    const char *hash, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r,
	    "UPDATE users SET password = ?2, version = version + 1"
	    " WHERE n = ?1", fault);

	sqlite3_bind_int64(st, 1, user->rowid);
	db_bind_str(st, 2, str_z(hash));
	if (statement_run(r, st, fault) < 0)
		return -1;
	return user_event(r, "user.update", user, STR_NONE, fault);
}

int
user_set_metadata(struct registry *r, const struct user *user,
    struct str metadata, struct fault *fault)
{
	/* an event says so of cleared metadata, too */
	return user_put_metadata(r, user, metadata, fault) < 0 ? -1 :
	    user_event(r, "user.update", user, metadata, fault);
}

int
user_metadata(struct registry *r, const struct user *user, struct buf *to,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r,
	    "SELECT metadata FROM user_metadata WHERE owner = ?1", fault);
	int got;

	sqlite3_bind_int64(st, 1, user->rowid);
	if ((got = statement_step(r, st, fault)) > 0)
		buf_put_str(to, db_column(st, 0));
	db_reset(st);
	return got;
}

int
user_renew(struct registry *r, const struct user *user, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r,
	    "UPDATE users SET version = version + 1 WHERE n = ?1", fault);

	sqlite3_bind_int64(st, 1, user->rowid);
	return statement_done(r, st, fault);
}

static const char select_by_email[] =
	"SELECT n, id, email, created, version, password FROM users"
	" WHERE email = ?1";
static const char select_by_id[] =
	"SELECT n, id, email, created, version, password FROM users"
	" WHERE id = ?1";

static int
user_find_by(struct registry *r, const char *sql, struct str who,
    struct user *user, char *hash, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, sql, fault);
	int got;

	db_bind_str(st, 1, who);
	if ((got = statement_step(r, st, fault)) < 0)
		return -1;
	if (got == 0)
		return fault_set(fault, 1, "no user '%.*s'", STR_ARG(who));
	user_fill(user, st);
	if (hash != NULL)
		snprintf(hash, PASSWORD_HASH_TEXT, "%.*s",
		    STR_ARG(db_column(st, 5)));
	db_reset(st);
	return 0;
}

int
user_find(struct registry *r, struct str email, struct user *user,
    struct fault *fault)
{
	return user_find_by(r, select_by_email, email, user, NULL, fault);
}

int
user_find_id(struct registry *r, struct str id, struct user *user,
    struct fault *fault)
{
	return user_find_by(r, select_by_id, id, user, NULL, fault);
}

int
user_find_hash(struct registry *r, struct str email, struct user *user,
    char hash[PASSWORD_HASH_TEXT], struct fault *fault)
{
	return user_find_by(r, select_by_email, email, user, hash, fault);
}

/* reads one number of the user: 1; 0 when there is no such user; -1 */
static int
user_number(struct registry *r, const char *sql, const struct user *user,
    uint64_t *number, struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, sql, user->rowid, str_z(user->id),
	    fault);
	int got = statement_step(r, st, fault);

	*number = got > 0 ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
	db_reset(st);
	return got;
}

int
user_remains(struct registry *r, const struct user *user,
    struct fault *fault)
{
	uint64_t n;

	return user_number(r, "SELECT n FROM users WHERE n = ?1 AND id = ?2",
	    user, &n, fault);
}

int
user_items(struct registry *r, const struct user *user, enum item_kind kind,
    uint64_t *n, struct fault *fault)
{
	return user_number(r, kind == ITEM_THING ?
	    "SELECT things FROM users WHERE n = ?1 AND id = ?2" :
	    "SELECT channels FROM users WHERE n = ?1 AND id = ?2", user, n,
	    fault) < 0 ? -1 : 0;
}

/* takes as long as comparing a password, for a user who does not exist */
static void
user_spend(struct str password)
{
	unsigned char out[32], salt[crypto_pwhash_SALTBYTES];

	randombytes_buf(salt, sizeof salt);
	if (crypto_pwhash(out, sizeof out, password.p, password.n, salt,
	    HASH_PASSES, HASH_MEMORY, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return;
	sodium_memzero(out, sizeof out);
}

bool
password_matches(struct str password, const char hash[PASSWORD_HASH_TEXT])
{
	if (password.n == 0 || password.n > PASSWORD_MAX)
		return false;
	if (*hash != '\0')
		return crypto_pwhash_str_verify(hash, password.p,
		    password.n) == 0;
	user_spend(password);
	return false;
}

int
user_verify(struct registry *r, struct str email, struct str password,
    struct fault *fault)
{
	char hash[PASSWORD_HASH_TEXT] = "";
	struct user user;

	if (user_find_hash(r, email, &user, hash, fault) < 0 &&
	    fault->status != 1)
		return -1;
	return password_matches(password, hash);
}

int
user_remove(struct registry *r, const struct user *user,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "DELETE FROM users WHERE n = ?1",
	    fault);

	sqlite3_bind_int64(st, 1, user->rowid);
	if (statement_run(r, st, fault) < 0) {
		if (fault->status == EX_DATAERR)
			fault_set(fault, EX_DATAERR,
			    "'%s' still has things, channels or groups "
			    "(--all removes them too)", user->email);
		return -1;
	}
	return user_event(r, "user.remove", user, STR_NONE, fault);
}

int
user_each(struct registry *r, int (*each)(void *, const struct user *,
    struct str metadata), void *arg, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r,
	    "SELECT n, id, email, created, version,"
	    " coalesce(metadata, '{}') FROM users"
	    " LEFT JOIN user_metadata ON owner = n ORDER BY n", fault);
	struct user user;
	int got;

	while ((got = statement_step(r, st, fault)) > 0) {
		user_fill(&user, st);
		got = each(arg, &user, db_column(st, 5));
		if (got != 0) {
			db_reset(st);
			return got;
		}
	}
	return got;
}
