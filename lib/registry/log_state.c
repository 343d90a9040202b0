/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/log_state.h"

#include <sysexits.h>

#include "registry/statement.h"

static bool
log_state_copy(char *to, size_t size, sqlite3_stmt *st, int column)
{
	struct str s = db_column(st, column);

	if (s.n >= size)
		return false;
	if (s.n > 0)
		memcpy(to, s.p, s.n);
	to[s.n] = '\0';
	return true;
}

int
log_state_get(struct registry *r, struct log_state *s, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "SELECT id, bus, stream, node,"
	    " primary_node, epoch, entry, head, seq, last FROM log", fault);
	int got = statement_step(r, st, fault);
	struct str head;

	if (got <= 0)
		return got;
	head = db_column(st, 7);
	if (!log_state_copy(s->id, sizeof s->id, st, 0) ||
	    !log_state_copy(s->bus, sizeof s->bus, st, 1) ||
	    !log_state_copy(s->stream, sizeof s->stream, st, 2) ||
	    !log_state_copy(s->node, sizeof s->node, st, 3) ||
	    !log_state_copy(s->primary, sizeof s->primary, st, 4) ||
	    head.n != sizeof s->head)
		got = fault_set(fault, EX_DATAERR, "the log's row is damaged");
	else
		memcpy(s->head, head.p, head.n);
	s->epoch = sqlite3_column_int64(st, 5);
	s->entry = sqlite3_column_int64(st, 6);
	s->seq = (uint64_t)sqlite3_column_int64(st, 8);
	s->last = (uint64_t)sqlite3_column_int64(st, 9);
	db_reset(st);
	return got;
}

int
log_state_put(struct registry *r, const struct log_state *s,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "INSERT OR REPLACE INTO log"
	    "(one, id, bus, stream, node, primary_node, epoch, entry, head,"
	    " seq, last) VALUES(1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
	    fault);

	db_bind_str(st, 1, str_z(s->id));
	db_bind_str(st, 2, str_z(s->bus));
	db_bind_str(st, 3, str_z(s->stream));
	db_bind_str(st, 4, str_z(s->node));
	db_bind_str(st, 5, str_z(s->primary));
	sqlite3_bind_int64(st, 6, s->epoch);
	sqlite3_bind_int64(st, 7, s->entry);
	sqlite3_bind_blob(st, 8, s->head, sizeof s->head, SQLITE_STATIC);
	sqlite3_bind_int64(st, 9, (sqlite3_int64)s->seq);
	sqlite3_bind_int64(st, 10, (sqlite3_int64)s->last);
	return statement_done(r, st, fault);
}
