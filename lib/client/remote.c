/* SPDX-License-Identifier: Apache-2.0 */
#include "client/remote.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/file.h"
#include "base/memory.h"
#include "client/account.h"
#include "client/session.h"
#include "json/object.h"
#include "registry/metadata.h"
#include "registry/page.h"
#include "registry/tags.h"
#include "registry/uuid.h"

#define LINES "application/x-ndjson"
/* of a page: 500 of the largest things have 40 MB */
#define PAGE 500
#define PAGE_MAX ((size_t)64 << 20)
#define BULK_MAX ((size_t)1 << 30)
/* what an answer says of each beside what was sent */
#define ADDED_MAX 256
#define CURSOR_MAX PAGE_CURSOR_MAX
#define SCRATCH_MAX ((size_t)256 << 20)

struct there {
	struct session *session;
	struct arena scratch, compact;
	char cursor[CURSOR_MAX + 1];	/* of the next page; "": none */
};

static const char *const collection[] = { "things", "channels" };

/* ---- beginning and end ---- */

static int
open_session(struct admin *a)
{
	struct there *t = memory_zero(1, sizeof *t);

	a->open = t;
	arena_init(&t->scratch, SCRATCH_MAX);
	arena_init(&t->compact, 4 * METADATA_BYTES_MAX);
	if (session_open(&t->session, a->setup, &a->fault) < 0 ||
	    session_use_token(t->session, &a->fault) < 0)
		return -1;
	return a->user == NULL ? 0 :
	    account_is(t->session, str_z(a->user), &a->fault);
}

static void
close_session(struct admin *a)
{
	struct there *t = a->open;

	session_close(t->session);
	arena_release(&t->scratch);
	arena_release(&t->compact);
	free(t);
}

static int
strange(struct admin *a, const char *what)
{
	struct there *t = a->open;

	return session_strange(t->session, what, &a->fault);
}

/* ---- things and channels, as they are told ---- */

enum { ID, NAME, KEY, METADATA, TAGS, STATUS, FIELDS };

/* 0, or as admin_show */
static int
take_item(struct admin *a, struct str json)
{
	struct object_field f[] = {
		[ID] = { .name = "id", .type = OBJECT_TEXT },
		[NAME] = { .name = "name", .type = OBJECT_TEXT },
		[KEY] = { .name = "key", .type = OBJECT_TEXT },
		[METADATA] = { .name = "metadata", .type = OBJECT_RAW },
		[TAGS] = { .name = "tags", .type = OBJECT_TEXTS },
		[STATUS] = { .name = "status", .type = OBJECT_TEXT },
	};
	struct there *t = a->open;
	struct tags tags;
	struct item item;

	arena_reset(&t->compact);
	if (object_read(json, f, FIELDS, &t->compact) != NULL ||
	    f[ID].value.n == 0)
		return strange(a, "something other than a thing or channel");
	item = (struct item){
		.id = f[ID].value, .name = f[NAME].value,
		.metadata = STR("{}"),
		.disabled = str_eq(f[STATUS].value, STR("disabled")),
	};
	if (f[METADATA].value.p != NULL && metadata_compact(
	    f[METADATA].value, &t->compact, &item.metadata) != NULL)
		return strange(a, "metadata that is none");
	tags_begin(&tags);
	if (f[TAGS].value.p != NULL && tags_add_json(&tags, f[TAGS].value,
	    &t->compact) != NULL)
		return strange(a, "tags that are none");
	item.tags = tags_end(&tags);
	/* a thing that has none shows an empty one */
	return admin_show(a, &item, f[KEY].value.n > 0 ? f[KEY].value :
	    STR_NONE);
}

/* ---- changes ---- */

static void
put_member(struct buf *b, const struct change *change,
    enum change_member member, const char *name, struct str value)
{
	if (!(change->given & member))
		return;
	buf_printf(b, "%s\"%s\":", b->p[b->n - 1] == '{' ? "" : ",", name);
	if (member == MEMBER_METADATA || member == MEMBER_TAGS)
		buf_put_str(b, value);
	else if (member == MEMBER_KEY && value.p == NULL)
		buf_puts(b, "null");
	else
		json_put_string(b, value);
}

static void
put_members(struct buf *b, const struct changes *changes,
    const struct change *change)
{
	bool set = changes->verb == CHANGE_ENABLE ||
	    changes->verb == CHANGE_DISABLE;

	if (set)
		buf_printf(b, ",\"status\":\"%s\"",
		    changes->verb == CHANGE_DISABLE ? "disabled" : "enabled");
	/* what else list has told of one that shall go, or be set, is not
	 * sent */
	if (set || changes->verb == CHANGE_REMOVE)
		return;
	put_member(b, change, MEMBER_NAME, "name", change->name);
	put_member(b, change, MEMBER_METADATA, "metadata", change->metadata);
	put_member(b, change, MEMBER_TAGS, "tags", change->tags);
	put_member(b, change, MEMBER_STATUS, "status",
	    item_status(change->disabled));
	put_member(b, change, MEMBER_KEY, "key", change->key);
}

static void
put_change(struct buf *b, const struct changes *changes,
    const struct change *change)
{
	buf_putc(b, '{');
	if (changes->verb == CHANGE_CONNECT ||
	    changes->verb == CHANGE_DISCONNECT) {
		buf_puts(b, "\"channel\":");
		json_put_string(b, change->channel);
		buf_puts(b, ",\"thing\":");
		json_put_string(b, change->thing);
	} else {
		put_member(b, change, MEMBER_ID, "id", change->id);
		put_members(b, changes, change);
	}
	buf_puts(b, "}\n");
}

/* a line of a dry run */
static int
take_pair(struct admin *a, struct str line)
{
	struct object_field f[] = {
		{ .name = "channel", .type = OBJECT_TEXT },
		{ .name = "thing", .type = OBJECT_TEXT },
	};
	struct there *t = a->open;

	arena_reset(&t->scratch);
	if (object_read(line, f, 2, &t->scratch) != NULL ||
	    f[0].value.n == 0 || f[1].value.n == 0)
		return strange(a, "something other than a connection");
	pair_put(&a->out.b, f[0].value, f[1].value);
	return 0;
}

/* one line of an answer, in the form that it has here */
static int
take_line(struct admin *a, struct str line)
{
	struct object_field f[] = {
		{ .name = "id", .type = OBJECT_TEXT },
		{ .name = "name", .type = OBJECT_TEXT },
		{ .name = "key", .type = OBJECT_TEXT },
	};
	struct there *t = a->open;
	unsigned shown = a->kind == ITEM_THING ? MEMBER_KEY : 0;
	struct item item;

	if (a->dry_run && a->changes.verb == CHANGE_REMOVE)
		return take_item(a, line);
	if (a->dry_run)
		return take_pair(a, line);
	arena_reset(&t->scratch);
	if (object_read(line, f, 3, &t->scratch) != NULL || f[0].value.n == 0)
		return strange(a, "something other than what was made");
	item = (struct item){ .id = f[0].value, .name = f[1].value };
	item_put(&a->out.b, &item, shown |
	    (a->changes.verb == CHANGE_CREATE ? MEMBER_NAME : 0), f[2].value);
	return 0;
}

static int
take_answer(struct admin *a, struct str text)
{
	const char *end;
	size_t n = 0;

	for (; text.n > 0; n++) {
		end = memchr(text.p, '\n', text.n);
		if (end == NULL)
			return strange(a, "half a line");
		if (take_line(a, (struct str){ text.p,
		    (size_t)(end - text.p) }) < 0)
			return -1;
		text = str_from(text, (size_t)(end - text.p) + 1);
	}
	return a->changes.verb == CHANGE_CREATE && n != a->changes.n ?
	    strange(a, "not as many as were made") : 0;
}

static void
set_route(const struct changes *changes, struct ask *ask, char path[64])
{
	const char *many = collection[changes->kind];

	ask->method = "POST";
	ask->path = path;
	switch (changes->verb) {
	case CHANGE_UPDATE:
	case CHANGE_ENABLE:
	case CHANGE_DISABLE:
		ask->method = "PATCH";
		/* FALLTHROUGH */
	case CHANGE_CREATE:
		snprintf(path, 64, "/%s/bulk", many);
		break;
	case CHANGE_REMOVE:
		snprintf(path, 64, "/%s/bulk/remove%s%s%s", many,
		    changes->if_exists || changes->dry_run ? "?" : "",
		    changes->if_exists ? "if_exists=true" : "",
		    changes->dry_run ? changes->if_exists ? "&dry_run=true" :
		    "dry_run=true" : "");
		break;
	case CHANGE_CONNECT:
		ask->path = "/connect";
		break;
	case CHANGE_DISCONNECT:
		ask->path = changes->dry_run ? "/disconnect?dry_run=true" :
		    "/disconnect";
		break;
	}
}

static int
change(struct admin *a)
{
	struct there *t = a->open;
	struct changes *changes = &a->changes;
	struct ask ask = { .type = LINES, .change = true };
	struct fault plain;
	struct buf body;
	char path[64];
	size_t i, n = changes->n;
	int result;

	changes->at = n;
	buf_init(&body, BULK_MAX);
	buf_room(&body, 1);
	for (i = 0; i < n; i++)
		put_change(&body, changes, &changes->v[i]);
	set_route(changes, &ask, path);
	ask.body = buf_str(&body);
	ask.limit = body.n + (n + 1) * ADDED_MAX;
	result = body.full ? fault_set(&a->fault, EX_DATAERR, "too much for "
	    "one request; nothing was done") :
	    session_ask(t->session, &ask, &a->fault);
	if (result == 0)
		result = take_answer(a, session_body(t->session));
	else if (session_item(t->session) > 0 &&
	    session_item(t->session) <= n)
		changes->at = session_item(t->session) - 1;
	else if (a->fault.status == EX_DATAERR) {
		plain = a->fault;
		fault_set(&a->fault, EX_DATAERR, "%.300s; nothing was done",
		    plain.text);
	}
	secret_release(&body);
	return result;
}

/* ---- lists ---- */

static const char *
keys_wanted(const struct admin *a)
{
	return a->shown & MEMBER_KEY ? "true" : "false";
}

/* What nobody has need not be asked for, and has no place in a path. */
static int
find_one(struct admin *a, struct str id, bool *found)
{
	struct there *t = a->open;
	char path[ID_TEXT + 64];
	int result;

	if (!uuid_valid(id))
		return 0;
	snprintf(path, sizeof path, "/%s/%.*s?keys=%s", collection[a->kind],
	    STR_ARG(id), keys_wanted(a));
	result = session_ask(t->session, &(struct ask){ .path = path },
	    &a->fault);
	if (result < 0)
		return a->fault.status == 1 ? 0 : -1;
	*found = true;
	return take_item(a, session_body(t->session));
}

/* is there what they shall be connected to? */
static int
find_other(struct admin *a, struct str id)
{
	struct there *t = a->open;
	bool thing = a->kind == ITEM_CHANNEL;
	char path[ID_TEXT + 64];

	if (!uuid_valid(id))
		return fault_set(&a->fault, 1, "no %s '%.*s'",
		    thing ? "thing" : "channel", STR_ARG(id));
	snprintf(path, sizeof path, "/%s/%.*s?keys=false",
	    collection[thing ? ITEM_THING : ITEM_CHANNEL], STR_ARG(id));
	return session_ask(t->session, &(struct ask){ .path = path },
	    &a->fault);
}

static void
put_parameter(struct buf *b, const char *name, struct str value)
{
	if (value.p == NULL)
		return;
	buf_printf(b, "&%s=", name);
	session_encode(b, value);
}

static void
put_tags(struct buf *b, const struct opt_list *tags)
{
	int i, n = 0;

	for (i = 0; tags != NULL && i < tags->n; i++) {
		if (*tags->v[i] == '\0')
			continue;
		buf_puts(b, n++ == 0 ? "&tags=" : ",");
		session_encode(b, str_z(tags->v[i]));
	}
}

static void
put_path(struct admin *a, const struct admin_filter *f, struct buf *b)
{
	struct there *t = a->open;

	if (f->connected.p != NULL)
		buf_printf(b, "/%s/%.*s",
		    collection[a->kind == ITEM_THING ? ITEM_CHANNEL :
		    ITEM_THING], STR_ARG(f->connected));
	buf_printf(b, "/%s?limit=%d&keys=%s", collection[a->kind], PAGE,
	    keys_wanted(a));
	put_parameter(b, "cursor", str_z(t->cursor));
	put_parameter(b, "glob", f->glob);
	put_parameter(b, "metadata", f->metadata);
	put_parameter(b, "status", str_z(f->status));
	put_parameter(b, "order", str_z(f->order));
	put_parameter(b, "dir", str_z(f->dir));
	put_tags(b, f->tag_list);
	buf_putc(b, '\0');
}

/* as admin_show; t->cursor is where it goes on */
static int
take_page(struct admin *a, bool *found)
{
	struct object_field f[] = {
		{ .name = "next", .type = OBJECT_TEXT },
		{ .name = collection[a->kind], .type = OBJECT_TEXTS },
	};
	struct there *t = a->open;
	struct object_array array;
	struct str element;
	int got, shown;

	arena_reset(&t->scratch);
	if (object_read(session_body(t->session), f, 2, &t->scratch) != NULL ||
	    f[1].value.p == NULL || f[0].value.n > CURSOR_MAX ||
	    (f[0].value.n > 0 && str_eq(f[0].value, str_z(t->cursor))))
		return strange(a, "no page of a list");
	snprintf(t->cursor, sizeof t->cursor, "%.*s", STR_ARG(f[0].value));
	object_array_init(&array, f[1].value, &t->scratch);
	while ((got = object_array_next(&array, &element)) > 0) {
		*found = true;
		if ((shown = take_item(a, element)) != 0)
			return shown;
	}
	return got < 0 ? strange(a, "no page of a list") : 0;
}

static int
find(struct admin *a, const struct admin_filter *filter, bool *found)
{
	struct there *t = a->open;
	struct ask ask = { .limit = PAGE_MAX };
	struct buf path;
	int result;

	if (filter->id.p != NULL)
		return find_one(a, filter->id, found);
	if (filter->connected.p != NULL &&
	    find_other(a, filter->connected) < 0)
		return -1;
	buf_init(&path, 1 << 20);
	t->cursor[0] = '\0';
	do {
		buf_clear(&path);
		put_path(a, filter, &path);
		ask.path = path.p;
		/* nothing is held back while more is waited for */
		if (out_flush(&a->out) < 0)
			result = 1;
		else if ((result = session_ask(t->session, &ask,
		    &a->fault)) == 0)
			result = take_page(a, found);
	} while (result == 0 && t->cursor[0] != '\0');
	buf_release(&path);
	return result;
}

static const struct admin_place there = {
	open_session, change, find, close_session
};

const struct admin_place *
remote_place(const struct admin *a)
{
	return remote_url(a->setup) != NULL ? &there : &admin_here;
}
