/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/changes.h"

#include <sysexits.h>

#include "json/json.h"
#include "registry/group.h"
#include "registry/share.h"

unsigned
changes_may(const struct changes *c)
{
	switch (c->verb) {
	case CHANGE_CONNECT:
	case CHANGE_DISCONNECT:
		return MEMBER_CHANNEL | MEMBER_THING | MEMBER_DIRECTION;
	case CHANGE_GROUP_CREATE:
	case CHANGE_GROUP_UPDATE:
	case CHANGE_GROUP_REMOVE:
		return MEMBER_ID | MEMBER_NAME | MEMBER_METADATA |
		    MEMBER_PARENT | MEMBER_DESCRIPTION;
	case CHANGE_ASSIGN:
	case CHANGE_UNASSIGN:
		return MEMBER_GROUP | MEMBER_CHANNEL | MEMBER_THING;
	default:
		return MEMBER_ID | MEMBER_NAME | MEMBER_METADATA |
		    MEMBER_TAGS | MEMBER_STATUS |
		    (c->kind == ITEM_THING ? MEMBER_KEY : 0);
	}
}

unsigned
changes_must(const struct changes *c)
{
	switch (c->verb) {
	case CHANGE_CONNECT:
	case CHANGE_DISCONNECT:
		return MEMBER_CHANNEL | MEMBER_THING;
	case CHANGE_ASSIGN:
	case CHANGE_UNASSIGN:
		return MEMBER_GROUP;
	case CHANGE_CREATE:
	case CHANGE_GROUP_CREATE:
		return 0;
	default:
		return MEMBER_ID;
	}
}

void
item_put(struct buf *b, const struct item *item, unsigned shown,
    struct str key)
{
	if (item->owner.p != NULL)
		shown &= item->level == 0 ? 0 : ~(unsigned)MEMBER_KEY;
	buf_puts(b, "{\"id\":");
	json_put_string(b, item->id);
	if (shown & MEMBER_NAME) {
		buf_puts(b, ",\"name\":");
		json_put_string(b, item->name);
	}
	if (shown & MEMBER_METADATA) {
		buf_puts(b, ",\"metadata\":");
		buf_put_str(b, item->metadata);
	}
	if (shown & MEMBER_TAGS) {
		buf_puts(b, ",\"tags\":");
		buf_put_str(b, item->tags);
	}
	if (shown & MEMBER_STATUS) {
		buf_puts(b, ",\"status\":");
		json_put_string(b, item_status(item->disabled));
	}
	direction_put(b, item->direction);
	share_put(b, item);
	if (shown & MEMBER_KEY) {
		buf_puts(b, ",\"key\":");
		if (key.p == NULL)
			buf_puts(b, "null");
		else
			json_put_string(b, key);
	}
	buf_puts(b, "}\n");
}

void
pair_put(struct buf *b, struct str channel, struct str thing,
    unsigned direction)
{
	buf_puts(b, "{\"channel\":");
	json_put_string(b, channel);
	buf_puts(b, ",\"thing\":");
	json_put_string(b, thing);
	direction_put(b, direction);
	buf_puts(b, "}\n");
}

static const char *
changes_prepare_new(struct changes *c, struct change *change,
    struct buf *answer)
{
	bool thing = c->verb == CHANGE_CREATE && c->kind == ITEM_THING;
	const char *why = NULL;
	struct item item;

	if (!(change->given & MEMBER_ID))
		why = change_make_id(c, change);
	if (why == NULL && thing && !(change->given & MEMBER_KEY))
		why = change_make_key(c, change);
	if (why != NULL)
		return why;
	item = (struct item){ .id = change->id, .name = change->name };
	item_put(answer, &item, MEMBER_NAME | (thing ? MEMBER_KEY : 0),
	    change->key);
	return NULL;
}

int
changes_prepare(struct changes *c, const struct keyring *keys,
    struct buf *answer, struct fault *fault)
{
	const char *why = NULL;
	size_t i;

	if (c->verb == CHANGE_CREATE || c->verb == CHANGE_GROUP_CREATE)
		for (i = 0; i < c->n && why == NULL; i++)
			why = changes_prepare_new(c, &c->v[i], answer);
	c->at = c->n;
	if (why == NULL)
		why = changes_seal(c, keys);
	return why == NULL ? 0 : fault_set(fault, EX_DATAERR, "%s", why);
}

static int
changes_update(struct changes *c, struct registry *r, const struct user *user,
    const struct change *change, struct buf *answer, struct fault *fault)
{
	struct item item = { .id = change->id };

	if (!(change->given & ~(unsigned)MEMBER_ID))
		return fault_set(fault, EX_DATAERR,
		    "nothing to change is given");
	if (share_update(r, c->kind, user, change, fault) < 0)
		return -1;
	if (change->given & MEMBER_KEY)
		item_put(answer, &item, MEMBER_KEY, change->key);
	return 0;
}

/* shows an item that would be removed */
static void
changes_show(void *answer, const struct item *item)
{
	item_put(answer, item, MEMBER_NAME | MEMBER_METADATA | MEMBER_TAGS |
	    MEMBER_STATUS, STR_NONE);
}

static int
changes_connect(struct changes *c, struct registry *r, const struct user *user,
    const struct change *change, struct buf *answer, struct fault *fault)
{
	unsigned direction;
	int changed;

	if (c->verb == CHANGE_CONNECT)
		return share_connect(r, user, change->channel, change->thing,
		    change->direction, fault);
	changed = share_disconnect(r, user, change->channel, change->thing,
	    &direction, fault);
	if (changed > 0 && c->dry_run)
		pair_put(answer, change->channel, change->thing,
		    direction == DIRECTION_BOTH ? 0 : direction);
	return changed;
}

static int
changes_set_status(struct changes *c, struct registry *r,
    const struct user *user, const struct change *given, struct fault *fault)
{
	/* other members that a file may have are ignored */
	struct change change = {
		.given = MEMBER_ID | MEMBER_STATUS, .id = given->id,
		.disabled = c->verb == CHANGE_DISABLE
	};

	return share_update(r, c->kind, user, &change, fault);
}

/* ---- groups ---- */

static void
changes_show_group(void *answer, const struct group *group)
{
	group_put(answer, group, false);
}

static int
changes_remove_group(struct changes *c, struct registry *r,
    const struct user *user, const struct change *change, struct buf *answer,
    struct fault *fault)
{
	const struct group_removal how = {
		.recursive = c->recursive,
		.show = c->dry_run ? changes_show_group : NULL, .arg = answer
	};
	int result = group_remove(r, user, change->id, &how, fault);

	return result < 0 && fault->status == 1 && c->if_exists ? 0 : result;
}

static int
changes_make_own_group(struct changes *c, struct registry *r,
    const struct user *user, struct buf *answer, struct fault *fault)
{
	const struct change *change = &c->v[c->at];
	bool thing = change->thing.p != NULL;
	struct str item = thing ? change->thing : change->channel;
	enum item_kind kind = thing ? ITEM_THING : ITEM_CHANNEL;

	switch (c->verb) {
	case CHANGE_GROUP_CREATE:
		return group_create(r, user, change, fault);
	case CHANGE_GROUP_UPDATE:
		return !(change->given & ~(unsigned)MEMBER_ID) ?
		    fault_set(fault, EX_DATAERR, "nothing to change is given") :
		    group_update(r, user, change, fault);
	case CHANGE_GROUP_REMOVE:
		return changes_remove_group(c, r, user, change, answer,
		    fault);
	case CHANGE_ASSIGN:
		return group_assign(r, user, change->group, kind, item,
		    fault);
	default:
		return group_unassign(r, user, change->group, kind, item,
		    fault);
	}
}

/* one that is shared is its owner's to change */
static int
changes_make_group(struct changes *c, struct registry *r,
    const struct user *user, struct buf *answer, struct fault *fault)
{
	const struct change *change = &c->v[c->at];
	int result = changes_make_own_group(c, r, user, answer, fault);
	struct user owner;

	if (result >= 0 || fault->status != 1)
		return result;
	grant_allows(r, GRANT_GROUP, user, change->group.p != NULL ?
	    change->group : change->id, GRANT_OWNER, &owner, fault);
	return -1;
}

/* ---- all ---- */

static int
changes_make_one(struct changes *c, struct registry *r, const struct user *user,
    struct buf *answer, struct fault *fault)
{
	struct change *change = &c->v[c->at];

	switch (c->verb) {
	case CHANGE_UPDATE:
		return changes_update(c, r, user, change, answer, fault);
	case CHANGE_ENABLE:
	case CHANGE_DISABLE:
		return changes_set_status(c, r, user, change, fault);
	case CHANGE_CONNECT:
	case CHANGE_DISCONNECT:
		return changes_connect(c, r, user, change, answer, fault);
	default:
		return changes_make_group(c, r, user, answer, fault);
	}
}

static int
changes_make_all(struct changes *c, struct registry *r, const struct user *user,
    struct buf *answer, struct fault *fault)
{
	const struct items_removal how = {
		.if_exists = c->if_exists,
		.show = c->dry_run ? changes_show : NULL, .arg = answer
	};

	if (c->verb == CHANGE_CREATE)
		return items_create(r, c->kind, user, c->v, c->n,
		    &c->at, fault);
	if (c->verb == CHANGE_REMOVE)
		return items_remove(r, c->kind, user, c->v, c->n,
		    &how, &c->at, fault);
	for (c->at = 0; c->at < c->n; c->at++)
		if (changes_make_one(c, r, user, answer, fault) < 0)
			return -1;
	return 0;
}

int
changes_make(struct changes *c, struct registry *r, const struct user *user,
    struct buf *answer, struct fault *fault)
{
	if (changes_make_all(c, r, user, answer, fault) < 0)
		return -1;
	if (!answer->full)
		return 0;
	return fault_set(fault, EX_DATAERR,
	    "too much for one transaction; nothing was done");
}
