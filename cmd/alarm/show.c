/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/alarm/show.h"

#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/program.h"
#include "base/table.h"
#include "base/utf8.h"
#include "cmd/alarm/state.h"
#include "json/json.h"

#define BY_MAX 256

/* ---- list ---- */

static void
show_cell_text(struct table *t, struct str text)
{
	table_cell(t, text, false);
}

static void
show_row(struct table *t, sqlite3_stmt *st, struct buf *id)
{
	char when[STAMP_TEXT];

	buf_clear(id);
	event_put_id(id, db_column(st, 1),
	    (uint64_t)sqlite3_column_int64(st, 0));
	show_cell_text(t, buf_str(id));
	show_cell_text(t, str_z(severity_name((enum rule_severity)
	    (sqlite3_column_int(st, 2) % 3))));
	show_cell_text(t, (struct str){ when, stamp_print_utc(when,
	    (struct stamp){ sqlite3_column_int64(st, 3) }) });
	show_cell_text(t, db_column(st, 4));
	show_cell_text(t, db_column(st, 5));
	show_cell_text(t, db_column(st, 6));
	show_cell_text(t, db_column(st, 7));
	show_cell_text(t, db_column(st, 10));
}

/* the line that told of it, and who acknowledged it */
static void
show_line(struct out *out, sqlite3_stmt *st)
{
	struct str line = db_column(st, 8);

	if (sqlite3_column_type(st, 9) == SQLITE_NULL || line.n < 2) {
		buf_put_str(&out->b, line);
	} else {
		char when[STAMP_TEXT];

		buf_put(&out->b, line.p, line.n - 2);
		buf_puts(&out->b, ",\"acknowledged\":");
		buf_put(&out->b, when, stamp_print(when,
		    (struct stamp){ sqlite3_column_int64(st, 9) }));
		buf_puts(&out->b, ",\"by\":");
		json_put_string(&out->b, db_column(st, 10));
		buf_puts(&out->b, "}\n");
	}
	out_end(out);
}

static void
show_heads(struct table *t, struct out *out)
{
	static const char *const heads[] = { "alarm", "severity", "since",
	    "channel", "publisher", "subtopic", "name", "acknowledged by" };
	size_t i;

	table_init(t, out, 40);
	for (i = 0; i < sizeof heads / sizeof *heads; i++)
		table_column(t, heads[i]);
}

/* the number of alarms, or -1 */
static int
show_alarms(struct state *s, struct out *out, bool human, struct fault *fault)
{
	sqlite3_stmt *st = db_statement(&s->db, "SELECT number, rule,"
	    " severity, raised, channel, publisher, subtopic, name, line,"
	    " acked, acked_by FROM alarms ORDER BY severity DESC, number",
	    fault);
	struct table table;
	struct buf id;
	int got, n = 0;

	if (st == NULL)
		return -1;
	buf_init(&id, 2 * RULES_NAME_MAX);
	if (human)
		show_heads(&table, out);
	for (; (got = db_step(&s->db, st, fault)) > 0; n++)
		if (human)
			show_row(&table, st, &id);
		else
			show_line(out, st);
	out_flush(out);
	if (human)
		table_release(&table);
	buf_release(&id);
	return got < 0 ? -1 : n;
}

static int
show_list(const struct show_options *o)
{
	struct state state;
	struct fault fault;
	struct out out;
	int n, status;

	if (state_open_beside(&state, o->state, DB_READ, &fault) < 0)
		/* where nothing was watched yet nothing is raised: but a
		 * state that was named has to be there */
		return fault.status == EX_NOINPUT && o->state == NULL ? 1 :
		    diag_fault(&fault);
	out_init(&out, STDOUT_FILENO, "<stdout>", (size_t)1 << 20);
	n = show_alarms(&state, &out, o->human, &fault);
	status = n < 0 ? diag_fault(&fault) : n == 0;
	status = out_finish(&out, status);
	out_release(&out);
	state_close(&state);
	return status;
}

/* ---- ack ---- */

/* the alarm as it is: 1, 0, -1 */
static int
show_find(struct state *s, uint64_t number, struct str rule,
    sqlite3_stmt **st, struct fault *fault)
{
	*st = db_statement(&s->db, "SELECT number, rule, severity, raised,"
	    " channel, publisher, subtopic, name, targets, acked, acked_by"
	    " FROM alarms WHERE number = ?1 AND rule = ?2", fault);
	if (*st == NULL)
		return -1;
	sqlite3_bind_int64(*st, 1, (int64_t)number);
	db_bind_str(*st, 2, rule);
	return db_step(&s->db, *st, fault);
}

static int
show_put_notices(struct state *s, struct str names, struct str line,
    struct fault *fault)
{
	const char *comma;

	for (; names.n > 0 && (comma = memchr(names.p, ',', names.n)) != NULL;
	    names = str_from(names, (size_t)(comma - names.p) + 1))
		if (state_put_notice(s, (struct str){ names.p,
		    (size_t)(comma - names.p) }, line, fault) < 0)
			return -1;
	return 0;
}

static int
show_put_ack(struct state *s, const struct event *e, struct fault *fault)
{
	sqlite3_stmt *st = db_statement(&s->db, "UPDATE alarms SET acked = ?1,"
	    " acked_by = ?2 WHERE number = ?3", fault);

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, e->time.ns);
	db_bind_str(st, 2, e->by);
	sqlite3_bind_int64(st, 3, (int64_t)e->number);
	return db_change(&s->db, st, fault) < 0 ? -1 : 0;
}

/* with the event and the notices that tell of it */
static int
show_acknowledge(struct state *s, sqlite3_stmt *st, struct str by,
    struct fault *fault)
{
	struct event e = {
		.kind = EVENT_ACK, .rule = db_column(st, 1), .by = by,
		.number = (uint64_t)sqlite3_column_int64(st, 0),
		.severity = (enum rule_severity)
		    (sqlite3_column_int(st, 2) % 3),
		.raised = { sqlite3_column_int64(st, 3) },
		.about = { db_column(st, 4), db_column(st, 5),
		    db_column(st, 6), db_column(st, 7) },
		.time = stamp_now(),
	};
	struct buf line;
	int r;

	buf_init(&line, (size_t)1 << 20);
	event_put(&line, &e);
	r = state_put_event(s, buf_str(&line), fault) < 0 ||
	    show_put_notices(s, db_column(st, 8), buf_str(&line), fault) < 0 ||
	    show_put_ack(s, &e, fault) < 0 ? -1 : 0;
	buf_release(&line);
	return r;
}

/* 0; 1: there is no such alarm; -1 */
static int
show_ack_one(struct state *s, const char *id, struct str by,
    struct fault *fault)
{
	struct str rule;
	sqlite3_stmt *st;
	uint64_t number;
	int got, r = 0;

	if (!event_parse_id(str_z(id), &rule, &number))
		return fault_set(fault, EX_USAGE, "'%s' is not the id of an "
		    "alarm, such as hot-17", id);
	got = show_find(s, number, rule, &st, fault);
	if (got == 0)
		diag_warning("no alarm '%s' is raised", id);
	if (got <= 0)
		return got < 0 ? -1 : 1;
	if (sqlite3_column_type(st, 9) == SQLITE_NULL)
		r = show_acknowledge(s, st, by, fault);
	else
		diag_info("'%s' was acknowledged before", id);
	db_reset(st);
	return r;
}

/* all of them, or none */
static int
show_ack_all(struct state *s, char **ids, struct str by, struct fault *fault)
{
	int missing = 0, r = 0;

	if (db_exec(s->db.sql, "BEGIN IMMEDIATE", fault) < 0)
		return -1;
	for (; *ids != NULL && r >= 0; ids++) {
		r = show_ack_one(s, *ids, by, fault);
		missing += r > 0;
	}
	if (r < 0 || missing > 0 || db_exec(s->db.sql, "COMMIT", fault) < 0) {
		db_rollback(&s->db);
		return r < 0 ? -1 : missing > 0 ? 1 : -1;
	}
	return 0;
}

static int
show_ack(const struct show_options *o, char **ids)
{
	const char *by = o->by ? o->by : getenv("LOGNAME");
	struct state state;
	struct fault fault;
	int r;

	if (*ids == NULL)
		program_misuse("ack: missing ID");
	if (by != NULL && strlen(by) > BY_MAX)
		program_misuse("--by: more than %d bytes", BY_MAX);
	if (by != NULL && !utf8_valid(str_z(by)))
		program_misuse("--by: not UTF-8");
	if (state_open_beside(&state, o->state, DB_WRITE, &fault) < 0)
		return diag_fault(&fault);
	r = show_ack_all(&state, ids, str_z(by), &fault);
	state_close(&state);
	return r < 0 ? diag_fault(&fault) : r;
}

int
show_run(const struct show_options *o, char **operands)
{
	if (strcmp(*operands, "ack") == 0)
		return show_ack(o, operands + 1);
	if (operands[1] != NULL)
		program_misuse("list takes no operand");
	return show_list(o);
}
