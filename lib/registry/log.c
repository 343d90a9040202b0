/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/log.h"

#include <errno.h>
#include <sysexits.h>

#include "base/clock.h"
#include "registry/capture.h"
#include "registry/log_read.h"
#include "registry/names.h"
#include "registry/schema.h"

/* appended at once; an entry is valid with its last line only */
#define APPEND_BYTES ((size_t)8 << 20)
/* of a buffer, between two transactions */
#define BUFFER_KEPT ((size_t)1 << 20)
/* for how long the last entry is taken to be where it was: no server that
 * loses power is back so soon */
#define SOUND_MS 200
/* an end of the stream that is older is asked for again, without the lock */
#define END_MS 1000
/* how often, and for how long, a bus that gave no answer is asked again */
#define SILENT_EVERY_MS 1000
#define SILENT_WAIT_MS 250
/* how long the bus may take with an entry while nobody else has the lock */
#define APPEND_MS 5000
/* how long changes go on being tried while others have the lock */
#define TURNS_MS 30000

void
log_close(struct log *l)
{
	if (l != NULL)
		log_free(l);
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

/*
 * Outside of a transaction: where the stream ends, for the one that follows.
 * What comes between the two is seen when the entry is read again: it makes
 * that one invalid.  So nobody has the lock while the bus is silent, and one
 * that is known to be silent is hardly waited for.
 * 1; 0: there is no log; -1, and EX_UNAVAILABLE when this is a replica that
 * must not be one.
 */
static int
log_reach(struct registry *r, bool primary, struct fault *fault)
{
	struct log *l = log_get(r);
	int got = log_load(r, fault);

	if (got <= 0)
		return got;
	if (primary && !log_is_primary(&l->s))
		return log_refuse(&l->s, fault);
	if (l->silent != 0 && clock_ms() - l->silent < SILENT_EVERY_MS)
		return fault_set(fault, EX_TEMPFAIL, "%s: the bus gives no "
		    "answer; try again later", l->s.stream);
	if (log_connect_bus(r, fault) < 0)
		return -1;
	l->asked = clock_ms();
	bus_set_patience(l->bus, l->silent != 0 ? SILENT_WAIT_MS : 0);
	got = log_find_end(l, &l->end, fault);
	bus_set_patience(l->bus, 0);
	l->silent = got < 0 && clock_ms() - l->asked >= SILENT_WAIT_MS ?
	    clock_ms() : 0;
	return got < 0 ? -1 : 1;
}

/* what was read last may be another stream by now */
static void
log_doubt(struct log *l)
{
	if (!l->sound || clock_ms() - l->seen_at > SOUND_MS)
		log_close_reader(l);
}

/* everything that is in the log is in the registry, and a transaction is
 * open */
static int
log_catch_up(struct registry *r, struct fault *fault)
{
	struct log *l = r->log;
	int got;

	log_doubt(l);
	if (log_connect(r, fault) < 0)
		return -1;
	while ((got = log_pull_to(r, l->end, clock_ms() + LOG_READ_MS,
	    fault)) > 0)
		if (l->dirty && (log_keep(r, fault) < 0 ||
		    log_transaction(r, fault) < 0 ||
		    log_reload(r, fault) < 0 || log_connect(r, fault) < 0))
			return -1;
	return got < 0 ? -1 : log_check_sound(l, fault);
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

/* for the caller, EX_DATAERR of a change says that the change is wrong */
static int
log_unable(struct fault *fault)
{
	if (fault->status == EX_DATAERR)
		fault->status = EX_IOERR;
	return -1;
}

/* a transaction, with the lock of writers, and where the stream ended a moment
 * ago: 1; 0: there is no log; -1 */
static int
log_lock(struct registry *r, bool primary, struct fault *fault)
{
	struct log *l = log_get(r);
	int64_t until = clock_ms() + TURNS_MS;
	int got;

	for (;;) {
		if ((got = log_reach(r, primary, fault)) < 0 ||
		    log_transaction(r, fault) < 0)
			return -1;
		if (got == 0)
			return log_load(r, fault) <= 0 ? 0 : fault_set(fault,
			    EX_TEMPFAIL, "a log was started; try again");
		/* was another waited for?  The bus may be silent since. */
		if (clock_ms() - l->asked < END_MS || clock_ms() >= until)
			return log_reload(r, fault) < 0 ? -1 : 1;
		db_rollback(&r->db);
	}
}

int
log_begin(struct registry *r, struct fault *fault)
{
	struct log *l;
	int got;

	r->noted.on = r->noted.failed = false;
	buf_clear(&r->noted.records);
	if ((got = log_lock(r, true, fault)) <= 0)
		return got;
	l = r->log;
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
	if (!kept && (l->dirty || !l->sound))
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

/* The next call of the bus may take what is left of the time for an entry, and
 * a little when nothing is left. */
static void
log_hurry(struct log *l, int64_t until)
{
	int64_t left = until - clock_ms();

	if (l->bus != NULL)
		bus_set_patience(l->bus, left > SILENT_WAIT_MS ? (int)left :
		    SILENT_WAIT_MS);
}

static int
log_put_lines(struct log *l, int64_t until, uint64_t *seq, struct fault *fault)
{
	struct str rest = buf_str(&l->lines);

	log_hurry(l, until);
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
log_confirm(struct registry *r, int64_t until, uint64_t seq,
    struct fault *fault)
{
	struct log *l = r->log;
	int got = 1;

	/* the bus has them, but does not say where */
	log_hurry(l, until);
	if (seq == 0 && log_find_end(l, &seq, fault) < 0)
		return -1;
	log_doubt(l);
	if (log_connect(r, fault) < 0)
		return -1;
	while (got > 0 && !l->seen)
		got = log_pull_to(r, seq, until, fault);
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
	int64_t until = clock_ms() + APPEND_MS;
	uint64_t seq = 0;
	int got;

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
	got = log_put_lines(l, until, &seq, fault) < 0 ||
	    log_confirm(r, until, seq, fault) < 0 ? -1 : 0;
	bus_set_patience(l->bus, 0);
	return got < 0 ? -1 : log_state_put(r, &l->s, fault);
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
	    &l->s.seq, fault) < 0)
		return -1;
	l->s.last = l->s.seq;
	if (log_connect(r, fault) < 0)
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
	if (got >= 0 && l->at >= l->s.seq && !l->part.open &&
	    log_check_sound(l, fault) < 0)
		got = -1;
	if (got > 0 && l->dirty && (l->applied > 0 || !l->part.open))
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
	if (log_connect(r, fault) < 0 || (l->reader_new &&
	    log_find_end(l, &l->end, fault) < 0))
		return -1;
	l->reader_new = false;
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

/* in a transaction, which is open after a failure too */
static int
log_become_primary(struct registry *r, struct fault *fault)
{
	struct log *l = r->log;

	if (*l->s.node == '\0')
		return fault_set(fault, EX_CONFIG, "this registry has no name "
		    "yet; 'mfx-registry follow --name NAME' gives it one");
	if (log_catch_up(r, fault) < 0)
		return -1;
	if (!log_is_primary(&l->s) &&
	    log_append(r, ENTRY_PRIMARY, STR_NONE, fault) < 0)
		return -1;
	return log_exec(r, "COMMIT", fault);
}

int
log_promote(struct registry *r, struct fault *fault)
{
	int got = log_lock(r, false, fault);

	if (got > 0)
		got = log_become_primary(r, fault);
	else if (got == 0)
		got = log_none(fault);
	if (got < 0)
		db_rollback(&r->db);
	log_end(r, got == 0);
	return got;
}

/* ---- how far ---- */

int
log_lag(struct registry *r, uint64_t *lag, struct fault *fault)
{
	struct log *l = log_get(r);
	int got = log_load(r, fault);

	if (got <= 0)
		return got < 0 ? -1 : log_none(fault);
	return log_connect(r, fault) < 0 ? -1 : bus_lag(l->bus, l->s.stream,
	    l->at > l->s.seq ? l->at : l->s.seq, lag, fault);
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
	result = bus_group_set(g, l->s.last, fault);
	bus_group_close(g);
	return result;
}
