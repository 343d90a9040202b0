/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/bootstrap_unknown.h"

#include "json/json.h"
#include "registry/statement.h"

#define MAX_TEXT "1000"

int
bootstrap_unknown_note(struct registry *r, struct str external_id,
    struct str address, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "INSERT INTO bootstrap_unknown"
	    " VALUES(?1, ?2, ?3, ?3, 1) ON CONFLICT(external_id) DO UPDATE SET"
	    " address = ?2, last = ?3, attempts = attempts + 1", fault);

	db_bind_str(st, 1, external_id);
	db_bind_str(st, 2, address);
	sqlite3_bind_int64(st, 3, stamp_now().ns);
	if (statement_run(r, st, fault) < 0)
		return -1;
	return statement_done(r, statement_get(r, "DELETE FROM"
	    " bootstrap_unknown WHERE external_id IN (SELECT external_id"
	    " FROM bootstrap_unknown ORDER BY last DESC, external_id"
	    " LIMIT -1 OFFSET " MAX_TEXT ")", fault), fault);
}

int
bootstrap_unknown_forget(struct registry *r, struct str external_id,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r,
	    "DELETE FROM bootstrap_unknown WHERE external_id = ?1", fault);

	db_bind_str(st, 1, external_id);
	return statement_done(r, st, fault);
}

int
bootstrap_unknown_each(struct registry *r, uint64_t offset, uint64_t limit,
    int (*each)(void *, const struct bootstrap_unknown *), void *arg,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "SELECT external_id, address,"
	    " first, last, attempts, EXISTS(SELECT 1 FROM bootstrap b"
	    " WHERE b.external_id = u.external_id) FROM bootstrap_unknown u"
	    " ORDER BY last DESC, external_id LIMIT ?1 OFFSET ?2", fault);
	struct bootstrap_unknown u;
	int got, result = 0;

	/* there are no more than that */
	sqlite3_bind_int64(st, 1, limit < UNKNOWN_MAX ? (int64_t)limit :
	    UNKNOWN_MAX);
	sqlite3_bind_int64(st, 2, offset < UNKNOWN_MAX ? (int64_t)offset :
	    UNKNOWN_MAX);
	while (result == 0 && (got = statement_step(r, st, fault)) != 0) {
		if (got < 0)
			return -1;
		u = (struct bootstrap_unknown){
			.external_id = db_column(st, 0),
			.address = db_column(st, 1),
			.first = { sqlite3_column_int64(st, 2) },
			.last = { sqlite3_column_int64(st, 3) },
			.attempts = (uint64_t)sqlite3_column_int64(st, 4),
			.known = sqlite3_column_int(st, 5) != 0,
		};
		result = each(arg, &u);
	}
	db_reset(st);
	return result;
}

int
bootstrap_unknown_count(struct registry *r, uint64_t *n, struct fault *fault)
{
	int64_t count;

	if (db_number(&r->db, "SELECT count(*) FROM bootstrap_unknown",
	    &count, fault) < 0)
		return -1;
	*n = (uint64_t)count;
	return 0;
}

void
bootstrap_unknown_put(struct buf *b, const struct bootstrap_unknown *u)
{
	char time[STAMP_TEXT];

	buf_puts(b, "{\"external_id\":");
	json_put_string(b, u->external_id);
	buf_puts(b, ",\"address\":");
	json_put_string(b, u->address);
	buf_puts(b, ",\"first\":");
	buf_put(b, time, stamp_print(time, u->first));
	buf_puts(b, ",\"last\":");
	buf_put(b, time, stamp_print(time, u->last));
	buf_puts(b, ",\"attempts\":");
	buf_put_u64(b, u->attempts);
	buf_printf(b, ",\"known\":%s}", u->known ? "true" : "false");
}
