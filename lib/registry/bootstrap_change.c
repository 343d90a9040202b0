/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/bootstrap_change.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/line.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "json/object.h"
#include "registry/claim.h"
#include "registry/ndjson.h"
#include "registry/uuid.h"

/* of one transaction's changes, held in memory until it is committed */
#define CHANGES_BYTES_MAX ((size_t)1 << 30)

/* the texts: names in JSON, and their longest values */
static const struct bootstrap_text {
	enum bootstrap_member member;
	const char *name;
	size_t max;
} bootstrap_texts[] = {
	{ BOOTSTRAP_THING, "thing_id", LINE_LIMIT },
	{ BOOTSTRAP_EXTERNAL_ID, "external_id", EXTERNAL_ID_MAX },
	{ BOOTSTRAP_EXTERNAL_KEY, "external_key", THING_KEY_MAX },
	{ BOOTSTRAP_NAME, "name", NAME_BYTES_MAX },
	{ BOOTSTRAP_CONTENT, "content", BOOTSTRAP_CONTENT_MAX },
	{ BOOTSTRAP_CLIENT_CERT, "client_cert", BOOTSTRAP_PEM_MAX },
	{ BOOTSTRAP_CLIENT_KEY, "client_key", BOOTSTRAP_CLIENT_KEY_MAX },
	{ BOOTSTRAP_CA_CERT, "ca_cert", BOOTSTRAP_PEM_MAX },
};
#define TEXTS (sizeof bootstrap_texts / sizeof *bootstrap_texts)

void
bootstrap_changes_init(struct bootstrap_changes *s)
{
	*s = (struct bootstrap_changes){ .n = 0 };
	arena_init(&s->keep, CHANGES_BYTES_MAX);
	arena_init(&s->scratch, 2 * LINE_LIMIT);
}

void
bootstrap_changes_release(struct bootstrap_changes *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		change_wipe(s->v[i].external_key);
		change_wipe(s->v[i].client_key);
		change_wipe(s->v[i].thing_key);
	}
	free(s->v);
	arena_release(&s->keep);
	arena_release(&s->scratch);
}

struct bootstrap_change *
bootstrap_changes_add(struct bootstrap_changes *s)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 1;
		s->v = memory_resize(s->v, s->cap * sizeof *s->v);
	}
	s->v[s->n] = (struct bootstrap_change){ .given = 0 };
	return &s->v[s->n++];
}

/* ---- values ---- */

const char *
bootstrap_id_fault(struct str id)
{
	if (id.n == 0)
		return "empty external id";
	if (id.n > EXTERNAL_ID_MAX)
		return "external id longer than 512 bytes";
	if (!utf8_valid(id) || utf8_has_control(id))
		return "external id is not UTF-8, or has control characters";
	return NULL;
}

static struct str *
bootstrap_place(struct bootstrap_change *c, enum bootstrap_member member)
{
	switch (member) {
	case BOOTSTRAP_THING:
		return &c->thing;
	case BOOTSTRAP_EXTERNAL_ID:
		return &c->external_id;
	case BOOTSTRAP_EXTERNAL_KEY:
		return &c->external_key;
	case BOOTSTRAP_NAME:
		return &c->name;
	case BOOTSTRAP_CONTENT:
		return &c->content;
	case BOOTSTRAP_CLIENT_CERT:
		return &c->client_cert;
	case BOOTSTRAP_CLIENT_KEY:
		return &c->client_key;
	default:
		return &c->ca_cert;
	}
}

static const char *
bootstrap_text_fault(const struct bootstrap_text *text, struct str value)
{
	if (text->member == BOOTSTRAP_NAME)
		return change_name_fault(value);
	if (text->member == BOOTSTRAP_EXTERNAL_ID)
		return bootstrap_id_fault(value);
	if (text->member == BOOTSTRAP_EXTERNAL_KEY)
		return change_key_fault(value);
	if (value.n > text->max)
		return text->member == BOOTSTRAP_CONTENT ?
		    "content longer than 65536 bytes" :
		    text->member == BOOTSTRAP_CLIENT_KEY ?
		    "private key longer than 4096 bytes" :
		    "certificate longer than 16384 bytes";
	if (!utf8_valid(value) || (value.n > 0 &&
	    memchr(value.p, '\0', value.n) != NULL))
		return "not UTF-8, or a NUL in it";
	return NULL;
}

static const struct bootstrap_text *
bootstrap_text_of(enum bootstrap_member member)
{
	const struct bootstrap_text *t = bootstrap_texts;

	while (t->member != member)
		t++;
	return t;
}

const char *
bootstrap_set(struct bootstrap_changes *s, struct bootstrap_change *c,
    enum bootstrap_member member, struct str value)
{
	struct str *to = bootstrap_place(c, member);
	const char *why;

	if (value.p == NULL && member != BOOTSTRAP_CLIENT_KEY)
		return "null, which only client_key may be";
	why = value.p == NULL ? NULL :
	    bootstrap_text_fault(bootstrap_text_of(member), value);
	if (why != NULL)
		return why;
	/* no private key, however that is said */
	*to = value.n == 0 && member == BOOTSTRAP_CLIENT_KEY ? STR_NONE :
	    arena_str(&s->keep, value);
	if (to->p == NULL && value.n > 0)
		return "too much input";
	c->given |= member;
	return NULL;
}

const char *
bootstrap_add_channel(struct bootstrap_changes *s, struct bootstrap_change *c,
    struct str id)
{
	size_t i;

	for (i = 0; i < c->n_channels; i++)
		if (str_eq(c->channels[i], id))
			return NULL;
	if (c->n_channels == BOOTSTRAP_CHANNELS_MAX)
		return "more than 256 channels";
	if (c->channels == NULL)
		c->channels = arena_alloc(&s->keep,
		    BOOTSTRAP_CHANNELS_MAX * sizeof *c->channels);
	id = arena_str(&s->keep, id);
	if (c->channels == NULL || id.p == NULL)
		return "too much input";
	c->channels[c->n_channels++] = id;
	c->given |= BOOTSTRAP_CHANNELS;
	return NULL;
}

const char *
bootstrap_set_channels(struct bootstrap_changes *s,
    struct bootstrap_change *c, struct str json)
{
	struct str ids[BOOTSTRAP_CHANNELS_MAX], element, id;
	struct object_array array;
	const char *why = NULL;
	int got;

	c->given |= BOOTSTRAP_CHANNELS;
	c->channels = ids;
	c->n_channels = 0;
	object_array_init(&array, json, &s->scratch);
	while (why == NULL && (got = object_array_next(&array, &element)) != 0)
		why = got < 0 ? array.scan.why :
		    object_text(element, &s->scratch, &id) ?
		    bootstrap_add_channel(s, c, id) :
		    "a channel must be a string";
	c->channels = NULL;
	if (why != NULL || c->n_channels == 0)
		return why;
	c->channels = arena_alloc(&s->keep, c->n_channels * sizeof *ids);
	if (c->channels == NULL)
		return "too much input";
	memcpy(c->channels, ids, c->n_channels * sizeof *ids);
	return NULL;
}

const char *
bootstrap_set_state(struct bootstrap_change *c, struct str number)
{
	c->active = str_eq(number, STR("1"));
	if (!c->active && !str_eq(number, STR("0")))
		return "state is neither 0 nor 1";
	c->given |= BOOTSTRAP_STATE;
	return NULL;
}

static const char *
bootstrap_set_claim(struct bootstrap_changes *s, struct bootstrap_change *c,
    struct str text)
{
	struct claim claim;
	const char *why = claim_parse(text, &claim, &s->scratch);

	if (why == NULL)
		why = bootstrap_set(s, c, BOOTSTRAP_EXTERNAL_ID, claim.id);
	if (why == NULL)
		why = bootstrap_set(s, c, BOOTSTRAP_EXTERNAL_KEY, claim.key);
	if (why == NULL && claim.name.p != NULL)
		why = bootstrap_set(s, c, BOOTSTRAP_NAME, claim.name);
	return why;
}

void
bootstrap_default(struct bootstrap_change *c,
    const struct bootstrap_change *from)
{
	unsigned lacks = from->given & ~c->given;
	struct bootstrap_change copy = *from;
	size_t i;

	for (i = 0; i < TEXTS; i++)
		if (lacks & bootstrap_texts[i].member)
			*bootstrap_place(c, bootstrap_texts[i].member) =
			    *bootstrap_place(&copy, bootstrap_texts[i].member);
	if (lacks & BOOTSTRAP_CHANNELS) {
		c->channels = from->channels;
		c->n_channels = from->n_channels;
	}
	if (lacks & BOOTSTRAP_STATE)
		c->active = from->active;
	c->given |= lacks;
}

/* ---- lines ---- */

static const char *
bootstrap_take_fields(struct bootstrap_changes *s, struct bootstrap_change *c,
    const struct object_field f[TEXTS + 2])
{
	const char *why = NULL;
	size_t i;

	for (i = 0; i < TEXTS && why == NULL; i++)
		if (f[i].given)
			why = bootstrap_set(s, c, bootstrap_texts[i].member,
			    f[i].value);
	if (why == NULL && f[TEXTS].value.p != NULL)
		why = bootstrap_set_channels(s, c, f[TEXTS].value);
	if (why == NULL && f[TEXTS + 1].value.p != NULL)
		why = bootstrap_set_state(c, f[TEXTS + 1].value);
	return why;
}

const char *
bootstrap_parse(struct bootstrap_changes *s, struct str line)
{
	struct bootstrap_change *c = bootstrap_changes_add(s);
	struct object_field f[TEXTS + 2];
	const char *why;
	size_t i;

	arena_reset(&s->scratch);
	if (s->verb == BOOTSTRAP_ADD && claim_is(line))
		return bootstrap_set_claim(s, c, line);
	for (i = 0; i < TEXTS; i++)
		f[i] = (struct object_field){
			.name = bootstrap_texts[i].name, .type = OBJECT_TEXT
		};
	f[TEXTS] = (struct object_field){
		.name = "channels", .type = OBJECT_TEXTS
	};
	f[TEXTS + 1] = (struct object_field){
		.name = "state", .type = OBJECT_NUMBER
	};
	why = object_read_strict(line, f, TEXTS + 2, &s->scratch);
	if (why == NULL)
		why = bootstrap_take_fields(s, c, f);
	if (why != NULL)
		return why;
	if (s->verb == BOOTSTRAP_ADD)
		return c->given & BOOTSTRAP_EXTERNAL_ID ? NULL :
		    "no external_id";
	return c->given & BOOTSTRAP_THING ? NULL : "no thing_id";
}

static void
bootstrap_put_member(struct buf *b, const struct bootstrap_change *c,
    enum bootstrap_member member)
{
	struct bootstrap_change copy = *c;
	const struct str *value = bootstrap_place(&copy, member);

	if (!(c->given & member))
		return;
	buf_printf(b, "%s\"%s\":", b->p[b->n - 1] == '{' ? "" : ",",
	    bootstrap_text_of(member)->name);
	if (value->p == NULL)
		buf_puts(b, "null");
	else
		json_put_string(b, *value);
}

void
bootstrap_put_change(struct buf *b, const struct bootstrap_change *c)
{
	size_t i;

	buf_putc(b, '{');
	bootstrap_put_member(b, c, BOOTSTRAP_THING);
	bootstrap_put_member(b, c, BOOTSTRAP_EXTERNAL_ID);
	bootstrap_put_member(b, c, BOOTSTRAP_NAME);
	if (c->given & BOOTSTRAP_CHANNELS) {
		buf_puts(b, ",\"channels\":[");
		for (i = 0; i < c->n_channels; i++) {
			buf_puts(b, i > 0 ? "," : "");
			json_put_string(b, c->channels[i]);
		}
		buf_putc(b, ']');
	}
	bootstrap_put_member(b, c, BOOTSTRAP_CONTENT);
	bootstrap_put_member(b, c, BOOTSTRAP_CLIENT_CERT);
	bootstrap_put_member(b, c, BOOTSTRAP_CA_CERT);
	if (c->given & BOOTSTRAP_STATE)
		buf_printf(b, ",\"state\":%d", c->active);
	bootstrap_put_member(b, c, BOOTSTRAP_EXTERNAL_KEY);
	bootstrap_put_member(b, c, BOOTSTRAP_CLIENT_KEY);
	buf_puts(b, "}\n");
}

static const char *
bootstrap_take_line(void *arg, struct str line, uint64_t number)
{
	struct bootstrap_changes *s = arg;
	const char *why = bootstrap_parse(s, line);

	s->v[s->n - 1].line = number;
	return why;
}

int
bootstrap_read(struct bootstrap_changes *s, const char *path,
    struct fault *fault)
{
	return ndjson_read(path, &s->from, bootstrap_take_line, s, fault);
}

/* ---- keys ---- */

void
bootstrap_hash(const struct keyring *keys, struct str external_id,
    struct str external_key, unsigned char hash[KEY_HASH_BYTES])
{
	char both[EXTERNAL_ID_MAX + 1 + THING_KEY_MAX];
	size_t n = external_id.n;

	if (n > EXTERNAL_ID_MAX)
		n = EXTERNAL_ID_MAX;
	if (external_key.n > THING_KEY_MAX)
		external_key.n = THING_KEY_MAX;
	if (n > 0)
		memcpy(both, external_id.p, n);
	both[n++] = '\0';
	if (external_key.n > 0)
		memcpy(both + n, external_key.p, external_key.n);
	keyring_hash(keys, (struct str){ both, n + external_key.n }, hash);
	sodium_memzero(both, sizeof both);
}

static const char *
bootstrap_make_uuid(struct bootstrap_changes *s, void (*make)(char *),
    struct str *to)
{
	char *text = arena_alloc(&s->keep, ID_TEXT + 1);

	if (text == NULL)
		return "too much input";
	make(text);
	*to = (struct str){ text, ID_TEXT };
	return NULL;
}

static const char *
bootstrap_make_missing(struct bootstrap_changes *s, struct bootstrap_change *c)
{
	const char *why = NULL;

	if (c->external_key.p == NULL)
		why = bootstrap_make_uuid(s, uuid_make_secret,
		    &c->external_key);
	c->given |= BOOTSTRAP_EXTERNAL_KEY;
	if (why == NULL && !(c->given & BOOTSTRAP_THING)) {
		why = bootstrap_make_uuid(s, uuid_make, &c->thing);
		if (why == NULL)
			why = bootstrap_make_uuid(s, uuid_make_secret,
			    &c->thing_key);
	}
	return why;
}

static const char *
bootstrap_seal(struct bootstrap_changes *s, const struct keyring *keys,
    struct str secret, struct str *box)
{
	unsigned char *room;

	if (secret.p == NULL || box->p != NULL)
		return NULL;
	room = arena_alloc(&s->keep, KEY_SEAL_BYTES + secret.n);
	if (room == NULL)
		return "too much input";
	keyring_seal(keys, secret, room);
	*box = (struct str){ (char *)room, KEY_SEAL_BYTES + secret.n };
	return NULL;
}

const char *
bootstrap_prepare(struct bootstrap_changes *s, const struct keyring *keys)
{
	const char *why = NULL;
	struct bootstrap_change *c;

	for (c = s->v; c < s->v + s->n && why == NULL; c++) {
		if (s->verb == BOOTSTRAP_ADD)
			why = bootstrap_make_missing(s, c);
		if (why == NULL)
			why = bootstrap_seal(s, keys, c->external_key,
			    &c->key_box);
		if (why == NULL)
			why = bootstrap_seal(s, keys, c->client_key,
			    &c->client_box);
	}
	return why;
}
