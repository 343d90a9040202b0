/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/change.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/line.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "json/object.h"
#include "registry/ndjson.h"
#include "registry/tags.h"
#include "registry/uuid.h"

/* of one transaction's changes, held in memory until it is committed */
#define CHANGES_BYTES_MAX ((size_t)1 << 30)

/* metadata last: change_set_metadata resets the scratch arena, in which
 * values are */
static const struct {
	enum change_member member;
	struct object_field field;
} members[] = {
	{ MEMBER_ID, { .name = "id", .type = OBJECT_TEXT } },
	{ MEMBER_NAME, { .name = "name", .type = OBJECT_TEXT } },
	{ MEMBER_KEY, { .name = "key", .type = OBJECT_TEXT } },
	{ MEMBER_CHANNEL, { .name = "channel", .type = OBJECT_TEXT } },
	{ MEMBER_THING, { .name = "thing", .type = OBJECT_TEXT } },
	{ MEMBER_STATUS, { .name = "status", .type = OBJECT_TEXT } },
	{ MEMBER_DIRECTION, { .name = "direction", .type = OBJECT_TEXT } },
	{ MEMBER_GROUP, { .name = "group", .type = OBJECT_TEXT } },
	{ MEMBER_PARENT, { .name = "parent", .type = OBJECT_TEXT } },
	{ MEMBER_DESCRIPTION, { .name = "description",
	    .type = OBJECT_TEXT } },
	{ MEMBER_TAGS, { .name = "tags", .type = OBJECT_TEXTS } },
	{ MEMBER_METADATA, { .name = "metadata", .type = OBJECT_RAW } },
};
#define MEMBERS (sizeof members / sizeof *members)

void
changes_init(struct changes *s)
{
	*s = (struct changes){ .n = 0 };
	arena_init(&s->keep, CHANGES_BYTES_MAX);
	arena_init(&s->scratch, 2 * LINE_LIMIT);
}

void
change_wipe(struct str key)
{
	union { const char *borrowed; char *own; } u = { key.p };

	if (key.p != NULL)
		sodium_memzero(u.own, key.n);
}

void
changes_release(struct changes *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		change_wipe(s->v[i].key);
	free(s->v);
	arena_release(&s->keep);
	arena_release(&s->scratch);
}

struct change *
changes_add(struct changes *s)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 1;
		s->v = memory_resize(s->v, s->cap * sizeof *s->v);
	}
	s->v[s->n] = (struct change){ .given = 0 };
	return &s->v[s->n++];
}

/* ---- values ---- */

static const char *
change_keep(struct changes *s, struct change *change, enum change_member member,
    struct str *to, struct str value)
{
	*to = arena_str(&s->keep, value);
	if (to->p == NULL)
		return "too much input";
	change->given |= member;
	return NULL;
}

const char *
change_set_id(struct changes *s, struct change *change, struct str id)
{
	return change_keep(s, change, MEMBER_ID, &change->id, id);
}

const char *
change_name_fault(struct str name)
{
	if (name.n > NAME_BYTES_MAX)
		return "name longer than 1024 bytes";
	if (!utf8_valid(name))
		return "name is not UTF-8";
	if (utf8_has_control(name))
		return "control character in the name";
	return NULL;
}

const char *
change_set_name(struct changes *s, struct change *change, struct str name)
{
	const char *why = change_name_fault(name);

	return why != NULL ? why :
	    change_keep(s, change, MEMBER_NAME, &change->name, name);
}

const char *
change_set_description(struct changes *s, struct change *change,
    struct str text)
{
	if (text.n > DESCRIPTION_BYTES_MAX)
		return "description longer than 1024 bytes";
	if (!utf8_valid(text) || utf8_has_control(text))
		return "description is not UTF-8, or has control characters";
	return change_keep(s, change, MEMBER_DESCRIPTION,
	    &change->description, text);
}

const char *
change_set_parent(struct changes *s, struct change *change, struct str id)
{
	return change_keep(s, change, MEMBER_PARENT, &change->parent, id);
}

const char *
change_set_metadata(struct changes *s, struct change *change, struct str json)
{
	struct str compact;
	const char *why = metadata_take(json, &s->scratch, &compact);

	if (why == NULL)
		why = change_keep(s, change, MEMBER_METADATA, &change->metadata,
		    compact);
	arena_reset(&s->scratch);
	return why;
}

const char *
change_key_fault(struct str key)
{
	if (key.n == 0)
		return "empty key";
	if (key.n > THING_KEY_MAX)
		return "key longer than 4096 bytes";
	if (!utf8_valid(key) || utf8_has_control(key))
		return "key is not UTF-8, or has control characters";
	/* no protocol's header would bring them back */
	if (key.p[0] == ' ' || key.p[key.n - 1] == ' ')
		return "key begins or ends with a space";
	return NULL;
}

const char *
change_set_key(struct changes *s, struct change *change, struct str key)
{
	const char *why = change_key_fault(key);

	return why != NULL ? why :
	    change_keep(s, change, MEMBER_KEY, &change->key, key);
}

const char *
change_set_tags(struct changes *s, struct change *change, struct str json)
{
	struct tags tags;
	const char *why;

	tags_begin(&tags);
	why = tags_add_json(&tags, json, &s->scratch);
	if (why == NULL)
		why = change_keep(s, change, MEMBER_TAGS, &change->tags,
		    tags_end(&tags));
	return why;
}

const char *
change_set_tag_list(struct changes *s, struct change *change,
    const char *const *v, int n)
{
	const char *why = NULL;
	struct tags tags;
	int i;

	tags_begin(&tags);
	for (i = 0; i < n && why == NULL; i++)
		why = tags_add_list(&tags, str_z(v[i]));
	if (why == NULL)
		why = change_keep(s, change, MEMBER_TAGS, &change->tags,
		    tags_end(&tags));
	return why;
}

const char *
change_set_status(struct changes *s, struct change *change, struct str word)
{
	(void)s;
	change->disabled = str_eq(word, STR("disabled"));
	if (!change->disabled && !str_eq(word, STR("enabled")))
		return "status is neither enabled nor disabled";
	change->given |= MEMBER_STATUS;
	return NULL;
}

const char *
change_set_direction(struct changes *s, struct change *change, struct str word)
{
	(void)s;
	change->direction = direction_parse(word);
	if (change->direction == 0)
		return "direction is neither publish, subscribe nor both";
	change->given |= MEMBER_DIRECTION;
	return NULL;
}

static const char *
change_make_uuid(struct changes *s, void (*make)(char *), struct str *to)
{
	char *text = arena_alloc(&s->keep, ID_TEXT + 1);

	if (text == NULL)
		return "too much input";
	make(text);
	*to = (struct str){ text, ID_TEXT };
	return NULL;
}

const char *
change_make_id(struct changes *s, struct change *change)
{
	change->given |= MEMBER_ID;
	return change_make_uuid(s, uuid_make, &change->id);
}

const char *
change_make_key(struct changes *s, struct change *change)
{
	change->given |= MEMBER_KEY;
	return change_make_uuid(s, uuid_make_secret, &change->key);
}

const char *
changes_seal(struct changes *s, const struct keyring *keys)
{
	unsigned char *room;
	struct change *change;

	for (change = s->v; change < s->v + s->n; change++) {
		if (change->key.p == NULL || change->box.p != NULL)
			continue;
		room = arena_alloc(&s->keep,
		    KEY_HASH_BYTES + KEY_SEAL_BYTES + change->key.n);
		if (room == NULL)
			return "too much input";
		keyring_hash(keys, change->key, room);
		keyring_seal(keys, change->key, room + KEY_HASH_BYTES);
		change->hash = (struct str){ (char *)room, KEY_HASH_BYTES };
		change->box = (struct str){ (char *)room + KEY_HASH_BYTES,
		    KEY_SEAL_BYTES + change->key.n };
	}
	return NULL;
}

/* ---- lines ---- */

static const char *
change_set_member(struct changes *s, struct change *change,
    enum change_member member, struct str value)
{
	if (value.p == NULL && member == MEMBER_KEY) {
		change->given |= MEMBER_KEY;
		return NULL;
	}
	/* as a group at the top is shown */
	if (value.p == NULL && member == MEMBER_PARENT)
		value = STR("");
	if (value.p == NULL)
		return "null, which only a key or a parent may be";
	switch (member) {
	case MEMBER_NAME:
		return change_set_name(s, change, value);
	case MEMBER_KEY:
		return change_set_key(s, change, value);
	case MEMBER_CHANNEL:
		return change_keep(s, change, member, &change->channel, value);
	case MEMBER_THING:
		return change_keep(s, change, member, &change->thing, value);
	case MEMBER_STATUS:
		return change_set_status(s, change, value);
	case MEMBER_DIRECTION:
		return change_set_direction(s, change, value);
	case MEMBER_TAGS:
		return change_set_tags(s, change, value);
	case MEMBER_GROUP:
		return change_keep(s, change, member, &change->group, value);
	case MEMBER_PARENT:
		return change_set_parent(s, change, value);
	case MEMBER_DESCRIPTION:
		return change_set_description(s, change, value);
	case MEMBER_METADATA:
		return change_set_metadata(s, change, value);
	default:
		return change_set_id(s, change, value);
	}
}

const char *
changes_parse(struct changes *s, struct str line, unsigned may, unsigned must)
{
	struct object_field f[MEMBERS];
	enum change_member is[MEMBERS];
	struct change *change = changes_add(s);
	const char *why;
	size_t i, n = 0;

	for (i = 0; i < MEMBERS; i++)
		if (members[i].member & may) {
			f[n] = members[i].field;
			is[n++] = members[i].member;
		}
	arena_reset(&s->scratch);
	why = object_read_strict(line, f, n, &s->scratch);
	for (i = 0; i < n && why == NULL; i++)
		if (f[i].given)
			why = change_set_member(s, change, is[i], f[i].value);
	if (why == NULL && (change->given & must) != must)
		why = must & MEMBER_ID ? "no id" : must & MEMBER_GROUP ?
		    "no group" : "no channel or no thing";
	if (why == NULL && must & MEMBER_GROUP &&
	    !(change->given & MEMBER_THING) ==
	    !(change->given & MEMBER_CHANNEL))
		why = "give a thing or a channel";
	return why;
}

/* ---- files ---- */

struct change_input {
	struct changes *changes;
	unsigned may, must;
};

static const char *
change_take_line(void *arg, struct str line, uint64_t number)
{
	struct change_input *in = arg;
	struct changes *s = in->changes;
	const char *why = changes_parse(s, line, in->may, in->must);

	s->v[s->n - 1].line = number;
	return why;
}

int
changes_read(struct changes *s, const char *path, unsigned may, unsigned must,
    struct fault *fault)
{
	struct change_input in = { s, may, must };

	return ndjson_read(path, &s->from, change_take_line, &in, fault);
}

int
changes_fault(const struct changes *s, const struct change *change,
    struct fault *fault)
{
	return ndjson_fault(s->from, change->line, fault);
}
