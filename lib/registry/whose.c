/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/whose.h"

#include "registry/item_row.h"
#include "registry/statement.h"

int
registry_whose(struct registry *r, enum item_kind kind, struct str id,
    struct buf *name, struct buf *email, struct fault *fault)
{
	static const char *const sql[] = ITEM_SQL("SELECT name, email FROM ",
	    " AS item JOIN users ON users.n = owner WHERE item.id = ?1");
	sqlite3_stmt *st = statement_get(r, sql[kind], fault);
	int got;

	db_bind_str(st, 1, id);
	got = statement_step(r, st, fault);
	if (got <= 0)
		return got;
	buf_put_str(name, db_column(st, 0));
	buf_put_str(email, db_column(st, 1));
	db_reset(st);
	return 1;
}
