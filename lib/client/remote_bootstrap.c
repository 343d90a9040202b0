/* SPDX-License-Identifier: Apache-2.0 */
#include <sysexits.h>

#include "base/file.h"
#include "client/client.h"
#include "client/session.h"
#include "registry/uuid.h"

/* the server has other names for some members: Mainflux' */

#define PAGE 100
#define PAGE_MAX ((size_t)128 << 20)
#define BODY_MAX ((size_t)1 << 30)
#define LINE_BYTES_MAX ((size_t)1 << 20)
/* what an answer has for each in addition to what was sent */
#define ADDED_MAX 512
#define PATH_BYTES_MAX ((size_t)16 << 10)

/* ---- showing ---- */

enum {
	THING, EXTERNAL_ID, EXTERNAL_KEY, NAME, CONTENT, CLIENT_CERT,
	CLIENT_KEY, CA_CERT, CHANNELS, STATE, FIELDS
};

static const enum bootstrap_member remote_members[CHANNELS] = {
	[THING] = BOOTSTRAP_THING, [EXTERNAL_ID] = BOOTSTRAP_EXTERNAL_ID,
	[EXTERNAL_KEY] = BOOTSTRAP_EXTERNAL_KEY, [NAME] = BOOTSTRAP_NAME,
	[CONTENT] = BOOTSTRAP_CONTENT, [CLIENT_CERT] = BOOTSTRAP_CLIENT_CERT,
	[CLIENT_KEY] = BOOTSTRAP_CLIENT_KEY, [CA_CERT] = BOOTSTRAP_CA_CERT,
};

static bool
remote_take_channels(struct session *s, struct str json,
    struct bootstrap_changes *to)
{
	struct object_array array;
	struct str element;
	int got;

	object_array_init(&array, json, &s->scratch);
	while ((got = object_array_next(&array, &element)) > 0) {
		struct object_field f = { .name = "id" };

		if (object_read(element, &f, 1, &s->scratch) != NULL ||
		    f.value.n == 0 || bootstrap_add_channel(to, &to->v[0],
		    f.value) != NULL)
			return false;
	}
	to->v[0].given |= BOOTSTRAP_CHANNELS;
	return got == 0;
}

/* keys that are not shown are empty; a name or content that is, is not
 * there */
static bool
remote_take_config(struct session *s, const struct object_field f[FIELDS],
    struct bootstrap_changes *to)
{
	struct bootstrap_change *c = &to->v[0];
	size_t i;

	for (i = 0; i < CHANNELS; i++)
		if (f[i].value.n > 0 && bootstrap_set(to, c,
		    remote_members[i], f[i].value) != NULL)
			return false;
	c->given |= BOOTSTRAP_NAME | BOOTSTRAP_CONTENT;
	c->name.p = c->name.p ? c->name.p : "";
	c->content.p = c->content.p ? c->content.p : "";
	return c->thing.n > 0 && c->external_id.n > 0 &&
	    bootstrap_set_state(c, f[STATE].value) == NULL &&
	    remote_take_channels(s, f[CHANNELS].value.p ?
	    f[CHANNELS].value : STR("[]"), to);
}

static int
remote_show_config(struct session *s, struct str json,
    const struct bootstrap_view *view, struct fault *fault)
{
	struct object_field f[] = {
		[THING] = { .name = "mainflux_id" },
		[EXTERNAL_ID] = { .name = "external_id" },
		[EXTERNAL_KEY] = { .name = "external_key" },
		[NAME] = { .name = "name" }, [CONTENT] = { .name = "content" },
		[CLIENT_CERT] = { .name = "client_cert" },
		[CLIENT_KEY] = { .name = "client_key" },
		[CA_CERT] = { .name = "ca_cert" },
		[CHANNELS] = { .name = "mainflux_channels",
		    .type = OBJECT_TEXTS },
		[STATE] = { .name = "state", .type = OBJECT_NUMBER },
	};
	struct bootstrap_changes one;
	const struct bootstrap_change *c;
	struct buf line;
	int result = -1;

	if (session_read(s, json, f, FIELDS, fault) < 0)
		return -1;
	bootstrap_changes_init(&one);
	c = bootstrap_changes_add(&one);
	buf_init(&line, LINE_BYTES_MAX);
	if (remote_take_config(s, f, &one)) {
		bootstrap_put_change(&line, c);
		result = view->show(view->arg, &(struct bootstrap_shown){
		    .thing = c->thing, .external_id = c->external_id,
		    .name = c->name, .active = c->active,
		    .channels = c->n_channels, .line = buf_str(&line) },
		    fault);
	} else {
		session_unexpected(s, "a configuration", fault);
	}
	secret_release(&line);
	bootstrap_changes_release(&one);
	return result;
}

/* What can't be an id need not be asked for, and has no place in a path. */
int
remote_bootstrap_find(struct client *c, const struct bootstrap_view *view,
    struct str thing, struct fault *fault)
{
	struct session *s = c->session;
	char path[ID_TEXT + 64];

	if (!uuid_valid(thing))
		return fault_set(fault, 1,
		    "no configuration of a thing '%.*s'", STR_ARG(thing));
	snprintf(path, sizeof path, "/things/configs/%.*s?keys=%s",
	    STR_ARG(thing), view->keys ? "true" : "false");
	return session_ask(s, &(struct ask){ .path = path }, fault) < 0 ||
	    remote_show_config(s, buf_str(&s->body), view, fault) < 0 ? -1 :
	    0;
}

/* ---- lists ---- */

static void
remote_put_list(struct buf *b, const struct bootstrap_view *view,
    const struct bootstrap_query *query, const char *cursor)
{
	buf_clear(b);
	buf_printf(b, "/things/configs?limit=%d&keys=%s", PAGE,
	    view->keys ? "true" : "false");
	session_put_parameter(b, "cursor", str_z(cursor));
	session_put_parameter(b, "external_id", query->external_id);
	session_put_parameter(b, "name", query->name);
	if (query->state != BOOTSTRAP_ANY)
		buf_printf(b, "&state=%d",
		    query->state == BOOTSTRAP_ACTIVE);
	buf_putc(b, '\0');
}

/* as view->show; `cursor` becomes that of the next page, or "" */
static int
remote_show_configs(struct session *s, const struct bootstrap_view *view,
    char cursor[PAGE_CURSOR_MAX + 1], struct fault *fault)
{
	struct object_field f[] = {
		{ .name = "next", .type = OBJECT_TEXT },
		{ .name = "configs", .type = OBJECT_TEXTS },
	};
	struct object_array array;
	struct arena arena;
	struct str element;
	int got, shown = 0;

	if (session_read(s, buf_str(&s->body), f, 2, fault) < 0)
		return -1;
	if (f[1].value.p == NULL || f[0].value.n > PAGE_CURSOR_MAX ||
	    (f[0].value.n > 0 && str_eq(f[0].value, str_z(cursor))))
		return session_unexpected(s, "a page of a list", fault);
	snprintf(cursor, PAGE_CURSOR_MAX + 1, "%.*s", STR_ARG(f[0].value));
	/* what is read of one does not touch this */
	arena_init(&arena, PAGE_MAX);
	object_array_init(&array, f[1].value, &arena);
	while (shown == 0 && (got = object_array_next(&array, &element)) > 0)
		shown = remote_show_config(s, element, view, fault);
	arena_release(&arena);
	if (shown != 0)
		return shown;
	return got == 0 ? 0 : session_unexpected(s, "a page of a list",
	    fault);
}

int
remote_bootstrap_list(struct client *c, const struct bootstrap_view *view,
    const struct bootstrap_query *query, struct fault *fault)
{
	char cursor[PAGE_CURSOR_MAX + 1] = "";
	struct session *s = c->session;
	struct ask ask = { .limit = PAGE_MAX };
	struct buf path;
	int result;

	buf_init(&path, PATH_BYTES_MAX);
	do {
		remote_put_list(&path, view, query, cursor);
		ask.path = path.p;
		/* nothing is held back while more is waited for */
		if (c->out != NULL && out_flush(c->out) < 0)
			result = 1;
		else if ((result = session_ask(s, &ask, fault)) == 0)
			result = remote_show_configs(s, view, cursor, fault);
	} while (result == 0 && cursor[0] != '\0');
	buf_release(&path);
	return result < 0 ? -1 : 0;
}

/* ---- changes ---- */

static int
remote_take_added(struct session *s, struct str line, struct buf *answer,
    struct fault *fault)
{
	struct object_field f[] = {
		{ .name = "thing_id" }, { .name = "external_id" },
		{ .name = "external_key" }, { .name = "thing_key" },
		{ .name = "state", .type = OBJECT_NUMBER },
	};
	size_t i;

	if (session_read(s, line, f, 5, fault) < 0)
		return -1;
	if (f[0].value.n == 0 || f[1].value.n == 0 || f[4].value.n == 0)
		return session_unexpected(s, "what was added", fault);
	for (i = 0; i < 4; i++) {
		if (f[i].value.p == NULL)
			continue;
		buf_printf(answer, "%s\"%s\":", i == 0 ? "{" : ",",
		    f[i].name);
		json_put_string(answer, f[i].value);
	}
	buf_printf(answer, ",\"state\":%.*s}\n", STR_ARG(f[4].value));
	return 0;
}

static int
remote_take_all_added(struct session *s,
    const struct bootstrap_changes *changes, struct buf *answer,
    struct fault *fault)
{
	struct str text = buf_str(&s->body), line;
	size_t n = 0;

	for (; str_take_line(&text, &line); n++)
		if (remote_take_added(s, line, answer, fault) < 0)
			return -1;
	return changes->verb != BOOTSTRAP_ADD || n == changes->n ? 0 :
	    session_unexpected(s, "a line for each that was added", fault);
}

/* which of them the server refused, if it was one */
static int
remote_refused_config(struct session *s, struct bootstrap_changes *changes,
    struct fault *fault)
{
	struct fault plain = *fault;

	if (s->item > 0 && s->item <= changes->n)
		changes->at = s->item - 1;
	else if (fault->status == EX_DATAERR)
		fault_set(fault, EX_DATAERR, "%.300s; nothing was done",
		    plain.text);
	return -1;
}

static void
remote_put_configs(struct buf *b, const struct bootstrap_changes *changes)
{
	struct bootstrap_change change;
	size_t i;

	for (i = 0; i < changes->n; i++) {
		change = changes->v[i];
		/* nothing else that a list has shown is sent */
		if (changes->verb == BOOTSTRAP_REMOVE)
			change.given = BOOTSTRAP_THING;
		bootstrap_put_change(b, &change);
	}
}

int
remote_bootstrap_change(struct client *c, struct bootstrap_changes *changes,
    struct buf *answer, struct fault *fault)
{
	bool remove = changes->verb == BOOTSTRAP_REMOVE;
	struct ask ask = {
		.method = changes->verb == BOOTSTRAP_UPDATE ? "PATCH" : "POST",
		.path = !remove ? "/things/configs/bulk" :
		    changes->if_exists ?
		    "/things/configs/bulk/remove?if_exists=true" :
		    "/things/configs/bulk/remove",
		.type = "application/x-ndjson", .change = true
	};
	struct session *s = c->session;
	struct buf body;
	int result;

	changes->at = changes->n;
	buf_init(&body, BODY_MAX);
	buf_room(&body, 1);
	remote_put_configs(&body, changes);
	ask.body = buf_str(&body);
	ask.limit = body.n + (changes->n + 1) * ADDED_MAX;
	if (body.full)
		result = fault_set(fault, EX_DATAERR, "too much for one "
		    "request; nothing was done");
	else if (session_ask(s, &ask, fault) < 0)
		result = remote_refused_config(s, changes, fault);
	else
		result = remote_take_all_added(s, changes, answer, fault);
	secret_release(&body);
	return result;
}

/* ---- unknown devices ---- */

static int
remote_show_unknown(struct session *s, struct str json,
    int (*each)(void *, const struct bootstrap_unknown *), void *arg,
    struct fault *fault)
{
	struct object_field f[] = {
		{ .name = "external_id" }, { .name = "address" },
		{ .name = "first", .type = OBJECT_NUMBER },
		{ .name = "last", .type = OBJECT_NUMBER },
		{ .name = "attempts", .type = OBJECT_NUMBER },
		{ .name = "known", .type = OBJECT_ANY },
	};
	struct stamp now = stamp_now();
	struct bootstrap_unknown u;
	int64_t attempts = 0;

	if (session_read(s, json, f, 6, fault) < 0)
		return -1;
	u = (struct bootstrap_unknown){
		.external_id = f[0].value, .address = f[1].value,
		.known = str_eq(f[5].value, STR("true"))
	};
	if (u.external_id.n == 0 || !stamp_parse(f[2].value, now, &u.first) ||
	    !stamp_parse(f[3].value, now, &u.last) ||
	    !object_number(f[4].value, &attempts))
		return session_unexpected(s, "a device", fault);
	u.attempts = (uint64_t)attempts;
	return each(arg, &u);
}

int
remote_bootstrap_unknown(struct client *c,
    int (*each)(void *, const struct bootstrap_unknown *), void *arg,
    struct fault *fault)
{
	struct object_field f = { .name = "configs", .type = OBJECT_TEXTS };
	struct ask ask = { .path = "/things/unknown/configs?limit=1000",
	    .limit = PAGE_MAX };
	struct session *s = c->session;
	struct object_array array;
	struct arena arena;
	struct str element;
	int got, shown = 0;

	if (session_ask(s, &ask, fault) < 0 ||
	    session_read(s, buf_str(&s->body), &f, 1, fault) < 0)
		return -1;
	if (f.value.p == NULL)
		return session_unexpected(s, "a list of devices", fault);
	arena_init(&arena, PAGE_MAX);
	object_array_init(&array, f.value, &arena);
	while (shown == 0 && (got = object_array_next(&array, &element)) > 0)
		shown = remote_show_unknown(s, element, each, arg, fault);
	arena_release(&arena);
	if (shown != 0)
		return shown < 0 ? -1 : 0;
	return got == 0 ? 0 : session_unexpected(s, "a list of devices",
	    fault);
}
