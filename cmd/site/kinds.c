/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of what a site has. */
#include "cmd/site/kind.h"

#include "cmd/site/make.h"
#include "cmd/site/source.h"
#include "json/json.h"

#define B SITE_BIT
#define KIND_TEXT (B(SITE_NAME) | B(SITE_METADATA) | B(SITE_TAGS) |	\
	B(SITE_STATUS))

#define KIND_CONFIG_TEXT (B(SITE_EXTERNAL_ID) | B(SITE_NAME) |		\
	B(SITE_CHANNELS) | B(SITE_CONTENT) | B(SITE_CLIENT_CERT) |	\
	B(SITE_CA_CERT) | B(SITE_STATE))

#define KIND_GROUP_TEXT (B(SITE_NAME) | B(SITE_DESCRIPTION) |		\
	B(SITE_METADATA) | B(SITE_PARENT))
#define KIND_PLACE_ITEM (B(SITE_GROUP) | B(SITE_THING) | B(SITE_CHANNEL))

#define KIND_GRANT_ITEM (B(SITE_EMAIL) | KIND_PLACE_ITEM)

#define KIND_ISSUED (B(SITE_OWNER) | B(SITE_THING) | B(SITE_SERIAL) |	\
	B(SITE_AUTHORITY) | B(SITE_ISSUED) | B(SITE_EXPIRES) |		\
	B(SITE_REVOKED))

const struct site_kind site_kinds[SITE_KINDS] = {
	[KIND_USER] = {
		.name = "user",
		.may = B(SITE_ID) | B(SITE_EMAIL) | B(SITE_METADATA) |
		    B(SITE_PASSWORD),
		.must = B(SITE_EMAIL),
		.shown = B(SITE_ID) | B(SITE_EMAIL) | B(SITE_METADATA),
		.identity = B(SITE_EMAIL),
		.changes = B(SITE_METADATA) | B(SITE_PASSWORD),
		.item = -1, .each = source_each_user,
		.create = make_users, .update = make_user_updates,
		.remove = make_user_removals,
	},
	[KIND_CHANNEL] = {
		.name = "channel",
		.may = B(SITE_OWNER) | B(SITE_ID) | KIND_TEXT,
		.shown = B(SITE_OWNER) | B(SITE_ID) | KIND_TEXT,
		.identity = B(SITE_ID),
		.changes = KIND_TEXT,
		.item = ITEM_CHANNEL, .each = source_each_channel,
		.create = make_items, .update = make_item_updates,
		.remove = make_item_removals,
	},
	[KIND_THING] = {
		.name = "thing",
		.may = B(SITE_OWNER) | B(SITE_ID) | KIND_TEXT | B(SITE_KEY),
		.shown = B(SITE_OWNER) | B(SITE_ID) | KIND_TEXT,
		.identity = B(SITE_ID),
		.changes = KIND_TEXT | B(SITE_KEY),
		.item = ITEM_THING, .each = source_each_thing,
		.create = make_items, .update = make_item_updates,
		.remove = make_item_removals,
	},
	[KIND_CONNECTION] = {
		.name = "connection",
		.may = B(SITE_OWNER) | B(SITE_CHANNEL) | B(SITE_THING) |
		    B(SITE_DIRECTION),
		.must = B(SITE_CHANNEL) | B(SITE_THING),
		.shown = B(SITE_OWNER) | B(SITE_CHANNEL) | B(SITE_THING) |
		    B(SITE_DIRECTION),
		.identity = B(SITE_CHANNEL) | B(SITE_THING),
		.changes = B(SITE_DIRECTION),
		.item = -1, .each = source_each_connection,
		.create = make_connections, .update = make_connections,
		.remove = make_disconnections,
	},
	/* after connections: one that is active makes those that it lacks */
	[KIND_CONFIG] = {
		.name = "config",
		.may = B(SITE_OWNER) | B(SITE_THING) | KIND_CONFIG_TEXT |
		    B(SITE_EXTERNAL_KEY) | B(SITE_CLIENT_KEY),
		.must = B(SITE_THING) | B(SITE_EXTERNAL_ID),
		.shown = B(SITE_OWNER) | B(SITE_THING) | KIND_CONFIG_TEXT,
		.identity = B(SITE_THING),
		.changes = KIND_CONFIG_TEXT | B(SITE_EXTERNAL_KEY) |
		    B(SITE_CLIENT_KEY),
		.item = -1, .each = source_each_config,
		.create = make_configs, .update = make_config_updates,
		.remove = make_config_removals,
	},
	/* they have ids alone: two in different groups may have one name */
	[KIND_GROUP] = {
		.name = "group",
		.may = B(SITE_OWNER) | B(SITE_ID) | KIND_GROUP_TEXT,
		.must = B(SITE_ID),
		.shown = B(SITE_OWNER) | B(SITE_ID) | KIND_GROUP_TEXT,
		.identity = B(SITE_ID),
		.changes = KIND_GROUP_TEXT,
		.item = -1, .each = source_each_group,
		.create = make_groups, .update = make_group_updates,
		.remove = make_group_removals,
	},
	/* of a thing or channel in a group: there or not */
	[KIND_PLACE] = {
		.name = "place",
		.may = B(SITE_OWNER) | KIND_PLACE_ITEM,
		.must = B(SITE_GROUP),
		.shown = B(SITE_OWNER) | KIND_PLACE_ITEM,
		.identity = KIND_PLACE_ITEM,
		.item = -1, .each = source_each_place,
		.create = make_places, .update = make_places,
		.remove = make_place_removals,
	},
	/* of a thing, a channel or a group, for whoever has this address */
	[KIND_GRANT] = {
		.name = "grant",
		.may = B(SITE_OWNER) | KIND_GRANT_ITEM | B(SITE_LEVEL) |
		    B(SITE_ACCEPTED),
		.must = B(SITE_EMAIL) | B(SITE_LEVEL),
		.shown = B(SITE_OWNER) | KIND_GRANT_ITEM | B(SITE_LEVEL) |
		    B(SITE_ACCEPTED),
		.identity = KIND_GRANT_ITEM,
		.changes = B(SITE_LEVEL) | B(SITE_ACCEPTED),
		.item = -1, .each = source_each_grant,
		.create = make_grants, .update = make_grants,
		.remove = make_grant_removals,
	},
	/* between two owners, by a grant that the owner of the line has */
	[KIND_GUEST] = {
		.name = "guest", .ids = true,
		.may = B(SITE_OWNER) | B(SITE_CHANNEL) | B(SITE_THING) |
		    B(SITE_DIRECTION),
		.must = B(SITE_CHANNEL) | B(SITE_THING),
		.shown = B(SITE_OWNER) | B(SITE_CHANNEL) | B(SITE_THING) |
		    B(SITE_DIRECTION),
		.identity = B(SITE_CHANNEL) | B(SITE_THING),
		.changes = B(SITE_DIRECTION),
		.item = -1, .each = source_each_guest,
		.create = make_connections, .update = make_connections,
		.remove = make_disconnections,
	},
	/* a CA makes them, and no text */
	[KIND_CERTIFICATE] = {
		.name = "certificate",
		.may = KIND_ISSUED, .must = B(SITE_SERIAL),
		.shown = KIND_ISSUED, .identity = B(SITE_SERIAL),
		.item = -1, .each = source_each_certificate,
	},
};

const struct site_kind *
kind_find(struct str name)
{
	const struct site_kind *k;

	for (k = site_kinds; k < site_kinds + SITE_KINDS; k++)
		if (str_eq(name, str_z(k->name)))
			return k;
	return NULL;
}

uint64_t
kind_hash(uint64_t seed, const struct site_row *row)
{
	uint64_t h = seed + (uint64_t)(row->kind - site_kinds);
	enum site_member m;

	for (m = 0; m < SITE_MEMBERS; m++)
		if (row->kind->identity & B(m))
			h = m == SITE_EMAIL ? row_hash_email(h, row->v[m]) :
			    row_hash(h, row->v[m]);
	return h;
}

bool
kind_same(const struct site_row *a, const struct site_row *b)
{
	enum site_member m;

	if (a->kind != b->kind)
		return false;
	for (m = 0; m < SITE_MEMBERS; m++)
		if (a->kind->identity & B(m) && !(m == SITE_EMAIL ?
		    email_same(a->v[m], b->v[m]) : str_eq(a->v[m], b->v[m])))
			return false;
	return true;
}

void
kind_put_line(struct buf *b, const struct site_row *row, unsigned shown)
{
	buf_puts(b, "{\"kind\":");
	json_put_string(b, str_z(row->kind->name));
	row_put_members(b, row, shown);
	buf_puts(b, "}\n");
}
