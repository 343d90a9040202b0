/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/metadata.h"

#include "senml/json.h"
#include "senml/number.h"

/* Drops the white space that stands outside of strings. */
static struct str
squeeze(struct str json, char *to)
{
	size_t i, n = 0;
	bool text = false;

	for (i = 0; i < json.n; i++) {
		char c = json.p[i];

		if (text && c == '\\') {
			to[n++] = c;
			to[n++] = json.p[++i];
			continue;
		}
		if (c == '"')
			text = !text;
		if (text || (c != ' ' && c != '\t' && c != '\n' && c != '\r'))
			to[n++] = c;
	}
	return (struct str){ to, n };
}

const char *
metadata_compact(struct str json, struct arena *arena, struct str *out)
{
	struct scan scan = { .end = json.p + json.n, .arena = arena };
	const char *p = json.p;
	char *to;

	if (scan_take(&scan, p, '{') == NULL)
		return "metadata is not a JSON object";
	if ((p = scan_skip(&scan, p)) == NULL || scan_end(&scan, p) == NULL)
		return scan.why;
	to = arena_alloc(arena, json.n + 1);
	if (to == NULL)
		return "too much input";
	*out = squeeze(json, to);
	return NULL;
}

/*
 * ---- containment ----
 *
 * Both texts were checked and made compact when they were taken in, and
 * their depth is bounded: only an arena that is full can make the scanner
 * fail, and then the answer is no.
 */
struct pair {
	struct scan have, want;
};

static bool contains(struct pair *, const char *have, const char *want);

/* behind the quote of a name: the value's place */
static const char *
member(struct scan *j, const char *p, struct str *name)
{
	p = scan_string(j, p, name);
	return p != NULL ? scan_take(j, p, ':') : NULL;
}

/* the element or member behind the value at p; NULL when there is none */
static const char *
next(struct scan *j, const char *p)
{
	p = scan_skip(j, p);
	return p != NULL ? scan_take(j, p, ',') : NULL;
}

static bool
has_member(struct pair *x, const char *have, struct str wanted,
    const char *want)
{
	struct str name;
	const char *p = have + 1, *q;

	while (p != NULL && (q = scan_take(&x->have, p, '"')) != NULL) {
		if ((p = member(&x->have, q, &name)) == NULL)
			return false;
		if (str_eq(name, wanted) && contains(x, p, want))
			return true;
		p = next(&x->have, p);
	}
	return false;
}

static bool
has_element(struct pair *x, const char *have, const char *want)
{
	const char *p = have + 1;

	for (; p != NULL && *p != ']'; p = next(&x->have, p))
		if (contains(x, p, want))
			return true;
	return false;
}

static bool
has_members(struct pair *x, const char *have, const char *want)
{
	struct str name;
	const char *p = want + 1;

	for (; p != NULL && *p != '}'; p = next(&x->want, p)) {
		p = member(&x->want, p + 1, &name);
		if (p == NULL || !has_member(x, have, name, p))
			return false;
	}
	return true;
}

static bool
has_elements(struct pair *x, const char *have, const char *want)
{
	const char *p = want + 1;

	for (; p != NULL && *p != ']'; p = next(&x->want, p))
		if (!has_element(x, have, p))
			return false;
	return true;
}

static bool
is_number(const char *p)
{
	return *p == '-' || (*p >= '0' && *p <= '9');
}

static bool
contains(struct pair *x, const char *have, const char *want)
{
	struct str a, b;

	if (*want == '{' || *want == '[')
		return *have == *want && (*want == '{' ?
		    has_members(x, have, want) : has_elements(x, have, want));
	if (*want == '"')
		return *have == '"' &&
		    scan_string(&x->have, have + 1, &a) != NULL &&
		    scan_string(&x->want, want + 1, &b) != NULL &&
		    str_eq(a, b);
	if (is_number(want))
		return is_number(have) &&
		    scan_number(&x->have, have, &a) != NULL &&
		    scan_number(&x->want, want, &b) != NULL &&
		    number_value(a) == number_value(b);
	/* true, false, null: the first letters differ, and from others */
	return *have == *want;
}

bool
metadata_contains(struct str have, struct str want, struct arena *arena)
{
	struct pair x = {
		.have = { .end = have.p + have.n, .arena = arena },
		.want = { .end = want.p + want.n, .arena = arena },
	};

	return contains(&x, have.p, want.p) && x.have.why == NULL &&
	    x.want.why == NULL;
}
