/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/item.h"

#include <sodium.h>
#include <sysexits.h>

#include "base/base64.h"
#include "registry/bootstrap_state.h"
#include "registry/event.h"
#include "registry/item_row.h"
#include "registry/names.h"

/* operations of events, by enum item_kind */
const char *const item_created[] = { "thing.create", "channel.create" };
const char *const item_removed[] = { "thing.remove", "channel.remove" };
static const char *const item_updated[] = { "thing.update", "channel.update" };
static const char *const item_switched[2][2] = {
	{ "thing.enable", "channel.enable" },
	{ "thing.disable", "channel.disable" },
};

/* ---- rows and events ---- */

static const char *const item_sql_row[] = ITEM_ROWS("id = ?2");

void
item_fill(struct item *item, sqlite3_stmt *st)
{
	*item = (struct item){
		.id = db_column(st, 0),
		.name = db_column(st, 1),
		.metadata = db_column(st, 2),
		.tags = db_column(st, 3),
		.disabled = sqlite3_column_int(st, 4) != 0,
		.box = db_column(st, 5),
		.direction = (unsigned)sqlite3_column_int(st, 6),
	};
	if (item->direction == DIRECTION_BOTH)
		item->direction = 0;
}

void
item_fill_shared(struct item *item, sqlite3_stmt *st)
{
	item->owner = db_column(st, ITEM_OWNER);
	item->level = (enum grant_level)sqlite3_column_int(st, ITEM_LEVEL);
}

int
item_row(struct registry *r, enum item_kind kind, const struct user *owner,
    struct str id, sqlite3_stmt **st, struct fault *fault)
{
	*st = statement_of(r, item_sql_row[kind], owner->rowid, id, fault);
	return statement_step(r, *st, fault);
}

int
item_unknown(enum item_kind kind, struct str id, struct fault *fault)
{
	return fault_set(fault, 1, "no %s '%.*s'",
	    kind == ITEM_THING ? "thing" : "channel", STR_ARG(id));
}

void
item_event(struct registry *r, const struct user *owner, struct str id)
{
	event_begin(r, owner->id);
	event_text(r, "id", id);
}

/* name, metadata and tags, when they are given: "" says that one was
 * cleared */
static void
item_event_change(struct registry *r, const struct change *change)
{
	if (change->given & MEMBER_NAME)
		event_text(r, "name", change->name);
	if (change->given & MEMBER_METADATA)
		event_json(r, "metadata", change->metadata);
	if (change->given & MEMBER_TAGS)
		event_json(r, "tags", change->tags);
}

void
item_event_new(struct registry *r, const struct user *owner,
    const struct change *change)
{
	item_event(r, owner, change->id);
	event_text(r, "owner", str_z(owner->email));
	item_event_change(r, change);
	if (change->disabled)
		event_text(r, "status", item_status(true));
}

/* ---- create ---- */

static const char *const item_sql_insert[] = {
	"INSERT INTO things(owner, id, name, metadata, tags, disabled,"
	" key_box, key_hash) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	"INSERT INTO channels(owner, id, name, metadata, tags, disabled)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
};

/* the two forms in which a key is kept; both are NULL without a key */
struct sealed {
	unsigned char box[KEY_BOX_MAX];
	unsigned char hash[KEY_HASH_BYTES];
};

static void
item_bind_key(struct registry *r, sqlite3_stmt *st, int at,
    const struct change *change, struct sealed *to)
{
	struct str key = change->key, box = change->box, hash = change->hash;

	if (key.p == NULL)
		return;
	if (box.p == NULL) {
		keyring_seal(&r->keys, key, to->box);
		keyring_hash(&r->keys, key, to->hash);
		box = (struct str){ (char *)to->box,
		    key.n + KEY_SEAL_BYTES };
		hash = (struct str){ (char *)to->hash, sizeof to->hash };
	}
	sqlite3_bind_blob64(st, at, box.p, box.n, SQLITE_STATIC);
	sqlite3_bind_blob64(st, at + 1, hash.p, hash.n, SQLITE_STATIC);
}

/* says which of the two unique columns it was, but not whose */
static int
item_clash(struct registry *r, const struct change *change, struct fault *fault)
{
	const char *said = sqlite3_errmsg(r->db.sql);

	if (fault->status != EX_DATAERR)
		return -1;
	if (strstr(said, "key_hash") != NULL)
		return fault_set(fault, EX_DATAERR, "that key is in use");
	return user_id_refuse(r, change->id, fault);
}

static int
item_insert(struct registry *r, enum item_kind kind, const struct user *owner,
    const struct change *change, struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, item_sql_insert[kind],
	    owner->rowid, change->id, fault);
	struct sealed sealed;

	db_bind_str(st, 3, change->name);
	db_bind_str(st, 4, change->given & MEMBER_METADATA ? change->metadata :
	    STR("{}"));
	db_bind_str(st, 5, change->given & MEMBER_TAGS ? change->tags :
	    STR("[]"));
	sqlite3_bind_int(st, 6, change->disabled);
	if (kind == ITEM_THING)
		item_bind_key(r, st, 7, change, &sealed);
	if (statement_run(r, st, fault) < 0)
		return item_clash(r, change, fault);
	return names_add(r, kind, sqlite3_last_insert_rowid(r->db.sql),
	    change->name, fault);
}

int
item_create(struct registry *r, enum item_kind kind,
    const struct user *owner, const struct change *change, struct fault *fault)
{
	if (!uuid_valid(change->id))
		return fault_set(fault, EX_DATAERR,
		    "the id '%.*s' is not a UUID in lower case",
		    STR_ARG(change->id));
	if (item_insert(r, kind, owner, change, fault) < 0)
		return -1;
	item_event_new(r, owner, change);
	return event_append(r, item_created[kind], fault);
}

/* ---- update ---- */

static const char *const item_sql_update[] = ITEM_SQL("UPDATE ",
    " SET name = coalesce(?3, name), metadata = coalesce(?4, metadata),"
    " tags = coalesce(?5, tags) WHERE owner = ?1 AND id = ?2");

/* before the name is changed */
static int
item_rename(struct registry *r, enum item_kind kind,
    const struct user *owner, const struct change *change, struct fault *fault)
{
	sqlite3_stmt *st;
	struct item old;
	long long n;
	int got = item_row(r, kind, owner, change->id, &st, fault);

	if (got <= 0)
		return got;
	n = sqlite3_column_int64(st, ITEM_ROWID);
	item_fill(&old, st);
	got = str_eq(old.name, change->name) ||
	    (names_drop(r, kind, n, old.name, fault) == 0 &&
	    names_add(r, kind, n, change->name, fault) == 0) ? 0 : -1;
	db_reset(st);
	return got;
}

static int
item_update_text(struct registry *r, enum item_kind kind,
    const struct user *owner, const struct change *change, struct fault *fault)
{
	sqlite3_stmt *st;
	int n;

	if (change->given & MEMBER_NAME &&
	    item_rename(r, kind, owner, change, fault) < 0)
		return -1;
	st = statement_of(r, item_sql_update[kind], owner->rowid, change->id,
	    fault);
	if (change->given & MEMBER_NAME)
		db_bind_str(st, 3, change->name);
	if (change->given & MEMBER_METADATA)
		db_bind_str(st, 4, change->metadata);
	if (change->given & MEMBER_TAGS)
		db_bind_str(st, 5, change->tags);
	if ((n = statement_run(r, st, fault)) <= 0)
		return n < 0 ? -1 : item_unknown(kind, change->id, fault);
	item_event(r, owner, change->id);
	item_event_change(r, change);
	return event_append(r, item_updated[kind], fault);
}

static int
item_update_key(struct registry *r, const struct user *owner,
    const struct change *change, struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, "UPDATE things SET key_box = ?3,"
	    " key_hash = ?4 WHERE owner = ?1 AND id = ?2", owner->rowid,
	    change->id, fault);
	struct sealed sealed;
	int n;

	item_bind_key(r, st, 3, change, &sealed);
	if ((n = statement_run(r, st, fault)) < 0)
		return item_clash(r, change, fault);
	if (n == 0)
		return item_unknown(ITEM_THING, change->id, fault);
	item_event(r, owner, change->id);
	return event_append(r, "thing.key", fault);
}

static const char *const item_sql_status[] = ITEM_SQL("UPDATE ",
    " SET disabled = ?3 WHERE owner = ?1 AND id = ?2 AND disabled <> ?3");

static int
item_owned(struct registry *r, enum item_kind kind, const struct user *owner,
    struct str id, struct fault *fault)
{
	sqlite3_stmt *st;
	int got = item_row(r, kind, owner, id, &st, fault);

	db_reset(st);
	return got == 0 ? item_unknown(kind, id, fault) : got;
}

/* an item that has that status already is not changed, and gets no event */
static int
item_update_status(struct registry *r, enum item_kind kind,
    const struct user *owner, const struct change *change, struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, item_sql_status[kind],
	    owner->rowid, change->id, fault);
	int n;

	sqlite3_bind_int(st, 3, change->disabled);
	if ((n = statement_run(r, st, fault)) < 0)
		return -1;
	if (n == 0)
		return item_owned(r, kind, owner, change->id, fault) < 0 ?
		    -1 : 0;
	item_event(r, owner, change->id);
	return event_append(r, item_switched[change->disabled][kind], fault);
}

int
item_update(struct registry *r, enum item_kind kind,
    const struct user *owner, const struct change *change, struct fault *fault)
{
	if (change->given & MEMBER_KEY && kind == ITEM_THING &&
	    item_update_key(r, owner, change, fault) < 0)
		return -1;
	if (change->given & (MEMBER_NAME | MEMBER_METADATA | MEMBER_TAGS) &&
	    item_update_text(r, kind, owner, change, fault) < 0)
		return -1;
	if (change->given & MEMBER_STATUS)
		return item_update_status(r, kind, owner, change, fault);
	return 0;
}

/* ---- remove ---- */

static const char *const item_sql_delete[] = ITEM_SQL("DELETE FROM ",
    " WHERE owner = ?1 AND id = ?2 RETURNING n, name");

int
item_remove(struct registry *r, enum item_kind kind,
    const struct user *owner, struct str id, struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, item_sql_delete[kind],
	    owner->rowid, id, fault);
	int got;

	if ((got = statement_step(r, st, fault)) <= 0)
		return got < 0 ? -1 : item_unknown(kind, id, fault);
	got = names_drop(r, kind, sqlite3_column_int64(st, 0),
	    db_column(st, 1), fault);
	db_reset(st);
	if (got < 0)
		return -1;
	item_event(r, owner, id);
	return event_append(r, item_removed[kind], fault);
}

/* ---- find ---- */

int
item_find(struct registry *r, enum item_kind kind, const struct user *owner,
    struct str id, struct item *item, void **found, struct fault *fault)
{
	sqlite3_stmt *st;
	int got = item_row(r, kind, owner, id, &st, fault);

	if (got <= 0)
		return got < 0 ? -1 : item_unknown(kind, id, fault);
	item_fill(item, st);
	*found = st;
	return 0;
}

void
item_found_end(void *found)
{
	db_reset(found);
}

void
item_state(const struct item *item, char to[ITEM_STATE + 1])
{
	const struct str parts[] = {
		item->name, item->metadata, item->tags,
		item_status(item->disabled), item->box
	};
	unsigned char hash[crypto_generichash_BYTES_MIN];
	char text[BASE64_MAX(sizeof hash)];
	crypto_generichash_state state;
	size_t i;

	crypto_generichash_init(&state, NULL, 0, sizeof hash);
	for (i = 0; i < sizeof parts / sizeof *parts; i++) {
		crypto_generichash_update(&state,
		    (const unsigned char *)&parts[i].n, sizeof parts[i].n);
		if (parts[i].n > 0)
			crypto_generichash_update(&state,
			    (const unsigned char *)parts[i].p, parts[i].n);
	}
	crypto_generichash_final(&state, hash, sizeof hash);
	base64_write(text, (struct str){ (const char *)hash, sizeof hash });
	memcpy(to, text, ITEM_STATE);
	to[ITEM_STATE] = '\0';
}

/* ---- connections ---- */

/* nothing was changed: because it was so already, or one does not exist */
static int
item_unchanged(struct registry *r, const struct user *owner, struct str channel,
    struct str thing, struct fault *fault)
{
	return item_owned(r, ITEM_CHANNEL, owner, channel, fault) < 0 ||
	    item_owned(r, ITEM_THING, owner, thing, fault) < 0 ? -1 : 0;
}

int
item_connected(struct registry *r, const struct user *owner,
    struct str channel, struct str thing, struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r,
	    "SELECT 1 FROM connections WHERE owner = ?1"
	    " AND channel = (SELECT n FROM channels WHERE id = ?2)"
	    " AND thing = (SELECT n FROM things WHERE id = ?3)",
	    owner->rowid, channel, fault);

	db_bind_str(st, 3, thing);
	return statement_found(r, st, fault);
}

int
item_each_connection(struct registry *r, const struct user *owner,
    int (*each)(void *, const struct item_pair *, struct fault *), void *arg,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "SELECT c.id, t.id, x.direction"
	    " FROM channels c CROSS JOIN connections x ON x.channel = c.n"
	    " CROSS JOIN things t ON t.n = x.thing WHERE c.owner = ?1"
	    " ORDER BY c.id, t.id", fault);
	struct item_pair pair;
	int got;

	sqlite3_bind_int64(st, 1, owner->rowid);
	while ((got = statement_step(r, st, fault)) > 0) {
		pair = (struct item_pair){ db_column(st, 0), db_column(st, 1),
		    (unsigned)sqlite3_column_int(st, 2) };
		if (each(arg, &pair, fault) != 0) {
			db_reset(st);
			return -1;
		}
	}
	return got;
}

void
item_event_pair(struct registry *r, const struct user *owner,
    struct str channel, struct str thing)
{
	event_begin(r, owner->id);
	event_text(r, "chan_id", channel);
	event_text(r, "thing_id", thing);
}

int
item_connect(struct registry *r, const struct user *owner, struct str channel,
    struct str thing, unsigned direction, struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r,
	    "INSERT INTO connections(owner, channel, thing, direction)"
	    " SELECT ?1, c.n, t.n, coalesce(?4, 3) FROM channels c, things t"
	    " WHERE c.owner = ?1 AND c.id = ?2 AND t.owner = ?1 AND t.id = ?3"
	    " ON CONFLICT(channel, thing) DO UPDATE SET direction = ?4"
	    " WHERE ?4 IS NOT NULL AND direction <> ?4",
	    owner->rowid, channel, fault);
	int n;

	db_bind_str(st, 3, thing);
	if (direction != 0)
		sqlite3_bind_int(st, 4, (int)direction);
	if ((n = statement_run(r, st, fault)) < 0)
		return -1;
	if (n == 0)
		return item_unchanged(r, owner, channel, thing, fault);
	item_event_pair(r, owner, channel, thing);
	if (direction != 0)
		event_text(r, "direction", direction_word(direction));
	return event_append(r, "thing.connect", fault) < 0 ? -1 : 1;
}

int
item_disconnect(struct registry *r, const struct user *owner,
    struct str channel, struct str thing, unsigned *direction,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, "DELETE FROM connections"
	    " WHERE channel = (SELECT n FROM channels WHERE owner = ?1"
	    " AND id = ?2)"
	    " AND thing = (SELECT n FROM things WHERE owner = ?1 AND id = ?3)"
	    " RETURNING direction", owner->rowid, channel, fault);
	int got;

	db_bind_str(st, 3, thing);
	if ((got = statement_step(r, st, fault)) < 0)
		return -1;
	if (got == 0)
		return item_unchanged(r, owner, channel, thing, fault);
	*direction = (unsigned)sqlite3_column_int(st, 0);
	db_reset(st);
	item_event_pair(r, owner, channel, thing);
	return event_append(r, "thing.disconnect", fault) < 0 ||
	    bootstrap_disconnected(r, owner, channel, thing, *direction,
	    fault) < 0 ? -1 : 1;
}

static const char *const item_sql_owner[] = ITEM_SQL("SELECT u.id FROM ",
    " t JOIN users u ON u.n = t.owner WHERE t.id = ?1");

int
item_owner(struct registry *r, enum item_kind kind, struct str id,
    char owner[ID_TEXT + 1], struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, item_sql_owner[kind], fault);
	int got;

	db_bind_str(st, 1, id);
	if ((got = statement_step(r, st, fault)) > 0)
		snprintf(owner, ID_TEXT + 1, "%.*s",
		    STR_ARG(db_column(st, 0)));
	db_reset(st);
	return got;
}

static const char *const item_sql_exists[] =
    ITEM_SQL("SELECT disabled FROM ", " WHERE id = ?1");

int
item_exists(struct registry *r, enum item_kind kind, struct str id,
    bool *disabled, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, item_sql_exists[kind], fault);
	int got;

	db_bind_str(st, 1, id);
	got = statement_step(r, st, fault);
	*disabled = got > 0 && sqlite3_column_int(st, 0) != 0;
	db_reset(st);
	return got;
}
