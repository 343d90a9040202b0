/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "client/remote.h"
#include "client/session.h"
#include "registry/uuid.h"

#define PAGE 500
#define PAGE_MAX ((size_t)64 << 20)
#define PATH_BYTES_MAX ((size_t)4 << 10)

/* ---- showing ---- */

enum { ID, NAME, PARENT, DESCRIPTION, METADATA, PATH, THINGS, CHANNELS,
	OWNER, SHARED, FIELDS };

static bool
remote_read_group(struct session *s, const struct object_field f[FIELDS],
    struct group *group)
{
	int64_t things = 0, channels = 0;

	*group = (struct group){
		.id = f[ID].value, .name = f[NAME].value,
		.parent = f[PARENT].value, .description = f[DESCRIPTION].value,
		.metadata = STR("{}"), .path = f[PATH].value,
		.owner = f[OWNER].value,
		.level = grant_level_parse(f[SHARED].value)
	};
	if (group->owner.p != NULL && group->level == 0)
		return false;
	if (group->id.n != ID_TEXT || group->path.n > GROUP_PATH_MAX ||
	    (f[METADATA].value.p != NULL &&
	    metadata_compact(f[METADATA].value, &s->scratch,
	    &group->metadata) != NULL) || (f[THINGS].value.p != NULL &&
	    !object_number(f[THINGS].value, &things)) ||
	    (f[CHANNELS].value.p != NULL &&
	    !object_number(f[CHANNELS].value, &channels)))
		return false;
	group->things = (uint64_t)things;
	group->channels = (uint64_t)channels;
	return true;
}

/* `parent`: what the member is called */
static int
remote_take_group(struct session *s, struct str json, const char *parent,
    struct group *group, struct fault *fault)
{
	struct object_field f[] = {
		[ID] = { .name = "id", .type = OBJECT_TEXT },
		[NAME] = { .name = "name", .type = OBJECT_TEXT },
		[PARENT] = { .name = parent, .type = OBJECT_TEXT },
		[DESCRIPTION] = { .name = "description", .type = OBJECT_TEXT },
		[METADATA] = { .name = "metadata", .type = OBJECT_RAW },
		[PATH] = { .name = "path", .type = OBJECT_TEXT },
		[THINGS] = { .name = "things", .type = OBJECT_NUMBER },
		[CHANNELS] = { .name = "channels", .type = OBJECT_NUMBER },
		[OWNER] = { .name = "owner", .type = OBJECT_TEXT },
		[SHARED] = { .name = "shared", .type = OBJECT_TEXT },
	};

	if (session_read(s, json, f, FIELDS, fault) < 0)
		return -1;
	return remote_read_group(s, f, group) ? 0 :
	    session_unexpected(s, "a group", fault);
}

int
remote_put_group(struct session *s, struct str line, struct buf *answer,
    struct fault *fault)
{
	struct group group;

	if (remote_take_group(s, line, "parent", &group, fault) < 0)
		return -1;
	group_put(answer, &group, false);
	return 0;
}

/* What can't be an id need not be asked for, and has no place in a path. */
int
remote_ask_for_group(struct session *s, struct str id, struct fault *fault)
{
	char path[ID_TEXT + 16];

	if (!uuid_valid(id))
		return fault_set(fault, 1, "no group '%.*s'", STR_ARG(id));
	snprintf(path, sizeof path, "/groups/%.*s", STR_ARG(id));
	return session_ask(s, &(struct ask){ .path = path }, fault);
}

int
remote_group_find(struct client *c, struct str id,
    int (*show)(void *, const struct group *, struct fault *), void *arg,
    struct fault *fault)
{
	struct session *s = c->session;
	struct group group;

	return remote_ask_for_group(s, id, fault) < 0 || remote_take_group(s,
	    buf_str(&s->body), "parent_id", &group, fault) < 0 ||
	    show(arg, &group, fault) < 0 ? -1 : 0;
}

/* ---- lists ---- */

struct remote_groups {
	const struct group_query *query;
	int (*show)(void *, const struct group *, struct fault *);
	void *arg;
	char cursor[PAGE_CURSOR_MAX + 1];
};

static void
remote_put_groups_path(struct buf *b, const struct remote_groups *g)
{
	static const char *const which[] = {
		[GROUPS_TOP] = "parent", [GROUPS_CHILDREN] = "parent",
		[GROUPS_TREE] = "tree", [GROUPS_PARENTS] = "group",
		[GROUPS_OF_THING] = "thing", [GROUPS_OF_CHANNEL] = "channel",
	};
	const struct group_query *query = g->query;

	buf_clear(b);
	buf_printf(b, "/groups?limit=%d", PAGE);
	session_put_parameter(b, "cursor", str_z(g->cursor));
	if (query->which == GROUPS_SHARED)
		buf_puts(b, "&shared=true");
	else if (query->which != GROUPS_ALL)
		/* of none is of those at the top */
		session_put_parameter(b, which[query->which],
		    query->of.p != NULL ? query->of : STR(""));
	if (query->levels > 0)
		buf_printf(b, "&level=%u", query->levels);
	buf_putc(b, '\0');
}

/* as g->show; the cursor becomes that of the next page, or "" */
static int
remote_show_groups(struct session *s, struct remote_groups *g,
    struct fault *fault)
{
	struct object_field f[] = {
		{ .name = "next", .type = OBJECT_TEXT },
		{ .name = "groups", .type = OBJECT_TEXTS },
	};
	struct object_array array;
	struct group group;
	struct str element;
	int got, shown;

	if (session_read(s, buf_str(&s->body), f, 2, fault) < 0)
		return -1;
	if (f[1].value.p == NULL || f[0].value.n > PAGE_CURSOR_MAX ||
	    (f[0].value.n > 0 && str_eq(f[0].value, str_z(g->cursor))))
		return session_unexpected(s, "a page of a list", fault);
	snprintf(g->cursor, sizeof g->cursor, "%.*s", STR_ARG(f[0].value));
	object_array_init(&array, f[1].value, &s->scratch);
	while ((got = object_array_next(&array, &element)) > 0) {
		if (remote_take_group(s, element, "parent_id", &group,
		    fault) < 0)
			return -1;
		shown = group_wanted(g->query, &group) > 0 ?
		    g->show(g->arg, &group, fault) : 0;
		if (shown != 0)
			return shown;
	}
	return got == 0 ? 0 : session_unexpected(s, "a page of a list",
	    fault);
}

static int
remote_find_of(struct session *s, const struct group_query *query,
    struct fault *fault)
{
	if (query->of.p == NULL)
		return 0;
	if (query->which == GROUPS_OF_THING ||
	    query->which == GROUPS_OF_CHANNEL)
		return remote_ask_for(s, query->which == GROUPS_OF_THING ?
		    ITEM_THING : ITEM_CHANNEL, query->of, false, fault);
	return remote_ask_for_group(s, query->of, fault);
}

int
remote_group_list(struct client *c, const struct group_query *query,
    int (*show)(void *, const struct group *, struct fault *), void *arg,
    struct fault *fault)
{
	struct remote_groups g = {
		.query = query, .show = show, .arg = arg
	};
	struct ask ask = { .limit = PAGE_MAX };
	struct session *s = c->session;
	struct buf path;
	int result;

	if (remote_find_of(s, query, fault) < 0)
		return -1;
	buf_init(&path, PATH_BYTES_MAX);
	do {
		remote_put_groups_path(&path, &g);
		ask.path = path.p;
		/* nothing is held back while more is waited for */
		if (c->out != NULL && out_flush(c->out) < 0)
			result = 1;
		else if ((result = session_ask(s, &ask, fault)) == 0)
			result = remote_show_groups(s, &g, fault);
	} while (result == 0 && g.cursor[0] != '\0');
	buf_release(&path);
	return result < 0 ? -1 : 0;
}

/* ---- places: first the groups, then what is in each ---- */

struct remote_places {
	enum item_kind kind;
	char (*ids)[ID_TEXT];
	size_t n, cap;
	struct group_place place;
	int (*each)(void *, const struct group_place *, struct fault *);
	void *arg;
};

static int
remote_keep_group(void *arg, const struct group *group, struct fault *fault)
{
	struct remote_places *p = arg;

	(void)fault;
	if ((p->kind == ITEM_THING ? group->things : group->channels) == 0)
		return 0;
	if (p->n == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 64;
		p->ids = memory_resize(p->ids, p->cap * sizeof *p->ids);
	}
	memcpy(p->ids[p->n++], group->id.p, ID_TEXT);
	return 0;
}

static int
remote_compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, ID_TEXT);
}

static int
remote_give_place(void *arg, const struct item *item, struct str key,
    struct fault *fault)
{
	struct remote_places *p = arg;

	(void)key;
	p->place.item = item->id;
	return p->each(p->arg, &p->place, fault);
}

int
remote_places(struct client *c, enum item_kind kind, int (*each)(void *,
    const struct group_place *, struct fault *), void *arg,
    struct fault *fault)
{
	const struct group_query groups = { .which = GROUPS_ALL };
	struct remote_places p = {
		.kind = kind, .place.kind = kind, .each = each, .arg = arg
	};
	struct client_query query = {
		.kind = kind, .show = remote_give_place, .arg = &p,
		.order = PAGE_ID
	};
	int result = remote_group_list(c, &groups, remote_keep_group, &p,
	    fault);
	size_t i;

	if (p.n > 1)
		qsort(p.ids, p.n, sizeof *p.ids, remote_compare_ids);
	for (i = 0; i < p.n && result == 0; i++) {
		p.place.group = (struct str){ p.ids[i], ID_TEXT };
		query.group = p.place.group;
		result = remote_list(c, &query, fault);
		/* removed since the list was made */
		if (result < 0 && fault->status == 1)
			result = 0;
	}
	free(p.ids);
	return result;
}
