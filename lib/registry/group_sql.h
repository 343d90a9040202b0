/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_GROUP_SQL_H
#define MFX_REGISTRY_GROUP_SQL_H

/*
 * Queries that stand in other statements of this room, after IN: rows of
 * groups.  `row` is the SQL for the row of a thing or channel, such as "t.n".
 *
 * Those above are found quickly: a thing or channel is in at most
 * GROUPS_OF_ITEM_MAX groups, each of which has at most GROUP_DEPTH_MAX - 1
 * above it, and each step is a look-up by an index.  A damaged file in which a
 * group is above itself ends them too: UNION passes over a row that it has had.
 */
#define GROUP_SQL_ABOVE(table, column, row)				\
	"(WITH RECURSIVE above(n) AS (SELECT grp FROM " table		\
	" WHERE " column " = " row " UNION SELECT parent FROM item_groups" \
	" JOIN above USING(n) WHERE parent IS NOT NULL)"		\
	" SELECT n FROM above)"
/* the groups that contain a thing, or a channel: those that it is in, and all
 * above them, up to the top */
#define GROUP_SQL_OF_THING(row)						\
	GROUP_SQL_ABOVE("group_things", "thing", row)
#define GROUP_SQL_OF_CHANNEL(row)					\
	GROUP_SQL_ABOVE("group_channels", "channel", row)

/* the row of a group, NULL for none, and those above it */
#define GROUP_SQL_ABOVE_GROUP(row)					\
	"(WITH RECURSIVE above(n) AS (SELECT " row " WHERE " row	\
	" IS NOT NULL UNION SELECT parent FROM item_groups"		\
	" JOIN above USING(n) WHERE parent IS NOT NULL)"		\
	" SELECT n FROM above)"

/* a group of the owner ?1 by its id, and, if `all` is true, all that are
 * beneath it */
#define GROUP_SQL_BENEATH(id, all)					\
	"(WITH RECURSIVE beneath(n) AS (SELECT n FROM item_groups"	\
	" WHERE owner = ?1 AND id = " id " UNION SELECT g.n"		\
	" FROM item_groups g JOIN beneath b ON g.owner = ?1"		\
	" AND g.parent = b.n WHERE " all ") SELECT n FROM beneath)"

#endif
