/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_STATEMENT_H
#define MFX_REGISTRY_STATEMENT_H

#include "base/buf.h"
#include "registry/item.h"
#include "registry/registry.h"
#include "sqlite/db.h"

/*
 * SQL for the sources of this room; only they include this.  Values are
 * bound, never put into the text.  These three are db_statement, db_step and
 * db_change of sqlite/db.h for the registry's handle; db_bind_str and the
 * others are used as they are.
 */
sqlite3_stmt *statement_get(struct registry *, const char *sql,
    struct fault *);
/* 1: a row; 0: no more; -1 */
int statement_step(struct registry *, sqlite3_stmt *, struct fault *);
/* for a statement without rows: the number of rows changed, or -1 */
int statement_run(struct registry *, sqlite3_stmt *, struct fault *);

/* from six columns, the first of them `at`: id, name, metadata, tags,
 * disabled, key_box; it borrows from the row */
void item_fill(struct item *, sqlite3_stmt *, int at);

/* operations of events, by enum item_kind */
extern const char *const item_created[], *const item_removed[];
/* begins the event of a new item (event.h) and adds its fields */
void item_event(struct registry *, const struct user *,
    const struct change *);
/* sets a fault: the owner has no item with this id */
int item_unknown(enum item_kind, struct str id, struct fault *);
/* the registry's rowset (rowset.h) */
struct rowset *registry_rowset(struct registry *);

sqlite3 *registry_db(struct registry *);
/* the fields of the current event: event.c */
struct buf *registry_event(struct registry *);
/* changes not yet in the index of names: names.c */
struct names *registry_names(struct registry *);
/* sets a fault from SQLite's last error */
int registry_fault(struct registry *, struct fault *);

#endif
