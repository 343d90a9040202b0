/* SPDX-License-Identifier: Apache-2.0 */
#include "json/object.h"

#include "base/number.h"

#include <stdio.h>
#include <strings.h>

#define NUMBER_MAX (UINT64_C(1) << 53)

struct object {
	struct object_field *fields;
	size_t n;
	bool strict;
};

static struct object_field *
object_find(const struct object *o, struct str name)
{
	struct object_field *f;

	for (f = o->fields; f < o->fields + o->n; f++)
		if (strlen(f->name) == name.n && (o->strict ?
		    memcmp(f->name, name.p, name.n) :
		    strncasecmp(f->name, name.p, name.n)) == 0)
			return f;
	return NULL;
}

static bool
object_begins(const struct scan *j, const char *p, char c)
{
	return p < j->end && *p == c;
}

static const char *
object_parse_value(struct scan *j, const char *p, struct object_field *f)
{
	static const char *const wrong[] = {
		"not a string", "not an object", "not an array of strings",
		"not a whole number",
	};
	const char first[] = "\"{[";
	const char *end;
	bool number;

	p = scan_space(j, p);
	if (object_begins(j, p, 'n')) {
		f->value = STR_NONE;
		return scan_skip(j, p);
	}
	number = p < j->end && *p >= '0' && *p <= '9';
	if (f->type != OBJECT_ANY && (f->type == OBJECT_NUMBER ? !number :
	    !object_begins(j, p, first[f->type])))
		return scan_fail(j, p, wrong[f->type]);
	if (f->type == OBJECT_TEXT)
		return scan_string(j, p + 1, &f->value);
	if ((end = scan_skip(j, p)) != NULL)
		f->value = (struct str){ p, (size_t)(end - p) };
	return end;
}

static const char *
object_parse_member(struct scan *j, const char *p, const struct object *o)
{
	struct object_field *f;
	struct str name;
	const char *q = scan_take(j, p, '"');

	if (q == NULL)
		return scan_fail(j, p, "not a name in quotes");
	if ((p = scan_string(j, q, &name)) == NULL)
		return NULL;
	if ((q = scan_take(j, p, ':')) == NULL)
		return scan_fail(j, p, "no ':' after a name");
	f = object_find(o, name);
	if (f == NULL && o->strict)
		return scan_fail(j, q, "not a member that can be given here");
	if (f != NULL && f->given)
		return scan_fail(j, p, "a member given twice");
	if (f != NULL)
		f->given = true;
	return f != NULL ? object_parse_value(j, q, f) : scan_skip(j, q);
}

static const char *
object_parse(struct scan *j, const char *p, const struct object *o)
{
	const char *q = scan_take(j, p, '{'), *end;

	if (q == NULL)
		return scan_fail(j, p, "not a JSON object");
	if ((end = scan_take(j, q, '}')) != NULL)
		return end;
	do {
		if ((p = object_parse_member(j, q, o)) == NULL)
			return NULL;
	} while ((q = scan_take(j, p, ',')) != NULL);
	if ((end = scan_take(j, p, '}')) == NULL)
		return scan_fail(j, p, "no ',' or end");
	return end;
}

/* why the scanner failed, and where in the text; `why` when it did not */
static const char *
object_place(const struct scan *j, struct str text, const char *why)
{
	struct str s;
	char place[128];

	if (j->why == NULL || j->at == NULL)
		return j->why ? j->why : why;
	snprintf(place, sizeof place, "byte %zu: %s", (size_t)(j->at - text.p),
	    j->why);
	s = arena_str(j->arena, str_z(place));
	return s.p ? s.p : j->why;
}

static const char *
object_read_as(struct str text, const struct object *o, struct arena *arena)
{
	struct scan j = { .arena = arena };
	const char *end;

	/* it may have no place */
	if (text.n == 0)
		return "not a JSON object";
	j.end = text.p + text.n;
	end = object_parse(&j, text.p, o);
	if (end != NULL && scan_end(&j, end) != NULL)
		return NULL;
	return object_place(&j, text, "not a JSON object");
}

const char *
object_read(struct str text, struct object_field *fields, size_t n,
    struct arena *arena)
{
	const struct object o = { fields, n, .strict = false };

	return object_read_as(text, &o, arena);
}

const char *
object_read_strict(struct str text, struct object_field *fields, size_t n,
    struct arena *arena)
{
	const struct object o = { fields, n, .strict = true };

	return object_read_as(text, &o, arena);
}

/* ---- arrays ---- */

static int
object_array_fail(struct object_array *a)
{
	a->at = NULL;
	a->scan.why = object_place(&a->scan, a->text, "not a JSON array");
	a->scan.at = NULL;
	return -1;
}

/* p is after its ']' */
static void
object_array_end(struct object_array *a, const char *p)
{
	a->at = NULL;
	if (scan_end(&a->scan, p) == NULL)
		object_array_fail(a);
}

void
object_array_init(struct object_array *a, struct str text, struct arena *arena)
{
	*a = (struct object_array){
		.scan = { .end = text.p + text.n, .arena = arena, },
		.text = text,
	};
	a->at = text.n > 0 ? scan_take(&a->scan, text.p, '[') : NULL;
	if (a->at == NULL)
		a->scan.why = "not a JSON array";
	else if (scan_take(&a->scan, a->at, ']') != NULL)
		object_array_end(a, scan_take(&a->scan, a->at, ']'));
}

int
object_array_next(struct object_array *a, struct str *element)
{
	const char *start, *end;

	if (a->at == NULL)
		return a->scan.why == NULL ? 0 : -1;
	start = scan_space(&a->scan, a->at);
	if ((end = scan_skip(&a->scan, start)) == NULL)
		return object_array_fail(a);
	*element = (struct str){ start, (size_t)(end - start) };
	if ((a->at = scan_take(&a->scan, end, ',')) != NULL)
		return 1;
	if ((start = scan_take(&a->scan, end, ']')) == NULL) {
		scan_fail(&a->scan, end, "no ',' or end");
		return object_array_fail(a);
	}
	object_array_end(a, start);
	return 1;
}

bool
object_text(struct str element, struct arena *arena, struct str *text)
{
	struct scan j = { .end = element.p + element.n, .arena = arena };

	return element.n > 0 && *element.p == '"' &&
	    scan_string(&j, element.p + 1, text) != NULL;
}

bool
object_number(struct str value, int64_t *n)
{
	uint64_t v;

	if (!number_digits(value, NUMBER_MAX, &v))
		return false;
	*n = (int64_t)v;
	return true;
}
