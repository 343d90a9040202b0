/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/schema.h"

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

const char *const schema_steps[SCHEMA_VERSION] = { step_1 };
