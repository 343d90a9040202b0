/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/whose.h"

#include "registry/statement.h"

#define WHOSE_SQL(table)						\
	"SELECT name, email FROM " table " JOIN users ON users.n = owner" \
	" WHERE " table ".id = ?1"

int
registry_whose(struct registry *r, bool channel, struct str id,
    struct buf *name, struct buf *email, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, channel ? WHOSE_SQL("channels") :
	    WHOSE_SQL("things"), fault);
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
