/* SPDX-License-Identifier: Apache-2.0 */
/* undo of changes of groups, of what is in them, and of grants */
#include "cmd/site/undo.h"

#include "base/diag.h"
#include "cmd/site/row.h"

/* ---- groups ---- */

struct undo_group {
	bool found;
	struct arena *keep;
	struct str name, description, metadata, parent;
	uint64_t items;
};

static int
undo_keep_group(void *arg, const struct group *group, struct fault *fault)
{
	struct undo_group *g = arg;

	(void)fault;
	g->found = true;
	g->name = arena_str(g->keep, group->name);
	g->description = arena_str(g->keep, group->description);
	g->metadata = arena_str(g->keep, group->metadata);
	g->parent = group->parent.p == NULL ? STR("") :
	    arena_str(g->keep, group->parent);
	g->items = group->things + group->channels;
	return 0;
}

/* 0, found or not; -1 */
static int
undo_find_group(struct undo *u, struct str id, struct undo_group *g)
{
	*g = (struct undo_group){ .keep = &u->keep };
	return u->client.backend->group_find(&u->client, id, undo_keep_group,
	    g, u->fault) < 0 && u->fault->status != 1 ? -1 : 0;
}

static int
undo_group_remains(struct undo *u, struct str id)
{
	struct undo_group g;

	return undo_find_group(u, id, &g) < 0 ? -1 : g.found;
}

int
undo_group_create(struct undo *u)
{
	const struct change change = { .given = MEMBER_ID, .id = u->is.id };
	struct undo_group now;

	if (undo_find_group(u, u->is.id, &now) < 0)
		return -1;
	if (!now.found)
		return undo_refuse(u, "it was removed since");
	if (now.items > 0)
		return undo_refuse(u, "there is something in it: undo that, "
		    "too");
	return undo_change(u, CHANGE_GROUP_REMOVE, ITEM_THING, &change);
}

/* the members of the event as they were before; false: changed since */
static bool
undo_fill_group(struct undo *u, const struct history *was,
    const struct undo_group *now, struct change *change)
{
	const struct event_fields *is = &u->is;

	change->given |= (is->name.p != NULL ? MEMBER_NAME : 0) |
	    (is->description.p != NULL ? MEMBER_DESCRIPTION : 0) |
	    (is->metadata.p != NULL ? MEMBER_METADATA : 0) |
	    (is->parent.p != NULL ? MEMBER_PARENT : 0);
	return undo_member(was->name, is->name, now->name, &change->name) &&
	    undo_member(was->description, is->description, now->description,
	    &change->description) &&
	    undo_member(was->metadata, is->metadata, now->metadata,
	    &change->metadata) &&
	    undo_member(was->parent, is->parent, now->parent,
	    &change->parent);
}

int
undo_group_update(struct undo *u)
{
	struct change change = { .given = MEMBER_ID, .id = u->is.id };
	struct undo_group now;
	struct history was;
	int result;

	if (undo_find_group(u, u->is.id, &now) < 0)
		return -1;
	if (!now.found)
		return undo_refuse(u, "it was removed since");
	result = history_before(&u->client, u->is.id, u->seq, &was, &u->keep,
	    u->fault);
	if (result == 0 && !was.there)
		result = undo_refuse(u, "what it was before is not known");
	if (result == 0 && !undo_fill_group(u, &was, &now, &change))
		result = undo_refuse(u, "it was changed again since");
	history_end(&was);
	return result < 0 ? -1 : undo_change(u, CHANGE_GROUP_UPDATE,
	    ITEM_THING, &change);
}

/* ---- what is in them ---- */

static int
undo_put(struct undo *u, bool in, struct str group, bool channel,
    struct str item)
{
	const struct change change = {
		.given = MEMBER_GROUP | (channel ? MEMBER_CHANNEL :
		    MEMBER_THING), .group = group,
		.thing = channel ? STR_NONE : item,
		.channel = channel ? item : STR_NONE,
	};

	return undo_change(u, in ? CHANGE_ASSIGN : CHANGE_UNASSIGN,
	    ITEM_THING, &change);
}

int
undo_place(struct undo *u, const struct history_pair *pair)
{
	bool group = str_eq(u->record.operation, STR("group.remove"));
	int got = group ? undo_remains(u, pair->channel ? ITEM_CHANNEL :
	    ITEM_THING, pair->other, pair->seq, "the group of") :
	    undo_group_remains(u, pair->other);

	if (got <= 0)
		return got;
	return group ? undo_put(u, true, u->is.id, pair->channel,
	    pair->other) : undo_put(u, true, pair->other,
	    u->kind == ITEM_CHANNEL, u->is.id);
}

struct undo_member_of {
	struct str id;
	bool found;
};

static int
undo_note_member(void *arg, const struct item *item, struct str key,
    struct fault *fault)
{
	struct undo_member_of *m = arg;

	(void)key;
	(void)fault;
	m->found = str_eq(m->id, item->id);
	return m->found;
}

/* of assign and unassign */
int
undo_assign(struct undo *u)
{
	bool channel = u->is.channel.p != NULL;
	bool was_in = str_eq(u->record.operation, STR("group.unassign"));
	struct undo_member_of m = {
		.id = channel ? u->is.channel : u->is.thing
	};
	struct client_query query = {
		.kind = channel ? ITEM_CHANNEL : ITEM_THING,
		.show = undo_note_member, .arg = &m, .group = u->is.group
	};
	int got = undo_group_remains(u, u->is.group);

	if (got <= 0)
		return got < 0 ? -1 : undo_refuse(u, "the group was removed "
		    "since");
	if (u->client.backend->list(&u->client, &query, u->fault) < 0)
		return -1;
	if (m.found == was_in)
		return undo_refuse(u, "it was changed again since");
	got = undo_put(u, was_in, u->is.group, channel, m.id);
	return got == 0 || u->fault->status != 1 ? got :
	    undo_refuse(u, "it was removed since");
}

int
undo_group_remove(struct undo *u)
{
	struct change change = {
		.given = MEMBER_ID | MEMBER_NAME | MEMBER_DESCRIPTION |
		    MEMBER_METADATA, .id = u->is.id
	};
	int result, above = undo_group_remains(u, u->is.id);
	struct history was;
	size_t i;

	if (above != 0)
		return above < 0 ? -1 :
		    undo_refuse(u, "it was made again since");
	result = history_before(&u->client, u->is.id, u->seq, &was, &u->keep,
	    u->fault);
	if (result == 0 && !was.there)
		result = undo_refuse(u, "what it was is not known");
	change.name = was.name;
	change.description = was.description;
	change.metadata = was.metadata;
	change.parent = was.parent;
	if (result == 0 && was.parent.n > 0) {
		change.given |= MEMBER_PARENT;
		above = undo_group_remains(u, was.parent);
		result = above < 0 ? -1 : above > 0 ? 0 : undo_refuse(u,
		    "the group that it was in was removed since");
	}
	if (result == 0)
		result = undo_change(u, CHANGE_GROUP_CREATE, ITEM_THING,
		    &change);
	for (i = 0; i < was.n && result == 0; i++)
		result = undo_place(u, &was.pairs[i]);
	history_end(&was);
	return result;
}

/* ---- grants ---- */

struct undo_grant {
	bool found;
	enum grant_level level;
	struct str email, item;		/* p NULL: any */
};

static int
undo_note_grant(void *arg, const struct grant *g, struct fault *fault)
{
	struct undo_grant *found = arg;

	(void)fault;
	if (found->item.p != NULL && !(str_eq(g->item, found->item) &&
	    email_same(g->email, found->email)))
		return 0;
	found->found = true;
	found->level = g->level;
	return 0;
}

static void
undo_wanted_grant(const struct undo *u, struct grant *g)
{
	*g = (struct grant){
		.email = u->is.email,
		.level = grant_level_parse(u->is.level),
		.kind = u->is.thing.p != NULL ? GRANT_THING :
		    u->is.channel.p != NULL ? GRANT_CHANNEL : GRANT_GROUP,
	};
	g->item = g->kind == GRANT_THING ? u->is.thing :
	    g->kind == GRANT_CHANNEL ? u->is.channel : u->is.group;
}

/* 0 when it is still at the level of the event */
static int
undo_same_grant(struct undo *u)
{
	struct undo_grant now = { .found = false };

	if (u->client.backend->grant_find(&u->client, u->is.id,
	    undo_note_grant, &now, u->fault) < 0)
		return u->fault->status != 1 ? -1 :
		    undo_refuse(u, "it has ended since");
	return now.level == grant_level_parse(u->is.level) ? 0 :
	    undo_refuse(u, "it was changed again since");
}

int
undo_grant_create(struct undo *u)
{
	return undo_same_grant(u) < 0 ? -1 :
	    u->client.backend->grant_end(&u->client, u->is.id, u->fault);
}

int
undo_grant_update(struct undo *u)
{
	char id[ID_TEXT + 1];
	struct history was;
	struct grant g;
	int result;

	undo_wanted_grant(u, &g);
	if (undo_same_grant(u) < 0)
		return -1;
	result = history_before(&u->client, u->is.id, u->seq, &was, &u->keep,
	    u->fault);
	g.level = grant_level_parse(was.level);
	if (result == 0 && g.level == 0)
		result = undo_refuse(u, "what it was before is not known");
	history_end(&was);
	return result < 0 ? -1 :
	    u->client.backend->grant_make(&u->client, &g, id, u->fault);
}

/* it is an invitation again: nobody accepts for the other user */
int
undo_grant_remove(struct undo *u)
{
	struct undo_grant now = { .found = false };
	char id[ID_TEXT + 1];
	struct grant g;

	undo_wanted_grant(u, &g);
	now.item = g.item;
	now.email = g.email;
	if (u->client.backend->grant_each(&u->client, GRANTS_GIVEN,
	    undo_note_grant, &now, u->fault) < 0)
		return -1;
	if (now.found)
		return undo_refuse(u, "it was made again since");
	if (u->client.backend->grant_make(&u->client, &g, id, u->fault) < 0)
		return -1;
	diag_warning("%llu: '%.*s' has to accept grant '%s'",
	    (unsigned long long)u->seq, STR_ARG(g.email), id);
	return 0;
}

int
undo_grant_accept(struct undo *u)
{
	return undo_refuse(u, "only the other user may give it up: "
	    "'mfx-users decline'");
}
