/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executes of one prepared statement with lib/cql, so many in flight:
 *
 *	cql_load PORT USER PASSWORD INSERTS AT-ONCE	prints seconds
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

int
main(int argc, char **argv)
{
	struct cql_options o = { .timeout = 60 * CLOCK_SECOND };
	char hosts[64];
	struct cql_call *calls;
	struct fault fault;
	int64_t i, at_once, begin;

	if (argc != 6)
		return 2;
	snprintf(hosts, sizeof hosts, "127.0.0.1:%s", argv[1]);
	o.hosts = hosts;
	o.user = argv[2];
	o.password = argv[3];
	last = load_number(argv[4]);
	at_once = load_number(argv[5]);
	o.window = (int)at_once;
	load_check(cql_open(&session, &o, &fault), &fault);
	load_check(cql_prepare(session, "INSERT INTO bench.t (a, b, c, d, e) "
	    "VALUES (?, ?, ?, ?, ?)", &insert, &fault), &fault);
	calls = memory_zero((size_t)at_once, sizeof *calls);
	begin = clock_ns();
	for (i = 0; i < at_once; i++) {
		cql_call_init(&calls[i]);
		calls[i].done = load_next;
		load_next(&calls[i]);
	}
	while (cql_in_flight(session) > 0)
		cql_turn(session, -1);
	printf("%.3f\n", (double)(clock_ns() - begin) / 1e9);
	cql_close(session);
	return 0;
}
