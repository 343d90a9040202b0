/* SPDX-License-Identifier: Apache-2.0 */
#include "http/thing_auth.h"
#include "http/path.h"
#include "line/topic.h"
#include "unit.h"

static struct buf b;

static bool
decodes(const char *text, const char *want)
{
	buf_clear(&b);
	return percent_decode(&b, str_z(text)) &&
	    str_eq(buf_str(&b), str_z(want));
}

static bool
refused(const char *text)
{
	buf_clear(&b);
	return !percent_decode(&b, str_z(text));
}

static void
test_percent(void)
{
	CHECK(decodes("", ""));
	CHECK(decodes("a+b", "a+b"));
	CHECK(decodes("%41%7a%2F%2f", "Az//"));
	CHECK(decodes("%25%32%35", "%25"));
	CHECK(decodes("%01%ff%F0", "\x01\xff\xf0"));
	CHECK(refused("%"));
	CHECK(refused("a%"));
	CHECK(refused("%4"));
	CHECK(refused("%g0"));
	CHECK(refused("%0g"));
	CHECK(refused("%%41"));
	CHECK(refused("% 1"));
	CHECK(refused("%-1"));
	CHECK(refused("%00"));
	CHECK(refused("ok%00"));
}

static enum message_path
parse(const char *path, struct str *channel, const char **why)
{
	buf_clear(&b);
	return message_path_parse(str_z(path), channel, &b, why);
}

static void
test_path(void)
{
	struct str channel;
	const char *why;

	CHECK(parse("/channels/a-B_9/messages", &channel, &why) ==
	    MESSAGE_PATH_OK);
	CHECK(str_eq(channel, STR("a-B_9")) && b.n == 0);
	CHECK(parse("/channels/x/messages/", &channel, &why) ==
	    MESSAGE_PATH_OK && b.n == 0);
	CHECK(parse("/channels/x/messages/a//b.c/", &channel, &why) ==
	    MESSAGE_PATH_OK && str_eq(buf_str(&b), STR("a.b.c")));
	CHECK(parse("/channels//messages", &channel, &why) ==
	    MESSAGE_PATH_REFUSED && why != NULL);
	CHECK(parse("/channels/a.b/messages", &channel, &why) ==
	    MESSAGE_PATH_REFUSED);
	CHECK(parse("/channels/a%62/messages", &channel, &why) ==
	    MESSAGE_PATH_REFUSED);
	CHECK(parse("/channels/a/messages/*", &channel, &why) ==
	    MESSAGE_PATH_REFUSED);
	CHECK(parse("/channels/a/messages/%0", &channel, &why) ==
	    MESSAGE_PATH_REFUSED);
	CHECK(parse("", &channel, &why) == MESSAGE_PATH_OTHER);
	CHECK(parse("/channels/", &channel, &why) == MESSAGE_PATH_OTHER);
	CHECK(parse("/channels/a", &channel, &why) == MESSAGE_PATH_OTHER);
	CHECK(parse("/channels/a/", &channel, &why) == MESSAGE_PATH_OTHER);
	CHECK(parse("/channels/a/message", &channel, &why) ==
	    MESSAGE_PATH_OTHER);
	CHECK(parse("/channels/a/messagesX", &channel, &why) ==
	    MESSAGE_PATH_OTHER);
	CHECK(parse("channels/a/messages", &channel, &why) ==
	    MESSAGE_PATH_OTHER);
}

static bool
key_is(const char *header, const char *key)
{
	return str_eq(authorization_key(str_z(header)), str_z(key));
}

static void
test_key(void)
{
	CHECK(key_is("", ""));
	CHECK(key_is("  ", ""));
	CHECK(authorization_key(STR_NONE).n == 0);
	CHECK(key_is("k", "k"));
	CHECK(key_is("  k\t", "k"));
	CHECK(key_is("Thing k", "k"));
	CHECK(key_is("tHiNg   k ", "k"));
	CHECK(key_is("Bearer k", "k"));
	CHECK(key_is("bearer Thing k", "Thing k"));
	CHECK(key_is("Thing", "Thing"));
	CHECK(key_is("Thingk", "Thingk"));
	CHECK(key_is("Basic k", "Basic k"));
}

int
main(void)
{
	buf_init(&b, 2 * SUBTOPIC_MAX);
	TEST("percent encoding")
		test_percent();
	TEST("the path of a message: channel and subtopic")
		test_path();
	TEST("the key in an Authorization header")
		test_key();
	buf_release(&b);
	return unit_end();
}
