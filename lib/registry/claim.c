/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/claim.h"

#include <stdlib.h>
#include <strings.h>

#include "base/os.h"
#include "base/url.h"

static const char claim_start[] = "mfx:claim?";
#define START (sizeof claim_start - 1)

static struct str
claim_trim(struct str s)
{
	while (s.n > 0 && (unsigned char)*s.p <= ' ')
		s = str_from(s, 1);
	while (s.n > 0 && (unsigned char)s.p[s.n - 1] <= ' ')
		s.n--;
	return s;
}

bool
claim_is(struct str text)
{
	text = claim_trim(text);
	return text.n >= START && strncasecmp(text.p, claim_start, START) == 0;
}

static const char *
claim_set(struct str *to, struct str encoded, struct arena *arena)
{
	char *value;

	if (to->p != NULL)
		return "a parameter of the claim is given twice";
	if ((value = url_decode(encoded)) == NULL)
		return "the claim is not correctly percent-encoded";
	*to = arena_str(arena, str_z(value));
	os_wipe(value, strlen(value));
	free(value);
	return to->p == NULL ? "too much input" : NULL;
}

static const char *
claim_take(struct claim *c, struct str part, struct arena *arena)
{
	struct str name, value = STR_NONE;

	if (!url_cut(part, '=', &name, &value))
		return "a parameter of the claim has no '='";
	if (str_eq(name, STR("id")))
		return claim_set(&c->id, value, arena);
	if (str_eq(name, STR("key")))
		return claim_set(&c->key, value, arena);
	if (str_eq(name, STR("name")))
		return claim_set(&c->name, value, arena);
	return "a claim has id, key and name, and nothing else";
}

const char *
claim_parse(struct str text, struct claim *c, struct arena *arena)
{
	const char *why = NULL;
	struct str part;
	bool more;

	*c = (struct claim){ .id = STR_NONE };
	if (!claim_is(text))
		return "not a claim: mfx:claim?id=...&key=...";
	text = str_from(claim_trim(text), START);
	do {
		more = url_cut(text, '&', &part, &text);
		why = claim_take(c, part, arena);
	} while (why == NULL && more);
	if (why == NULL && (c->id.p == NULL || c->key.p == NULL))
		why = "a claim needs an id and a key";
	return why;
}
