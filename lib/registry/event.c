/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/event.h"

#include <sysexits.h>

#include "json/json.h"
#include "registry/statement.h"

void
event_begin(struct registry *r, const char *owner)
{
	snprintf(r->event.owner, sizeof r->event.owner, "%s", owner);
	buf_clear(&r->event.fields);
	buf_putc(&r->event.fields, '{');
}

void
event_json(struct registry *r, const char *name, struct str json)
{
	struct buf *b = &r->event.fields;

	if (b->n > 1)
		buf_putc(b, ',');
	json_put_string(b, str_z(name));
	buf_putc(b, ':');
	buf_put_str(b, json);
}

void
event_text(struct registry *r, const char *name, struct str value)
{
	event_json(r, name, STR_NONE);
	json_put_string(&r->event.fields, value);
}

void
event_by(struct registry *r, const char *email)
{
	snprintf(r->event.by, sizeof r->event.by, "%s",
	    email != NULL ? email : "");
}

struct str
event_end(struct registry *r)
{
	struct buf *b = &r->event.fields;

	if (*r->event.by != '\0')
		event_text(r, "by", str_z(r->event.by));
	buf_putc(b, '}');
	return b->full ? STR_NONE : buf_str(b);
}

int
event_append(struct registry *r, const char *operation, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "INSERT INTO events"
	    "(time, operation, fields, owner) VALUES(?1, ?2, ?3, ?4)", fault);
	struct str fields = event_end(r);

	if (fields.p == NULL)
		return fault_set(fault, EX_SOFTWARE, "event too large");
	sqlite3_bind_int64(st, 1, stamp_now().ns);
	db_bind_str(st, 2, str_z(operation));
	db_bind_str(st, 3, fields);
	db_bind_str(st, 4, str_z(r->event.owner));
	return statement_done(r, st, fault);
}

int
event_append_rows(struct registry *r, const char *owner,
    const char *operation, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "INSERT INTO events"
	    "(time, operation, fields, owner)"
	    " SELECT ?1, ?2, event, ?3 FROM rowset", fault);

	sqlite3_bind_int64(st, 1, stamp_now().ns);
	db_bind_str(st, 2, str_z(operation));
	db_bind_str(st, 3, str_z(owner));
	return statement_done(r, st, fault);
}

static void
event_put_line(struct buf *to, sqlite3_stmt *st)
{
	struct stamp time = { sqlite3_column_int64(st, 1) };
	struct str fields = db_column(st, 3);
	char text[STAMP_TEXT];

	buf_puts(to, "{\"seq\":");
	buf_put_u64(to, (uint64_t)sqlite3_column_int64(st, 0));
	buf_puts(to, ",\"time\":");
	buf_put(to, text, stamp_print(text, time));
	buf_puts(to, ",\"operation\":");
	json_put_string(to, db_column(st, 2));
	if (fields.n > 2)
		buf_putc(to, ',');
	buf_put_str(to, str_from(fields, 1));
	buf_putc(to, '\n');
}

int
event_read(struct registry *r, uint64_t *seq, int max, struct buf *to,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "SELECT seq, time, operation,"
	    " fields FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2",
	    fault);
	int got, n = 0;

	sqlite3_bind_int64(st, 1, (sqlite3_int64)*seq);
	sqlite3_bind_int(st, 2, max);
	for (; (got = statement_step(r, st, fault)) > 0; n++) {
		event_put_line(to, st);
		*seq = (uint64_t)sqlite3_column_int64(st, 0);
	}
	return got < 0 ? -1 : n;
}

int
event_read_of(struct registry *r, const char *owner, uint64_t *seq, int max,
    struct buf *to, bool *end, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "SELECT seq, time, operation,"
	    " fields, owner = ?3 FROM events WHERE seq > ?1 ORDER BY seq"
	    " LIMIT ?2", fault);
	int got, n = 0, seen = 0;

	sqlite3_bind_int64(st, 1, (sqlite3_int64)*seq);
	sqlite3_bind_int(st, 2, max);
	db_bind_str(st, 3, str_z(owner));
	for (; (got = statement_step(r, st, fault)) > 0; seen++) {
		if (sqlite3_column_int(st, 4)) {
			event_put_line(to, st);
			n++;
		}
		*seq = (uint64_t)sqlite3_column_int64(st, 0);
	}
	*end = seen < max;
	return got < 0 ? -1 : n;
}

int
event_each(struct registry *r, uint64_t seq, struct str about,
    int (*each)(void *, const struct event_record *, struct fault *),
    void *arg, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "SELECT seq, time, operation,"
	    " fields, coalesce(email, owner) FROM events"
	    " LEFT JOIN users ON users.id = owner WHERE seq > ?1"
	    " AND (?2 = '' OR instr(fields, ?2)) ORDER BY seq", fault);
	struct event_record record;
	int got;

	sqlite3_bind_int64(st, 1, (sqlite3_int64)seq);
	db_bind_str(st, 2, about.p != NULL ? about : STR(""));
	while ((got = statement_step(r, st, fault)) > 0) {
		record = (struct event_record){
			.seq = (uint64_t)sqlite3_column_int64(st, 0),
			.time = { sqlite3_column_int64(st, 1) },
			.operation = db_column(st, 2),
			.fields = db_column(st, 3), .user = db_column(st, 4),
		};
		if ((got = each(arg, &record, fault)) != 0) {
			db_reset(st);
			return got;
		}
	}
	return got;
}

static int
event_position(struct registry *r, sqlite3_stmt *st, uint64_t *seq,
    struct fault *fault)
{
	if (statement_step(r, st, fault) < 0)
		return -1;
	*seq = (uint64_t)sqlite3_column_int64(st, 0);
	db_reset(st);
	return 0;
}

int
event_seek(struct registry *r, struct stamp t, uint64_t *seq,
    struct fault *fault)
{
	/* a clock that was set back may leave later events with earlier
	 * times: those after the first match are given too */
	sqlite3_stmt *st = statement_get(r, "SELECT coalesce("
	    "(SELECT seq - 1 FROM events WHERE time >= ?1"
	    " ORDER BY seq LIMIT 1),"
	    "(SELECT max(seq) FROM events), 0)", fault);

	sqlite3_bind_int64(st, 1, t.ns);
	return event_position(r, st, seq, fault);
}

int
event_last(struct registry *r, uint64_t *seq, struct fault *fault)
{
	return event_position(r, statement_get(r,
	    "SELECT coalesce(max(seq), 0) FROM events", fault), seq, fault);
}
