/* SPDX-License-Identifier: Apache-2.0 */
#include "line/message.h"

#include <stdlib.h>

#include "unit.h"

static struct pack pack;
static struct arena arena;
static struct buf line;
static const struct route route = {
	.channel = { "C", 1 }, .publisher = { "T", 1 },
	.protocol = { "http", 4 }, .subtopic = { "a.b", 3 },
	.received = { 1700000000500000000 }, .has_received = true,
};

#define LABELS "\"channel\":\"C\",\"publisher\":\"T\",\"protocol\":\"http\"," \
	"\"subtopic\":\"a.b\",\"received\":1700000000.5,"

static bool
wrap(struct str payload, const char *type)
{
	buf_clear(&line);
	return message_wrap(&line, &route, payload, str_z(type), &pack);
}

static bool
stands(const char *payload, const char *want)
{
	return wrap(str_z(payload), "") && str_eq(buf_str(&line), str_z(want));
}

/* it comes back byte for byte, and as data, not as a pack of ours */
static bool
returns(struct str payload, const char *type, const char *want_type)
{
	struct str back, back_type, whole;

	if (!wrap(payload, type))
		return false;
	arena_reset(&arena);
	whole = (struct str){ line.p, line.n - 1 };
	return message_payload(whole, &arena, &back, &back_type) &&
	    str_eq(back, payload) && str_eq(back_type, str_z(want_type));
}

static bool
hidden(const char *payload)
{
	return returns(str_z(payload), "", "application/senml+json") &&
	    message_is_wrapped((struct str){ line.p, line.n - 1 });
}

static void
test_wrap(void)
{
	char bytes[256];
	int i;

	CHECK(stands("[{\"n\":\"t\",\"v\":1}]",
	    "[{" LABELS "\"n\":\"t\",\"v\":1}]\n"));
	CHECK(returns(STR("[{\"n\":\"t\",\"v\":1}]"), "text/plain",
	    "application/senml+json"));
	for (i = 0; i < 256; i++)
		bytes[i] = (char)i;
	CHECK(returns((struct str){ bytes, 256 }, "application/x-y",
	    "application/x-y"));
	CHECK(returns(STR(""), "", "application/octet-stream"));
	CHECK(returns(STR("hello"), "text/plain; charset=utf-8",
	    "text/plain; charset=utf-8"));
	CHECK(returns(STR("hello"), "text/plain; charset=\"a\\\"b\"",
	    "text/plain; charset=\"a\\\"b\""));
	CHECK(returns(STR("hello"), "text\" x", "application/octet-stream"));
	CHECK(returns(STR("hello\n"), "a/b\nc", "application/octet-stream"));
	CHECK(returns(STR("hello"), "a/b; x=\"\xc3\xa9\"",
	    "a/b; x=\"\xc3\xa9\""));
	/* a line is UTF-8 */
	CHECK(returns(STR("hello"), "a/b; x=\"\xff\xfe\"",
	    "application/octet-stream"));
	CHECK(returns(STR("hello"), "a/b; x=\"\\\xc3\"",
	    "application/octet-stream"));
	CHECK(returns(STR("[]"), "", "application/octet-stream") == false);
	CHECK(hidden("[]"));
	/* what can't stand is hidden in data */
	CHECK(hidden("[{\"n\":\"t\",\n\"v\":1}]"));
	CHECK(hidden(" [{\"n\":\"t\",\"v\":1}]"));
	CHECK(hidden("[{\"n\":\"t\",\"v\":1}] "));
	CHECK(hidden("[{\"n\":\"t\",\"v\":1}]\r"));
	CHECK(hidden("[ {\"n\":\"t\",\"v\":1}]"));
}

/* a device can't speak as another, whatever the spelling */
static void
test_forgery(void)
{
	CHECK(hidden("[{\"publisher\":\"X\",\"n\":\"t\",\"v\":1}]"));
	CHECK(hidden("[{\"n\":\"t\",\"v\":1,\"channel\":\"X\"}]"));
	CHECK(hidden("[{\"n\":\"t\",\"v\":1},{\"n\":\"t\",\"v\":1,"
	    "\"seq\":7}]"));
	CHECK(hidden("[{\"p\\u0075blisher\":\"X\",\"n\":\"t\",\"v\":1}]"));
	CHECK(hidden("[{\"\\u0073eq\":1,\"n\":\"t\",\"v\":1}]"));
	CHECK(hidden("[{\"x\":{\"y\":[{\"received\":1}]},\"n\":\"t\","
	    "\"v\":1}]"));
	CHECK(hidden("[{\"x\":{\"prot\\u006fcol\":1},\"n\":\"t\",\"v\":1}]"));
	/* nor can it pass its own record off as a payload of ours */
	CHECK(hidden("[{\"n\":\"payload\",\"vd\":\"AAAA\",\"ct\":\"a/b\"}]"));
	/* the words as values are nobody's labels */
	CHECK(stands("[{\"n\":\"channel\",\"vs\":\"publisher\"}]",
	    "[{" LABELS "\"n\":\"channel\",\"vs\":\"publisher\"}]\n"));
}

static void
test_limits(void)
{
	size_t n = MESSAGE_LINE_MAX + 10;
	char *big = malloc(n);

	memset(big, 'x', n);
	CHECK(!wrap((struct str){ big, n }, "") && line.n == 0);
	CHECK(wrap((struct str){ big, n / 4 * 3 - 300 }, ""));
	CHECK(line.n <= MESSAGE_LINE_MAX);
	CHECK(!wrap((struct str){ big, n / 4 * 3 - 50 }, "") && line.n == 0);
	free(big);
}

static void
test_scan(void)
{
	struct route r;
	struct str back, type;
	size_t rest;

	CHECK(route_scan(STR("[{\"seq\":12,\"channel\":\"c\",\"n\":\"t\"}]"),
	    &r, &rest) && r.has_seq && r.seq == 12 && rest == 25 &&
	    str_eq(r.channel, STR("c")));
	CHECK(route_scan(STR("{\"seq\":12,\"part\":4,\"n\":\"t\"}"), &r,
	    &rest) && r.has_seq && r.seq == 12 && r.part == 4 && rest == 19);
	CHECK(route_scan(STR("{\"part\":4,\"seq\":12,\"n\":\"t\"}"), &r,
	    &rest) && !r.has_seq && rest == 1);
	CHECK(route_scan(STR("{\"n\":\"t\"}"), &r, &rest) && rest == 1);
	CHECK(route_scan(STR("[{\"channel\":\"a\\\"b\",\"n\":\"t\"}]"), &r,
	    &rest) && rest == 2);
	CHECK(!route_scan(STR("\"x\""), &r, &rest));
	CHECK(line_is_mark(STR("{\"seq\":7}"), &r) && r.seq == 7 &&
	    r.part == 0);
	CHECK(line_is_mark(STR("{\"seq\":7,\"part\":3}"), &r) &&
	    r.seq == 7 && r.part == 3);
	CHECK(line_is_mark(STR("{\"seq\":7,\"part\":0}"), &r) &&
	    r.part == 0);
	CHECK(!line_is_mark(STR("{\"seq\":7,\"part\":}"), &r));
	CHECK(!line_is_mark(STR("{\"part\":7}"), &r));
	CHECK(!line_is_mark(STR("{\"seq\":7,\"part\":2147483648}"), &r));
	CHECK(!line_is_mark(STR("{\"seq\":7,\"n\":\"t\"}"), &r));
	CHECK(!line_is_mark(STR("{\"seq\":}"), &r));
	CHECK(!line_is_mark(STR("{\"seq\":99999999999999999999}"), &r));
	arena_reset(&arena);
	CHECK(message_payload(STR("{\"channel\":\"C\",\"seq\":1,\"n\":\"t\","
	    "\"v\":1,\"t\":5}"), &arena, &back, &type) &&
	    str_eq(back, STR("[{\"n\":\"t\",\"v\":1,\"t\":5}]")));
}

int
main(void)
{
	pack_init(&pack);
	arena_init(&arena, 8 << 20);
	buf_init(&line, 8 << 20);
	TEST("a payload comes back byte for byte")
		test_wrap();
	TEST("a device can't speak as another")
		test_forgery();
	TEST("a line has a longest length")
		test_limits();
	TEST("routing labels and marks are read from a line")
		test_scan();
	pack_release(&pack);
	arena_release(&arena);
	buf_release(&line);
	return unit_end();
}
