/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/log.h"

#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/line.h"
#include "base/memory.h"
#include "registry/capture.h"
#include "registry/names.h"
#include "registry/schema.h"
#include "registry/statement.h"

/* how long what is known to be in the stream is waited for */
#define READ_MS 10000
/* appended at once; an entry is valid with its last line only */
#define APPEND_BYTES ((size_t)8 << 20)
/* an entry's lines, of at most CAPTURE_MAX bytes of records */
#define LINES_MAX (CAPTURE_MAX / 2 * 3)
/* applied in one transaction, of lines; more when one entry has more */
#define FOLLOW_BYTES ((size_t)4 << 20)
/* of a buffer, between two transactions */
#define BUFFER_KEPT ((size_t)1 << 20)

struct log {
	struct log_state s;
	struct bus *bus;
	struct bus_writer *writer;
	struct bus_reader *reader;
	uint64_t at;		/* how far the stream was taken */
	/* an entry of which not all lines have come */
	struct {
		struct entry e;
		unsigned char hash[ENTRY_HASH_BYTES];
		bool open;
	} part;
	struct buf records, chunk, lines;
	struct arena scratch;
	/* of this process, in a transaction that is not yet committed */
	char mine[ENTRY_ID_TEXT];
	bool appending, seen;
	bool dirty;		/* taken, and not yet in the file */
	bool more;		/* than was pulled last */
	int applied;
	size_t bytes;
};

static struct log *
log_get(struct registry *r)
{
	struct log *l = r->log;

	if (l != NULL)
		return l;
	l = r->log = memory_zero(1, sizeof *l);
	buf_init(&l->records, CAPTURE_MAX);
	buf_init(&l->chunk, 2 * ENTRY_CHUNK_BYTES);
	buf_init(&l->lines, LINES_MAX);
	arena_init(&l->scratch, 2 * LINE_LIMIT);
	return l;
}

/* the stream is read again from where the registry is */
static void
log_close_reader(struct log *l)
{
	bus_reader_close(l->reader);
	l->reader = NULL;
	l->part.open = false;
}

static void
log_disconnect(struct log *l)
{
	log_close_reader(l);
	bus_writer_close(l->writer);
	bus_close(l->bus);
	l->writer = NULL;
	l->bus = NULL;
}

void
log_close(struct log *l)
{
	if (l == NULL)
		return;
	log_disconnect(l);
	buf_release(&l->records);
	buf_release(&l->chunk);
	buf_release(&l->lines);
	arena_release(&l->scratch);
	free(l);
}

/* ---- state ---- */

static bool
log_copy(char *to, size_t size, sqlite3_stmt *st, int column)
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
	    " primary_node, epoch, entry, head, seq FROM log", fault);
	int got = statement_step(r, st, fault);
	struct str head;

	if (got <= 0)
		return got;
	head = db_column(st, 7);
	if (!log_copy(s->id, sizeof s->id, st, 0) ||
	    !log_copy(s->bus, sizeof s->bus, st, 1) ||
	    !log_copy(s->stream, sizeof s->stream, st, 2) ||
	    !log_copy(s->node, sizeof s->node, st, 3) ||
	    !log_copy(s->primary, sizeof s->primary, st, 4) ||
	    head.n != sizeof s->head)
		got = fault_set(fault, EX_DATAERR, "the log's row is damaged");
	else
		memcpy(s->head, head.p, head.n);
	s->epoch = sqlite3_column_int64(st, 5);
	s->entry = sqlite3_column_int64(st, 6);
	s->seq = (uint64_t)sqlite3_column_int64(st, 8);
	db_reset(st);
	return got;
}

static int
log_state_put(struct registry *r, const struct log_state *s,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "INSERT OR REPLACE INTO log"
	    "(one, id, bus, stream, node, primary_node, epoch, entry, head,"
	    " seq) VALUES(1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", fault);

	db_bind_str(st, 1, str_z(s->id));
	db_bind_str(st, 2, str_z(s->bus));
	db_bind_str(st, 3, str_z(s->stream));
	db_bind_str(st, 4, str_z(s->node));
	db_bind_str(st, 5, str_z(s->primary));
	sqlite3_bind_int64(st, 6, s->epoch);
	sqlite3_bind_int64(st, 7, s->entry);
	sqlite3_bind_blob(st, 8, s->head, sizeof s->head, SQLITE_STATIC);
	sqlite3_bind_int64(st, 9, (sqlite3_int64)s->seq);
	return statement_done(r, st, fault);
}

/* 1, 0, -1; what was read of the stream is kept if the file is as far */
static int
log_load(struct registry *r, struct fault *fault)
{
	struct log *l = log_get(r);
	struct log_state old = l->s;
	int got = log_state_get(r, &l->s, fault);

	if (got > 0 && l->bus != NULL && (strcmp(old.bus, l->s.bus) != 0 ||
	    strcmp(old.id, l->s.id) != 0))
		log_disconnect(l);
	if (got > 0 && l->reader != NULL && !l->part.open &&
	    l->at != l->s.seq)
		log_close_reader(l);
	return got;
}

static bool
log_is_primary(const struct log_state *s)
{
	return strcmp(s->node, s->primary) == 0;
}

static int
log_exec(struct registry *r, const char *sql, struct fault *fault)
{
	return statement_step(r, statement_get(r, sql, fault), fault);
}

static int
log_transaction(struct registry *r, struct fault *fault)
{
	names_forget(r);
	return log_exec(r, "BEGIN IMMEDIATE", fault);
}

/* what was taken from the stream is kept */
static int
log_keep(struct registry *r, struct fault *fault)
{
	if (log_state_put(r, &r->log->s, fault) < 0 ||
	    names_write(r, fault) < 0 || log_exec(r, "COMMIT", fault) < 0)
		return -1;
	r->log->dirty = false;
	return 0;
}

static int
log_connect(struct registry *r, struct fault *fault)
{
	struct log *l = r->log;

	if (l->bus == NULL && bus_open(&l->bus, l->s.bus, fault) < 0) {
		l->bus = NULL;
		return -1;
	}
	if (l->reader != NULL)
		return 0;
	l->at = l->s.seq;
	if (bus_reader_open(&l->reader, l->bus, l->s.stream, l->at,
	    fault) < 0) {
		l->reader = NULL;
		return -1;
	}
	return 0;
}

/* ---- reading ---- */

static int
log_bad(const struct log *l, uint64_t seq, const char *what,
    struct fault *fault)
{
	return fault_set(fault, EX_DATAERR, "%s@%llu: %s; nothing after entry "
	    "%lld was applied", l->s.stream, (unsigned long long)seq, what,
	    (long long)l->s.entry);
}

/* Of two that were made from one state, the second, in which the writer may
 * have wanted to be the next primary.  None of a later epoch is: who takes over
 * has every entry that is valid, unless the bus has lost some. */
static bool
log_is_second(const struct log_state *s, const struct entry *e)
{
	return e->entry <= s->entry &&
	    e->epoch <= s->epoch + (e->kind == ENTRY_PRIMARY);
}

/* NULL, or why the entry can't be the next one */
static const char *
log_check(const struct log *l, const struct entry *e)
{
	const struct log_state *s = &l->s;

	if (e->schema != SCHEMA_VERSION)
		return "an entry of another version of mfx";
	if (e->entry <= s->entry)
		return "the bus has lost entries that this registry has: "
		    "begin again with a snapshot";
	if (e->entry != s->entry + 1)
		return "entries before this one are missing: begin again with "
		    "a snapshot";
	if (sodium_memcmp(e->prev, s->head, sizeof s->head) != 0)
		return "this entry does not follow from the registry: begin "
		    "again with a snapshot";
	if (e->kind == ENTRY_PRIMARY ? e->epoch != s->epoch + 1 :
	    e->epoch != s->epoch || strcmp(e->node, s->primary) != 0)
		return "an entry of a machine that is not the primary";
	return NULL;
}

/* another entry came before ours */
static int
log_lost(const struct log *l, const struct entry *e, struct fault *fault)
{
	if (e->kind == ENTRY_PRIMARY)
		return fault_set(fault, EX_UNAVAILABLE, "nothing was changed: "
		    "'%s' has become the primary", e->node);
	return fault_set(fault, EX_TEMPFAIL, "%s: another change came first; "
	    "try again", l->s.stream);
}

/* a valid entry, which is whole */
static int
log_take_entry(struct registry *r, const struct entry *e, uint64_t seq,
    struct fault *fault)
{
	struct log *l = r->log;

	if (l->appending && strcmp(e->id, l->mine) == 0)
		l->seen = true;
	else if (l->appending)
		return log_lost(l, e, fault);
	else if (capture_prepare(r, fault) < 0 ||
	    capture_apply(r, buf_str(&l->records), fault) < 0) {
		if (fault->status == EX_DATAERR)
			log_bad(l, seq, "this entry does not fit the "
			    "registry", fault);
		return -1;
	}
	if (e->kind == ENTRY_PRIMARY) {
		memcpy(l->s.primary, e->node, sizeof l->s.primary);
		l->s.epoch = e->epoch;
	}
	l->s.entry = e->entry;
	memcpy(l->s.head, l->part.hash, sizeof l->s.head);
	l->applied++;
	return 0;
}

/* Lines of one entry follow each other, but for what is not of the log: any
 * other line of it ends an entry that is not whole. */
static bool
log_continues(const struct log *l, const struct entry *e)
{
	return l->part.open && strcmp(e->id, l->part.e.id) == 0 &&
	    e->chunk == l->part.e.chunk + 1 &&
	    e->chunks == l->part.e.chunks && e->entry == l->part.e.entry;
}

/* adds one line to the entry: 1 when it is whole, 0, -1 */
static int
log_add_chunk(struct log *l, const struct entry *e,
    const unsigned char hash[ENTRY_HASH_BYTES])
{
	if (e->chunk == 1)
		buf_clear(&l->records);
	else if (!log_continues(l, e)) {
		l->part.open = false;
		return 0;
	}
	l->part.e = *e;
	l->part.open = e->chunk < e->chunks;
	entry_hash_add(l->part.hash, hash, e->chunk == 1);
	buf_put_str(&l->records, buf_str(&l->chunk));
	return l->records.full ? -1 : !l->part.open;
}

static int
log_take(struct registry *r, const struct bus_line *line, struct fault *fault)
{
	struct log *l = r->log;
	unsigned char hash[ENTRY_HASH_BYTES];
	const char *why = NULL;
	struct entry e;
	int got;

	l->bytes += line->text.n;
	buf_clear(&l->chunk);
	got = entry_open(line->text, l->s.id, r->keys.log, &e, &l->chunk,
	    &l->scratch, hash);
	if (got < 0)
		return log_bad(l, line->seq, "this line is damaged, or sealed "
		    "under another master key", fault);
	if (got > 0 && log_is_second(&l->s, &e)) {
		l->part.open = false;
		got = 0;
	}
	if (got > 0 && (why = log_check(l, &e)) != NULL)
		return log_bad(l, line->seq, why, fault);
	if (got > 0 && (got = log_add_chunk(l, &e, hash)) < 0)
		return log_bad(l, line->seq, "the entry is too large", fault);
	if (got > 0 && log_take_entry(r, &e, line->seq, fault) < 0)
		return -1;
	l->at = line->seq;
	l->dirty = true;
	if (!l->part.open && line->seq > l->s.seq)
		l->s.seq = line->seq;
	return 0;
}

/* what the stream has now, or the first part of it: how many runs of lines */
static int
log_pull(struct registry *r, struct fault *fault)
{
	struct log *l = r->log;
	struct bus_lines run = { .rest = STR_NONE };
	struct bus_line line;
	int got, runs = 0;

	l->bytes = 0;
	l->more = true;
	while ((l->bytes < FOLLOW_BYTES || l->part.open) && !l->seen) {
		if ((got = bus_read(l->reader, &run, fault)) <= 0) {
			l->more = false;
			return got < 0 ? -1 : runs;
		}
		runs++;
		while (!l->seen && bus_lines_next(&run, &line))
			if (log_take(r, &line, fault) < 0)
				return -1;
	}
	/* what follows our own entry is for the next transaction */
	if (l->seen && run.rest.n > 0)
		log_close_reader(l);
	return runs;
}

/* is there something up to `end` that was not taken?  Waits for it. */
static int
log_pull_to(struct registry *r, uint64_t end, struct fault *fault)
{
	struct log *l = r->log;
	int64_t until = clock_ms() + READ_MS;
	int got;

	while (l->at < end && bus_reader_position(l->reader) < end) {
		if ((got = log_pull(r, fault)) != 0)
			return got;
		if (clock_ms() >= until ||
		    bus_wait(l->reader, -1, READ_MS) < 0)
			return fault_set(fault, EX_TEMPFAIL, "%s: the log "
			    "can't be read; try again later", l->s.stream);
	}
	return 0;
}

/* ---- a transaction ---- */

/* after another transaction has begun */
static int
log_reload(struct registry *r, struct fault *fault)
{
	int got = log_load(r, fault);

	return got != 0 ? got : fault_set(fault, EX_TEMPFAIL,
	    "the log was stopped; try again");
}

static int
log_refuse(const struct log_state *s, struct fault *fault)
{
	return fault_set(fault, EX_UNAVAILABLE, "this registry is a replica: "
	    "changes are made on '%s', the primary; 'mfx-registry promote' "
	    "takes over from it", s->primary);
}

/* where the stream ends */
static int
log_find_end(struct log *l, uint64_t *end, struct fault *fault)
{
	if (bus_where_find(l->bus, l->s.stream, &bus_where_end, end,
	    fault) < 0)
		return -1;
	if (*end < l->s.seq)
		return fault_set(fault, EX_CONFIG, "%s: the log ends before "
		    "entry %lld, which this registry has: it is not the log "
		    "that it was", l->s.stream, (long long)l->s.entry);
	return 0;
}

/* everything that is in the log is in the registry, and a transaction is
 * open */
static int
log_catch_up(struct registry *r, struct fault *fault)
{
	struct log *l = r->log;
	uint64_t end;
	int got;

	if (log_connect(r, fault) < 0 || log_find_end(l, &end, fault) < 0)
		return -1;
	while ((got = log_pull_to(r, end, fault)) > 0)
		if (log_keep(r, fault) < 0 || log_transaction(r, fault) < 0 ||
		    log_reload(r, fault) < 0 || log_connect(r, fault) < 0)
			return -1;
	return got;
}

/* nothing was done yet in the transaction */
static int
log_arm(struct registry *r, struct fault *fault)
{
	if (capture_armed(r))
		return 0;
	db_rollback(&r->db);
	return capture_arm(r, fault) < 0 || log_transaction(r, fault) < 0 ||
	    log_reload(r, fault) < 0 ? -1 : 0;
}

/* to one who makes a change EX_DATAERR says that the change is wrong */
static int
log_unable(struct fault *fault)
{
	if (fault->status == EX_DATAERR)
		fault->status = EX_IOERR;
	return -1;
}

int
log_begin(struct registry *r, struct fault *fault)
{
	struct log *l = log_get(r);
	int got = log_load(r, fault);

	r->noted.on = r->noted.failed = false;
	buf_clear(&r->noted.records);
	if (got <= 0)
		return got;
	if (!log_is_primary(&l->s))
		return log_refuse(&l->s, fault);
	if (log_arm(r, fault) < 0 || log_catch_up(r, fault) < 0)
		return log_unable(fault);
	if (!log_is_primary(&l->s))
		return log_refuse(&l->s, fault);
	r->noted.on = true;
	return 0;
}

/* a large change leaves no large buffer */
static void
log_shrink(struct buf *b)
{
	buf_clear(b);
	if (b->cap > BUFFER_KEPT)
		buf_release(b);
}

void
log_end(struct registry *r, bool kept)
{
	struct log *l = r->log;

	r->noted.on = false;
	log_shrink(&r->noted.records);
	if (l == NULL)
		return;
	log_shrink(&l->lines);
	if (!l->part.open)
		log_shrink(&l->records);
	/* what was read of the stream is not in the file */
	if (!kept && l->dirty)
		log_close_reader(l);
	l->appending = l->seen = l->dirty = false;
}

/* ---- appending ---- */

/* whole lines of at most APPEND_BYTES */
static struct str
log_cut(struct str *lines)
{
	struct str part = *lines, line;

	part.n = 0;
	while (part.n < APPEND_BYTES && str_take_line(lines, &line))
		part.n += line.n + 1;
	return part;
}

static int
log_put_lines(struct log *l, uint64_t *seq, struct fault *fault)
{
	struct str rest = buf_str(&l->lines);

	if (l->writer == NULL && bus_writer_open(&l->writer, l->bus,
	    l->s.stream, BUS_SYNC_ALWAYS, fault) < 0) {
		l->writer = NULL;
		return -1;
	}
	while (rest.n > 0)
		if (bus_append(l->writer, log_cut(&rest), NULL, seq,
		    fault) < 0)
			return -1;
	return bus_commit(l->writer, fault);
}

/* The stream is read up to the entry that was appended.  It ends before
 * what was read only when it is not the stream that it was. */
static int
log_confirm(struct registry *r, uint64_t seq, struct fault *fault)
{
	struct log *l = r->log;
	int got = 1;

	/* the bus has them, but does not say where */
	if (seq == 0 && log_find_end(l, &seq, fault) < 0)
		return -1;
	while (got > 0 && !l->seen)
		got = log_pull_to(r, seq, fault);
	if (got < 0 || l->seen)
		return got < 0 ? -1 : 0;
	return fault_set(fault, EX_TEMPFAIL, "%s: the change is not in the "
	    "log; try again", l->s.stream);
}

/* an entry with these records: 0 when it is valid */
static int
log_append(struct registry *r, enum entry_kind kind, struct str records,
    struct fault *fault)
{
	struct log *l = r->log;
	unsigned char hash[ENTRY_HASH_BYTES];
	struct entry e = {
		.kind = kind, .epoch = l->s.epoch + (kind == ENTRY_PRIMARY),
		.entry = l->s.entry + 1, .schema = SCHEMA_VERSION
	};
	uint64_t seq = 0;

	entry_make_id(l->mine);
	memcpy(e.id, l->mine, sizeof e.id);
	memcpy(e.log, l->s.id, sizeof e.log);
	memcpy(e.node, l->s.node, sizeof e.node);
	memcpy(e.prev, l->s.head, sizeof e.prev);
	buf_clear(&l->lines);
	entry_put(&l->lines, &e, r->keys.log, records, hash);
	if (l->lines.full)
		return fault_set(fault, EX_DATAERR, "too much for one "
		    "transaction; nothing was done");
	l->appending = true;
	l->seen = false;
	if (log_put_lines(l, &seq, fault) < 0 ||
	    log_confirm(r, seq, fault) < 0)
		return -1;
	return log_state_put(r, &l->s, fault);
}

int
log_commit(struct registry *r, struct fault *fault)
{
	const struct buf *b = &r->noted.records;

	if (!r->noted.on || b->n == 0)
		return 0;
	if (b->full || r->noted.failed)
		return fault_set(fault, EX_DATAERR, "too much for one "
		    "transaction; nothing was done");
	return log_append(r, ENTRY_CHANGE, buf_str(b), fault) < 0 ?
	    log_unable(fault) : 0;
}

/* ---- verbs ---- */

int
log_start(struct registry *r, const char *bus, const char *stream,
    const char *node, struct fault *fault)
{
	struct log *l = log_get(r);
	int got = log_load(r, fault);

	if (got != 0)
		return got < 0 ? -1 : fault_set(fault, EX_CONFIG,
		    "this registry has a log already");
	if (strlen(bus) >= sizeof l->s.bus)
		return fault_set(fault, EX_USAGE, "--bus: too long");
	memset(&l->s, 0, sizeof l->s);
	entry_make_id(l->s.id);
	snprintf(l->s.bus, sizeof l->s.bus, "%s", bus);
	snprintf(l->s.stream, sizeof l->s.stream, "%s", stream);
	snprintf(l->s.node, sizeof l->s.node, "%s", node);
	/* its stream may be new: the writer makes it */
	if (bus_open(&l->bus, l->s.bus, fault) < 0 ||
	    bus_writer_open(&l->writer, l->bus, l->s.stream, BUS_SYNC_ALWAYS,
	    fault) < 0 || bus_where_find(l->bus, l->s.stream, &bus_where_end,
	    &l->s.seq, fault) < 0 || log_connect(r, fault) < 0)
		return -1;
	return log_append(r, ENTRY_PRIMARY, STR_NONE, fault);
}

int
log_leave(struct registry *r, struct fault *fault)
{
	return statement_done(r, statement_get(r, "DELETE FROM log", fault),
	    fault);
}

int
log_set_node(struct registry *r, const char *node, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r,
	    "UPDATE log SET node = ?1 WHERE node = ''", fault);

	db_bind_str(st, 1, str_z(node));
	return statement_done(r, st, fault);
}

static int
log_follow_more(struct registry *r, struct fault *fault)
{
	struct log *l = r->log;
	int got;

	if (log_transaction(r, fault) < 0)
		return -1;
	if ((got = log_load(r, fault)) > 0)
		got = log_connect(r, fault) < 0 ? -1 : log_pull(r, fault);
	if (got > 0 && (l->applied > 0 || !l->part.open))
		got = log_keep(r, fault);
	return got < 0 ? -1 : l->applied;
}

static int
log_none(struct fault *fault)
{
	return fault_set(fault, EX_CONFIG, "this registry has no log; "
	    "'mfx-registry start' makes one");
}

int
log_follow(struct registry *r, int ms, struct fault *fault)
{
	struct log *l = log_get(r);
	bool fresh;
	int got;

	l->applied = 0;
	if ((got = log_load(r, fault)) <= 0)
		return got < 0 ? -1 : log_none(fault);
	fresh = l->reader == NULL || l->more;
	if (log_connect(r, fault) < 0)
		return -1;
	if (!fresh && (got = bus_wait(l->reader, -1, ms)) <= 0 &&
	    (got == 0 || errno == EINTR))
		return 0;
	got = log_follow_more(r, fault);
	if (got < 0)
		log_close_reader(l);
	if (!sqlite3_get_autocommit(r->db.sql))
		db_rollback(&r->db);
	return got;
}

int
log_promote(struct registry *r, struct fault *fault)
{
	struct log *l = log_get(r);
	int got;

	if (log_transaction(r, fault) < 0)
		return -1;
	if ((got = log_load(r, fault)) <= 0)
		return got < 0 ? -1 : log_none(fault);
	if (*l->s.node == '\0')
		return fault_set(fault, EX_CONFIG, "this registry has no name "
		    "yet; 'mfx-registry follow --name NAME' gives it one");
	if (log_catch_up(r, fault) < 0)
		return -1;
	if (!log_is_primary(&l->s) &&
	    log_append(r, ENTRY_PRIMARY, STR_NONE, fault) < 0)
		return -1;
	if (log_exec(r, "COMMIT", fault) < 0)
		return -1;
	log_end(r, true);
	return 0;
}

/* ---- how far ---- */

int
log_lag(struct registry *r, uint64_t *lag, struct fault *fault)
{
	struct log *l = log_get(r);
	int got = log_load(r, fault);

	if (got <= 0)
		return got < 0 ? -1 : log_none(fault);
	return log_connect(r, fault) < 0 ? -1 :
	    bus_lag(l->bus, l->s.stream, l->at, lag, fault);
}

int
log_hold(struct registry *r, struct fault *fault)
{
	struct log *l = r->log;
	char name[BUS_NAME_MAX + 1];
	struct bus_group *g;
	int result;

	if (l == NULL || l->bus == NULL || *l->s.node == '\0')
		return 0;
	snprintf(name, sizeof name, "%.*s", BUS_NAME_MAX, l->s.node);
	if (bus_group_open(&g, l->bus, l->s.stream, name, fault) < 0)
		return -1;
	result = bus_group_set(g, l->s.seq, fault);
	bus_group_close(g);
	return result;
}
