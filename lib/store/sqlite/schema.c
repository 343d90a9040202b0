/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/schema.h"

#include "store/sqlite/series.h"

/*
 * Labels stand once, in what sqlite_series.h has; a reading is a row of
 * numbers.  A table WITHOUT ROWID is its own index: against one with an
 * index beside it, it takes 60 % of the space and no more time to fill.
 * nth tells readings of one series and time apart.
 */
static const char sqlite_schema[] =
    "CREATE TABLE readings (\n"
    "  series INTEGER NOT NULL,\n"	/* series_keys.id */
    "  time INTEGER NOT NULL,\n"	/* ns since 1970 */
    "  nth INTEGER NOT NULL,\n"
    "  value,\n"
    "  sum,\n"
    "  update_time,\n"			/* seconds, as SenML's ut */
    "  PRIMARY KEY (series, time, nth)\n"
    ") WITHOUT ROWID;\n"
    "CREATE TABLE progress (\n"
    "  source TEXT PRIMARY KEY,\n"	/* STREAM/GROUP */
    "  seq INTEGER NOT NULL,\n"		/* struct progress */
    "  open_seq INTEGER NOT NULL DEFAULT 0,\n"
    "  part INTEGER NOT NULL DEFAULT 0\n"
    ") WITHOUT ROWID;\n";

/* A text from its last piece, `alias`.text, on: nearly all have just it. */
#define WHOLE_TEXT(alias) \
    "CASE " alias ".parent WHEN 0 THEN " alias ".text ELSE (" \
    "SELECT group_concat(text, '') FROM (WITH RECURSIVE" \
    " piece (parent, text, depth) AS (" \
    "SELECT " alias ".parent, " alias ".text, 0 UNION ALL" \
    " SELECT x.parent, x.text, depth + 1 FROM piece" \
    " JOIN texts x ON x.id = piece.parent WHERE piece.parent <> 0)" \
    " SELECT text FROM piece ORDER BY depth DESC)) END"

static const char sqlite_schema_series[] =
    "CREATE TABLE routes (\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  channel TEXT NOT NULL,\n"
    "  publisher TEXT NOT NULL,\n"
    "  protocol TEXT NOT NULL,\n"
    "  subtopic TEXT NOT NULL,\n"
    "  UNIQUE (channel, publisher, subtopic, protocol)\n"
    ");\n"
    "CREATE TABLE texts (\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  parent INTEGER NOT NULL,\n"	/* the piece before it, or 0 */
    "  text TEXT NOT NULL,\n"
    "  UNIQUE (parent, text)\n"
    ");\n"
    "INSERT INTO texts VALUES (0, 0, '');\n"
    "CREATE TABLE series_keys (\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  route INTEGER NOT NULL,\n"
    "  name INTEGER NOT NULL,\n"	/* these three: texts.id */
    "  unit INTEGER NOT NULL,\n"
    "  content_type INTEGER NOT NULL,\n"	/* of data */
    "  kind INTEGER NOT NULL,\n"	/* of value: sqlite_kinds */
    "  version INTEGER NOT NULL,\n"	/* bver */
    "  UNIQUE (route, name, unit, content_type, kind, version)\n"
    ");\n"
    "CREATE VIEW series AS SELECT\n"
    "  k.id, s.channel, s.publisher, s.protocol, s.subtopic,\n"
    "  " WHOLE_TEXT("n") " AS name,\n"
    "  " WHOLE_TEXT("u") " AS unit,\n"
    "  CASE k.kind WHEN 0 THEN 'none' WHEN 1 THEN 'number'\n"
    "    WHEN 2 THEN 'string' WHEN 3 THEN 'bool' ELSE 'data' END AS kind,\n"
    "  " WHOLE_TEXT("c") " AS content_type,\n"
    "  k.version\n"
    "FROM routes s JOIN series_keys k ON k.route = s.id\n"
    "  JOIN texts n ON n.id = k.name JOIN texts u ON u.id = k.unit\n"
    "  JOIN texts c ON c.id = k.content_type;\n"
    "CREATE VIEW messages AS SELECT\n"
    "  s.channel, nullif(s.subtopic, '') AS subtopic, s.publisher,\n"
    "  s.protocol, s.name, nullif(s.unit, '') AS unit,\n"
    "  r.time / 1e9 AS time, r.time AS time_ns,\n"
    "  CASE s.kind WHEN 'number' THEN r.value END AS value,\n"
    "  CASE s.kind WHEN 'string' THEN r.value END AS string_value,\n"
    "  CASE s.kind WHEN 'bool' THEN r.value END AS bool_value,\n"
    "  CASE s.kind WHEN 'data' THEN r.value END AS data_value,\n"
    "  nullif(s.content_type, '') AS content_type,\n"
    "  r.sum, r.update_time\n"
    "FROM readings r JOIN series s ON s.id = r.series;\n";

static int
sqlite_migrate(struct db *db, int from, struct fault *fault)
{
	if (from == 0)
		return db_exec(db->sql, sqlite_schema, fault) < 0 ? -1 :
		    db_exec(db->sql, sqlite_schema_series, fault);
	if (db_exec(db->sql,
	    "ALTER TABLE progress ADD open_seq INTEGER NOT NULL DEFAULT 0;"
	    "ALTER TABLE progress ADD part INTEGER NOT NULL DEFAULT 0",
	    fault) < 0)
		return -1;
	return sqlite_series_migrate(db->sql, sqlite_schema_series, fault);
}

const struct db_kind sqlite_kind = {
	.name = "store",
	.hint = "",
	.application_id = 0x6d667873,	/* "mfxs" */
	.version = 3,			/* 2 was never released */
	.oldest_read = 1,
	.busy_ms = 5000,
	.pragmas = "",
	/* A cache for the newest page of each of many series, and a log in
	 * which those change several times before they are copied to their
	 * place. */
	.write_pragmas = "PRAGMA cache_size = -32000;"
	    "PRAGMA wal_autocheckpoint = 8000",
	.migrate = sqlite_migrate,
};
