/* SPDX-License-Identifier: Apache-2.0 */
/* The changes of bootstrap.h. */
#include <sysexits.h>

#include "base/file.h"
#include "json/json.h"
#include "registry/bootstrap.h"
#include "registry/bootstrap_state.h"
#include "registry/bootstrap_unknown.h"
#include "registry/event.h"
#include "registry/statement.h"

/* one change under way */
struct making {
	struct registry *r;
	const struct user *owner;
	const struct bootstrap_change *c;
	struct fault *fault;
	bool no_channel;
	long long n;			/* row of the configuration */
	bool active;
};

static void
make_event(struct making *m)
{
	bootstrap_event(m->r, m->owner->id);
	event_text(m->r, "thing_id", m->c->thing);
}

/* ---- channels ---- */

static int
make_each_connection(struct making *m, bool connect, const struct str *ids,
    size_t n)
{
	unsigned direction;
	size_t i;

	for (i = 0; i < n; i++) {
		if (connect && bootstrap_take_direction(m->r, ids[i],
		    m->c->thing, &direction, m->fault) < 0)
			return -1;
		if ((connect ? item_connect(m->r, m->owner, ids[i],
		    m->c->thing, direction, m->fault) :
		    item_disconnect(m->r, m->owner, ids[i], m->c->thing,
		    &direction, m->fault)) < 0)
			return -1;
	}
	return 0;
}

/* ids of channels, joined as in Mainflux' events */
static int
make_join(void *arg, struct str id, struct str name, struct str metadata)
{
	struct buf *b = arg;

	(void)name;
	(void)metadata;
	buf_puts(b, b->n > 0 ? ", " : "");
	buf_put_str(b, id);
	return 0;
}

/* all that the configuration has by now, joined */
static int
make_read_channels(struct making *m, struct buf *joined)
{
	buf_init(joined, BOOTSTRAP_CHANNELS_MAX * (ID_TEXT + 2));
	return bootstrap_each_channel(m->r, m->n, make_join, joined,
	    m->fault);
}

static int
make_add_channel(struct making *m, struct str id)
{
	sqlite3_stmt *st = statement_of(m->r, "INSERT OR IGNORE INTO"
	    " bootstrap_channels(owner, config, channel)"
	    " SELECT ?1, ?3, n FROM channels WHERE owner = ?1 AND id = ?2",
	    m->owner->rowid, id, m->fault);
	int n;

	sqlite3_bind_int64(st, 3, m->n);
	if ((n = statement_run(m->r, st, m->fault)) != 0)
		return n < 0 ? -1 : 0;
	/* it has it, or there is no such channel */
	st = statement_of(m->r, "SELECT 1 FROM channels"
	    " WHERE owner = ?1 AND id = ?2", m->owner->rowid, id, m->fault);
	n = statement_found(m->r, st, m->fault);
	m->no_channel = n == 0;
	return n == 0 ? fault_set(m->fault, 1, "no channel '%.*s'",
	    STR_ARG(id)) : n < 0 ? -1 : 0;
}

static int
make_drop_channels(struct making *m)
{
	sqlite3_stmt *st = statement_get(m->r,
	    "DELETE FROM bootstrap_channels WHERE config = ?1", m->fault);

	sqlite3_bind_int64(st, 1, m->n);
	return statement_done(m->r, st, m->fault);
}

static int
make_set_channels(struct making *m)
{
	size_t i;

	for (i = 0; i < m->c->n_channels; i++)
		if (make_add_channel(m, m->c->channels[i]) < 0)
			return -1;
	return 0;
}

static bool
make_keeps(const struct bootstrap_change *c, struct str id)
{
	size_t i;

	for (i = 0; i < c->n_channels; i++)
		if (str_eq(c->channels[i], id))
			return true;
	return false;
}

/* of an active one: what it had and has no more is disconnected, as it is
 * none of its channels by now, without another state */
static int
make_reconnect(struct making *m, struct str had)
{
	struct str id;

	while (had.n >= ID_TEXT) {
		id = (struct str){ had.p, ID_TEXT };
		had = str_from(had, had.n > ID_TEXT ? ID_TEXT + 2 : ID_TEXT);
		if (!make_keeps(m->c, id) &&
		    make_each_connection(m, false, &id, 1) < 0)
			return -1;
	}
	return make_each_connection(m, true, m->c->channels,
	    m->c->n_channels);
}

static int
make_tell_channels(struct making *m)
{
	struct buf joined;
	int result = make_read_channels(m, &joined);

	if (result == 0) {
		make_event(m);
		event_text(m->r, "channels", buf_str(&joined));
		result = event_append(m->r, "thing.update_connections",
		    m->fault);
	}
	buf_release(&joined);
	return result;
}

/* replaces all of them, with none too */
static int
make_replace_channels(struct making *m)
{
	struct buf had;
	int result = make_read_channels(m, &had);

	if (result == 0 && (make_drop_channels(m) < 0 ||
	    make_set_channels(m) < 0 || (m->active &&
	    make_reconnect(m, buf_str(&had)) < 0) ||
	    make_tell_channels(m) < 0))
		result = -1;
	buf_release(&had);
	return result;
}

/* ---- the state ---- */

/* of the channels that it has by now */
static int
make_set_state(struct making *m)
{
	struct str rest, id;
	struct buf joined;
	int got = bootstrap_note_state(m->r, m->owner, m->c->thing,
	    m->c->active, m->fault);

	if (got <= 0)
		return got;
	got = make_read_channels(m, &joined);
	for (rest = buf_str(&joined); got == 0 && rest.n >= ID_TEXT;
	    rest = str_from(rest, rest.n > ID_TEXT ? ID_TEXT + 2 : ID_TEXT)) {
		id = (struct str){ rest.p, ID_TEXT };
		got = make_each_connection(m, m->c->active, &id, 1);
	}
	buf_release(&joined);
	return got;
}

/* ---- add ---- */

static int
make_thing(struct making *m)
{
	struct change change = {
		.given = MEMBER_ID | MEMBER_NAME | MEMBER_KEY,
		.id = m->c->thing, .name = m->c->name, .key = m->c->thing_key
	};

	return item_create(m->r, ITEM_THING, m->owner, &change, m->fault);
}

static int
make_owned_thing(struct making *m, struct str id)
{
	struct item item;
	void *found;

	if (item_find(m->r, ITEM_THING, m->owner, id, &item, &found,
	    m->fault) < 0)
		return -1;
	item_found_end(found);
	return 0;
}

/* says which of the two it was, but not whose */
static int
make_clash(struct making *m)
{
	const char *said = sqlite3_errmsg(m->r->db.sql);

	if (m->fault->status != EX_DATAERR)
		return -1;
	if (strstr(said, "external_id") != NULL)
		return fault_set(m->fault, EX_DATAERR,
		    "the external id '%.*s' is in use",
		    STR_ARG(m->c->external_id));
	return fault_set(m->fault, EX_DATAERR,
	    "the thing '%.*s' has a configuration", STR_ARG(m->c->thing));
}

static void
make_bind_box(sqlite3_stmt *st, int at, struct str box)
{
	if (box.p != NULL)
		sqlite3_bind_blob64(st, at, box.p, box.n, SQLITE_STATIC);
}

static int
make_insert(struct making *m)
{
	const struct bootstrap_change *c = m->c;
	unsigned char hash[KEY_HASH_BYTES];
	sqlite3_stmt *st = statement_of(m->r, "INSERT INTO bootstrap("
	    "owner, thing, external_id, key_box, key_hash, name, content,"
	    " client_cert, client_key_box, ca_cert)"
	    " SELECT ?1, n, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 FROM things"
	    " WHERE owner = ?1 AND id = ?2", m->owner->rowid, c->thing,
	    m->fault);

	bootstrap_hash(&m->r->keys, c->external_id, c->external_key, hash);
	db_bind_str(st, 3, c->external_id);
	make_bind_box(st, 4, c->key_box);
	sqlite3_bind_blob(st, 5, hash, sizeof hash, SQLITE_STATIC);
	db_bind_str(st, 6, c->name);
	db_bind_str(st, 7, c->content);
	db_bind_str(st, 8, c->client_cert);
	make_bind_box(st, 9, c->client_box);
	db_bind_str(st, 10, c->ca_cert);
	if (statement_run(m->r, st, m->fault) < 0)
		return make_clash(m);
	m->n = sqlite3_last_insert_rowid(m->r->db.sql);
	return 0;
}

static int
make_tell_new(struct making *m)
{
	const struct bootstrap_change *c = m->c;
	struct buf joined;
	int result = make_read_channels(m, &joined);

	if (result == 0) {
		make_event(m);
		event_text(m->r, "owner", str_z(m->owner->email));
		event_text(m->r, "name", c->name);
		event_text(m->r, "channels", buf_str(&joined));
		event_text(m->r, "external_id", c->external_id);
		event_text(m->r, "content", c->content);
		result = event_append(m->r, "config.create", m->fault);
	}
	buf_release(&joined);
	return result;
}

static int
make_added(struct making *m)
{
	if ((m->c->thing_key.p != NULL ? make_thing(m) :
	    make_owned_thing(m, m->c->thing)) < 0 || make_insert(m) < 0 ||
	    make_set_channels(m) < 0 || make_tell_new(m) < 0 ||
	    bootstrap_unknown_forget(m->r, m->c->external_id, m->fault) < 0)
		return -1;
	return m->c->active ? make_set_state(m) : 0;
}

static void
make_put_added(const struct bootstrap_change *c, struct buf *b)
{
	buf_puts(b, "{\"thing_id\":");
	json_put_string(b, c->thing);
	buf_puts(b, ",\"external_id\":");
	json_put_string(b, c->external_id);
	buf_puts(b, ",\"external_key\":");
	json_put_string(b, c->external_key);
	if (c->thing_key.p != NULL) {
		buf_puts(b, ",\"thing_key\":");
		json_put_string(b, c->thing_key);
	}
	buf_printf(b, ",\"state\":%d}\n", c->active);
}

/* ---- update ---- */

#define TEXTS (BOOTSTRAP_NAME | BOOTSTRAP_CONTENT | BOOTSTRAP_CLIENT_CERT | \
	BOOTSTRAP_CLIENT_KEY | BOOTSTRAP_CA_CERT)
#define IDENTITY (BOOTSTRAP_EXTERNAL_ID | BOOTSTRAP_EXTERNAL_KEY)

static int
make_update_texts(struct making *m)
{
	const struct bootstrap_change *c = m->c;
	sqlite3_stmt *st = statement_get(m->r, "UPDATE bootstrap SET"
	    " name = coalesce(?2, name), content = coalesce(?3, content),"
	    " client_cert = coalesce(?4, client_cert),"
	    " ca_cert = coalesce(?5, ca_cert),"
	    " client_key_box = iif(?6, ?7, client_key_box) WHERE n = ?1",
	    m->fault);

	sqlite3_bind_int64(st, 1, m->n);
	if (c->given & BOOTSTRAP_NAME)
		db_bind_str(st, 2, c->name);
	if (c->given & BOOTSTRAP_CONTENT)
		db_bind_str(st, 3, c->content);
	if (c->given & BOOTSTRAP_CLIENT_CERT)
		db_bind_str(st, 4, c->client_cert);
	if (c->given & BOOTSTRAP_CA_CERT)
		db_bind_str(st, 5, c->ca_cert);
	sqlite3_bind_int(st, 6, (c->given & BOOTSTRAP_CLIENT_KEY) != 0);
	make_bind_box(st, 7, c->client_box);
	return statement_done(m->r, st, m->fault);
}

/* the device is another one, or its key is */
static int
make_write_identity(struct making *m, struct str id, struct str key,
    struct str box)
{
	unsigned char hash[KEY_HASH_BYTES];
	sqlite3_stmt *st = statement_get(m->r, "UPDATE bootstrap SET"
	    " external_id = ?2, key_box = ?3, key_hash = ?4 WHERE n = ?1",
	    m->fault);

	bootstrap_hash(&m->r->keys, id, key, hash);
	sqlite3_bind_int64(st, 1, m->n);
	db_bind_str(st, 2, id);
	make_bind_box(st, 3, box);
	sqlite3_bind_blob(st, 4, hash, sizeof hash, SQLITE_STATIC);
	return statement_run(m->r, st, m->fault) < 0 ? make_clash(m) :
	    bootstrap_unknown_forget(m->r, id, m->fault);
}

/* `old` is the row as it is */
static int
make_update_identity(struct making *m, const struct bootstrap *old)
{
	const struct bootstrap_change *c = m->c;
	struct str id = c->given & BOOTSTRAP_EXTERNAL_ID ? c->external_id :
	    old->external_id;
	struct buf key;
	int result;

	if (c->given & BOOTSTRAP_EXTERNAL_KEY)
		return make_write_identity(m, id, c->external_key,
		    c->key_box);
	buf_init(&key, KEY_BOX_MAX);
	result = keyring_unseal(&m->r->keys, old->key_box.p, old->key_box.n,
	    &key) ? make_write_identity(m, id, buf_str(&key), old->key_box) :
	    fault_set(m->fault, EX_IOERR, "the external key of %.*s is "
	    "damaged", STR_ARG(c->thing));
	secret_release(&key);
	return result;
}

/* as Mainflux has it: name and content as they are now, and nothing that is
 * secret */
static int
make_tell_update(struct making *m)
{
	struct bootstrap now;
	void *found;
	int result;

	if (bootstrap_find(m->r, m->owner, m->c->thing, &now, &found,
	    m->fault) < 0)
		return -1;
	make_event(m);
	event_text(m->r, "name", now.name);
	event_text(m->r, "content", now.content);
	result = event_append(m->r, "config.update", m->fault);
	item_found_end(found);
	return result;
}

static int
make_updated(struct making *m)
{
	unsigned given = m->c->given;
	struct bootstrap old;
	void *found;
	int result = 0;

	if (!(given & ~(unsigned)BOOTSTRAP_THING))
		return fault_set(m->fault, EX_DATAERR,
		    "nothing to change is given");
	if (bootstrap_find(m->r, m->owner, m->c->thing, &old, &found,
	    m->fault) < 0)
		return -1;
	m->n = old.n;
	m->active = old.active;
	if (given & IDENTITY)
		result = make_update_identity(m, &old);
	item_found_end(found);
	if (result < 0 || (given & TEXTS && make_update_texts(m) < 0) ||
	    (given & (TEXTS | IDENTITY) && make_tell_update(m) < 0) ||
	    (given & BOOTSTRAP_CHANNELS && make_replace_channels(m) < 0) ||
	    (given & BOOTSTRAP_STATE && make_set_state(m) < 0))
		return -1;
	return 0;
}

/* ---- remove ---- */

/* the thing stays as it is, with its connections */
static int
make_removed(struct making *m, bool if_exists)
{
	sqlite3_stmt *st = statement_of(m->r, "DELETE FROM bootstrap"
	    " WHERE owner = ?1"
	    " AND thing = (SELECT n FROM things WHERE id = ?2)",
	    m->owner->rowid, m->c->thing, m->fault);
	int n = statement_run(m->r, st, m->fault);

	if (n < 0)
		return -1;
	if (n == 0)
		return if_exists ? 0 : fault_set(m->fault, 1,
		    "no configuration of a thing '%.*s'",
		    STR_ARG(m->c->thing));
	make_event(m);
	return event_append(m->r, "config.remove", m->fault);
}

int
bootstrap_make(struct bootstrap_changes *s, struct registry *r,
    const struct user *owner, struct buf *answer, struct fault *fault)
{
	int result;

	for (s->at = 0; s->at < s->n; s->at++) {
		struct making m = {
			.r = r, .owner = owner, .c = &s->v[s->at],
			.fault = fault
		};

		result = s->verb == BOOTSTRAP_ADD ? make_added(&m) :
		    s->verb == BOOTSTRAP_UPDATE ? make_updated(&m) :
		    make_removed(&m, s->if_exists);
		s->no_channel = m.no_channel;
		if (result < 0)
			return -1;
		if (s->verb == BOOTSTRAP_ADD)
			make_put_added(m.c, answer);
	}
	return !answer->full ? 0 : fault_set(fault, EX_DATAERR,
	    "too much for one transaction; nothing was done");
}
