/* SPDX-License-Identifier: Apache-2.0 */
#include "store/cassandra/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/clock.h"
#include "store/cassandra/replication.h"

#define SCHEMA_DAY (86400 * CLOCK_SECOND)
#define SCHEMA_TEXT_MAX 4096
#define SCHEMA_ROW "1"		/* the id of the one row of mfx_store */

static const struct schema_column {
	const char *table, *name, *type, *kind;
} schema_columns[] = {
	{ "mfx_store", "id", "int", "partition_key" },
	{ "mfx_store", "version", "int", "regular" },
	{ "mfx_store", "bucket", "bigint", "regular" },
	{ "partitions", "channel", "text", "partition_key" },
	{ "partitions", "part", "int", "partition_key" },
	{ "partitions", "bucket", "bigint", "clustering" },
	{ "partitions", "ttl", "bigint", "clustering" },
	{ "readings", "channel", "text", "partition_key" },
	{ "readings", "bucket", "bigint", "partition_key" },
	{ "readings", "time", "bigint", "clustering" },
	{ "readings", "id", "blob", "clustering" },
	{ "readings", "publisher", "text", "regular" },
	{ "readings", "protocol", "text", "regular" },
	{ "readings", "subtopic", "text", "regular" },
	{ "readings", "name", "text", "regular" },
	{ "readings", "unit", "text", "regular" },
	{ "readings", "value", "double", "regular" },
	{ "readings", "string_value", "text", "regular" },
	{ "readings", "bool_value", "boolean", "regular" },
	{ "readings", "data_value", "blob", "regular" },
	{ "readings", "value_sum", "double", "regular" },
	{ "readings", "update_time", "double", "regular" },
	{ "readings", "exact_value", "text", "regular" },
	{ "readings", "exact_sum", "text", "regular" },
	{ "readings", "exact_update", "text", "regular" },
	{ "readings", "content_type", "text", "regular" },
	{ "readings", "version", "int", "regular" },
};
#define SCHEMA_COLUMNS (sizeof schema_columns / sizeof *schema_columns)

static const struct schema_table {
	const char *name, *key;
} schema_tables[] = {
	{ "partitions", "(channel, part), bucket, ttl" },
	{ "readings", "(channel, bucket), time, id" },
	/* the last one, as its row says that all are there */
	{ "mfx_store", "id" },
};
#define SCHEMA_TABLES (sizeof schema_tables / sizeof *schema_tables)

/* ---- looking ---- */

static int
schema_strange(const struct cassandra_link *l, const char *table,
    enum store_result *r, struct fault *fault)
{
	*r = STORE_FAILED;
	return fault_set(fault, EX_CONFIG, "%s: the table '%s' is not one of "
	    "mfx; choose another keyspace", l->name, table);
}

/* Counts a column that is as it should be; false: the table is another's. */
static bool
schema_column_fits(const struct str cells[4], size_t *found)
{
	const struct schema_column *c;
	bool ours = false;

	for (c = schema_columns; c < schema_columns + SCHEMA_COLUMNS; c++) {
		if (!str_eq(cells[0], str_z(c->table)))
			continue;
		ours = true;
		if (!str_eq(cells[1], str_z(c->name)))
			continue;
		++*found;
		return str_eq(cells[2], str_z(c->type)) &&
		    str_eq(cells[3], str_z(c->kind));
	}
	/* one more that does no harm */
	return !ours || str_eq(cells[3], STR("regular"));
}

/* 1: all columns are there; 0: those of a whole table at least are not */
static int
schema_read_columns(struct cassandra_link *l, struct cql_call *call,
    enum store_result *r, struct fault *fault)
{
	size_t found = 0;
	struct str cells[4];
	char table[CASSANDRA_KEYSPACE_MAX + 1];
	int got;

	while ((got = cql_row(call, cells, 4)) > 0) {
		if (schema_column_fits(cells, &found))
			continue;
		snprintf(table, sizeof table, "%.*s", STR_ARG(cells[0]));
		return schema_strange(l, table, r, fault);
	}
	if (got < 0) {
		*r = cassandra_link_result(call->error, &call->fault, fault);
		return -1;
	}
	return found == SCHEMA_COLUMNS;
}

static enum store_result
schema_ask(struct cassandra_link *l, const char *text, bool keyspace,
    struct cql_call *call, struct fault *fault)
{
	struct cql_statement *statement;
	enum store_result r = cassandra_link_prepare(l, text, &statement,
	    fault);

	if (r != STORE_DONE)
		return r;
	cql_begin(call, statement);
	if (keyspace)
		cql_bind_text(call, str_z(l->keyspace));
	r = cassandra_link_ask(l, call, fault);
	cql_statement_free(l->cql, statement);
	return r;
}

static int
schema_look_columns(struct cassandra_link *l, enum store_result *r,
    struct fault *fault)
{
	struct cql_call call;
	int got = -1;

	cql_call_init(&call);
	*r = schema_ask(l, "SELECT table_name, column_name, type, kind"
	    " FROM system_schema.columns WHERE keyspace_name = ?", true, &call,
	    fault);
	if (*r == STORE_DONE)
		got = schema_read_columns(l, &call, r, fault);
	cql_call_release(&call);
	return got;
}

static int
schema_read_version(struct cassandra_link *l, struct cql_call *call,
    struct cassandra_schema *s, enum store_result *r, struct fault *fault)
{
	struct str cells[2];

	if (cql_row(call, cells, 2) <= 0)
		return 0;
	s->bucket = cql_get_integer(cells[1]);
	if (cql_get_integer(cells[0]) == CASSANDRA_VERSION && s->bucket > 0)
		return 1;
	*r = STORE_FAILED;
	return fault_set(fault, EX_CONFIG, "%s: the tables are those of "
	    "another version of mfx", l->name);
}

int
cassandra_schema_look(struct cassandra_link *l, struct cassandra_schema *s,
    enum store_result *r, struct fault *fault)
{
	struct cql_call call;
	int got = schema_look_columns(l, r, fault);

	if (got <= 0)
		return got;
	got = -1;
	cql_call_init(&call);
	*r = schema_ask(l, "SELECT version, bucket FROM %.mfx_store"
	    " WHERE id = " SCHEMA_ROW, false, &call, fault);
	if (*r == STORE_DONE)
		got = schema_read_version(l, &call, s, r, fault);
	cql_call_release(&call);
	return got;
}

/* ---- making ---- */

static int
schema_has_keyspace(struct cassandra_link *l, enum store_result *r,
    struct fault *fault)
{
	struct cql_call call;
	int got = -1;

	cql_call_init(&call);
	*r = schema_ask(l, "SELECT keyspace_name FROM system_schema.keyspaces"
	    " WHERE keyspace_name = ?", true, &call, fault);
	if (*r == STORE_DONE)
		got = call.rows > 0;
	cql_call_release(&call);
	return got;
}

static enum store_result
schema_make_keyspace(struct cassandra_link *l, struct fault *fault)
{
	enum store_result r;
	struct buf b;
	int there = schema_has_keyspace(l, &r, fault);

	if (there != 0)
		return r;
	/* too few copies lose data, and no number is right everywhere */
	if (cassandra_settings.replication == NULL) {
		fault_set(fault, EX_CONFIG, "%s: the keyspace does not exist; "
		    "make it, or say how many copies it has: --replication 3",
		    l->name);
		return STORE_FAILED;
	}
	buf_init(&b, SCHEMA_TEXT_MAX);
	buf_puts(&b, "CREATE KEYSPACE IF NOT EXISTS % WITH replication = ");
	r = replication_put(&b, cassandra_settings.replication, fault) < 0 ?
	    STORE_FAILED : STORE_DONE;
	buf_putc(&b, '\0');
	if (r == STORE_DONE)
		r = cassandra_link_run(l, b.p, fault);
	buf_release(&b);
	return r;
}

static enum store_result
schema_make_table(struct cassandra_link *l, const struct schema_table *t,
    struct fault *fault)
{
	const struct schema_column *c;
	enum store_result r;
	struct buf b;

	buf_init(&b, SCHEMA_TEXT_MAX);
	buf_printf(&b, "CREATE TABLE IF NOT EXISTS %%.%s (", t->name);
	for (c = schema_columns; c < schema_columns + SCHEMA_COLUMNS; c++)
		if (strcmp(c->table, t->name) == 0)
			buf_printf(&b, "%s %s, ", c->name, c->type);
	buf_printf(&b, "PRIMARY KEY (%s))", t->key);
	buf_putc(&b, '\0');
	r = cassandra_link_run(l, b.p, fault);
	buf_release(&b);
	return r;
}

/* Of several writers that make it at once, with other lengths of a bucket,
 * one is the first: this one time that is worth Cassandra's transactions. */
static enum store_result
schema_make_row(struct cassandra_link *l, struct fault *fault)
{
	int64_t bucket = cassandra_settings.bucket;
	char text[160];

	snprintf(text, sizeof text, "INSERT INTO %%.mfx_store"
	    " (id, version, bucket) VALUES (" SCHEMA_ROW ", %d, %" PRId64 ")"
	    " IF NOT EXISTS", CASSANDRA_VERSION,
	    bucket != 0 ? bucket : SCHEMA_DAY);
	return cassandra_link_run(l, text, fault);
}

enum store_result
cassandra_schema_make(struct cassandra_link *l, struct fault *fault)
{
	enum store_result r = schema_make_keyspace(l, fault);
	const struct schema_table *t = schema_tables;

	for (; r == STORE_DONE && t < schema_tables + SCHEMA_TABLES; t++)
		r = schema_make_table(l, t, fault);
	return r == STORE_DONE ? schema_make_row(l, fault) : r;
}
