/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/topic.h"

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
	memset(deep, 'x', SUBTOPIC_MAX + 1);
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
	test_split();
	test_subtopics();
	test_subscription();
	test_match();
	return unit_end();
}
