/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/map.h"

#include "line/route.h"
#include "line/topic.h"

/* longer ids than any registry of ours gives are still taken */
#define ID_MAX 256

struct capture {
	struct str name, value;
};

struct captures {
	struct capture v[MQTT_MAP_NAMES];
	int n;
	bool has_rest;		/* the pattern ends in '#' */
	struct str rest, topic;
};

/* ---- patterns ---- */

/* Takes the level in front of *s off; false when there is none left.  *more
 * starts as true: "" has one level, the empty one. */
static bool
map_next_level(struct str *s, bool *more, struct str *level)
{
	const char *slash;

	if (!*more)
		return false;
	slash = s->n > 0 ? memchr(s->p, '/', s->n) : NULL;
	*more = slash != NULL;
	*level = (struct str){ s->p, slash ? (size_t)(slash - s->p) : s->n };
	*s = str_from(*s, level->n + *more);
	return true;
}

/* The first {name} of a text: what stands before it, it, and what follows. */
static bool
map_split_name(struct str s, struct str *before, struct str *name,
    struct str *after)
{
	const char *open = s.n > 0 ? memchr(s.p, '{', s.n) : NULL, *close;

	if (open == NULL)
		return false;
	*before = (struct str){ s.p, (size_t)(open - s.p) };
	s = str_from(s, before->n + 1);
	close = s.n > 0 ? memchr(s.p, '}', s.n) : NULL;
	if (close == NULL)
		return false;
	*name = (struct str){ s.p, (size_t)(close - s.p) };
	*after = str_from(s, name->n + 1);
	return true;
}

static const struct capture *
map_find(const struct captures *c, struct str name)
{
	int i;

	for (i = 0; i < c->n; i++)
		if (str_eq(c->v[i].name, name))
			return &c->v[i];
	return NULL;
}

static const char *
map_check_level(struct captures *c, struct str level)
{
	struct str before, name, after;

	if (str_eq(level, STR("+")))
		return NULL;
	if (level.n > 0 && (memchr(level.p, '+', level.n) != NULL ||
	    memchr(level.p, '#', level.n) != NULL))
		return "+ and # stand alone in a level, # in the last one";
	if (!map_split_name(level, &before, &name, &after))
		return level.n > 0 && memchr(level.p, '{', level.n) != NULL ?
		    "{ without } in the pattern" : NULL;
	if (after.n > 0 && memchr(after.p, '{', after.n) != NULL)
		return "more than one {name} in a level";
	if (!channel_id_valid(name))
		return "a {name} is made of letters, digits, - and _";
	if (str_eq(name, STR("topic")) || map_find(c, name) != NULL)
		return "a {name} twice in the pattern, or {topic}";
	if (c->n == MQTT_MAP_NAMES)
		return "more than 16 {name}s";
	c->v[c->n++] = (struct capture){ name, STR_NONE };
	return NULL;
}

/* All names of a pattern into *c, or why it is not valid. */
static const char *
map_check_pattern(struct captures *c, struct str pattern)
{
	bool more = true;
	struct str level;
	const char *why;

	if (pattern.n == 0)
		return "the pattern is empty";
	while (map_next_level(&pattern, &more, &level)) {
		if (!more && str_eq(level, STR("#"))) {
			c->has_rest = true;
			break;
		}
		if ((why = map_check_level(c, level)) != NULL)
			return why;
	}
	return NULL;
}

static bool
map_match_level(struct captures *c, struct str pattern, struct str level)
{
	struct str before, name, after;

	if (str_eq(pattern, STR("+")))
		return true;
	if (!map_split_name(pattern, &before, &name, &after))
		return str_eq(pattern, level);
	if (level.n <= before.n + after.n || !str_starts(level, before) ||
	    !str_eq(str_from(level, level.n - after.n), after) ||
	    c->n == MQTT_MAP_NAMES)
		return false;
	c->v[c->n++] = (struct capture){ name, {
	    level.p + before.n, level.n - before.n - after.n } };
	return true;
}

static bool
map_match(struct captures *c, struct str pattern, struct str topic)
{
	bool more_pattern = true, more_topic = true;
	struct str want, level;

	*c = (struct captures){ .topic = topic, .rest = { topic.p, 0 } };
	if (topic.n > 0 && topic.p[0] == '$' && pattern.p[0] != '$')
		return false;
	while (map_next_level(&pattern, &more_pattern, &want)) {
		if (!more_pattern && str_eq(want, STR("#"))) {
			c->has_rest = true;
			if (more_topic)
				c->rest = topic;
			return true;
		}
		if (!map_next_level(&topic, &more_topic, &level) ||
		    !map_match_level(c, want, level))
			return false;
	}
	return !more_topic;
}

/* ---- fields ---- */

/* The field that the text begins with, or NULL. */
static struct str *
map_field_of(struct mqtt_rule *r, struct str *text)
{
	const struct { struct str key; struct str *to; } fields[] = {
		{ STR("channel:"), &r->channel },
		{ STR("publisher:"), &r->publisher },
		{ STR("subtopic:"), &r->subtopic },
		{ STR("protocol:"), &r->protocol },
	};
	size_t i;

	for (i = 0; i < sizeof fields / sizeof *fields; i++)
		if (str_starts(*text, fields[i].key)) {
			*text = str_from(*text, fields[i].key.n);
			return fields[i].to;
		}
	return NULL;
}

/* A topic may hold '=', so the pattern ends where a field follows. */
static bool
map_split_rule(struct str text, struct mqtt_rule *r, struct str *fields)
{
	size_t i;

	for (i = 0; i < text.n; i++) {
		struct str after = str_from(text, i + 1);

		if (text.p[i] == '=' && map_field_of(r, &after) != NULL) {
			r->pattern = (struct str){ text.p, i };
			*fields = str_from(text, i + 1);
			return true;
		}
	}
	return false;
}

static bool
map_name_known(const struct captures *c, struct str name)
{
	if (str_eq(name, STR("#")))
		return c->has_rest;
	return str_eq(name, STR("topic")) || map_find(c, name) != NULL ||
	    (name.n > 1 && name.p[0] == '@');
}

static const char *
map_check_value(const struct captures *c, struct str value)
{
	struct str before, name;

	if (value.n == 0)
		return "a field is empty";
	while (map_split_name(value, &before, &name, &value))
		if (!map_name_known(c, name))
			return "a field has a {name} that the pattern lacks";
	return value.n > 0 && memchr(value.p, '{', value.n) != NULL ?
	    "{ without } in a field" : NULL;
}

static const char *
map_take_fields(struct mqtt_rule *r, struct str fields,
    const struct captures *c)
{
	struct str *to;
	const char *why, *comma;

	do {
		if ((to = map_field_of(r, &fields)) == NULL)
			return "a field is not one of channel:, publisher:, "
			    "subtopic:, protocol:";
		if (to->p != NULL)
			return "a field is given twice";
		comma = fields.n > 0 ? memchr(fields.p, ',', fields.n) : NULL;
		*to = (struct str){ fields.p,
		    comma ? (size_t)(comma - fields.p) : fields.n };
		if ((why = map_check_value(c, *to)) != NULL)
			return why;
		fields = str_from(fields, to->n + (comma != NULL));
	} while (comma != NULL);
	return r->channel.p == NULL ? "missing channel:" : NULL;
}

const char *
mqtt_map_add(struct mqtt_map *m, const char *text)
{
	struct captures c = { .n = 0 };
	struct mqtt_rule r = { .pattern = STR_NONE };
	struct str fields;
	const char *why;

	if (m->n == MQTT_MAP_RULES)
		return "more than 64 rules";
	if (!map_split_rule(str_z(text), &r, &fields))
		return "not PATTERN=channel:TEXT,...";
	if ((why = map_check_pattern(&c, r.pattern)) != NULL ||
	    (why = map_take_fields(&r, fields, &c)) != NULL)
		return why;
	m->rules[m->n++] = r;
	return NULL;
}

/* ---- messages ---- */

/* What a {name} of a field stands for. */
static struct str
map_value_of(const struct captures *c, struct str name, mqtt_property_fn *fn,
    void *arg)
{
	const struct capture *found = map_find(c, name);
	struct str value = STR_NONE;

	if (found != NULL)
		return found->value;
	if (str_eq(name, STR("#")))
		return c->rest;
	if (name.n > 0 && name.p[0] == '@')
		fn(arg, str_from(name, 1), &value);
	else
		value = c->topic;
	return value;
}

static void
map_put_value(struct buf *to, struct str text, const struct captures *c,
    mqtt_property_fn *fn, void *arg)
{
	struct str before, name, after;

	while (map_split_name(text, &before, &name, &after)) {
		buf_put_str(to, before);
		buf_put_str(to, map_value_of(c, name, fn, arg));
		text = after;
	}
	buf_put_str(to, text);
}

static bool
map_id_valid(const struct buf *b, size_t start)
{
	return !b->full && b->n > start && b->n - start <= ID_MAX &&
	    channel_id_valid((struct str){ b->p + start, b->n - start });
}

/* Puts the labels one after the other; their ends go into ends[]. */
static const char *
map_put_labels(const struct mqtt_rule *r, const struct captures *c,
    mqtt_property_fn *fn, void *arg, struct buf *to, size_t ends[4])
{
	struct buf raw;
	const char *why;

	map_put_value(to, r->channel, c, fn, arg);
	if (!map_id_valid(to, 0))
		return "invalid channel id";
	ends[0] = to->n;
	map_put_value(to, r->publisher, c, fn, arg);
	if (to->n > ends[0] && !map_id_valid(to, ends[0]))
		return "invalid publisher id";
	ends[1] = to->n;
	map_put_value(to, r->protocol.p ? r->protocol : STR("mqtt"), c, fn,
	    arg);
	if (!map_id_valid(to, ends[1]))
		return "invalid protocol";
	ends[2] = to->n;
	buf_init(&raw, to->max);
	map_put_value(&raw, r->subtopic, c, fn, arg);
	why = raw.full ? subtopic_too_long :
	    subtopic_put(to, buf_str(&raw));
	buf_release(&raw);
	ends[3] = to->n;
	return why;
}

const char *
mqtt_map_apply(const struct mqtt_map *m, struct str topic,
    mqtt_property_fn *fn, void *arg, struct buf *to, struct route *route)
{
	struct captures c;
	const char *why;
	size_t ends[4];
	int i;

	for (i = 0; i < m->n; i++)
		if (map_match(&c, m->rules[i].pattern, topic))
			break;
	if (i == m->n)
		return "no rule of --map fits the topic";
	buf_clear(to);
	if ((why = map_put_labels(&m->rules[i], &c, fn, arg, to, ends)) != NULL)
		return why;
	route->channel = (struct str){ to->p, ends[0] };
	route->publisher = (struct str){ to->p + ends[0], ends[1] - ends[0] };
	route->protocol = (struct str){ to->p + ends[1], ends[2] - ends[1] };
	route->subtopic = (struct str){ to->p + ends[2], ends[3] - ends[2] };
	return NULL;
}
