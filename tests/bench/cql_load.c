/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executes of one prepared statement with lib/cql, so many in flight:
 *
 *	cql_load PORT USER PASSWORD INSERTS AT-ONCE	prints seconds
 *	cql_load PORT USER PASSWORD --make		makes the table
 *
 * What the other clients of tests/bench/cassandra do is in cql_load.js and
 * cql_load.py: the same table, values, concurrency and number.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "cql/cql.h"

static struct cql *session;
static struct cql_statement *insert;
static int64_t next, last;

static void
load_next(struct cql_call *call)
{
	if (call->error != CQL_OK) {
		fprintf(stderr, "cql_load: %s\n", call->fault.text);
		exit(1);
	}
	if (next == last)
		return;
	cql_begin(call, insert);
	cql_bind_text(call, STR("channel"));
	cql_bind_bigint(call, next / 1000);
	cql_bind_bigint(call, next);
	cql_bind_double(call, (double)next / 4);
	cql_bind_text(call, STR("temperature"));
	next++;
	cql_start(session, call);
}

static int64_t
load_number(const char *text)
{
	int64_t v;

	if (!number_parse(text, 1, INT64_MAX, &v))
		exit(2);
	return v;
}

static void
load_check(enum cql_error e, const struct fault *fault)
{
	if (e == CQL_OK)
		return;
	fprintf(stderr, "cql_load: %s\n", fault->text);
	exit(1);
}

static void
load_make(void)
{
	static const char *const cql[] = {
		"CREATE KEYSPACE bench WITH replication = {'class': "
		    "'SimpleStrategy', 'replication_factor': 1}",
		"CREATE TABLE bench.t (a text, b bigint, c bigint, d double, "
		    "e text, PRIMARY KEY ((a, b), c))",
	};
	struct fault fault;
	size_t i;

	for (i = 0; i < sizeof cql / sizeof cql[0]; i++)
		load_check(cql_run(session, cql[i], &fault), &fault);
}

/* so many at once; prints how long it took */
static void
load_run(int64_t at_once)
{
	struct cql_call *calls = memory_zero((size_t)at_once, sizeof *calls);
	struct fault fault;
	int64_t i, begin;

	load_check(cql_prepare(session, "INSERT INTO bench.t (a, b, c, d, e) "
	    "VALUES (?, ?, ?, ?, ?)", &insert, &fault), &fault);
	begin = clock_ns();
	for (i = 0; i < at_once; i++) {
		cql_call_init(&calls[i]);
		calls[i].done = load_next;
		load_next(&calls[i]);
	}
	while (cql_in_flight(session) > 0)
		cql_turn(session, -1);
	printf("%.3f\n", (double)(clock_ns() - begin) / 1e9);
}

int
main(int argc, char **argv)
{
	struct cql_options o = { .timeout = 60 * CLOCK_SECOND };
	char hosts[64];
	struct fault fault;
	bool make = argc == 5 && strcmp(argv[4], "--make") == 0;

	if (argc != 6 && !make)
		return 2;
	snprintf(hosts, sizeof hosts, "127.0.0.1:%s", argv[1]);
	o.hosts = hosts;
	o.user = argv[2];
	o.password = argv[3];
	if (!make) {
		last = load_number(argv[4]);
		o.window = (int)load_number(argv[5]);
	}
	load_check(cql_open(&session, &o, &fault), &fault);
	if (make)
		load_make();
	else
		load_run(o.window);
	cql_close(session);
	return 0;
}
