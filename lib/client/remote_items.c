/* SPDX-License-Identifier: Apache-2.0 */
#include "client/remote.h"

#include <sysexits.h>

#include "base/file.h"
#include "client/session.h"
#include "registry/metadata.h"
#include "registry/tags.h"
#include "registry/uuid.h"

/* items of a page: 500 of the largest take 40 MB */
#define PAGE 500
#define PAGE_MAX ((size_t)64 << 20)
#define BODY_MAX ((size_t)1 << 30)
/* what an answer has for each item in addition to what was sent */
#define ADDED_MAX 256
#define PATH_BYTES_MAX ((size_t)1 << 20)

static const char *const remote_kinds[] = { "things", "channels" };

static enum item_kind
remote_other(enum item_kind kind)
{
	return kind == ITEM_THING ? ITEM_CHANNEL : ITEM_THING;
}

/* ---- showing ---- */

enum {
	ID, NAME, KEY, METADATA, TAGS, STATUS, DIRECTION, OWNER, LEVEL, FIELDS
};

/* as query->show */
static int
remote_show(struct session *s, struct str json,
    const struct client_query *query, struct fault *fault)
{
	struct object_field f[] = {
		[ID] = { .name = "id", .type = OBJECT_TEXT },
		[NAME] = { .name = "name", .type = OBJECT_TEXT },
		[KEY] = { .name = "key", .type = OBJECT_TEXT },
		[METADATA] = { .name = "metadata", .type = OBJECT_RAW },
		[TAGS] = { .name = "tags", .type = OBJECT_TEXTS },
		[STATUS] = { .name = "status", .type = OBJECT_TEXT },
		[DIRECTION] = { .name = "direction", .type = OBJECT_TEXT },
		[OWNER] = { .name = "owner", .type = OBJECT_TEXT },
		[LEVEL] = { .name = "level", .type = OBJECT_TEXT },
	};
	struct tags tags;
	struct item item;

	if (session_read(s, json, f, FIELDS, fault) < 0)
		return -1;
	item = (struct item){
		.id = f[ID].value, .name = f[NAME].value,
		.metadata = STR("{}"),
		.disabled = str_eq(f[STATUS].value, STR("disabled")),
		.direction = direction_parse(f[DIRECTION].value),
		.owner = f[OWNER].value,
		.level = grant_level_parse(f[LEVEL].value),
	};
	/* A server that knows nothing of sharing lists the user's own again;
	 * on what another user has, the user's own are guests. */
	if (query->shared && item.owner.p == NULL &&
	    query->connected.p == NULL)
		return 0;
	tags_begin(&tags);
	if (item.id.n == 0 || (f[METADATA].value.p != NULL &&
	    metadata_compact(f[METADATA].value, &s->scratch,
	    &item.metadata) != NULL) || (f[TAGS].value.p != NULL &&
	    tags_add_json(&tags, f[TAGS].value, &s->scratch) != NULL))
		return session_unexpected(s, "a thing or channel", fault);
	item.tags = tags_end(&tags);
	/* of a thing without a key the server shows an empty one */
	return query->show(query->arg, &item, query->keys &&
	    f[KEY].value.n > 0 ? f[KEY].value : STR_NONE, fault);
}

/* What can't be an id need not be asked for, and has no place in a path. */
int
remote_ask_for(struct session *s, enum item_kind kind, struct str id,
    bool keys, struct fault *fault)
{
	char path[ID_TEXT + 64];

	if (!uuid_valid(id))
		return fault_set(fault, 1, "no %s '%.*s'",
		    kind == ITEM_THING ? "thing" : "channel", STR_ARG(id));
	snprintf(path, sizeof path, "/%s/%.*s?keys=%s", remote_kinds[kind],
	    STR_ARG(id), keys ? "true" : "false");
	return session_ask(s, &(struct ask){ .path = path }, fault);
}

int
remote_find(struct client *c, const struct client_query *query,
    struct str id, struct fault *fault)
{
	struct session *s = c->session;

	return remote_ask_for(s, query->kind, id, query->keys, fault) < 0 ||
	    remote_show(s, buf_str(&s->body), query, fault) < 0 ? -1 : 0;
}

/* ---- lists ---- */

/* of a JSON array the words, with commas between */
static void
remote_put_tags(struct session *s, struct buf *b, struct str tags)
{
	struct object_array array;
	struct str element, tag;
	int n;

	if (tags.p == NULL)
		return;
	arena_reset(&s->scratch);
	object_array_init(&array, tags, &s->scratch);
	for (n = 0; object_array_next(&array, &element) > 0; n++)
		if (object_text(element, &s->scratch, &tag)) {
			buf_puts(b, n == 0 ? "&tags=" : ",");
			session_encode(b, tag);
		}
}

static void
remote_put_path(struct session *s, const struct client_query *query,
    const char *cursor, struct buf *b)
{
	static const char *const orders[] = {
		[PAGE_CREATED] = NULL, [PAGE_NAME] = "name", [PAGE_ID] = "id"
	};
	static const char *const statuses[] = {
		[PAGE_ANY] = NULL, [PAGE_ENABLED] = "enabled",
		[PAGE_DISABLED] = "disabled"
	};

	buf_clear(b);
	if (query->connected.p != NULL)
		buf_printf(b, "/%s/%.*s",
		    remote_kinds[remote_other(query->kind)],
		    STR_ARG(query->connected));
	buf_printf(b, "/%s?limit=%d&keys=%s", remote_kinds[query->kind], PAGE,
	    query->keys ? "true" : "false");
	session_put_parameter(b, "cursor", str_z(cursor));
	session_put_parameter(b, "glob", query->glob);
	session_put_parameter(b, "metadata", query->metadata);
	session_put_parameter(b, "group", query->group);
	if (query->recursive)
		buf_puts(b, "&recursive=true");
	session_put_parameter(b, "status", str_z(statuses[query->status]));
	session_put_parameter(b, "order", str_z(orders[query->order]));
	if (query->desc)
		buf_puts(b, "&dir=desc");
	if (query->shared)
		buf_puts(b, "&shared=true");
	remote_put_tags(s, b, query->tags);
	buf_putc(b, '\0');
}

/* as query->show; `cursor` becomes that of the next page, or "" */
static int
remote_show_page(struct session *s, const struct client_query *query,
    char cursor[PAGE_CURSOR_MAX + 1], struct fault *fault)
{
	struct object_field f[] = {
		{ .name = "next", .type = OBJECT_TEXT },
		{ .name = remote_kinds[query->kind], .type = OBJECT_TEXTS },
	};
	struct object_array array;
	struct str element;
	int got, shown;

	if (session_read(s, buf_str(&s->body), f, 2, fault) < 0)
		return -1;
	if (f[1].value.p == NULL || f[0].value.n > PAGE_CURSOR_MAX ||
	    (f[0].value.n > 0 && str_eq(f[0].value, str_z(cursor))))
		return session_unexpected(s, "a page of a list", fault);
	snprintf(cursor, PAGE_CURSOR_MAX + 1, "%.*s", STR_ARG(f[0].value));
	object_array_init(&array, f[1].value, &s->scratch);
	while ((got = object_array_next(&array, &element)) > 0)
		if ((shown = remote_show(s, element, query, fault)) != 0)
			return shown;
	return got == 0 ? 0 : session_unexpected(s, "a page of a list",
	    fault);
}

int
remote_list(struct client *c, const struct client_query *query,
    struct fault *fault)
{
	char cursor[PAGE_CURSOR_MAX + 1] = "";
	struct session *s = c->session;
	struct ask ask = { .limit = PAGE_MAX };
	struct buf path;
	int result;

	if (query->group.p != NULL &&
	    remote_ask_for_group(s, query->group, fault) < 0)
		return -1;
	if (query->connected.p != NULL && remote_ask_for(s,
	    remote_other(query->kind), query->connected, false, fault) < 0)
		return -1;
	buf_init(&path, PATH_BYTES_MAX);
	do {
		remote_put_path(s, query, cursor, &path);
		ask.path = path.p;
		/* nothing is held back while more is waited for */
		if (c->out != NULL && out_flush(c->out) < 0)
			result = 1;
		else if ((result = session_ask(s, &ask, fault)) == 0)
			result = remote_show_page(s, query, cursor, fault);
	} while (result == 0 && cursor[0] != '\0');
	buf_release(&path);
	return result < 0 ? -1 : 0;
}

/* ---- connections ---- */

/* first the channels, then the things of each */
struct remote_pairs {
	struct buf channels;		/* ids, one after the other */
	struct str channel;
	int (*each)(void *, const struct item_pair *, struct fault *);
	void *arg;
};

static int
remote_keep_channel(void *arg, const struct item *item, struct str key,
    struct fault *fault)
{
	struct remote_pairs *p = arg;

	(void)key;
	if (item->id.n != ID_TEXT)
		return fault_set(fault, EX_UNAVAILABLE,
		    "a channel's id is not a UUID");
	buf_put_str(&p->channels, item->id);
	return p->channels.full ? fault_set(fault, EX_DATAERR,
	    "too many channels") : 0;
}

static int
remote_give_pair(void *arg, const struct item *item, struct str key,
    struct fault *fault)
{
	struct remote_pairs *p = arg;
	struct item_pair pair = { p->channel, item->id, item->direction ?
	    item->direction : DIRECTION_BOTH };

	(void)key;
	return p->each(p->arg, &pair, fault);
}

int
remote_connections(struct client *c, int (*each)(void *,
    const struct item_pair *, struct fault *), void *arg, struct fault *fault)
{
	struct remote_pairs p = { .each = each, .arg = arg };
	struct client_query query = {
		.kind = ITEM_CHANNEL, .show = remote_keep_channel, .arg = &p,
		.order = PAGE_ID
	};
	int result;
	size_t i;

	buf_init(&p.channels, BODY_MAX);
	result = remote_list(c, &query, fault);
	query.kind = ITEM_THING;
	query.show = remote_give_pair;
	for (i = 0; i < p.channels.n && result == 0; i += ID_TEXT) {
		p.channel = (struct str){ p.channels.p + i, ID_TEXT };
		query.connected = p.channel;
		result = remote_list(c, &query, fault);
		/* removed since the list was made */
		if (result < 0 && fault->status == 1)
			result = 0;
	}
	buf_release(&p.channels);
	return result;
}

/* ---- changes: what is sent ---- */

static void
remote_put_member(struct buf *b, const struct change *change,
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
remote_put_members(struct buf *b, const struct changes *changes,
    const struct change *change)
{
	/* nothing else that a list has shown of the item is sent */
	if (changes->verb == CHANGE_REMOVE ||
	    changes->verb == CHANGE_GROUP_REMOVE)
		return;
	if (changes->verb == CHANGE_ENABLE || changes->verb == CHANGE_DISABLE) {
		buf_printf(b, ",\"status\":\"%s\"",
		    changes->verb == CHANGE_DISABLE ? "disabled" : "enabled");
		return;
	}
	remote_put_member(b, change, MEMBER_NAME, "name", change->name);
	remote_put_member(b, change, MEMBER_METADATA, "metadata",
	    change->metadata);
	remote_put_member(b, change, MEMBER_TAGS, "tags", change->tags);
	remote_put_member(b, change, MEMBER_STATUS, "status",
	    item_status(change->disabled));
	remote_put_member(b, change, MEMBER_KEY, "key", change->key);
	remote_put_member(b, change, MEMBER_PARENT, "parent", change->parent);
	remote_put_member(b, change, MEMBER_DESCRIPTION, "description",
	    change->description);
}

static void
remote_put_change(struct buf *b, const struct changes *changes,
    const struct change *change)
{
	if (changes->verb == CHANGE_CONNECT ||
	    changes->verb == CHANGE_DISCONNECT) {
		pair_put(b, change->channel, change->thing, change->direction);
		return;
	}
	buf_putc(b, '{');
	if (changes->verb == CHANGE_ASSIGN ||
	    changes->verb == CHANGE_UNASSIGN) {
		remote_put_member(b, change, MEMBER_GROUP, "group",
		    change->group);
		remote_put_member(b, change, MEMBER_THING, "thing",
		    change->thing);
		remote_put_member(b, change, MEMBER_CHANNEL, "channel",
		    change->channel);
		buf_puts(b, "}\n");
		return;
	}
	remote_put_member(b, change, MEMBER_ID, "id", change->id);
	remote_put_members(b, changes, change);
	buf_puts(b, "}\n");
}

static void
remote_set_route(const struct changes *changes, struct ask *ask, char path[96])
{
	const char *many = remote_kinds[changes->kind];
	const char *dry_run = changes->dry_run ? "true" : "false";

	ask->method = "POST";
	ask->path = path;
	switch (changes->verb) {
	case CHANGE_CREATE:
	case CHANGE_UPDATE:
	case CHANGE_ENABLE:
	case CHANGE_DISABLE:
		if (changes->verb != CHANGE_CREATE)
			ask->method = "PATCH";
		snprintf(path, 96, "/%s/bulk", many);
		break;
	case CHANGE_REMOVE:
		snprintf(path, 96, "/%s/bulk/remove?if_exists=%s&dry_run=%s",
		    many, changes->if_exists ? "true" : "false", dry_run);
		break;
	case CHANGE_CONNECT:
		ask->path = "/connect";
		break;
	case CHANGE_DISCONNECT:
		snprintf(path, 96, "/disconnect?dry_run=%s", dry_run);
		break;
	case CHANGE_GROUP_CREATE:
	case CHANGE_GROUP_UPDATE:
		if (changes->verb == CHANGE_GROUP_UPDATE)
			ask->method = "PATCH";
		ask->path = "/groups/bulk";
		break;
	case CHANGE_GROUP_REMOVE:
		snprintf(path, 96, "/groups/bulk/remove?if_exists=%s"
		    "&dry_run=%s&recursive=%s",
		    changes->if_exists ? "true" : "false", dry_run,
		    changes->recursive ? "true" : "false");
		break;
	case CHANGE_ASSIGN:
		ask->path = "/groups/assign";
		break;
	case CHANGE_UNASSIGN:
		ask->path = "/groups/unassign";
		break;
	}
}

/* ---- changes: what is answered ---- */

static int
remote_take_pair(struct session *s, struct str line, struct buf *answer,
    struct fault *fault)
{
	struct object_field f[] = {
		{ .name = "channel", .type = OBJECT_TEXT },
		{ .name = "thing", .type = OBJECT_TEXT },
		{ .name = "direction", .type = OBJECT_TEXT },
	};

	if (session_read(s, line, f, 3, fault) < 0)
		return -1;
	if (f[0].value.n == 0 || f[1].value.n == 0)
		return session_unexpected(s, "a connection", fault);
	pair_put(answer, f[0].value, f[1].value, direction_parse(f[2].value));
	return 0;
}

static int
remote_put_removed(void *answer, const struct item *item, struct str key,
    struct fault *fault)
{
	(void)fault;
	item_put(answer, item, MEMBER_NAME | MEMBER_METADATA | MEMBER_TAGS |
	    MEMBER_STATUS, key);
	return 0;
}

/* one line, in the form that it has on this machine */
static int
remote_take_line(struct session *s, const struct changes *changes,
    struct str line, struct buf *answer, struct fault *fault)
{
	struct client_query removed = {
		.show = remote_put_removed, .arg = answer
	};
	struct object_field f[] = {
		{ .name = "id", .type = OBJECT_TEXT },
		{ .name = "name", .type = OBJECT_TEXT },
		{ .name = "key", .type = OBJECT_TEXT },
	};
	struct item item;

	if (changes->dry_run && changes->verb == CHANGE_GROUP_REMOVE)
		return remote_put_group(s, line, answer, fault);
	if (changes->dry_run)
		return changes->verb == CHANGE_REMOVE ?
		    remote_show(s, line, &removed, fault) :
		    remote_take_pair(s, line, answer, fault);
	if (session_read(s, line, f, 3, fault) < 0)
		return -1;
	if (f[0].value.n == 0)
		return session_unexpected(s, "what was changed", fault);
	item = (struct item){ .id = f[0].value, .name = f[1].value };
	if (changes->verb == CHANGE_GROUP_CREATE)
		item_put(answer, &item, MEMBER_NAME, STR_NONE);
	else
		item_put(answer, &item,
		    (changes->kind == ITEM_THING ? MEMBER_KEY : 0) |
		    (changes->verb == CHANGE_CREATE ? MEMBER_NAME : 0),
		    f[2].value);
	return 0;
}

static int
remote_take_answer(struct session *s, const struct changes *changes,
    struct buf *answer, struct fault *fault)
{
	struct str text = buf_str(&s->body);
	const char *end;
	size_t n = 0;

	for (; text.n > 0; n++) {
		end = memchr(text.p, '\n', text.n);
		if (end == NULL)
			return session_unexpected(s, "whole lines", fault);
		if (remote_take_line(s, changes, (struct str){ text.p,
		    (size_t)(end - text.p) }, answer, fault) < 0)
			return -1;
		text = str_from(text, (size_t)(end - text.p) + 1);
	}
	return (changes->verb != CHANGE_CREATE &&
	    changes->verb != CHANGE_GROUP_CREATE) || n == changes->n ? 0 :
	    session_unexpected(s, "a line for each that was made", fault);
}

/* which of them the server refused, if it was one */
static int
remote_refused(struct session *s, struct changes *changes, struct fault *fault)
{
	struct fault plain = *fault;

	if (s->item > 0 && s->item <= changes->n)
		changes->at = s->item - 1;
	else if (fault->status == EX_DATAERR)
		fault_set(fault, EX_DATAERR, "%.300s; nothing was done",
		    plain.text);
	return -1;
}

int
remote_change(struct client *c, struct changes *changes, struct buf *answer,
    struct fault *fault)
{
	struct ask ask = { .type = "application/x-ndjson", .change = true };
	struct session *s = c->session;
	struct buf body;
	char path[96];
	size_t i;
	int result;

	changes->at = changes->n;
	buf_init(&body, BODY_MAX);
	buf_room(&body, 1);
	for (i = 0; i < changes->n; i++)
		remote_put_change(&body, changes, &changes->v[i]);
	remote_set_route(changes, &ask, path);
	ask.body = buf_str(&body);
	ask.limit = body.n + (changes->n + 1) * ADDED_MAX;
	if (body.full)
		result = fault_set(fault, EX_DATAERR, "too much for one "
		    "request; nothing was done");
	else if (session_ask(s, &ask, fault) < 0)
		result = remote_refused(s, changes, fault);
	else
		result = remote_take_answer(s, changes, answer, fault);
	secret_release(&body);
	return result;
}
