/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table is gone through once, by its blocks: a search for what is left would
 * begin each time with all rows that were deleted and are still there.
 */
#include "store/postgres/pruner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "base/number.h"
#include "store/postgres/link.h"
#include "store/postgres/schema.h"

/* of a table at a time: 1 MiB, some 10,000 readings */
#define PRUNER_BLOCKS 128
/* series at a time */
#define PRUNER_SERIES "200"
/* the least id */
#define PRUNER_FIRST "00000000-0000-0000-0000-000000000000"
#define PRUNER_ARRAY_MAX ((size_t)64 << 20)
/* how often to wait, for a second, for the lock that a DROP needs */
#define PRUNER_DROPS 3

struct postgres_pruner {
	struct link link;
	PGresult *tables;
	int table;			/* the row of the one at hand */
	uint64_t block;			/* of it, the next one */
	int drops;			/* tried of this one */
	struct buf channels;		/* as an array; empty: all */
	char series[sizeof PRUNER_FIRST];	/* looked at up to here */
	struct buf ids;			/* an array of series */
	enum {
		PRUNER_LISTS, PRUNER_TABLES, PRUNER_SERIES_LEFT, PRUNER_END
	} step;
};

int
postgres_pruner_open(void **out, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	struct postgres_pruner *p = memory_zero(1, sizeof *p);
	enum store_result r;

	buf_init(&p->channels, PRUNER_ARRAY_MAX);
	buf_init(&p->ids, PRUNER_ARRAY_MAX);
	snprintf(p->series, sizeof p->series, "%s", PRUNER_FIRST);
	if (link_open(&p->link, place, watch, fault) == STORE_DONE) {
		switch (schema_look(&p->link, &r, fault)) {
		case 1:
			*out = p;
			return 0;
		case 0:
			fault_set(fault, EX_NOINPUT, "%s: nothing was stored "
			    "in this database", p->link.name);
		}
	}
	postgres_pruner_close(p);
	return -1;
}

void
postgres_pruner_close(void *handle)
{
	struct postgres_pruner *p = handle;

	PQclear(p->tables);
	link_close(&p->link);
	buf_release(&p->channels);
	buf_release(&p->ids);
	free(p);
}

/* ---- what there is ---- */

/* One more element of an array, as text. */
static void
pruner_put_element(struct buf *array, struct str text)
{
	size_t i;

	if (array->n > 0)
		array->n--;	/* the brace that ends it */
	buf_puts(array, array->n == 0 ? "{\"" : ",\"");
	for (i = 0; i < text.n; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_putc(array, '\\');
		buf_putc(array, text.p[i]);
	}
	buf_puts(array, "\"}");
}

static bool
pruner_wants(const struct match_globs *globs, struct str channel)
{
	int i;

	for (i = 0; i < globs->n; i++)
		if (glob_match(globs->v[i].glob, channel))
			return true;
	return false;
}

/* LIKE can't say all that a glob can: so which channels are there? */
static int
pruner_list_channels(struct postgres_pruner *p,
    const struct match_globs *globs, struct fault *fault)
{
	struct link_params none = { .n = 0 };
	PGresult *result;
	int i;

	if (link_run(&p->link, "SELECT DISTINCT channel FROM series", &none,
	    &result, fault) != STORE_DONE) {
		PQclear(result);
		return -1;
	}
	buf_puts(&p->channels, "{}");
	for (i = 0; i < PQntuples(result); i++) {
		struct str channel = link_get_text(result, i, 0);

		if (!pruner_wants(globs, channel))
			continue;
		if (p->channels.n == 2)
			buf_clear(&p->channels);
		pruner_put_element(&p->channels, channel);
	}
	PQclear(result);
	return p->channels.full ? fault_set(fault, EX_DATAERR, "%s: too many "
	    "channels", p->link.name) : 0;
}

/* The tables that can have old readings: name, blocks, whether all are. */
static int
pruner_list_tables(struct postgres_pruner *p, int64_t to, struct fault *fault)
{
	struct link_params params = { .n = 0 };

	link_integer(&params, to);
	return link_run(&p->link, "SELECT c.oid::regclass::text,"
	    " pg_relation_size(c.oid) /"
	    " current_setting('block_size')::bigint,"
	    " coalesce(b.upper <= $1, false)"
	    " FROM (SELECT 'readings'::regclass::oid AS oid"
	    "  UNION SELECT inhrelid FROM pg_inherits"
	    "  WHERE inhparent = 'readings'::regclass) t"
	    " JOIN pg_class c ON c.oid = t.oid,"
	    " LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS text) e,"
	    " LATERAL (SELECT"
	    "  substring(e.text FROM 'FROM \\(''(-?[0-9]+)''')::bigint"
	    "  AS lower,"
	    "  substring(e.text FROM 'TO \\(''(-?[0-9]+)''')::bigint"
	    "  AS upper) b"
	    " WHERE c.relkind = 'r' AND (b.lower IS NULL OR b.lower < $1)"
	    " ORDER BY b.upper", &params, &p->tables, fault) == STORE_DONE ?
	    0 : -1;
}

static int
pruner_list(struct postgres_pruner *p, const struct match *match,
    struct fault *fault)
{
	const struct match_globs *globs = &match->labels[MATCH_CHANNEL];

	if (pruner_list_tables(p, match->to, fault) < 0 ||
	    (globs->n > 0 && pruner_list_channels(p, globs, fault) < 0))
		return -1;
	p->step = PRUNER_TABLES;
	return 0;
}

/* ---- readings ---- */

static void
pruner_next_table(struct postgres_pruner *p)
{
	p->table++;
	p->block = 0;
	p->drops = 0;
}

static int
pruner_count(struct postgres_pruner *p, const char *table, uint64_t *n,
    struct fault *fault)
{
	struct link_params none = { .n = 0 };
	char sql[256];
	PGresult *result;
	enum store_result r;

	snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
	r = link_run(&p->link, sql, &none, &result, fault);
	if (r == STORE_DONE && PQntuples(result) == 1)
		*n = link_get_bits(result, 0, 0);
	PQclear(result);
	return r == STORE_DONE ? 0 : -1;
}

/*
 * A month as a whole.  Who reads or writes has to be waited for, and others
 * wait for us meanwhile: a second, and then they have their turn.  1: it is
 * gone, 0: it can't be removed so, or not now.
 */
static int
pruner_drop(struct postgres_pruner *p, const char *table, uint64_t *removed,
    struct fault *fault)
{
	char sql[256];
	uint64_t n;
	struct fault why;

	if (pruner_count(p, table, &n, fault) < 0)
		return -1;
	snprintf(sql, sizeof sql, "BEGIN; SET LOCAL lock_timeout = 1000;"
	    "DROP TABLE %s; COMMIT", table);
	if (link_run(&p->link, sql, NULL, NULL, &why) == STORE_DONE) {
		*removed += n;
		return 1;
	}
	if (link_lost(&p->link) ||
	    link_run(&p->link, "ROLLBACK", NULL, NULL, fault) != STORE_DONE) {
		*fault = why;
		return -1;
	}
	/* it is another's table, or another table needs it */
	p->drops = why.status == EX_TEMPFAIL ? p->drops + 1 : PRUNER_DROPS;
	return 0;
}

static int
pruner_delete(struct postgres_pruner *p, const char *table, int64_t to,
    uint64_t *removed, struct fault *fault)
{
	struct link_params params = { .n = 0 };
	char sql[512], first[32], last[32];
	PGresult *result;
	enum store_result r;
	uint64_t n = 0;

	snprintf(first, sizeof first, "(%" PRIu64 ",0)", p->block);
	p->block += PRUNER_BLOCKS;
	snprintf(last, sizeof last, "(%" PRIu64 ",0)", p->block);
	link_integer(&params, to);
	link_text(&params, str_z(first));
	link_text(&params, str_z(last));
	if (p->channels.n > 0)
		link_text(&params, buf_str(&p->channels));
	snprintf(sql, sizeof sql, "DELETE FROM %s WHERE time < $1"
	    " AND ctid >= $2::text::tid AND ctid < $3::text::tid%s", table,
	    p->channels.n == 0 ? "" : " AND series IN (SELECT id FROM series"
	    " WHERE channel = ANY ($4::text::text[]))");
	r = link_run(&p->link, sql, &params, &result, fault);
	if (r == STORE_DONE && number_digits(str_z(PQcmdTuples(result)),
	    INT64_MAX, &n))
		*removed += n;
	PQclear(result);
	return r == STORE_DONE ? 0 : -1;
}

static int
pruner_table(struct postgres_pruner *p, const struct match *match,
    uint64_t *removed, struct fault *fault)
{
	/* with a NUL after it, as it is text */
	const char *table = PQgetvalue(p->tables, p->table, 0);
	bool whole = link_get_bits(p->tables, p->table, 2) != 0;
	int gone;

	if (whole && p->channels.n == 0 && p->drops < PRUNER_DROPS) {
		gone = pruner_drop(p, table, removed, fault);
		if (gone > 0)
			pruner_next_table(p);
		return gone < 0 ? -1 : 0;
	}
	if (p->block >= link_get_bits(p->tables, p->table, 1)) {
		pruner_next_table(p);
		return 0;
	}
	return pruner_delete(p, table, match->to, removed, fault);
}

/* ---- series ---- */

/* Some that have no readings; a look without a lock.  0: there are no more. */
static int
pruner_list_series(struct postgres_pruner *p, struct fault *fault)
{
	struct link_params params = { .n = 0 };
	PGresult *result;
	enum store_result r;
	int i, n = 0;

	buf_clear(&p->ids);
	link_text(&params, str_z(p->series));
	r = link_run(&p->link, "SELECT id::text FROM series s"
	    " WHERE id > $1::text::uuid AND NOT EXISTS"
	    " (SELECT 1 FROM readings r WHERE r.series = s.id)"
	    " ORDER BY id LIMIT " PRUNER_SERIES, &params, &result, fault);
	if (r == STORE_DONE)
		n = PQntuples(result);
	for (i = 0; i < n; i++)
		pruner_put_element(&p->ids, link_get_text(result, i, 0));
	if (n > 0)
		snprintf(p->series, sizeof p->series, "%s",
		    PQgetvalue(result, n - 1, 0));
	PQclear(result);
	return r == STORE_DONE ? n : -1;
}

/* Those of them that still have none, and no writer is about to use. */
static int
pruner_drop_series(struct postgres_pruner *p, struct fault *fault)
{
	struct link_params params = { .n = 0 };
	struct fault ignored;
	enum store_result r;

	link_text(&params, buf_str(&p->ids));
	r = link_run(&p->link, "BEGIN;"
	    "SELECT pg_advisory_xact_lock(" POSTGRES_SERIES_LOCK ");"
	    "UPDATE mfx_store SET pruned = pruned + 1", NULL, NULL, fault);
	if (r == STORE_DONE)
		r = link_run(&p->link, "DELETE FROM series s"
		    " WHERE id = ANY ($1::text::uuid[]) AND NOT EXISTS"
		    " (SELECT 1 FROM readings r WHERE r.series = s.id)",
		    &params, NULL, fault);
	if (r == STORE_DONE)
		return link_run(&p->link, "COMMIT", NULL, NULL, fault) ==
		    STORE_DONE ? 0 : -1;
	if (!link_lost(&p->link))
		link_run(&p->link, "ROLLBACK", NULL, NULL, &ignored);
	return -1;
}

static int
pruner_series(struct postgres_pruner *p, struct fault *fault)
{
	int n = pruner_list_series(p, fault);

	if (n == 0)
		p->step = PRUNER_END;
	return n > 0 ? pruner_drop_series(p, fault) : n;
}

int
postgres_pruner_prune(void *handle, const struct match *match,
    uint64_t *removed, struct fault *fault)
{
	struct postgres_pruner *p = handle;
	int r = 0;

	switch (p->step) {
	case PRUNER_LISTS:
		r = pruner_list(p, match, fault);
		break;
	case PRUNER_TABLES:
		if (p->table < PQntuples(p->tables))
			r = pruner_table(p, match, removed, fault);
		else
			p->step = *removed > 0 ? PRUNER_SERIES_LEFT :
			    PRUNER_END;
		break;
	case PRUNER_SERIES_LEFT:
		r = pruner_series(p, fault);
		break;
	case PRUNER_END:
		return 0;
	}
	return r < 0 ? -1 : 1;
}
