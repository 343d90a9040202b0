/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/schema.h"

#include <sysexits.h>

/*
 * A btree can't hold a text of more than 2,700 bytes, and names may be
 * longer: so a channel has a hash index, and the key of a series is a hash.
 * Readings of one series and time lie together, which is what most questions
 * are about; a BRIN index finds a span of time in all of them and costs a
 * writer nearly nothing.
 */
const char postgres_schema[] =
    "CREATE TABLE mfx_store (version integer NOT NULL,"
    "  pruned bigint NOT NULL DEFAULT 0);"
    "INSERT INTO mfx_store VALUES (" POSTGRES_VERSION ");"
    "CREATE TABLE series ("
    "  id uuid PRIMARY KEY,"
    "  channel text NOT NULL, publisher text NOT NULL,"
    "  protocol text NOT NULL, subtopic text NOT NULL,"
    "  name text NOT NULL, unit text NOT NULL, content_type text,"
    "  kind smallint NOT NULL, version smallint NOT NULL);"
    "CREATE INDEX series_channel ON series USING hash (channel);"
    "CREATE INDEX series_publisher ON series USING hash (publisher);"
    "CREATE TABLE readings ("
    "  series uuid NOT NULL, time bigint NOT NULL, nth bigint NOT NULL,"
    "  value double precision, integer_value bigint, string_value text,"
    "  bool_value boolean, data_value bytea,"
    "  sum double precision, update_time double precision)"
    " PARTITION BY RANGE (time);"
    "CREATE TABLE readings_other PARTITION OF readings DEFAULT;"
    "CREATE INDEX readings_series ON readings (series, time, nth);"
    "CREATE INDEX readings_time ON readings USING brin (time);"
    "CREATE SEQUENCE readings_nth INCREMENT BY " POSTGRES_NTH_STEP ";"
    "CREATE TABLE progress ("
    "  source text PRIMARY KEY, seq bigint NOT NULL,"
    "  open_seq bigint NOT NULL, part integer NOT NULL);"
    "CREATE VIEW messages AS SELECT"
    "  s.channel, nullif(s.subtopic, '') AS subtopic, s.publisher,"
    "  s.protocol, s.name, nullif(s.unit, '') AS unit,"
    "  r.time / 1e9::double precision AS time, r.time AS time_ns,"
    "  r.value, r.integer_value, r.string_value, r.bool_value,"
    "  r.data_value, s.content_type, r.sum, r.update_time"
    " FROM readings r JOIN series s ON s.id = r.series";

int
schema_look(struct link *link, enum store_result *r, struct fault *fault)
{
	PGresult *result;
	bool found;

	*r = link_run(link, "SELECT to_regclass('mfx_store') IS NOT NULL",
	    NULL, &result, fault);
	found = *r == STORE_DONE && PQgetvalue(result, 0, 0)[0] == 't';
	PQclear(result);
	if (!found)
		return *r == STORE_DONE ? 0 : -1;
	*r = link_run(link, "SELECT version FROM mfx_store", NULL, &result,
	    fault);
	if (*r == STORE_DONE && (PQntuples(result) != 1 ||
	    strcmp(PQgetvalue(result, 0, 0), POSTGRES_VERSION) != 0)) {
		fault_set(fault, EX_CONFIG, "%s: the tables are those of "
		    "another version of mfx", link->name);
		*r = STORE_FAILED;
	}
	PQclear(result);
	return *r == STORE_DONE ? 1 : -1;
}
