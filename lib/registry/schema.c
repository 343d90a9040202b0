/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/schema.h"

#include "registry/group_sql.h"

/*
 * `n` is a row's number inside this file, in order of creation; outside,
 * users, things and channels are known by `id`.  A connection names the
 * owner too, so that the database itself refuses one between two users.
 * events is the outbox: its rows are added in the transaction of the
 * change that they tell of.
 */
static const char step_1[] =
"CREATE TABLE meta("
"	name TEXT PRIMARY KEY,"
"	value ANY NOT NULL"
") STRICT, WITHOUT ROWID;"

"CREATE TABLE users("
"	n INTEGER PRIMARY KEY,"
"	id TEXT NOT NULL UNIQUE,"
"	email TEXT NOT NULL UNIQUE COLLATE NOCASE,"
"	password TEXT NOT NULL,"		/* argon2id, encoded */
"	created INTEGER NOT NULL"		/* ns since 1970 */
") STRICT;"

"CREATE TABLE things("
"	n INTEGER PRIMARY KEY,"
"	id TEXT NOT NULL UNIQUE,"
"	owner INTEGER NOT NULL REFERENCES users(n),"
"	name TEXT NOT NULL,"
"	metadata TEXT NOT NULL,"		/* a JSON object */
"	key_box BLOB,"				/* NULL: it has no key */
"	key_hash BLOB UNIQUE,"
"	UNIQUE(owner, n)"
") STRICT;"

"CREATE TABLE channels("
"	n INTEGER PRIMARY KEY,"
"	id TEXT NOT NULL UNIQUE,"
"	owner INTEGER NOT NULL REFERENCES users(n),"
"	name TEXT NOT NULL,"
"	metadata TEXT NOT NULL,"
"	UNIQUE(owner, n)"
") STRICT;"

"CREATE TABLE connections("
"	channel INTEGER NOT NULL,"
"	thing INTEGER NOT NULL,"
"	owner INTEGER NOT NULL,"
"	PRIMARY KEY(channel, thing),"
"	FOREIGN KEY(owner, channel) REFERENCES channels(owner, n)"
"		ON DELETE CASCADE,"
"	FOREIGN KEY(owner, thing) REFERENCES things(owner, n)"
"		ON DELETE CASCADE"
") STRICT, WITHOUT ROWID;"
"CREATE INDEX connections_of_thing ON connections(thing, channel);"

"CREATE TABLE events("
"	seq INTEGER PRIMARY KEY AUTOINCREMENT,"
"	time INTEGER NOT NULL,"			/* ns since 1970 */
"	operation TEXT NOT NULL,"
"	fields TEXT NOT NULL"			/* a JSON object */
") STRICT;";

/*
 * What a service for many users needs: the owner of an event, how many things
 * and channels a user has (counting a million rows takes long), names that can
 * be searched, tokens that can be revoked.
 *
 * The search tables are kept by names.c: a trigger may not write to them,
 * as the schema is not trusted.  users.version counts the reasons to log
 * in again: a token holds the one it was issued for.
 */
static const char step_2[] =
"ALTER TABLE users ADD COLUMN version INTEGER NOT NULL DEFAULT 1;"
"ALTER TABLE users ADD COLUMN things INTEGER NOT NULL DEFAULT 0;"
"ALTER TABLE users ADD COLUMN channels INTEGER NOT NULL DEFAULT 0;"
"UPDATE users SET"
"	things = (SELECT count(*) FROM things WHERE owner = users.n),"
"	channels = (SELECT count(*) FROM channels WHERE owner = users.n);"
"CREATE TRIGGER things_more AFTER INSERT ON things BEGIN"
"	UPDATE users SET things = things + 1 WHERE n = new.owner; END;"
"CREATE TRIGGER things_less AFTER DELETE ON things BEGIN"
"	UPDATE users SET things = things - 1 WHERE n = old.owner; END;"
"CREATE TRIGGER channels_more AFTER INSERT ON channels BEGIN"
"	UPDATE users SET channels = channels + 1 WHERE n = new.owner; END;"
"CREATE TRIGGER channels_less AFTER DELETE ON channels BEGIN"
"	UPDATE users SET channels = channels - 1 WHERE n = old.owner; END;"

/* a user's id; older events have the email address, which another user
 * may have had earlier, or nothing */
"ALTER TABLE events ADD COLUMN owner TEXT NOT NULL DEFAULT '';"
"CREATE TABLE had_email AS SELECT seq, json_extract(fields, '$.id') AS id,"
"	json_extract(fields, '$.email') AS email"
"	FROM events WHERE operation = 'user.create';"
"CREATE INDEX had_email_at ON had_email(email, seq);"
"CREATE TABLE had_item AS SELECT json_extract(fields, '$.id') AS id,"
"	(SELECT id FROM had_email WHERE email ="
"		json_extract(events.fields, '$.owner')"
"		AND had_email.seq < events.seq ORDER BY seq DESC LIMIT 1)"
"	AS owner FROM events"
"	WHERE operation IN ('thing.create', 'channel.create');"
"CREATE INDEX had_item_id ON had_item(id);"
"UPDATE events SET owner = coalesce(CASE"
"	WHEN operation LIKE 'user.%' THEN json_extract(fields, '$.id')"
"	ELSE (SELECT owner FROM had_item WHERE id = coalesce("
"		json_extract(fields, '$.thing_id'),"
"		json_extract(fields, '$.id')))"
"	END, '');"
"DROP TABLE had_item;"
"DROP TABLE had_email;"

"CREATE VIRTUAL TABLE thing_names USING fts5(name, content='things',"
"	content_rowid='n', columnsize=0, tokenize='trigram');"
"INSERT INTO thing_names(thing_names) VALUES('rebuild');"
"CREATE VIRTUAL TABLE channel_names USING fts5(name, content='channels',"
"	content_rowid='n', columnsize=0, tokenize='trigram');"
"INSERT INTO channel_names(channel_names) VALUES('rebuild');"

/* those with a name of their own, which last */
"CREATE TABLE tokens("
"	id TEXT PRIMARY KEY,"
"	owner INTEGER NOT NULL REFERENCES users(n) ON DELETE CASCADE,"
"	name TEXT NOT NULL,"
"	scope INTEGER NOT NULL,"		/* enum token_scope */
"	created INTEGER NOT NULL,"		/* seconds since 1970 */
"	expires INTEGER NOT NULL"		/* the same; 0: never */
") STRICT, WITHOUT ROWID;"
"CREATE INDEX tokens_of_user ON tokens(owner, created);"

/* sessions that were ended before they expired */
"CREATE TABLE revoked("
"	id TEXT PRIMARY KEY,"
"	expires INTEGER NOT NULL"
") STRICT, WITHOUT ROWID;"
"CREATE INDEX revoked_until ON revoked(expires);";

/* how far the index of names goes: names.h.  `kind` is enum item_kind. */
static const char step_3[] =
"CREATE TABLE named("
"	kind INTEGER PRIMARY KEY,"
"	upto INTEGER NOT NULL"			/* the last row it has */
") STRICT;"
"INSERT INTO named VALUES(0, (SELECT coalesce(max(n), 0) FROM things)),"
"	(1, (SELECT coalesce(max(n), 0) FROM channels));";

/*
 * Messages, certificates and retained messages are keyed by ids alone, so an
 * id that was one user's is never another's, whatever it was of and whoever
 * asks: the database refuses it.  What is removed stays here as its id and
 * the id of its owner, who may bring it back; '' is an owner that no event
 * tells any more.  In an older file the events say what was removed; an
 * id that two users have had belongs to the first.
 *
 * Lists can be in order of names or ids.
 */
#define TAKEN(others)							\
" EXISTS(SELECT 1 FROM removed r WHERE r.id = new.id AND r.owner <>"	\
"	(SELECT u.id FROM users u WHERE u.n = new.owner))"		\
" OR EXISTS(SELECT 1 FROM " others " o WHERE o.id = new.id"		\
"	AND o.owner <> new.owner)"					\
" OR EXISTS(SELECT 1 FROM users u WHERE u.id = new.id"			\
"	AND u.n <> new.owner)"
#define REFUSE " BEGIN SELECT RAISE(ABORT, 'the id is of another'); END;"
#define KEEP " BEGIN INSERT OR IGNORE INTO removed VALUES(old.id,"	\
"	(SELECT u.id FROM users u WHERE u.n = old.owner)); END;"

static const char step_4[] =
"CREATE TABLE removed("
"	id TEXT PRIMARY KEY,"
"	owner TEXT NOT NULL"			/* users.id */
") STRICT, WITHOUT ROWID;"
"INSERT OR IGNORE INTO removed"
"	SELECT json_extract(fields, '$.id') AS was, owner FROM events"
"	WHERE was IS NOT NULL AND (operation IN"
"		('thing.remove', 'channel.remove', 'user.remove')"
"	OR (operation IN ('thing.create', 'channel.create', 'user.create')"
"		AND NOT EXISTS(SELECT 1 FROM things WHERE id = was)"
"		AND NOT EXISTS(SELECT 1 FROM channels WHERE id = was)"
"		AND NOT EXISTS(SELECT 1 FROM users WHERE id = was)))"
"	ORDER BY seq;"

"CREATE TRIGGER things_id BEFORE INSERT ON things WHEN"
TAKEN("channels") REFUSE
"CREATE TRIGGER channels_id BEFORE INSERT ON channels WHEN"
TAKEN("things") REFUSE
"CREATE TRIGGER users_id BEFORE INSERT ON users WHEN"
"	EXISTS(SELECT 1 FROM removed WHERE id = new.id)"
"	OR EXISTS(SELECT 1 FROM things WHERE id = new.id)"
"	OR EXISTS(SELECT 1 FROM channels WHERE id = new.id)" REFUSE
"CREATE TRIGGER things_gone AFTER DELETE ON things" KEEP
"CREATE TRIGGER channels_gone AFTER DELETE ON channels" KEEP
"CREATE TRIGGER users_gone AFTER DELETE ON users"
"	BEGIN INSERT OR IGNORE INTO removed VALUES(old.id, old.id); END;"

"ALTER TABLE things ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;"
"ALTER TABLE things ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';"
"ALTER TABLE channels ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;"
"ALTER TABLE channels ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';"

"CREATE INDEX things_by_name ON things(owner, name);"
"CREATE INDEX things_by_id ON things(owner, id);"
"CREATE INDEX channels_by_name ON channels(owner, name);"
"CREATE INDEX channels_by_id ON channels(owner, id);";

/* What users note about themselves.  It is not in users, as each new thing
 * rewrites the row there; a user without metadata has no row here. */
static const char step_5[] =
"CREATE TABLE user_metadata("
"	owner INTEGER PRIMARY KEY REFERENCES users(n) ON DELETE CASCADE,"
"	metadata TEXT NOT NULL"			/* a JSON object */
") STRICT;";

/* The log that other machines follow (log.h), and how far this file has it;
 * no row: there is none.  An earlier version, which would not write to it,
 * refuses a file of this one. */
static const char step_6[] =
"CREATE TABLE log("
"	one INTEGER PRIMARY KEY CHECK(one = 1),"
"	id TEXT NOT NULL,"
"	bus TEXT NOT NULL,"			/* a URL, and a stream there */
"	stream TEXT NOT NULL,"
"	node TEXT NOT NULL,"			/* of this file; '': none yet */
"	primary_node TEXT NOT NULL,"		/* who makes changes */
"	epoch INTEGER NOT NULL,"
"	entry INTEGER NOT NULL,"		/* the last one */
"	head BLOB NOT NULL,"			/* its hash */
"	seq INTEGER NOT NULL,"			/* read up to there */
"	last INTEGER NOT NULL"			/* before the last entry */
") STRICT;";

/*
 * Configurations that devices fetch when they first start (bootstrap.h).
 * Nothing of a thing or channel is copied: a device is told what they are at
 * the moment.  What a device shows is bound to its id in key_hash; the key
 * itself, which its owner may read again, and the private key are sealed.
 *
 * bootstrap_unknown has who asked and was not let in, never with what keys.
 */
static const char step_7[] =
"CREATE TABLE bootstrap("
"	n INTEGER PRIMARY KEY,"
"	owner INTEGER NOT NULL,"
"	thing INTEGER NOT NULL UNIQUE,"
"	external_id TEXT NOT NULL UNIQUE,"
"	key_box BLOB NOT NULL,"
"	key_hash BLOB NOT NULL,"
"	name TEXT NOT NULL,"
"	content TEXT NOT NULL,"
"	client_cert TEXT NOT NULL,"
"	client_key_box BLOB,"			/* NULL: it has none */
"	ca_cert TEXT NOT NULL,"
"	active INTEGER NOT NULL DEFAULT 0,"
"	UNIQUE(owner, n),"
"	FOREIGN KEY(owner, thing) REFERENCES things(owner, n)"
"		ON DELETE CASCADE"
") STRICT;"

"CREATE TABLE bootstrap_channels("
"	config INTEGER NOT NULL,"
"	channel INTEGER NOT NULL,"
"	owner INTEGER NOT NULL,"
"	PRIMARY KEY(config, channel),"
"	FOREIGN KEY(owner, config) REFERENCES bootstrap(owner, n)"
"		ON DELETE CASCADE,"
"	FOREIGN KEY(owner, channel) REFERENCES channels(owner, n)"
"		ON DELETE CASCADE"
") STRICT, WITHOUT ROWID;"
"CREATE INDEX bootstrap_of_channel ON bootstrap_channels(channel, config);"

"CREATE TABLE bootstrap_unknown("
"	external_id TEXT PRIMARY KEY,"
"	address TEXT NOT NULL,"			/* of the last one */
"	first INTEGER NOT NULL,"		/* ns since 1970 */
"	last INTEGER NOT NULL,"
"	attempts INTEGER NOT NULL"
") STRICT, WITHOUT ROWID;";

/*
 * Authorities (CAs) and the certificates that they have issued (authority.h,
 * issued.h).  Certificates outlive their things and the owners of these, as a
 * list of what was revoked has to name them until they end: so they know both
 * by their ids, which never become another's.  The database itself revokes
 * those of a thing that is removed, whatever removes it.
 */
static const char step_certificates[] =
"CREATE TABLE authorities("
"	n INTEGER PRIMARY KEY,"
"	name TEXT NOT NULL UNIQUE,"
"	certificate BLOB NOT NULL,"		/* DER */
"	above BLOB NOT NULL,"			/* DER: its issuers, one after
						 * another, the root last */
"	key_box BLOB,"				/* NULL: the key is outside */
"	outside TEXT NOT NULL,"			/* a path or URI; '': none */
"	crl INTEGER NOT NULL DEFAULT 0"		/* number of the last list */
") STRICT;"

"CREATE TABLE certificates("
"	n INTEGER PRIMARY KEY,"
"	serial TEXT NOT NULL UNIQUE,"		/* hexadecimal, lower case */
"	fingerprint BLOB NOT NULL UNIQUE,"	/* SHA-256 of all of it */
"	authority INTEGER NOT NULL REFERENCES authorities(n),"
"	thing TEXT NOT NULL,"			/* things.id; '': of none */
"	owner TEXT NOT NULL,"			/* users.id; '': of none */
"	name TEXT NOT NULL,"			/* of a server or a CA */
"	certificate BLOB NOT NULL,"		/* DER */
"	issued INTEGER NOT NULL,"		/* seconds since 1970 */
"	expires INTEGER NOT NULL,"
"	revoked INTEGER NOT NULL DEFAULT 0,"	/* 0: it is not */
"	reason INTEGER NOT NULL DEFAULT 0"	/* RFC 5280 5.3.1 */
") STRICT;"
"CREATE INDEX certificates_of_thing ON certificates(thing);"
"CREATE INDEX certificates_until ON certificates(expires);"
"CREATE INDEX certificates_revoked ON certificates(authority)"
"	WHERE revoked > 0;"
"CREATE TRIGGER things_certificates AFTER DELETE ON things BEGIN"
"	UPDATE certificates SET revoked = CAST(strftime('%s', 'now') AS INT),"
"	reason = 5 WHERE thing = old.id AND revoked = 0; END;";

/* Which way a connection is (direction.h); all that there are go both ways.  A
 * configuration keeps that of the connections which it makes again.  An earlier
 * version, which would let things do more, refuses a file of this one. */
static const char step_directions[] =
"ALTER TABLE connections ADD COLUMN direction INTEGER NOT NULL DEFAULT 3"
"	CHECK(direction BETWEEN 1 AND 3);"
"ALTER TABLE bootstrap_channels"
"	ADD COLUMN direction INTEGER NOT NULL DEFAULT 3"
"	CHECK(direction BETWEEN 1 AND 3);";

/* When an event told that a certificate ends soon (issued_tell); 0: none did.
 * That of an authority which issues itself has no other row. */
static const char step_expiring[] =
"ALTER TABLE certificates ADD COLUMN told INTEGER NOT NULL DEFAULT 0;"
"ALTER TABLE authorities ADD COLUMN told INTEGER NOT NULL DEFAULT 0;";

/*
 * Groups of things and channels (group.h).  The database itself refuses a group
 * above itself, what is of two owners, and an id that was another user's, as
 * that of a thing or channel; users.item_groups counts them.
 */
#define USED(by)							\
" OR EXISTS(SELECT 1 FROM " by " o WHERE o.id = new.id"			\
"	AND o.owner <> new.owner)"
#define USED_BY_ANOTHER							\
" EXISTS(SELECT 1 FROM removed r WHERE r.id = new.id AND r.owner <>"	\
"	(SELECT u.id FROM users u WHERE u.n = new.owner))"		\
USED("things") USED("channels") USED("item_groups")			\
" OR EXISTS(SELECT 1 FROM users u WHERE u.id = new.id"			\
"	AND u.n <> new.owner)"

static const char step_groups[] =
"CREATE TABLE item_groups("
"	n INTEGER PRIMARY KEY,"
"	id TEXT NOT NULL UNIQUE,"
"	owner INTEGER NOT NULL REFERENCES users(n),"
"	parent INTEGER,"			/* NULL: it is at the top */
"	name TEXT NOT NULL,"
"	description TEXT NOT NULL,"
"	metadata TEXT NOT NULL,"		/* a JSON object */
"	created INTEGER NOT NULL,"		/* ns since 1970 */
"	updated INTEGER NOT NULL,"
"	UNIQUE(owner, n),"
"	FOREIGN KEY(owner, parent) REFERENCES item_groups(owner, n)"
") STRICT;"
"CREATE INDEX item_groups_of_parent ON item_groups(owner, parent);"
"CREATE TRIGGER item_groups_circle BEFORE UPDATE OF parent ON item_groups"
"	WHEN new.parent IS NOT NULL AND EXISTS("
"	WITH RECURSIVE above(n) AS (SELECT new.parent UNION"
"		SELECT g.parent FROM item_groups g JOIN above USING(n)"
"		WHERE g.parent IS NOT NULL)"
"	SELECT 1 FROM above WHERE n = new.n)"
"	BEGIN SELECT RAISE(ABORT, 'the group is beneath itself'); END;"

"CREATE TABLE group_things("
"	grp INTEGER NOT NULL,"
"	thing INTEGER NOT NULL,"
"	owner INTEGER NOT NULL,"
"	PRIMARY KEY(grp, thing),"
"	FOREIGN KEY(owner, grp) REFERENCES item_groups(owner, n)"
"		ON DELETE CASCADE,"
"	FOREIGN KEY(owner, thing) REFERENCES things(owner, n)"
"		ON DELETE CASCADE"
") STRICT, WITHOUT ROWID;"
"CREATE INDEX groups_of_thing ON group_things(thing, grp);"
"CREATE TABLE group_channels("
"	grp INTEGER NOT NULL,"
"	channel INTEGER NOT NULL,"
"	owner INTEGER NOT NULL,"
"	PRIMARY KEY(grp, channel),"
"	FOREIGN KEY(owner, grp) REFERENCES item_groups(owner, n)"
"		ON DELETE CASCADE,"
"	FOREIGN KEY(owner, channel) REFERENCES channels(owner, n)"
"		ON DELETE CASCADE"
") STRICT, WITHOUT ROWID;"
"CREATE INDEX groups_of_channel ON group_channels(channel, grp);"

"ALTER TABLE users ADD COLUMN item_groups INTEGER NOT NULL DEFAULT 0;"
"CREATE TRIGGER item_groups_more AFTER INSERT ON item_groups BEGIN"
"	UPDATE users SET item_groups = item_groups + 1 WHERE n = new.owner;"
"	END;"
"CREATE TRIGGER item_groups_less AFTER DELETE ON item_groups BEGIN"
"	UPDATE users SET item_groups = item_groups - 1 WHERE n = old.owner;"
"	END;"

"DROP TRIGGER things_id;"
"DROP TRIGGER channels_id;"
"DROP TRIGGER users_id;"
"CREATE TRIGGER things_id BEFORE INSERT ON things WHEN"
USED_BY_ANOTHER REFUSE
"CREATE TRIGGER channels_id BEFORE INSERT ON channels WHEN"
USED_BY_ANOTHER REFUSE
"CREATE TRIGGER item_groups_id BEFORE INSERT ON item_groups WHEN"
USED_BY_ANOTHER REFUSE
"CREATE TRIGGER users_id BEFORE INSERT ON users WHEN"
"	EXISTS(SELECT 1 FROM removed WHERE id = new.id)"
"	OR EXISTS(SELECT 1 FROM things WHERE id = new.id)"
"	OR EXISTS(SELECT 1 FROM channels WHERE id = new.id)"
"	OR EXISTS(SELECT 1 FROM item_groups WHERE id = new.id)" REFUSE
"CREATE TRIGGER item_groups_gone AFTER DELETE ON item_groups" KEEP;

/*
 * What owners share (grant.h): a thing or a channel, with whoever has this
 * email address, once they have accepted.  A guest connection (share.h) is one
 * between two owners, which a grant allows: it goes when the grant goes, or
 * falls below enum grant_level's GRANT_USE.  An earlier version, which would
 * not let guests in and would show invitations to nobody, refuses a file of
 * this one.
 */
static const char step_grants[] =
"CREATE TABLE grants("
"	n INTEGER PRIMARY KEY,"
"	id TEXT NOT NULL UNIQUE,"
"	owner INTEGER NOT NULL REFERENCES users(n) ON DELETE CASCADE,"
"	thing INTEGER,"				/* one of the two */
"	channel INTEGER,"
"	email TEXT NOT NULL COLLATE NOCASE,"
"	level INTEGER NOT NULL CHECK(level BETWEEN 1 AND 3),"
"	grantee INTEGER REFERENCES users(n) ON DELETE CASCADE,"
						/* NULL: not accepted yet */
"	created INTEGER NOT NULL,"		/* ns since 1970 */
"	UNIQUE(thing, email),"
"	UNIQUE(channel, email),"
"	FOREIGN KEY(owner, thing) REFERENCES things(owner, n)"
"		ON DELETE CASCADE,"
"	FOREIGN KEY(owner, channel) REFERENCES channels(owner, n)"
"		ON DELETE CASCADE"
") STRICT;"
"CREATE INDEX grants_of_owner ON grants(owner);"
/* by what is shared, too: a user may have got many */
"CREATE INDEX grants_of_grantee ON grants(grantee, thing, channel);"
"CREATE INDEX grants_pending ON grants(email) WHERE grantee IS NULL;"

"CREATE TABLE guests("
"	channel INTEGER NOT NULL REFERENCES channels(n) ON DELETE CASCADE,"
"	thing INTEGER NOT NULL REFERENCES things(n) ON DELETE CASCADE,"
"	granted INTEGER NOT NULL REFERENCES grants(n) ON DELETE CASCADE,"
"	direction INTEGER NOT NULL CHECK(direction BETWEEN 1 AND 3),"
"	PRIMARY KEY(channel, thing)"
") STRICT, WITHOUT ROWID;"
"CREATE INDEX guests_of_thing ON guests(thing, channel);"
"CREATE INDEX guests_of_grant ON guests(granted);"
"CREATE TRIGGER grants_fall AFTER UPDATE OF level ON grants"
"	WHEN new.level < 2 BEGIN"
"	DELETE FROM guests WHERE granted = new.n; END;"

/* what each user may reach of others', and by which grant */
"CREATE VIEW shared_things AS"
"	SELECT grantee, thing AS item, level, n AS granted FROM grants"
"	WHERE thing IS NOT NULL AND grantee IS NOT NULL;"
"CREATE VIEW shared_channels AS"
"	SELECT grantee, channel AS item, level, n AS granted FROM grants"
"	WHERE thing IS NULL AND channel IS NOT NULL"
"	AND grantee IS NOT NULL;";

/*
 * Grants on groups: what is in the group, and in those beneath it, now and
 * later.  Who reaches what is asked of the groups above it (grant_sql.h), so
 * that nothing has to be kept up to date; but a guest connection goes with the
 * place in a group that its grant reached it by, whatever ends that place: it
 * is taken out, its group is removed, or one above that is moved.  Both ends of
 * a guest connection are asked for their groups, as only those of the end that
 * is shared can be the grant's.  An earlier version, which would let guests
 * stay, refuses a file of this one.
 */
#define GUESTS_LEAVE(kind)						\
"CREATE TRIGGER group_" kind "s_leave AFTER DELETE ON group_" kind "s"	\
"	BEGIN DELETE FROM guests WHERE " kind " = old." kind " AND EXISTS(" \
"	SELECT 1 FROM grants g WHERE g.n = guests.granted"		\
"	AND g.owner = old.owner AND g.grp IS NOT NULL AND g.grp NOT IN "

static const char step_group_grants[] =
"ALTER TABLE grants ADD COLUMN grp INTEGER"	/* in place of the two */
"	REFERENCES item_groups(n) ON DELETE CASCADE;"
"CREATE TRIGGER grants_of_group BEFORE INSERT ON grants WHEN"
"	(new.thing IS NOT NULL) + (new.channel IS NOT NULL) +"
"	(new.grp IS NOT NULL) <> 1 OR (new.grp IS NOT NULL AND NOT EXISTS("
"	SELECT 1 FROM item_groups WHERE n = new.grp AND owner = new.owner))"
"	BEGIN SELECT RAISE(ABORT, 'a grant on what is not the owner''s');"
"	END;"
"CREATE UNIQUE INDEX grants_on_group ON grants(grp, email);"
"CREATE INDEX grants_of_grantee_on_group ON grants(grantee, grp);"
"DROP VIEW shared_things;"
"DROP VIEW shared_channels;"
GUESTS_LEAVE("thing") GROUP_SQL_OF_THING("old.thing") "); END;"
GUESTS_LEAVE("channel") GROUP_SQL_OF_CHANNEL("old.channel") "); END;"
"CREATE TRIGGER item_groups_leave AFTER UPDATE OF parent ON item_groups"
"	WHEN old.parent IS NOT NULL AND old.parent IS NOT new.parent BEGIN"
"	DELETE FROM guests WHERE granted IN (SELECT n FROM grants"
"	WHERE grp IN " GROUP_SQL_ABOVE_GROUP("old.parent")
"	AND grp NOT IN " GROUP_SQL_ABOVE_GROUP("new.parent") ")"
"	AND (SELECT grp FROM grants WHERE n = granted) NOT IN "
GROUP_SQL_OF_THING("guests.thing")
"	AND (SELECT grp FROM grants WHERE n = granted) NOT IN "
GROUP_SQL_OF_CHANNEL("guests.channel") "; END;";

/* those of a user, in order of their end: a page of them, and how many have not
 * ended (issued_room) */
static const char step_certificates_of_owner[] =
"CREATE INDEX certificates_of_owner ON certificates(owner, expires);";

const char *const schema_steps[SCHEMA_VERSION] = {
	step_1, step_2, step_3, step_4, step_5, step_6, step_7,
	step_certificates, step_directions, step_expiring, step_groups,
	step_grants, step_group_grants, step_certificates_of_owner
};
