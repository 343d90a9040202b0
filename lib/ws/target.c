/* SPDX-License-Identifier: Apache-2.0 */
#include "ws/target.h"

#include "base/file.h"
#include "senml/content_format.h"

#define KEY_MAX 4096
#define TYPE_MAX 255
#define FROM_MAX 64

void
ws_target_init(struct ws_target *t)
{
	*t = (struct ws_target){ .format = WS_PAYLOAD };
	buf_init(&t->subscription, SUBTOPIC_MAX);
	buf_init(&t->key, KEY_MAX);
	buf_init(&t->type, TYPE_MAX);
}

void
ws_target_release(struct ws_target *t)
{
	buf_release(&t->subscription);
	secret_release(&t->key);
	buf_release(&t->type);
}

enum message_path
ws_target_path(struct ws_target *t, struct str path, const char **why)
{
	struct str rest;

	*why = "invalid channel id";
	if (!str_starts(path, STR("/")) ||
	    !topic_split(str_from(path, 1), &t->channel, &rest))
		return MESSAGE_PATH_OTHER;
	*why = !channel_id_valid(t->channel) ?
	    "invalid channel id" :
	    subscription_put(&t->subscription, rest);
	if (*why != NULL)
		return MESSAGE_PATH_REFUSED;
	t->plain = subscription_is_plain(buf_str(&t->subscription));
	return MESSAGE_PATH_OK;
}

/* Takes "name=" off. */
static bool
target_take_name(struct str *argument, struct str name)
{
	if (!str_starts(*argument, name))
		return false;
	*argument = str_from(*argument, name.n);
	return true;
}

static const char *
target_take_format(struct ws_target *t, struct str value)
{
	static const struct str names[WS_FORMATS] = {
		{ "payload", 7 }, { "line", 4 }, { "senml", 5 }
	};
	int i;

	for (i = 0; i < WS_FORMATS; i++) {
		if (str_eq(value, names[i])) {
			t->format = (enum ws_format)i;
			return NULL;
		}
	}
	return "format must be payload, line or senml";
}

static const char *
target_take_from(struct ws_target *t, struct str value)
{
	char text[FROM_MAX];

	t->replays = value.n < sizeof text &&
	    memchr(value.p, '\0', value.n) == NULL;
	if (t->replays) {
		memcpy(text, value.p, value.n);
		text[value.n] = '\0';
		t->replays = bus_where_parse(text, &t->from);
	}
	return t->replays ? NULL :
	    "from must be start, end, a position, or a time (-10m)";
}

static const char *
target_take_type(struct ws_target *t, struct str value)
{
	if (value.n > TYPE_MAX || !content_format_valid(value))
		return "type must be a media type";
	buf_clear(&t->type);
	buf_put_str(&t->type, value);
	return NULL;
}

static const char *
target_take_key(struct ws_target *t, struct str value)
{
	buf_clear(&t->key);
	buf_put_str(&t->key, value);
	/* no key is longer */
	return NULL;
}

static const char *
target_take_echo(struct ws_target *t, struct str value)
{
	t->silent = str_eq(value, STR("0"));
	return t->silent || str_eq(value, STR("1")) ? NULL :
	    "echo must be 0 or 1";
}

/* those with one `bit` are names of the same */
static const struct {
	struct str name;
	const char *(*take)(struct ws_target *, struct str);
	unsigned bit;
} arguments[] = {
	{ { "authorization=", 14 }, target_take_key, 1 },
	{ { "auth=", 5 }, target_take_key, 1 },
	{ { "format=", 7 }, target_take_format, 2 },
	{ { "from=", 5 }, target_take_from, 4 },
	{ { "type=", 5 }, target_take_type, 8 },
	{ { "echo=", 5 }, target_take_echo, 16 },
};

const char *
ws_target_argument(struct ws_target *t, struct str argument)
{
	size_t i;

	for (i = 0; i < sizeof arguments / sizeof *arguments; i++) {
		if (!target_take_name(&argument, arguments[i].name))
			continue;
		if (t->given & arguments[i].bit)
			return "a parameter of the query is given twice";
		t->given |= arguments[i].bit;
		return arguments[i].take(t, argument);
	}
	return NULL;
}
