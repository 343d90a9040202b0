/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/bootstrap.h"

#include <sodium.h>
#include <sysexits.h>

#include "base/file.h"
#include "json/json.h"
#include "registry/bootstrap_state.h"
#include "registry/event.h"
#include "registry/statement.h"

/* what bootstrap_fill reads, of a row b and its thing t */
#define ROW								\
	"b.n, t.id, b.external_id, b.name, b.content, b.client_cert,"	\
	" b.ca_cert, t.key_box, b.key_box, b.client_key_box, b.active"
#define KEY_BOX 8
#define ROW_COLUMNS 11

/* ---- rows ---- */

/* borrows from the row */
static void
bootstrap_fill(struct bootstrap *b, sqlite3_stmt *st)
{
	*b = (struct bootstrap){
		.n = sqlite3_column_int64(st, 0),
		.thing = db_column(st, 1),
		.external_id = db_column(st, 2),
		.name = db_column(st, 3),
		.content = db_column(st, 4),
		.client_cert = db_column(st, 5),
		.ca_cert = db_column(st, 6),
		.thing_box = db_column(st, 7),
		.key_box = db_column(st, 8),
		.client_box = db_column(st, 9),
		.active = sqlite3_column_int(st, 10) != 0,
	};
}

static int
bootstrap_unknown_config(struct str thing, struct fault *fault)
{
	return fault_set(fault, 1, "no configuration of a thing '%.*s'",
	    STR_ARG(thing));
}

int
bootstrap_find(struct registry *r, const struct user *owner, struct str thing,
    struct bootstrap *b, void **found, struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, "SELECT " ROW " FROM things t"
	    " JOIN bootstrap b ON b.thing = t.n"
	    " WHERE t.owner = ?1 AND t.id = ?2", owner->rowid, thing, fault);
	int got = statement_step(r, st, fault);

	if (got <= 0)
		return got < 0 ? -1 : bootstrap_unknown_config(thing, fault);
	bootstrap_fill(b, st);
	*found = st;
	return 0;
}

/* ---- devices ---- */

#define KEY_HASH ROW_COLUMNS
#define DISABLED (ROW_COLUMNS + 1)
#define OWNER (ROW_COLUMNS + 2)

/* the row of an external id, whoever it belongs to: 1, 0, -1 */
static int
bootstrap_row(struct registry *r, struct str external_id, sqlite3_stmt **st,
    char owner[ID_TEXT + 1], struct fault *fault)
{
	int got;

	*owner = '\0';
	*st = statement_get(r, "SELECT " ROW ", b.key_hash, t.disabled, u.id"
	    " FROM bootstrap b JOIN things t ON t.n = b.thing"
	    " JOIN users u ON u.n = b.owner WHERE b.external_id = ?1", fault);
	db_bind_str(*st, 1, external_id);
	if ((got = statement_step(r, *st, fault)) > 0)
		snprintf(owner, ID_TEXT + 1, "%.*s",
		    STR_ARG(db_column(*st, OWNER)));
	return got;
}

/* once it is known whether the proof is right */
static int
bootstrap_let_in(sqlite3_stmt *st, bool right, struct bootstrap *b,
    void **found)
{
	if (!right || sqlite3_column_int(st, DISABLED) != 0) {
		db_reset(st);
		return 0;
	}
	bootstrap_fill(b, st);
	*found = st;
	return 1;
}

int
bootstrap_prove(struct registry *r, struct str external_id,
    struct str external_key, struct bootstrap *b, void **found,
    char owner[ID_TEXT + 1], struct fault *fault)
{
	static const unsigned char nobody[KEY_HASH_BYTES];
	unsigned char shown[KEY_HASH_BYTES];
	struct str kept = { (const char *)nobody, sizeof nobody };
	sqlite3_stmt *st;
	bool right;
	int got = bootstrap_row(r, external_id, &st, owner, fault);

	if (got < 0)
		return -1;
	if (got > 0)
		kept = db_column(st, KEY_HASH);
	bootstrap_hash(&r->keys, external_id, external_key, shown);
	right = kept.n == sizeof shown &&
	    sodium_memcmp(shown, kept.p, sizeof shown) == 0;
	/* no more than that has been hashed */
	right = right && got > 0 && external_key.n <= THING_KEY_MAX;
	return bootstrap_let_in(st, right, b, found);
}

int
bootstrap_prove_secure(struct registry *r, struct str external_id,
    struct secure *s, struct bootstrap *b, void **found,
    char owner[ID_TEXT + 1], struct fault *fault)
{
	unsigned char shown[SECURE_KEY];
	struct str box = STR_NONE;
	sqlite3_stmt *st;
	struct buf key;
	bool right;
	int got = bootstrap_row(r, external_id, &st, owner, fault);

	if (got < 0)
		return -1;
	if (got > 0)
		box = db_column(st, KEY_BOX);
	memcpy(shown, s->proof, sizeof shown);
	buf_init(&key, KEY_BOX_MAX);
	right = box.p != NULL &&
	    keyring_unseal(&r->keys, box.p, box.n, &key);
	secure_derive(s, external_id, buf_str(&key));
	right = secure_proven(s, shown) && right;
	secret_release(&key);
	return bootstrap_let_in(st, right, b, found);
}

int
bootstrap_key(struct registry *r, struct str external_id, char *to, size_t *n,
    struct fault *fault)
{
	char owner[ID_TEXT + 1];
	sqlite3_stmt *st;
	struct str box;
	struct buf key;
	int got = bootstrap_row(r, external_id, &st, owner, fault);

	if (got <= 0)
		return got;
	box = db_column(st, KEY_BOX);
	buf_init(&key, KEY_BOX_MAX);
	if (sqlite3_column_int(st, DISABLED) != 0 || box.p == NULL ||
	    !keyring_unseal(&r->keys, box.p, box.n, &key) ||
	    key.n > THING_KEY_MAX)
		got = 0;
	db_reset(st);
	*n = got > 0 ? key.n : 0;
	if (*n > 0)
		memcpy(to, key.p, *n);
	secret_release(&key);
	return got;
}

int
bootstrap_tell(struct registry *r, const char *owner, struct str external_id,
    bool success, struct fault *fault)
{
	bootstrap_event(r, owner);
	event_text(r, "external_id", external_id);
	event_json(r, "success", success ? STR("1") : STR("0"));
	return event_append(r, "thing.bootstrap", fault);
}

int
bootstrap_each_channel(struct registry *r, long long n,
    int (*each)(void *, struct str, struct str, struct str), void *arg,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "SELECT c.id, c.name, c.metadata"
	    " FROM bootstrap_channels b JOIN channels c ON c.n = b.channel"
	    " WHERE b.config = ?1 ORDER BY b.channel", fault);
	int got, result = 0;

	sqlite3_bind_int64(st, 1, n);
	while ((got = statement_step(r, st, fault)) > 0 && result == 0)
		result = each(arg, db_column(st, 0), db_column(st, 1),
		    db_column(st, 2));
	if (got > 0)
		db_reset(st);
	return got < 0 ? -1 : result;
}

/* ---- lists ---- */

/* they differ in what they select and in their end */
#define QUERY(what, end)						\
	"SELECT " what " FROM bootstrap b JOIN things t ON t.n = b.thing" \
	" WHERE b.owner = ?1 AND b.n > ?2"				\
	" AND (?3 IS NULL OR b.external_id = ?3)"			\
	" AND (?4 IS NULL OR instr(lower(b.name), lower(?4)) > 0)"	\
	" AND (?5 IS NULL OR t.id = ?5)"				\
	" AND (?6 IS NULL OR t.key_hash = ?6)"				\
	" AND (?7 < 0 OR b.active = ?7)" end

static void
bootstrap_bind_text(sqlite3_stmt *st, int at, struct str text)
{
	if (text.p != NULL)
		db_bind_str(st, at, text);
}

/* `hash` lives as long as what is bound */
static void
bootstrap_bind_query(struct registry *r, sqlite3_stmt *st,
    const struct user *owner, const struct bootstrap_query *q,
    unsigned char hash[KEY_HASH_BYTES])
{
	sqlite3_bind_int64(st, 1, owner->rowid);
	sqlite3_bind_int64(st, 2, q->after);
	bootstrap_bind_text(st, 3, q->external_id);
	bootstrap_bind_text(st, 4, q->name);
	bootstrap_bind_text(st, 5, q->thing);
	if (q->thing_key.p != NULL) {
		keyring_hash(&r->keys, q->thing_key, hash);
		sqlite3_bind_blob(st, 6, hash, KEY_HASH_BYTES, SQLITE_STATIC);
	}
	sqlite3_bind_int(st, 7, q->state == BOOTSTRAP_ANY ? -1 :
	    q->state == BOOTSTRAP_ACTIVE);
}

int
bootstrap_each(struct registry *r, const struct user *owner,
    const struct bootstrap_query *q, int (*each)(void *,
    const struct bootstrap *, struct fault *), void *arg, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, QUERY(ROW,
	    " ORDER BY b.n LIMIT ?8 OFFSET ?9"), fault);
	unsigned char hash[KEY_HASH_BYTES];
	struct bootstrap b;
	int got, result = 0;

	bootstrap_bind_query(r, st, owner, q, hash);
	sqlite3_bind_int64(st, 8, q->limit < INT64_MAX ? (int64_t)q->limit :
	    INT64_MAX);
	sqlite3_bind_int64(st, 9, q->offset < INT64_MAX ?
	    (int64_t)q->offset : INT64_MAX);
	while (result == 0 && (got = statement_step(r, st, fault)) != 0) {
		if (got < 0)
			return -1;
		bootstrap_fill(&b, st);
		result = each(arg, &b, fault);
	}
	db_reset(st);
	return result;
}

int
bootstrap_count(struct registry *r, const struct user *owner,
    const struct bootstrap_query *q, uint64_t *n, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, QUERY("count(*)", ""), fault);
	unsigned char hash[KEY_HASH_BYTES];

	bootstrap_bind_query(r, st, owner, q, hash);
	if (statement_step(r, st, fault) < 0)
		return -1;
	*n = (uint64_t)sqlite3_column_int64(st, 0);
	db_reset(st);
	return 0;
}

/* ---- as text ---- */

static void
bootstrap_put_text(struct buf *b, const char *name, struct str value)
{
	buf_printf(b, ",\"%s\":", name);
	json_put_string(b, value);
}

static int
bootstrap_put_key(struct buf *b, struct registry *r, const char *name,
    struct str box, struct str thing, struct fault *fault)
{
	struct buf key;
	int result = 0;

	if (box.p == NULL)
		return 0;
	buf_init(&key, KEY_BOX_MAX);
	if (keyring_unseal(&r->keys, box.p, box.n, &key))
		bootstrap_put_text(b, name, buf_str(&key));
	else
		result = fault_set(fault, EX_IOERR, "a key of the "
		    "configuration of %.*s is damaged", STR_ARG(thing));
	secret_release(&key);
	return result;
}

static int
bootstrap_put_channel(void *arg, struct str id, struct str name,
    struct str metadata)
{
	struct buf *b = arg;

	(void)name;
	(void)metadata;
	if (b->p[b->n - 1] != '[')
		buf_putc(b, ',');
	json_put_string(b, id);
	return 0;
}

int
bootstrap_put(struct buf *b, struct registry *r, const struct bootstrap *c,
    bool keys, struct fault *fault)
{
	buf_puts(b, "{\"thing_id\":");
	json_put_string(b, c->thing);
	bootstrap_put_text(b, "external_id", c->external_id);
	bootstrap_put_text(b, "name", c->name);
	buf_puts(b, ",\"channels\":[");
	if (bootstrap_each_channel(r, c->n, bootstrap_put_channel, b,
	    fault) < 0)
		return -1;
	buf_putc(b, ']');
	bootstrap_put_text(b, "content", c->content);
	if (c->client_cert.n > 0)
		bootstrap_put_text(b, "client_cert", c->client_cert);
	if (c->ca_cert.n > 0)
		bootstrap_put_text(b, "ca_cert", c->ca_cert);
	buf_printf(b, ",\"state\":%d", c->active);
	if (keys && (bootstrap_put_key(b, r, "external_key", c->key_box,
	    c->thing, fault) < 0 || bootstrap_put_key(b, r, "client_key",
	    c->client_box, c->thing, fault) < 0))
		return -1;
	buf_puts(b, "}\n");
	return 0;
}
