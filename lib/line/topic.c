/* SPDX-License-Identifier: Apache-2.0 */
#include "line/topic.h"

#include "base/utf8.h"
#include "json/span.h"

const char subtopic_too_long[] = "subtopic over 1024 bytes";

bool
channel_id_valid(struct str id)
{
	return id.n > 0 && span_id(id.p, id.p + id.n) == id.n;
}

bool
topic_split(struct str topic, struct str *channel, struct str *rest)
{
	const struct str head = STR("channels/"), tail = STR("/messages");
	const char *slash;

	if (!str_starts(topic, head))
		return false;
	topic = str_from(topic, head.n);
	slash = topic.n > 0 ? memchr(topic.p, '/', topic.n) : NULL;
	if (slash == NULL)
		return false;
	*channel = (struct str){ topic.p, (size_t)(slash - topic.p) };
	topic = str_from(topic, channel->n);
	if (!str_starts(topic, tail))
		return false;
	topic = str_from(topic, tail.n);
	*rest = topic.n > 0 ? str_from(topic, 1) : STR_NONE;
	return topic.n == 0 || topic.p[0] == '/';
}

static bool
topic_is_wildcard(struct str level)
{
	return level.n == 1 && memchr("*+>#", level.p[0], 4) != NULL;
}

/* NULL, or why a level can't hold this character. */
static const char *
topic_check_char(unsigned long c)
{
	if (utf8_is_control(c))
		return "control character in the subtopic";
	if (c == '*' || c == '>' || c == '+' || c == '#')
		return "wildcard in the subtopic";
	if (c == '"' || c == '\\')
		return "quote or backslash in the subtopic";
	return NULL;
}

/* NULL, or why this can't be a level of a subtopic. */
static const char *
topic_check_level(struct str level, bool wildcards)
{
	const char *why, *p = level.p, *end = level.p + level.n;
	size_t n;

	if (wildcards && topic_is_wildcard(level))
		return NULL;
	/* nearly all are plain: step over many at once */
	for (p += span_name(p, end); p < end; p += n) {
		if ((n = utf8_sequence(p, end)) == 0)
			return "subtopic is not UTF-8";
		if ((why = topic_check_char(utf8_decode(p, n))) != NULL)
			return why;
	}
	return NULL;
}

/* Takes the first level off *path, and what ends it. */
static struct str
topic_take_level(struct str *path)
{
	struct str level = { path->p, 0 };

	while (level.n < path->n && level.p[level.n] != '/' &&
	    level.p[level.n] != '.')
		level.n++;
	*path = str_from(*path, level.n + (level.n < path->n));
	return level;
}

static const char *
topic_put_levels(struct buf *to, struct str path, bool wildcards)
{
	size_t start = to->n, levels = 0;
	struct str level;
	const char *why;
	char last = '\0';

	while (path.n > 0) {
		level = topic_take_level(&path);
		if (level.n == 0)
			continue;
		why = last == '>' || last == '#' ?
		    "wildcard for many levels before the last one" :
		    topic_check_level(level, wildcards);
		if (why == NULL && to->n - start + (to->n > start) + level.n >
		    SUBTOPIC_MAX)
			why = subtopic_too_long;
		if (why == NULL && ++levels > SUBTOPIC_LEVELS)
			why = "subtopic over 198 levels";
		if (why != NULL) {
			to->n = start;
			return why;
		}
		last = wildcards && topic_is_wildcard(level) ? level.p[0] :
		    '\0';
		if (last == '+')
			level = STR("*");
		if (to->n > start)
			buf_putc(to, '.');
		buf_put_str(to, level);
	}
	return NULL;
}

const char *
subtopic_put(struct buf *to, struct str path)
{
	return topic_put_levels(to, path, false);
}

const char *
subscription_put(struct buf *to, struct str path)
{
	return topic_put_levels(to, path, true);
}

bool
subscription_is_plain(struct str s)
{
	while (s.n > 0)
		if (topic_is_wildcard(topic_take_level(&s)))
			return false;
	return true;
}

bool
subscription_has(struct str subscription, struct str subtopic)
{
	struct str wanted, level;

	while (subscription.n > 0) {
		wanted = topic_take_level(&subscription);
		if (str_eq(wanted, STR("#")))
			return true;
		if (subtopic.n == 0)
			return false;
		if (str_eq(wanted, STR(">")))
			return true;
		level = topic_take_level(&subtopic);
		if (!str_eq(wanted, STR("*")) && !str_eq(wanted, level))
			return false;
	}
	return subtopic.n == 0;
}
