/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_GRANT_SQL_H
#define MFX_REGISTRY_GRANT_SQL_H

#include "registry/group_sql.h"

/*
 * Queries that stand in other statements of this room: the grants, as rows of
 * n and level, by which the user ?1 reaches a thing, a channel or a group of
 * another, whose row is the SQL `row`.  It is shared itself, or one of the
 * groups that contain it is: so they are found as quickly as these are.
 */
#define GRANT_SQL_REACHING(column, row, groups)				\
	"(SELECT n, level FROM grants WHERE grantee = ?1"		\
	" AND " column " = " row " UNION ALL SELECT n, level FROM grants" \
	" WHERE grantee = ?1 AND grp IN " groups ")"
#define GRANT_SQL_OF_THING(row)						\
	GRANT_SQL_REACHING("thing", row, GROUP_SQL_OF_THING(row))
/* which the index on grantee, thing and channel finds */
#define GRANT_SQL_OF_CHANNEL(row)					\
	GRANT_SQL_REACHING("thing IS NULL AND channel", row,		\
	    GROUP_SQL_OF_CHANNEL(row))
#define GRANT_SQL_OF_GROUP(row)						\
	"(SELECT n, level FROM grants WHERE grantee = ?1"		\
	" AND grp IN " GROUP_SQL_ABOVE_GROUP(row) ")"

/* the highest level of these; NULL when there is no grant */
#define GRANT_SQL_LEVEL(grants)						\
	"(SELECT max(level) FROM " grants ")"
/* the grant itself; of equal ones the first */
#define GRANT_SQL_BEST(grants)						\
	"(SELECT n FROM " grants " ORDER BY level DESC, n LIMIT 1)"

/*
 * All that others share with the user ?1, as rows of item and level: `kind` is
 * "thing" or "channel".  What several grants reach comes several times.  Each
 * group comes once for each level at which it is shared.
 */
#define GRANT_SQL_ALL(kind)						\
	"(WITH RECURSIVE reach(grp, owner, level) AS ("			\
	" SELECT grp, owner, level FROM grants"				\
	" WHERE grantee = ?1 AND grp IS NOT NULL"			\
	" UNION SELECT g.n, g.owner, r.level FROM reach r"		\
	" JOIN item_groups g ON g.owner = r.owner AND g.parent = r.grp)" \
	" SELECT " kind " AS item, level FROM grants"			\
	" WHERE grantee = ?1 AND " kind " IS NOT NULL"			\
	" UNION ALL SELECT x." kind ", r.level FROM reach r"		\
	" CROSS JOIN group_" kind "s x ON x.grp = r.grp)"

#endif
