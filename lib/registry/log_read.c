/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/log_read.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/line.h"
#include "base/memory.h"
#include "registry/capture.h"
#include "registry/names.h"
#include "registry/schema.h"

/* an entry's lines, of at most CAPTURE_MAX bytes of records */
#define LINES_MAX (CAPTURE_MAX / 2 * 3)
/* applied in one transaction, of lines; more when one entry has more */
#define FOLLOW_BYTES ((size_t)4 << 20)

struct log *
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

void
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
log_free(struct log *l)
{
	log_disconnect(l);
	buf_release(&l->records);
	buf_release(&l->chunk);
	buf_release(&l->lines);
	arena_release(&l->scratch);
	free(l);
}

/* ---- state ---- */

int
log_load(struct registry *r, struct fault *fault)
{
	struct log *l = log_get(r);
	struct log_state old = l->s;
	int got = log_state_get(r, &l->s, fault);

	if (got > 0 && l->bus != NULL && (strcmp(old.bus, l->s.bus) != 0 ||
	    strcmp(old.id, l->s.id) != 0))
		log_disconnect(l);
	if (got > 0 && l->reader != NULL && !l->part.open &&
	    l->at != l->s.seq && (l->sound || old.seq != l->s.seq))
		log_close_reader(l);
	return got;
}

bool
log_is_primary(const struct log_state *s)
{
	return strcmp(s->node, s->primary) == 0;
}

int
log_exec(struct registry *r, const char *sql, struct fault *fault)
{
	return statement_step(r, statement_get(r, sql, fault), fault);
}

int
log_transaction(struct registry *r, struct fault *fault)
{
	names_forget(r);
	return log_exec(r, "BEGIN IMMEDIATE", fault);
}

int
log_keep(struct registry *r, struct fault *fault)
{
	if (log_state_put(r, &r->log->s, fault) < 0 ||
	    names_write(r, fault) < 0 || log_exec(r, "COMMIT", fault) < 0)
		return -1;
	r->log->dirty = false;
	return 0;
}

int
log_connect_bus(struct registry *r, struct fault *fault)
{
	struct log *l = r->log;

	if (l->bus == NULL && bus_open(&l->bus, l->s.bus, fault) < 0) {
		l->bus = NULL;
		return -1;
	}
	return 0;
}

int
log_connect(struct registry *r, struct fault *fault)
{
	struct log *l = r->log;

	if (log_connect_bus(r, fault) < 0)
		return -1;
	if (l->reader != NULL)
		return 0;
	/* the last entry is read again, to see that it is still there */
	l->at = l->s.last;
	l->reader_new = true;
	l->sound = l->s.last == l->s.seq;
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

static const char log_says_lost[] = "the bus has lost entries that this "
    "registry has: begin again with a snapshot";

/* Of two that were made from one state, the second, in which the writer may
 * have wanted to be the next primary.  None of a later epoch is: who takes over
 * has every entry that is valid, unless the bus has lost some.  What a former
 * primary appends after that, which may have what was lost, counts as well. */
static bool
log_is_second(const struct log_state *s, const struct entry *e)
{
	return e->epoch < s->epoch || (e->entry <= s->entry &&
	    e->epoch <= s->epoch + (e->kind == ENTRY_PRIMARY));
}

/* NULL, or why the entry can't be the next one */
static const char *
log_check(const struct log *l, const struct entry *e)
{
	const struct log_state *s = &l->s;

	if (e->schema != SCHEMA_VERSION)
		return "an entry of another version of mfx";
	if (e->entry <= s->entry)
		return log_says_lost;
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

static void
log_is_sound(struct log *l)
{
	l->sound = true;
	l->seen_at = clock_ms();
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
	l->s.last = l->part.after;
	memcpy(l->s.head, l->part.hash, sizeof l->s.head);
	log_is_sound(l);
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
	if (e->chunk == 1) {
		buf_clear(&l->records);
		l->part.after = l->at;
	} else if (!log_continues(l, e)) {
		l->part.open = false;
		return 0;
	}
	l->part.e = *e;
	l->part.open = e->chunk < e->chunks;
	entry_hash_add(l->part.hash, hash, e->chunk == 1);
	buf_put_str(&l->records, buf_str(&l->chunk));
	return l->records.full ? -1 : !l->part.open;
}

/* what the registry has is looked at again, for the last entry only */
static void
log_review(struct log *l, const struct entry *e,
    const unsigned char hash[ENTRY_HASH_BYTES])
{
	if (e->entry == l->s.entry && log_add_chunk(l, e, hash) > 0 &&
	    sodium_memcmp(l->part.hash, l->s.head, sizeof l->s.head) == 0)
		log_is_sound(l);
}

int
log_check_sound(struct log *l, struct fault *fault)
{
	struct bus_stat stat;

	if (l->sound)
		return 0;
	if (bus_stat(l->bus, l->s.stream, &stat, fault) < 0)
		return -1;
	if (stat.first <= l->s.last)
		return log_bad(l, l->s.seq, log_says_lost, fault);
	log_is_sound(l);
	return 0;
}

/* a line of this log, after what the registry has */
static int
log_take_new(struct registry *r, const struct entry *e, uint64_t seq,
    const unsigned char hash[ENTRY_HASH_BYTES], struct fault *fault)
{
	struct log *l = r->log;
	const char *why;
	int got;

	if (log_is_second(&l->s, e)) {
		l->part.open = false;
		return 0;
	}
	if ((why = log_check(l, e)) != NULL)
		return log_bad(l, seq, why, fault);
	if ((got = log_add_chunk(l, e, hash)) < 0)
		return log_bad(l, seq, "the entry is too large", fault);
	return got > 0 ? log_take_entry(r, e, seq, fault) : 0;
}

static int
log_take(struct registry *r, const struct bus_line *line, struct fault *fault)
{
	struct log *l = r->log;
	bool new = line->seq > l->s.seq;
	unsigned char hash[ENTRY_HASH_BYTES];
	struct entry e;
	int got;

	l->bytes += line->text.n;
	buf_clear(&l->chunk);
	got = entry_open(line->text, l->s.id, r->keys.log, &e, &l->chunk,
	    &l->scratch, hash);
	if (got < 0)
		return log_bad(l, line->seq, "this line is damaged, or sealed "
		    "under another master key", fault);
	if (new && log_check_sound(l, fault) < 0)
		return -1;
	if (got > 0 && !new)
		log_review(l, &e, hash);
	else if (got > 0 && log_take_new(r, &e, line->seq, hash, fault) < 0)
		return -1;
	l->at = line->seq;
	l->dirty |= new;
	if (!l->part.open && new)
		l->s.seq = line->seq;
	return 0;
}

/* takes runs of lines: how many, -1 */
static int
log_take_runs(struct registry *r, struct bus_lines *run, struct fault *fault)
{
	struct log *l = r->log;
	struct bus_line line;
	int got, runs = 0;

	while ((l->bytes < FOLLOW_BYTES || l->part.open) && !l->seen) {
		if ((got = bus_read(l->reader, run, fault)) <= 0) {
			l->more = false;
			return got < 0 ? -1 : runs;
		}
		runs++;
		while (!l->seen && bus_lines_next(run, &line))
			if (log_take(r, &line, fault) < 0)
				return -1;
	}
	return runs;
}

int
log_pull(struct registry *r, struct fault *fault)
{
	struct log *l = r->log;
	struct bus_lines run = { .rest = STR_NONE };
	int runs;

	l->bytes = 0;
	l->more = true;
	runs = log_take_runs(r, &run, fault);
	/* Before the transaction is committed: a follower has no entry that
	 * the log may lose again.  One sync is for all that was taken. */
	if (runs > 0 && !l->appending && bus_reader_sync(l->reader, fault) < 0)
		return -1;
	/* what follows our own entry is for the next transaction */
	if (l->seen && run.rest.n > 0)
		log_close_reader(l);
	return runs;
}

int
log_pull_to(struct registry *r, uint64_t end, int64_t until,
    struct fault *fault)
{
	struct log *l = r->log;
	int64_t left;
	int got;

	while (l->at < end && bus_reader_position(l->reader) < end) {
		if ((got = log_pull(r, fault)) != 0)
			return got;
		left = until - clock_ms();
		if (left <= 0 || bus_wait(l->reader, -1, (int)left) < 0)
			return fault_set(fault, EX_TEMPFAIL, "%s: the log "
			    "can't be read; try again later", l->s.stream);
	}
	return 0;
}
