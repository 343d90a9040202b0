/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talks to Cassandra with lib/cql, for tests/cql.bats:
 *
 *	talk HOSTS [NAME=VALUE ...] VERB [ARGUMENT ...]
 *
 * Each verb prints what it saw, one thing a line, and an error as
 * "error NAME STATUS TEXT".  The status is 0 unless there was one.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "cql/cql.h"
#include "cql/murmur3.h"

#define CALLS_MAX 20000

static struct cql *session;
static struct cql_options options = { .timeout = 10 * CLOCK_SECOND };

static const char *
name_of(enum cql_error e)
{
	static const char *const names[] = { "OK", "AWAY", "LOST",
	    "OVERLOADED", "UNAVAILABLE", "WRITE_TIMEOUT", "READ_TIMEOUT",
	    "SERVER", "STOPPED", "INVALID", "EXISTS", "DENIED", "CREDENTIALS",
	    "CONFIG", "TOO_LARGE", "PROTOCOL" };

	return names[e];
}

static int
report(enum cql_error e, const struct fault *fault)
{
	printf("error %s %d %s\n", name_of(e), fault->status, fault->text);
	return 1;
}

static int64_t
number(const char *text)
{
	int64_t v = 0;

	if (text == NULL || !number_parse(text, 0, INT64_MAX, &v)) {
		fprintf(stderr, "talk: not a number: %s\n",
		    text != NULL ? text : "");
		exit(2);
	}
	return v;
}

static struct cql_statement *
prepared(const char *text)
{
	struct cql_statement *s;
	struct fault fault;
	enum cql_error e = cql_prepare(session, text, &s, &fault);

	if (e != CQL_OK)
		exit(report(e, &fault));
	return s;
}

/* ---- verbs ---- */

static int
run(char **argv)
{
	struct fault fault;
	enum cql_error e;

	for (; *argv != NULL; argv++)
		if ((e = cql_run(session, *argv, &fault)) != CQL_OK)
			return report(e, &fault);
	puts("done");
	return 0;
}

/* What came of many calls. */
static struct {
	int64_t next, last, ended[16];
	struct cql_statement *insert;
	struct fault fault;
} filling;

/* the next one, until there is an error */
static void
fill_next(struct cql_call *call)
{
	if (filling.next == filling.last || filling.fault.status != 0)
		return;
	cql_begin(call, filling.insert);
	cql_bind_bigint(call, filling.next % 100);
	cql_bind_bigint(call, filling.next);
	cql_bind_text(call, STR("some text"));
	filling.next++;
	cql_start(session, call);
}

static void
fill_ended(struct cql_call *call)
{
	filling.ended[call->error]++;
	if (call->error != CQL_OK)
		filling.fault = call->fault;
	fill_next(call);
}

/* fill N AT-ONCE: rows of t.t, so many calls in flight */
static int
fill(char **argv)
{
	int64_t at_once = number(argv[1]);
	struct cql_call *calls = memory_zero((size_t)at_once, sizeof *calls);
	int64_t i;
	int e;

	filling.last = number(argv[0]);
	filling.insert = prepared("INSERT INTO t.t (k, c, v) VALUES (?, ?, ?)");
	puts("prepared");
	fflush(stdout);
	for (i = 0; i < at_once; i++) {
		cql_call_init(&calls[i]);
		calls[i].done = fill_ended;
		fill_next(&calls[i]);
	}
	printf("in flight %zu\n", cql_in_flight(session));
	fflush(stdout);
	while (cql_in_flight(session) > 0)
		cql_turn(session, -1);
	for (e = 0; e < 16; e++)
		if (filling.ended[e] > 0)
			printf("%s %lld\n", name_of((enum cql_error)e),
			    (long long)filling.ended[e]);
	for (i = 0; i < at_once; i++)
		cql_call_release(&calls[i]);
	free(calls);
	return filling.ended[CQL_OK] == filling.last ? 0 :
	    report(CQL_LOST, &filling.fault);
}

/* page SIZE STATEMENT: how many rows and pages, and the sum of column 1; two
 * calls by turns */
static int
page(char **argv)
{
	struct cql_call calls[2];
	struct str cells[2];
	int64_t rows = 0, sum = 0, pages = 0;
	int i, r, now = 0;

	for (i = 0; i < 2; i++)
		cql_call_init(&calls[i]);
	cql_begin(&calls[0], prepared(argv[1]));
	cql_page(&calls[0], (int32_t)number(argv[0]));
	cql_start(session, &calls[0]);
	for (;;) {
		if (cql_wait(session, &calls[now]) != CQL_OK)
			return report(calls[now].error, &calls[now].fault);
		pages++;
		if (calls[now].more)
			cql_start_after(session, &calls[!now], &calls[now]);
		while ((r = cql_row(&calls[now], cells, 2)) > 0) {
			rows++;
			sum += cql_get_integer(cells[0]);
		}
		if (r < 0)
			return report(calls[now].error, &calls[now].fault);
		if (!calls[now].more)
			break;
		now = !now;
	}
	printf("rows %lld sum %lld pages %lld\n", (long long)rows,
	    (long long)sum, (long long)pages);
	for (i = 0; i < 2; i++)
		cql_call_release(&calls[i]);
	return 0;
}

/* execute STATEMENT [TEXT ...]: once for each line of stdin */
static int
execute(char **argv)
{
	struct cql_statement *s = prepared(argv[0]);
	struct cql_call call;
	struct str cells[CQL_COLUMNS_MAX];
	int i, n, c, r;

	cql_call_init(&call);
	puts("prepared");
	fflush(stdout);
	while ((c = getchar()) != EOF) {
		if (c != '\n')
			continue;
		cql_begin(&call, s);
		for (i = 1; argv[i] != NULL; i++)
			cql_bind_text(&call, str_z(argv[i]));
		cql_start(session, &call);
		if (cql_wait(session, &call) != CQL_OK)
			report(call.error, &call.fault);
		else
			printf("ok %d columns\n", call.columns);
		while ((r = cql_row(&call, cells, CQL_COLUMNS_MAX)) > 0)
			for (n = 0; n < call.columns; n++)
				printf("%.*s%c", STR_ARG(cells[n]),
				    n + 1 < call.columns ? ' ' : '\n');
		if (r < 0)
			report(call.error, &call.fault);
		fflush(stdout);
	}
	cql_call_release(&call);
	return 0;
}

/* tokens: compares the server's with ours, of t.keys */
static int
tokens(char **argv)
{
	struct cql_call call;
	struct str cells[2];
	int64_t same = 0, other = 0;

	(void)argv;
	cql_call_init(&call);
	cql_begin(&call, prepared("SELECT token(k), k FROM t.keys"));
	cql_page(&call, 100000);
	cql_start(session, &call);
	if (cql_wait(session, &call) != CQL_OK)
		return report(call.error, &call.fault);
	while (cql_row(&call, cells, 2) > 0)
		*(cql_get_integer(cells[0]) == murmur3_token(cells[1]) ?
		    &same : &other) += 1;
	printf("same %lld other %lld\n", (long long)same, (long long)other);
	cql_call_release(&call);
	return 0;
}

/* keys N: random ones of 0 to 40 bytes into t.keys, in batches */
static int
keys(char **argv)
{
	struct cql_statement *s =
	    prepared("INSERT INTO t.keys (k) VALUES (?)");
	struct cql_call call;
	int64_t i, n = number(argv[0]);
	uint64_t state = 1;
	char key[41];
	size_t size, j;

	cql_call_init(&call);
	cql_begin_batch(&call);
	for (i = 0; i < n; i++) {
		size = 1 + (size_t)i % 40;
		for (j = 0; j < size; j++) {
			state = state * UINT64_C(6364136223846793005) + 1;
			key[j] = (char)(state >> 56);
		}
		cql_add(&call, s);
		cql_bind_text(&call, (struct str){ key, size });
		if (i % 50 != 49 && i + 1 < n)
			continue;
		cql_start(session, &call);
		if (cql_wait(session, &call) != CQL_OK)
			return report(call.error, &call.fault);
		cql_begin_batch(&call);
	}
	cql_call_release(&call);
	return 0;
}

static int
values_read(struct cql_call *call)
{
	struct str c[10], item;
	int32_t left = -1;

	cql_begin(call, prepared("SELECT a, b, c, d, e, f, g, h, i, j "
	    "FROM t.values"));
	cql_start(session, call);
	if (cql_wait(session, call) != CQL_OK)
		return report(call->error, &call->fault);
	if (cql_row(call, c, 10) != 1)
		return 1;
	printf("%lld %lld %lld %lld %lld\n", (long long)cql_get_integer(c[0]),
	    (long long)cql_get_integer(c[1]), (long long)cql_get_integer(c[2]),
	    (long long)cql_get_integer(c[3]),
	    (long long)cql_get_integer(c[4]));
	printf("%.17g %.*s %s %s\n", cql_get_double(c[5]), STR_ARG(c[6]),
	    c[7].p == NULL ? "null" : "a value",
	    c[8].p == NULL ? "unset" : "a value");
	while (cql_get_element(&c[9], &left, &item))
		printf("element '%.*s'\n", STR_ARG(item));
	printf("types %d %d %d %d\n", call->types[0], call->types[1],
	    call->types[6], call->types[9]);
	return cql_row(call, c, 10);
}

/* values: one of each kind there and back; the table is t.values */
static int
values(char **argv)
{
	struct str list[] = { STR("one"), STR(""), STR("three") };
	struct cql_call call;
	int r;

	(void)argv;
	cql_call_init(&call);
	cql_begin(&call, prepared("INSERT INTO t.values (a, b, c, d, e, f, "
	    "g, h, i, j) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
	cql_bind_bigint(&call, INT64_MIN);
	cql_bind_int(&call, -2);
	cql_bind_smallint(&call, -3);
	cql_bind_tinyint(&call, -4);
	cql_bind_boolean(&call, true);
	cql_bind_double(&call, -0.1);
	cql_bind_text(&call, STR("\xc3\xa9"));
	cql_bind_null(&call);
	cql_bind_unset(&call);
	cql_bind_texts(&call, list, 3);
	cql_start(session, &call);
	r = cql_wait(session, &call) != CQL_OK ?
	    report(call.error, &call.fault) : values_read(&call);
	cql_call_release(&call);
	return r;
}

/* misuse: a value too few, and one too many */
static int
misuse(char **argv)
{
	struct cql_statement *s = prepared(argv[0]);
	struct cql_call call;

	cql_call_init(&call);
	cql_begin(&call, s);
	cql_start(session, &call);
	report(cql_wait(session, &call), &call.fault);
	cql_begin_batch(&call);
	cql_start(session, &call);
	report(cql_wait(session, &call), &call.fault);
	cql_call_release(&call);
	return 0;
}

/* large BYTES: a text of that many there and back, as t.t */
static int
large(char **argv)
{
	size_t n = (size_t)number(argv[0]), i;
	char *text = memory_get(n + 1);
	struct cql_call call;
	struct str cell = STR_NONE;

	for (i = 0; i < n; i++)
		text[i] = (char)('a' + i % 23);
	cql_call_init(&call);
	cql_begin(&call, prepared("INSERT INTO t.t (k, c, v) "
	    "VALUES (-1, ?, ?)"));
	cql_bind_bigint(&call, (int64_t)n);
	cql_bind_text(&call, (struct str){ text, n });
	cql_start(session, &call);
	if (cql_wait(session, &call) != CQL_OK)
		return report(call.error, &call.fault);
	cql_begin(&call, prepared("SELECT v FROM t.t WHERE k = -1 AND c = ?"));
	cql_bind_bigint(&call, (int64_t)n);
	cql_start(session, &call);
	if (cql_wait(session, &call) != CQL_OK)
		return report(call.error, &call.fault);
	cql_row(&call, &cell, 1);
	puts(str_eq(cell, (struct str){ text, n }) ? "same" : "another");
	cql_call_release(&call);
	free(text);
	return 0;
}

static int
version(char **argv)
{
	(void)argv;
	printf("version %d\n", cql_version(session));
	return 0;
}

/* ---- the program ---- */

static bool stopping;

static bool
stop(void *arg)
{
	(void)arg;
	return stopping;
}

static void
stop_now(int number)
{
	(void)number;
	stopping = true;
}

static bool
take_option(const char *text)
{
	const char *value = strchr(text, '=');
	const struct {
		const char *name, **to;
	} texts[] = {
		{ "user", &options.user }, { "password", &options.password },
		{ "cacert", &options.cacert }, { "cert", &options.cert },
		{ "key", &options.key }, { "dc", &options.datacenter },
	};
	size_t i, n = value != NULL ? (size_t)(value - text) : 0;

	for (i = 0; value != NULL && i < sizeof texts / sizeof texts[0]; i++)
		if (strlen(texts[i].name) == n &&
		    strncmp(text, texts[i].name, n) == 0) {
			*texts[i].to = value + 1;
			return true;
		}
	if (strncmp(text, "version=", 8) == 0)
		options.version = (int)number(value + 1);
	else if (strncmp(text, "window=", 7) == 0)
		options.window = (int)number(value + 1);
	else if (strncmp(text, "retries=", 8) == 0)
		options.retries = (int)number(value + 1);
	else if (strncmp(text, "seconds=", 8) == 0)
		options.timeout = number(value + 1) * CLOCK_SECOND;
	else if (strcmp(text, "tls=yes") == 0)
		options.tls = true;
	else if (strcmp(text, "insecure=yes") == 0)
		options.insecure = true;
	else
		return false;
	return true;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int arguments;
		int (*act)(char **);
	} verbs[] = {
		{ "version", 0, version }, { "run", 1, run },
		{ "fill", 2, fill }, { "page", 2, page },
		{ "execute", 1, execute }, { "tokens", 0, tokens },
		{ "keys", 1, keys }, { "values", 0, values },
		{ "misuse", 1, misuse }, { "large", 1, large },
	};
	struct fault fault;
	enum cql_error e;
	size_t i;
	int at = 2, r = 2;

	if (argc < 3)
		return 2;
	options.hosts = argv[1];
	options.stop = stop;
	signal(SIGUSR1, stop_now);
	while (argv[at] != NULL && take_option(argv[at]))
		at++;
	if ((e = cql_open(&session, &options, &fault)) != CQL_OK)
		return report(e, &fault);
	for (i = 0; argv[at] != NULL &&
	    i < sizeof verbs / sizeof verbs[0]; i++)
		if (strcmp(verbs[i].name, argv[at]) == 0 &&
		    argc - at - 1 >= verbs[i].arguments)
			r = verbs[i].act(argv + at + 1);
	cql_close(session);
	return r;
}
