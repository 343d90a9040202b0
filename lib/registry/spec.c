/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/line.h"
#include "base/memory.h"
#include "base/signal.h"
#include "base/utf8.h"
#include "json/json.h"
#include "registry/tags.h"
#include "registry/uuid.h"

/* of one bulk, which is held in memory until it is committed */
#define BULK_BYTES_MAX ((size_t)1 << 30)

static const struct {
	enum spec_member member;
	const char *name;
} members[] = {
	{ SPEC_ID, "id" },
	{ SPEC_NAME, "name" },
	{ SPEC_METADATA, "metadata" },
	{ SPEC_KEY, "key" },
	{ SPEC_CHANNEL, "channel" },
	{ SPEC_THING, "thing" },
	{ SPEC_TAGS, "tags" },
	{ SPEC_STATUS, "status" },
};

void
specs_init(struct specs *s)
{
	*s = (struct specs){ .n = 0 };
	arena_init(&s->keep, BULK_BYTES_MAX);
	arena_init(&s->scratch, 2 * LINE_LIMIT);
}

/* ours, and only now changed */
static void
wipe(struct str key)
{
	union { const char *borrowed; char *own; } u = { key.p };

	if (key.p != NULL)
		sodium_memzero(u.own, key.n);
}

void
specs_release(struct specs *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		wipe(s->v[i].key);
	free(s->v);
	arena_release(&s->keep);
	arena_release(&s->scratch);
}

struct spec *
specs_add(struct specs *s)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 1;
		s->v = memory_resize(s->v, s->cap * sizeof *s->v);
	}
	s->v[s->n] = (struct spec){ .given = 0 };
	return &s->v[s->n++];
}

/* ---- values ---- */

/* C0, DEL and C1 (U+0080 to U+009F, c2 80 to c2 9f) */
static bool
has_control(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < ' ' || c == 0x7f)
			return true;
		if (c == 0xc2 && i + 1 < s.n &&
		    (unsigned char)s.p[i + 1] < 0xa0)
			return true;
	}
	return false;
}

static const char *
keep(struct specs *s, struct spec *spec, enum spec_member member,
    struct str *to, struct str value)
{
	*to = arena_str(&s->keep, value);
	if (to->p == NULL)
		return "too much input";
	spec->given |= member;
	return NULL;
}

const char *
spec_set_id(struct specs *s, struct spec *spec, struct str id)
{
	return keep(s, spec, SPEC_ID, &spec->id, id);
}

const char *
spec_set_name(struct specs *s, struct spec *spec, struct str name)
{
	if (name.n > NAME_BYTES_MAX)
		return "name longer than 1024 bytes";
	if (!utf8_valid(name))
		return "name is not UTF-8";
	if (has_control(name))
		return "control character in the name";
	return keep(s, spec, SPEC_NAME, &spec->name, name);
}

const char *
spec_set_metadata(struct specs *s, struct spec *spec, struct str json)
{
	struct str compact;
	const char *why = metadata_take(json, &s->scratch, &compact);

	if (why == NULL)
		why = keep(s, spec, SPEC_METADATA, &spec->metadata, compact);
	arena_reset(&s->scratch);
	return why;
}

const char *
spec_set_key(struct specs *s, struct spec *spec, struct str key)
{
	if (key.n == 0)
		return "empty key";
	if (key.n > THING_KEY_MAX)
		return "key longer than 4096 bytes";
	if (!utf8_valid(key) || has_control(key))
		return "key is not UTF-8, or has control characters";
	/* no protocol's header would bring them back */
	if (key.p[0] == ' ' || key.p[key.n - 1] == ' ')
		return "key begins or ends with a space";
	return keep(s, spec, SPEC_KEY, &spec->key, key);
}

const char *
spec_set_tags(struct specs *s, struct spec *spec, struct str json)
{
	struct tags tags;
	const char *why;

	tags_begin(&tags);
	why = tags_add_json(&tags, json, &s->scratch);
	if (why == NULL)
		why = keep(s, spec, SPEC_TAGS, &spec->tags, tags_end(&tags));
	return why;
}

const char *
spec_set_tag_list(struct specs *s, struct spec *spec,
    const char *const *v, int n)
{
	const char *why = NULL;
	struct tags tags;
	int i;

	tags_begin(&tags);
	for (i = 0; i < n && why == NULL; i++)
		why = tags_add_list(&tags, str_z(v[i]));
	if (why == NULL)
		why = keep(s, spec, SPEC_TAGS, &spec->tags, tags_end(&tags));
	return why;
}

const char *
spec_set_status(struct specs *s, struct spec *spec, struct str word)
{
	(void)s;
	spec->disabled = str_eq(word, STR("disabled"));
	if (!spec->disabled && !str_eq(word, STR("enabled")))
		return "status is neither enabled nor disabled";
	spec->given |= SPEC_STATUS;
	return NULL;
}

static const char *
make_uuid(struct specs *s, void (*make)(char *), struct str *to)
{
	char *text = arena_alloc(&s->keep, ID_TEXT + 1);

	if (text == NULL)
		return "too much input";
	make(text);
	*to = (struct str){ text, ID_TEXT };
	return NULL;
}

const char *
spec_make_id(struct specs *s, struct spec *spec)
{
	spec->given |= SPEC_ID;
	return make_uuid(s, uuid_make, &spec->id);
}

const char *
spec_make_key(struct specs *s, struct spec *spec)
{
	spec->given |= SPEC_KEY;
	return make_uuid(s, uuid_make_secret, &spec->key);
}

const char *
specs_seal(struct specs *s, const struct keyring *keys)
{
	unsigned char *room;
	struct spec *spec;

	for (spec = s->v; spec < s->v + s->n; spec++) {
		if (spec->key.p == NULL || spec->box.p != NULL)
			continue;
		room = arena_alloc(&s->keep,
		    KEY_HASH_BYTES + KEY_SEAL_BYTES + spec->key.n);
		if (room == NULL)
			return "too much input";
		keyring_hash(keys, spec->key, room);
		keyring_seal(keys, spec->key, room + KEY_HASH_BYTES);
		spec->hash = (struct str){ (char *)room, KEY_HASH_BYTES };
		spec->box = (struct str){ (char *)room + KEY_HASH_BYTES,
		    KEY_SEAL_BYTES + spec->key.n };
	}
	return NULL;
}

/* ---- lines ---- */

static const char *
set_text(struct specs *s, struct spec *spec, enum spec_member member,
    struct str text)
{
	switch (member) {
	case SPEC_NAME:
		return spec_set_name(s, spec, text);
	case SPEC_KEY:
		return spec_set_key(s, spec, text);
	case SPEC_CHANNEL:
		return keep(s, spec, member, &spec->channel, text);
	case SPEC_THING:
		return keep(s, spec, member, &spec->thing, text);
	case SPEC_STATUS:
		return spec_set_status(s, spec, text);
	default:
		return spec_set_id(s, spec, text);
	}
}

/* Like the scanner's own: the place behind what was read, or NULL. */
static const char *
take_value(struct specs *s, struct spec *spec, struct scan *j, const char *p,
    enum spec_member member)
{
	const char *start = scan_space(j, p), *end, *why;
	struct str rest = { start, (size_t)(j->end - start) }, text;

	if (member == SPEC_METADATA || member == SPEC_TAGS) {
		/* resets the scratch arena: keys are done with by now */
		if ((end = scan_skip(j, start)) == NULL)
			return NULL;
		rest.n = (size_t)(end - start);
		why = member == SPEC_TAGS ? spec_set_tags(s, spec, rest) :
		    spec_set_metadata(s, spec, rest);
	} else if (member == SPEC_KEY && str_starts(rest, STR("null"))) {
		spec->given |= SPEC_KEY;
		return start + 4;
	} else if (!str_starts(rest, STR("\""))) {
		return scan_fail(j, start, "not a string where one is needed");
	} else if ((end = scan_string(j, start + 1, &text)) == NULL) {
		return NULL;
	} else {
		why = set_text(s, spec, member, text);
	}
	return why == NULL ? end : scan_fail(j, start, why);
}

static const char *
take_member(struct specs *s, struct spec *spec, struct scan *j,
    const char *p, unsigned may)
{
	const char *q = scan_take(j, p, '"');
	struct str name;
	size_t i, n = sizeof members / sizeof *members;

	if (q == NULL)
		return scan_fail(j, p, "no name where one is needed");
	if ((p = scan_string(j, q, &name)) == NULL)
		return NULL;
	for (i = 0; i < n && !str_eq(name, str_z(members[i].name)); i++)
		;
	if (i == n || !(members[i].member & may))
		return scan_fail(j, q, "a member that has no meaning here");
	if (spec->given & members[i].member)
		return scan_fail(j, q, "a member twice");
	if ((q = scan_take(j, p, ':')) == NULL)
		return scan_fail(j, p, "no ':' behind a name");
	return take_value(s, spec, j, q, members[i].member);
}

static const char *
take_object(struct specs *s, struct spec *spec, struct scan *j,
    const char *p, unsigned may)
{
	const char *q = scan_take(j, p, '{'), *end;

	if (q == NULL)
		return scan_fail(j, p, "not a JSON object");
	if ((end = scan_take(j, q, '}')) != NULL)
		return scan_end(j, end);
	do {
		if ((p = take_member(s, spec, j, q, may)) == NULL)
			return NULL;
	} while ((q = scan_take(j, p, ',')) != NULL);
	if ((end = scan_take(j, p, '}')) == NULL)
		return scan_fail(j, p, "no ',' or end");
	return scan_end(j, end);
}

const char *
specs_parse(struct specs *s, struct str line, unsigned may, unsigned must)
{
	struct scan j = { .end = line.p + line.n, .arena = &s->scratch };
	struct spec *spec = specs_add(s);

	arena_reset(&s->scratch);
	if (take_object(s, spec, &j, line.p, may) == NULL)
		return j.why;
	if ((spec->given & must) != must)
		return must & SPEC_ID ? "no id" : "no channel or no thing";
	return NULL;
}

/* ---- files ---- */

static int
read_lines(struct specs *s, struct line_in *in, unsigned may, unsigned must,
    struct fault *fault)
{
	const char *why;
	struct str line;
	int got;

	while ((got = line_next(in, &line)) > 0) {
		why = got == LINE_LONG ? "line over 1 MiB" :
		    specs_parse(s, line, may, must);
		if (why != NULL)
			return fault_set(fault, EX_DATAERR,
			    "%s:%llu: %s; nothing was done", in->name,
			    (unsigned long long)in->number, why);
		s->v[s->n - 1].line = in->number;
	}
	if (got == LINE_ERROR) {
		errno = in->err;
		return fault_errno(fault, EX_IOERR, "%s", in->name);
	}
	/* the end of a half is not the end of all */
	if (signal_stop())
		return fault_set(fault, EX_TEMPFAIL,
		    "stopped; nothing was done");
	return 0;
}

int
specs_read(struct specs *s, const char *path, unsigned may, unsigned must,
    struct fault *fault)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = STDIN_FILENO, result;
	struct line_in in;

	if (!standard && (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return fault_errno(fault, EX_NOINPUT, "%s", path);
	s->from = standard ? "<stdin>" : path;
	line_init(&in, fd, s->from, NULL);
	result = read_lines(s, &in, may, must, fault);
	line_release(&in);
	if (!standard)
		close(fd);
	return result;
}

int
specs_fault(const struct specs *s, const struct spec *spec,
    struct fault *fault)
{
	struct fault plain = *fault;

	if (spec->line == 0)
		return -1;
	/* in a bulk, an id that isn't there is a wrong line as any other */
	return fault_set(fault,
	    plain.status == 1 ? EX_DATAERR : plain.status,
	    "%s:%llu: %.300s; nothing was done", s->from,
	    (unsigned long long)spec->line, plain.text);
}
