/* SPDX-License-Identifier: Apache-2.0 */
#include "http/conditions.h"

#include <string.h>

struct conditions_tag {
	struct str opaque;		/* between the quotes */
	bool weak;
};

static struct str
conditions_skip(struct str s, const char *these)
{
	while (s.n > 0 && strchr(these, *s.p) != NULL && *s.p != '\0')
		s = str_from(s, 1);
	return s;
}

/* W/"…" or "…", taken off; false: it is not one */
static bool
conditions_take_tag(struct str *rest, struct conditions_tag *tag)
{
	struct str s = *rest;
	size_t n;

	tag->weak = str_starts(s, STR("W/"));
	if (tag->weak)
		s = str_from(s, 2);
	if (s.n == 0 || *s.p != '"')
		return false;
	s = str_from(s, 1);
	for (n = 0; n < s.n && s.p[n] != '"'; n++)
		if ((unsigned char)s.p[n] < 0x21 || s.p[n] == 0x7f)
			return false;
	if (n == s.n)
		return false;
	tag->opaque = (struct str){ s.p, n };
	*rest = str_from(s, n + 1);
	return true;
}

/* the next one of the list: 1, 0 at the end, -1 when it is not a list */
static int
conditions_next_tag(struct str *rest, struct conditions_tag *tag)
{
	*rest = conditions_skip(*rest, ", \t");
	if (rest->n == 0)
		return 0;
	if (!conditions_take_tag(rest, tag))
		return -1;
	*rest = conditions_skip(*rest, " \t");
	return rest->n == 0 || *rest->p == ',' ? 1 : -1;
}

static bool
conditions_is_any(struct str field)
{
	field = conditions_skip(field, " \t");
	return field.n > 0 && *field.p == '*' &&
	    conditions_skip(str_from(field, 1), " \t").n == 0;
}

bool
conditions_valid(struct str field)
{
	struct conditions_tag tag;
	int got, n = 0;

	if (conditions_is_any(field))
		return true;
	while ((got = conditions_next_tag(&field, &tag)) > 0)
		n++;
	return got == 0 && n > 0;
}

/* 8.8.3.2: weak tags are never the same in a strong comparison */
static bool
conditions_list_has(struct str field, const char *state, bool strongly)
{
	struct conditions_tag tag;

	while (state != NULL && conditions_next_tag(&field, &tag) > 0)
		if (str_eq(tag.opaque, str_z(state)) &&
		    !(strongly && tag.weak))
			return true;
	return false;
}

unsigned
conditions_status(const struct conditions *c, bool exists, const char *tag)
{
	if (!exists)
		tag = NULL;
	/* 13.1.1 */
	if (c->match.p != NULL && !(conditions_is_any(c->match) ? exists :
	    conditions_list_has(c->match, tag, true)))
		return 412;
	/* 13.1.2 */
	if (c->none_match.p != NULL &&
	    (conditions_is_any(c->none_match) ? exists :
	    conditions_list_has(c->none_match, tag, false)))
		return c->reads ? 304 : 412;
	return 0;
}

bool
conditions_if_range(struct str field, const char *tag)
{
	struct conditions_tag given;

	return conditions_take_tag(&field, &given) && field.n == 0 &&
	    !given.weak && str_eq(given.opaque, str_z(tag));
}

struct conditions
conditions_keep(const struct conditions *c, struct arena *arena)
{
	struct conditions kept = { .reads = c->reads };

	if (c->match.p != NULL)
		kept.match = arena_str(arena, c->match);
	if (c->none_match.p != NULL)
		kept.none_match = arena_str(arena, c->none_match);
	return kept;
}
