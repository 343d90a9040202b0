/* SPDX-License-Identifier: Apache-2.0 */
#include "line/topic.h"

#include "base/utf8.h"
#include "unit.h"

static bool
splits(const char *topic, const char *channel, const char *rest)
{
	struct str c, r;

	return topic_split(str_z(topic), &c, &r) && str_eq(c, str_z(channel)) &&
	    str_eq(r, str_z(rest)) && (r.p == NULL) == (rest == NULL);
}

static bool
other(const char *topic)
{
	struct str c, r;

	return !topic_split(str_z(topic), &c, &r);
}

static void
test_split(void)
{
	CHECK(splits("channels/7/messages", "7", NULL));
	CHECK(splits("channels/7/messages/", "7", ""));
	CHECK(splits("channels/7/messages/a/b", "7", "a/b"));
	CHECK(splits("channels//messages", "", NULL));
	CHECK(splits("channels/+/messages/#", "+", "#"));
	CHECK(other(""));
	CHECK(other("channels"));
	CHECK(other("channels/"));
	CHECK(other("channels/7"));
	CHECK(other("channels/7/message"));
	CHECK(other("channels/7/messagesXYZ"));
	CHECK(other("channels/7/messagesXYZ/a"));
	CHECK(other("/channels/7/messages"));
	CHECK(other("Channels/7/messages"));
}

static bool
subtopic_is(const char *path, const char *want)
{
	struct buf b;
	bool same;

	buf_init(&b, SUBTOPIC_MAX);
	if (subtopic_put(&b, str_z(path)) != NULL)
		same = want == NULL && b.n == 0;
	else
		same = want != NULL && str_eq(buf_str(&b), str_z(want));
	buf_release(&b);
	return same;
}

/* What MQTT 5.0 1.5.4 and 3.1.1 1.5.3 say that text should not have: a
 * broker may close the connection of whoever sends it. */
static void
test_characters(void)
{
	unsigned long plane;
	char text[8] = "a";

	CHECK(subtopic_is("a\xc2\x80", NULL));		/* U+0080 */
	CHECK(subtopic_is("a\xc2\x85z", NULL));
	CHECK(subtopic_is("a\xc2\x9f", NULL));
	CHECK(subtopic_is("a\xc2\xa0", "a\xc2\xa0"));
	CHECK(subtopic_is("a\xef\xb7\x8f", "a\xef\xb7\x8f"));	/* U+FDCF */
	CHECK(subtopic_is("a\xef\xb7\x90", NULL));	/* U+FDD0 */
	CHECK(subtopic_is("a\xef\xb7\xaf", NULL));	/* U+FDEF */
	CHECK(subtopic_is("a\xef\xb7\xb0", "a\xef\xb7\xb0"));
	for (plane = 0; plane <= 0x100000; plane += 0x10000) {
		text[1 + utf8_encode(text + 1, plane | 0xfffd)] = '\0';
		CHECK(subtopic_is(text, text));
		text[1 + utf8_encode(text + 1, plane | 0xfffe)] = '\0';
		CHECK(subtopic_is(text, NULL));
		text[1 + utf8_encode(text + 1, plane | 0xffff)] = '\0';
		CHECK(subtopic_is(text, NULL));
	}
	/* no surrogate, whole or half */
	CHECK(subtopic_is("a\xed\xa0\x80", NULL));
	CHECK(subtopic_is("a\xed\xa0\x80\xed\xb0\x80", NULL));
	/* a direction of text is carried by all: U+202E, U+2066 */
	CHECK(subtopic_is("\xe2\x80\xae\xe2\x81\xa6",
	    "\xe2\x80\xae\xe2\x81\xa6"));
}

/* 200 slashes are what a topic of mosquitto may have, "channels/ID/" takes
 * two of them. */
static void
test_levels(void)
{
	char path[1024], want[1024];
	int i;

	memset(path, 'x', 256);
	path[256] = '\0';
	CHECK(subtopic_is(path, path));
	for (i = 0; i < 199; i++) {
		memcpy(path + 2 * i, "a/", 2);
		memcpy(want + 2 * i, "a.", 2);
	}
	path[2 * 199] = '\0';
	CHECK(subtopic_is(path, NULL));
	path[2 * 198] = '\0';
	want[2 * 198 - 1] = '\0';
	CHECK(subtopic_is(path, want));
}

static void
test_subtopics(void)
{
	char deep[3000];

	CHECK(subtopic_is("a/b", "a.b"));
	CHECK(subtopic_is("a///b.c/", "a.b.c"));
	CHECK(subtopic_is("", ""));
	CHECK(subtopic_is("/", ""));
	CHECK(subtopic_is("r\xc3\xa4ume/1 st", "r\xc3\xa4ume.1 st"));
	CHECK(subtopic_is("a/*", NULL));
	CHECK(subtopic_is(">", NULL));
	CHECK(subtopic_is("a+", NULL));
	CHECK(subtopic_is("#", NULL));
	CHECK(subtopic_is("a\r\nPUB x", NULL));
	CHECK(subtopic_is("a\x7f", NULL));
	CHECK(subtopic_is("\xff", NULL));
	CHECK(subtopic_is("a\"b", NULL));
	test_characters();
	test_levels();
	memset(deep, 'x', SUBTOPIC_MAX + 1);
	deep[200] = deep[400] = deep[600] = deep[800] = '.';
	deep[SUBTOPIC_MAX + 1] = '\0';
	CHECK(subtopic_is(deep, NULL));
	deep[SUBTOPIC_MAX] = '\0';
	CHECK(subtopic_is(deep, deep));
	memset(deep, 'x', sizeof deep);
	deep[sizeof deep - 1] = '\0';
	CHECK(subtopic_is(deep, NULL));
}

/* the subscription to `path` is `want` */
static bool
gives(const char *path, const char *want)
{
	struct buf b;
	bool same;

	buf_init(&b, SUBTOPIC_MAX);
	same = subscription_put(&b, str_z(path)) == NULL &&
	    str_eq(buf_str(&b), str_z(want));
	buf_release(&b);
	return same;
}

static bool
refused(const char *path)
{
	struct buf b;
	bool no;

	buf_init(&b, SUBTOPIC_MAX);
	no = subscription_put(&b, str_z(path)) != NULL && b.n == 0;
	buf_release(&b);
	return no;
}

static void
test_subscription(void)
{
	CHECK(gives("", ""));
	CHECK(gives("//a///b.c/", "a.b.c"));
	CHECK(gives("+/b", "*.b"));
	CHECK(gives("*/b/>", "*.b.>"));
	CHECK(gives("a/#", "a.#"));
	CHECK(gives("#/", "#"));
	CHECK(refused("a*"));
	CHECK(refused("a/b#"));
	CHECK(refused("++"));
	CHECK(refused("#/a"));
	CHECK(refused(">.>"));
	CHECK(refused("a\nb"));
	CHECK(refused("\xff"));
	CHECK(subscription_is_plain(STR("a.b")));
	CHECK(subscription_is_plain(STR("")));
	CHECK(!subscription_is_plain(STR("a.*.b")));
	CHECK(!subscription_is_plain(STR("a.>")));
}

static bool
has(const char *subscription, const char *subtopic)
{
	return subscription_has(str_z(subscription), str_z(subtopic));
}

static void
test_match(void)
{
	CHECK(has("", ""));
	CHECK(!has("", "a"));
	CHECK(has("a.b", "a.b"));
	CHECK(!has("a.b", "a"));
	CHECK(!has("a", "a.b"));
	CHECK(!has("a.b", "a.bc"));
	CHECK(has("*", "a"));
	CHECK(!has("*", ""));
	CHECK(!has("*", "a.b"));
	CHECK(has("*.b", "a.b"));
	CHECK(has("a.*.c", "a.b.c"));
	CHECK(!has("a.*.c", "a.b.d"));
	CHECK(has(">", "a"));
	CHECK(has(">", "a.b.c"));
	CHECK(!has(">", ""));
	CHECK(!has("a.>", "a"));
	CHECK(has("a.>", "a.b"));
	CHECK(has("#", ""));
	CHECK(has("#", "a.b"));
	CHECK(has("a.#", "a"));
	CHECK(has("a.#", "a.b.c"));
	CHECK(!has("a.#", "b"));
}

int
main(void)
{
	TEST("a topic is a channel and a rest")
		test_split();
	TEST("subtopics have levels, and characters they refuse")
		test_subtopics();
	TEST("wildcards stand for whole levels")
		test_subscription();
	TEST("a subscription matches a subtopic")
		test_match();
	return unit_end();
}
