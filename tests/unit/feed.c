/* SPDX-License-Identifier: Apache-2.0 */
/* What an adapter has for its subscribers: bus/feed.h, subscriptions.h and
 * replay.h. */
#include "bus/subscriptions.h"
#include "bus/feed.h"
#include "bus/catchup.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "senml/pack.h"
#include "tests/unit/unit.h"

static struct fault fault;

static void
say(int fd, const char *z)
{
	CHECK(write(fd, z, strlen(z)) == (ssize_t)strlen(z));
}

static void
test_feed(void)
{
	struct delivery d;
	struct feed in;
	int p[2];

	CHECK(pipe(p) == 0);
	feed_init(&in, p[0], "<stdin>");
	feed_turn(&in);
	CHECK(!feed_next(&in, &d) && in.fd == p[0] && !feed_hurry(&in));
	say(p[1], "[{\"seq\":50,\"channel\":\"7\",\"subtopic\":\"a.b\","
	    "\"n\":\"t\",\"v\":1}]\n{\"seq\":60}\nnonsense\n{\"n\":\"x\","
	    "\"v\":1}\n[{\"seq\":80,\"channel\":\"8\",\"n\":\"payload\","
	    "\"vd\":\"AAE\",\"ct\":\"image/png\"}]\n{\"half");
	feed_turn(&in);
	CHECK(feed_next(&in, &d));
	CHECK(str_eq(d.route.channel, STR("7")));
	CHECK(str_eq(d.route.subtopic, STR("a.b")));
	CHECK(str_eq(d.payload, STR("[{\"n\":\"t\",\"v\":1}]")));
	CHECK(str_eq(d.type, STR("application/senml+json")));
	CHECK(in.seq == 50 && in.lines == 1);
	CHECK(feed_next(&in, &d));
	CHECK(str_eq(d.payload, STR("\0\1")));
	CHECK(str_eq(d.type, STR("image/png")));
	CHECK(in.seq == 80 && in.lines == 2 && in.passed.n == 2);
	CHECK(!feed_next(&in, &d) && in.fd == p[0]);
	close(p[1]);
	feed_turn(&in);
	CHECK(!feed_next(&in, &d) && in.fd == -1 && in.err == 0);
	CHECK(in.passed.n == 3);
	feed_release(&in);
	close(p[0]);
}

static void
test_turns(void)
{
	static const char message[] =
	    "[{\"channel\":\"7\",\"n\":\"t\",\"v\":1}]\n";
	struct delivery d;
	struct feed in;
	FILE *f = tmpfile();
	int i, n, turns = 0;

	for (i = 0; i < 30000; i++)
		fputs(message, f);
	fflush(f);
	lseek(fileno(f), 0, SEEK_SET);
	feed_init(&in, fileno(f), "<stdin>");
	for (n = 0; in.fd >= 0; turns++) {
		feed_turn(&in);
		while (feed_next(&in, &d))
			n++;
		CHECK(in.fd < 0 || feed_hurry(&in));
	}
	CHECK(n == 30000 && in.lines == 30000);
	CHECK(turns > 30000 * (int)(sizeof message - 1) / (int)FEED_TURN);
	feed_release(&in);
	fclose(f);
}

static bool
senml_is(const char *line, const char *want)
{
	struct arena arena;
	struct pack pack;
	struct delivery d;
	struct buf b;
	bool same;

	arena_init(&arena, 1 << 20);
	pack_init(&pack);
	buf_init(&b, 1 << 20);
	same = delivery_parse(&d, str_z(line), &arena);
	if (same) {
		delivery_put_senml(&b, &d, &pack);
		same = str_eq(buf_str(&b), str_z(want));
	}
	buf_release(&b);
	pack_release(&pack);
	arena_release(&arena);
	return same;
}

static void
test_senml(void)
{
	CHECK(senml_is(
	    "[{\"channel\":\"7\",\"bn\":\"d:\",\"n\":\"t\",\"v\":1}]",
	    "[{\"bn\":\"d:\",\"n\":\"t\",\"v\":1}]"));
	CHECK(senml_is("{\"channel\":\"7\",\"n\":\"t\",\"v\":1,\"t\":2e9}",
	    "[{\"n\":\"t\",\"v\":1,\"t\":2e9}]"));
	/* 81 a3 00 61 74 02 01 06 1b…: [{n: "t", v: 1, t: 2000000000}] */
	CHECK(senml_is("[{\"channel\":\"7\",\"n\":\"payload\",\"vd\":"
	    "\"gaMAYXQCAQYadzWUAA\",\"ct\":\"application/senml+cbor\"}]",
	    "[{\"n\":\"t\",\"v\":1,\"t\":2000000000}]"));
	CHECK(senml_is("[{\"channel\":\"7\",\"n\":\"payload\",\"vd\":\"AAE\","
	    "\"ct\":\"text/plain\"}]", "[{\"n\":\"payload\",\"vd\":\"AAE\","
	    "\"ct\":\"text/plain\"}]"));
	/* says SenML, but is not */
	CHECK(senml_is("[{\"channel\":\"7\",\"n\":\"payload\",\"vd\":\"AAE\","
	    "\"ct\":\"application/senml+cbor\"}]", "[{\"n\":\"payload\","
	    "\"vd\":\"AAE\",\"ct\":\"application/senml+cbor\"}]"));
	CHECK(!senml_is("[{\"n\":\"t\",\"v\":1}]", ""));
	CHECK(!senml_is("[{\"channel\":\"7\",\"n\":\"payload\",\"vd\":\"A\","
	    "\"ct\":\"text/plain\"}]", ""));
}

static unsigned
heard(struct subscriptions *a, const char *channel, const char *subtopic)
{
	struct subscription *s;
	unsigned who = 0;

	for (s = subscriptions_first(a, str_z(channel), str_z(subtopic));
	    s != NULL; s = subscriptions_next(s, str_z(subtopic)))
		who = who * 10 + *(const unsigned *)s->owner;
	return who;
}

static void
test_subscriptions(void)
{
	static unsigned names[] = { 1, 2, 3, 4 };
	struct subscription s[4] = { { .owner = NULL } }, *at, *next;
	struct subscriptions a;
	int i;

	subscriptions_init(&a);
	for (i = 0; i < 4; i++)
		s[i].owner = &names[i];
	CHECK(heard(&a, "7", "") == 0);
	subscriptions_join(&a, &s[0], STR("7"), STR(""));
	subscriptions_join(&a, &s[1], STR("7"), STR(">"));
	subscriptions_join(&a, &s[2], STR("7"), STR("#"));
	subscriptions_join(&a, &s[3], STR("8"), STR("a.*"));
	CHECK(a.n == 4 && a.channels.n == 2);
	CHECK(heard(&a, "7", "") == 13);
	CHECK(heard(&a, "7", "a.b") == 23);
	CHECK(heard(&a, "8", "a.b") == 4);
	CHECK(heard(&a, "8", "a") == 0);
	CHECK(heard(&a, "", "a") == 0);
	CHECK(str_eq(subscription_channel(&s[3]), STR("8")));
	CHECK(str_eq(subscription_filter(&s[3]), STR("a.*")));
	/* each leaves while it is told */
	for (at = subscriptions_first(&a, STR("7"), STR("")); at; at = next) {
		next = subscriptions_next(at, STR(""));
		subscriptions_leave(&a, at);
	}
	CHECK(heard(&a, "7", "") == 0 && heard(&a, "7", "a") == 2);
	subscriptions_leave(&a, &s[0]);
	subscriptions_leave(&a, &s[1]);
	subscriptions_leave(&a, &s[3]);
	CHECK(a.n == 0 && a.channels.n == 0);
	subscriptions_join(&a, &s[0], STR("7"), STR(""));
	CHECK(heard(&a, "7", "") == 1);
	subscriptions_leave(&a, &s[0]);
	subscriptions_release(&a);
}

/* What is found is what a look at each would find. */
static bool
all_heard(struct subscriptions *a, struct subscription *s, int n,
    struct str subtopic)
{
	struct subscription *at;
	int i, found = 0, wanted = 0;

	for (i = 0; i < n; i++)
		wanted += s[i].topic != NULL &&
		    subscription_has(subscription_filter(&s[i]), subtopic);
	for (at = subscriptions_first(a, STR("7"), subtopic); at != NULL;
	    at = subscriptions_next(at, subtopic), found++)
		if (!subscription_has(subscription_filter(at), subtopic))
			return false;
	return found == wanted;
}

static void
test_many_filters(void)
{
	static const char *const filters[] = { "", "a", "a.b", "a.b.c", "b",
	    "#", ">", "*", "a.*", "a.#", "a.>", "*.b", "*.*", "b.#", "*.b.#" };
	enum { N = 300, KINDS = sizeof filters / sizeof *filters };
	struct subscription s[N] = { { .owner = NULL } };
	struct subscriptions a;
	unsigned seed = 1, at;
	int i, k, wrong = 0;

	subscriptions_init(&a);
	for (i = 0; i < 5000; i++) {
		seed = seed * 1103515245 + 12345;
		at = (seed >> 16) % N;
		if (s[at].topic != NULL)
			subscriptions_leave(&a, &s[at]);
		else
			subscriptions_join(&a, &s[at], STR("7"),
			    str_z(filters[(seed >> 8) % KINDS]));
		for (k = 0; i % 50 == 0 && k < KINDS; k++)
			wrong += !all_heard(&a, s, N, str_z(filters[k]));
	}
	CHECK(wrong == 0 && a.n > N / 4 && a.topics.n == KINDS);
	for (i = 0; i < N; i++)
		subscriptions_leave(&a, &s[i]);
	CHECK(a.n == 0 && a.topics.n == 0 && a.channels.n == 0);
	subscriptions_release(&a);
}

static void
test_many_channels(void)
{
	enum { N = 5000 };
	struct subscription *s = calloc(N, sizeof *s);
	struct subscriptions a;
	char id[16];
	int i, found = 0;

	subscriptions_init(&a);
	for (i = 0; i < N; i++) {
		snprintf(id, sizeof id, "channel-%d", i);
		subscriptions_join(&a, &s[i], str_z(id), STR_NONE);
	}
	for (i = 0; i < N; i++) {
		snprintf(id, sizeof id, "channel-%d", i);
		found += subscriptions_first(&a, str_z(id), STR_NONE) == &s[i];
	}
	CHECK(found == N && a.channels.n == N);
	for (i = 0; i < N; i++)
		subscriptions_leave(&a, &s[i]);
	CHECK(a.channels.n == 0);
	subscriptions_release(&a);
	free(s);
}

/* takes one step, and as many of its lines as asked for */
static enum catchup_result
step(struct catchup *r, uint64_t *at, uint64_t seq, int take, int *got)
{
	struct bus_lines lines;
	struct bus_line line;
	enum catchup_result result = catchup_step(r, at, seq, &lines, &fault);

	*got = 0;
	if (result != CATCHUP_LINES)
		return result;
	for (; *got < take && bus_lines_next(&lines, &line); ++*got)
		*at = line.seq;
	return result;
}

static void
test_replay(void)
{
	static const char text[] =
	    "{\"n\":\"a\"}\n{\"n\":\"b\"}\n{\"n\":\"c\"}\n";
	struct bus *bus;
	struct bus_writer *w;
	struct catchup *r;
	uint64_t seq, at = 0, other = 10;
	int got;

	CHECK(bus_open(&bus, NULL, &fault) == 0);
	CHECK(catchup_open(&r, bus, "not/one", &fault) < 0);
	CHECK(fault.status == EX_USAGE);
	CHECK(bus_writer_open(&w, bus, "s", BUS_SYNC_NONE, &fault) == 0);
	CHECK(catchup_open(&r, bus, "s", &fault) == 0);
	CHECK(step(r, &at, 0, 9, &got) == CATCHUP_WAIT && at == 0);
	CHECK(bus_append(w, str_z(text), NULL, &seq, &fault) == 0 && seq == 30);
	/* two followers share the reader, one of them takes its time */
	CHECK(step(r, &at, 0, 2, &got) == CATCHUP_LINES && at == 20);
	CHECK(step(r, &other, 0, 1, &got) == CATCHUP_LINES && other == 20);
	CHECK(step(r, &at, 0, 9, &got) == CATCHUP_LINES && got == 1 &&
	    at == 30);
	CHECK(step(r, &other, 0, 9, &got) == CATCHUP_LINES && other == 30);
	/* where the feed stands is not known, then it is */
	CHECK(step(r, &at, 0, 9, &got) == CATCHUP_WAIT && at == 30);
	CHECK(step(r, &at, 20, 9, &got) == CATCHUP_LIVE && at == 30);
	CHECK(bus_append(w, str_z(text), NULL, &seq, &fault) == 0 && seq == 60);
	CHECK(step(r, &at, 40, 9, &got) == CATCHUP_LINES && at == 60);
	CHECK(step(r, &at, 40, 9, &got) == CATCHUP_LIVE && at == 60);
	/* in the middle of a line it goes on after that line */
	other = 33;
	CHECK(step(r, &other, 60, 9, &got) == CATCHUP_LINES && got == 2);
	CHECK(step(r, &other, 60, 9, &got) == CATCHUP_LIVE && other == 60);
	catchup_close(r);
	bus_writer_close(w);
	bus_close(bus);
}

int
main(void)
{
	char dir[] = "/tmp/mfx-feed-XXXXXX", command[64];

	if (mkdtemp(dir) == NULL)
		return 1;
	setenv("MFX_BUS", dir, 1);
	TEST("lines from a pipe become deliveries, in whole lines")
		test_feed();
	TEST("a large input is taken in bounded turns")
		test_turns();
	TEST("a delivery is given as SenML")
		test_senml();
	TEST("subscriptions get what they have asked for, once")
		test_subscriptions();
	TEST("any mixture of filters of one channel")
		test_many_filters();
	TEST("thousands of channels")
		test_many_channels();
	TEST("history is read in steps up to what is live")
		test_replay();
	snprintf(command, sizeof command, "rm -rf %s", dir);
	CHECK(system(command) == 0);
	return unit_end();
}
