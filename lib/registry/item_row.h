/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_ITEM_ROW_H
#define MFX_REGISTRY_ITEM_ROW_H

#include "registry/change.h"
#include "registry/statement.h"

struct item;
struct user;

/* What item.c shares with items.c, share.c and page.c: the rows of things and
 * channels. */

/* SQL for both, by enum item_kind, that differs in the table's name alone */
#define ITEM_SQL(before, after)						\
	{ before "things" after, before "channels" after }
/* one that selects what item_fill reads, and the rowid after that */
#define ITEM_ROWS(where)						\
	{ "SELECT id, name, metadata, tags, disabled, key_box, NULL, n"	\
	    " FROM things WHERE owner = ?1 AND " where,			\
	"SELECT id, name, metadata, tags, disabled, NULL, NULL, n"	\
	    " FROM channels WHERE owner = ?1 AND " where }
/* the same with the direction of their connection to ?4 */
#define ITEM_ROWS_CONNECTED(where)					\
	{ "SELECT id, name, metadata, tags, disabled, key_box,"		\
	    " (SELECT direction FROM connections WHERE thing = things.n" \
	    " AND channel = (SELECT n FROM channels WHERE id = ?4)), n"	\
	    " FROM things WHERE owner = ?1 AND " where,			\
	"SELECT id, name, metadata, tags, disabled, NULL,"		\
	    " (SELECT direction FROM connections WHERE channel ="	\
	    " channels.n AND thing = (SELECT n FROM things WHERE id = ?4))," \
	    " n FROM channels WHERE owner = ?1 AND " where }
#define ITEM_ROWID 7
/* of another's item, after the rowid: see struct item */
#define ITEM_OWNER 8
#define ITEM_LEVEL 9

/* borrows from the row */
void item_fill(struct item *, sqlite3_stmt *);
/* the same of another's */
void item_fill_shared(struct item *, sqlite3_stmt *);

/* The owner's item with this id: 1, and *st is at its row until db_reset;
 * 0: there is none; -1 */
int item_row(struct registry *, enum item_kind, const struct user *owner,
    struct str id, sqlite3_stmt **, struct fault *);
/* sets a fault: the owner has no item with this id.  -1 */
int item_unknown(enum item_kind, struct str id, struct fault *);
/* begins the event (event.h) of an item, with its id */
void item_event(struct registry *, const struct user *owner, struct str id);
/* the same of a connection */
void item_event_pair(struct registry *, const struct user *owner,
    struct str channel, struct str thing);
/* the same of a new one, with all that it is */
void item_event_new(struct registry *, const struct user *owner,
    const struct change *);

/* what events call it, by enum item_kind */
extern const char *const item_created[], *const item_removed[];

#endif
