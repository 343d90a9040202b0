/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/tags.h"

#include "base/os.h"
#include "base/utf8.h"
#include "json/object.h"

void
tags_begin(struct tags *t)
{
	t->n = 0;
	t->size = 0;
	t->text[t->size++] = '[';
}

/* is this one, in its quotes, in the array? */
static bool
tags_hold(struct str array, struct str quoted)
{
	const char *p = array.p, *end = array.p + array.n, *after;

	/* a quote inside of a tag has a backslash before it, and no tag has a
	 * comma: so what stands between these is a whole one */
	while ((p = os_find(p, (size_t)(end - p), quoted.p, quoted.n)) !=
	    NULL) {
		after = p + quoted.n;
		if (p > array.p && (p[-1] == '[' || p[-1] == ',') &&
		    (after == end || *after == ',' || *after == ']'))
			return true;
		p++;
	}
	return false;
}

static const char *
tags_add(struct tags *t, struct str tag)
{
	char quoted[JSON_STRING_MAX(TAG_BYTES_MAX)], *end;
	struct str one;

	if (tag.n == 0)
		return "empty tag";
	if (tag.n > TAG_BYTES_MAX)
		return "tag longer than 128 bytes";
	if (!utf8_valid(tag) || utf8_has_control(tag) ||
	    memchr(tag.p, ',', tag.n) != NULL)
		return "tag is not UTF-8, or has a comma or a control "
		    "character";
	end = json_write_string(quoted, tag);
	one = (struct str){ quoted, (size_t)(end - quoted) };
	if (tags_hold((struct str){ t->text, t->size }, one))
		return NULL;
	if (t->n == TAGS_MAX)
		return "more than 32 tags";
	if (t->n++ > 0)
		t->text[t->size++] = ',';
	memcpy(t->text + t->size, one.p, one.n);
	t->size += one.n;
	return NULL;
}

const char *
tags_add_list(struct tags *t, struct str list)
{
	const char *why, *comma;
	struct str tag;

	/* '' is an empty list */
	if (list.n == 0)
		return NULL;
	do {
		comma = memchr(list.p, ',', list.n);
		tag.p = list.p;
		tag.n = comma ? (size_t)(comma - list.p) : list.n;
		if ((why = tags_add(t, tag)) != NULL)
			return why;
		list = str_from(list, comma ? tag.n + 1 : tag.n);
	} while (comma != NULL);
	return NULL;
}

const char *
tags_add_json(struct tags *t, struct str json, struct arena *arena)
{
	struct object_array array;
	struct str element, tag;
	const char *why = NULL;
	int got;

	object_array_init(&array, json, arena);
	while (why == NULL &&
	    (got = object_array_next(&array, &element)) != 0) {
		if (got < 0)
			why = array.scan.why;
		else if (!object_text(element, arena, &tag))
			why = "tags are not all strings";
		else
			why = tags_add(t, tag);
	}
	return why;
}

struct str
tags_end(struct tags *t)
{
	t->text[t->size++] = ']';
	return (struct str){ t->text, t->size };
}

bool
tags_include(struct str have, struct str want)
{
	const char *comma;
	struct str one;

	want = (struct str){ want.p + 1, want.n - 2 };
	while (want.n > 0) {
		comma = memchr(want.p, ',', want.n);
		one.p = want.p;
		one.n = comma ? (size_t)(comma - want.p) : want.n;
		if (!tags_hold(have, one))
			return false;
		want = str_from(want, comma ? one.n + 1 : one.n);
	}
	return true;
}
