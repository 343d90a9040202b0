/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/reader.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "json/number.h"
#include "store/postgres/query.h"
#include "store/postgres/schema.h"

/* "22003": numeric value out of range */
#define READER_RANGE "22003"

struct postgres_reader {
	struct link link;
	const struct query *ask;
	struct postgres_query query;
	PGresult *row;		/* whose slices the caller has */
	bool first;		/* nothing was answered yet */
	bool wide;		/* see postgres_query_build */
	bool numbers;		/* each record is a number made of many … */
	bool counts;		/* … that says how many */
	struct buf texts;	/* of a record's numbers */
	uint64_t beyond;
};

static int
reader_connect(struct postgres_reader *r, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	enum store_result result;

	if (link_open(&r->link, place, watch, fault) != STORE_DONE)
		return -1;
	/* a long query sees that its client has gone; from version 14 on, and
	 * not on all systems, so it may fail */
	link_run(&r->link, "SET client_connection_check_interval = 1000",
	    NULL, NULL, fault);
	if (link_lost(&r->link))
		return -1;
	switch (schema_look(&r->link, &result, fault)) {
	case 1:
		return 0;
	case 0:
		return fault_set(fault, EX_NOINPUT, "%s: nothing was stored "
		    "in this database", r->link.name);
	default:
		return -1;
	}
}

int
postgres_reader_open(void **out, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	struct postgres_reader *r = memory_zero(1, sizeof *r);

	buf_init(&r->texts, (size_t)3 * (NUMBER_TEXT + 1));
	if (reader_connect(r, place, watch, fault) < 0) {
		postgres_reader_close(r);
		return -1;
	}
	*out = r;
	return 0;
}

void
postgres_reader_close(void *handle)
{
	struct postgres_reader *r = handle;

	/* the server ends what it is about, as its client is gone */
	PQclear(r->row);
	link_close(&r->link);
	postgres_query_release(&r->query);
	buf_release(&r->texts);
	free(r);
}

/* Sends the question; its rows come one by one. */
static int
reader_send(struct postgres_reader *r, struct fault *fault)
{
	postgres_query_release(&r->query);
	postgres_query_build(&r->query, r->ask, r->wide);
	r->first = true;
	if (link_send(&r->link, r->query.sql.p, &r->query.params, fault) !=
	    STORE_DONE)
		return -1;
	PQsetSingleRowMode(r->link.conn);
	return 0;
}

int
postgres_reader_query(void *handle, const struct query *ask,
    struct fault *fault)
{
	struct postgres_reader *r = handle;

	/* what is left of the one before */
	PQclear(r->row);
	r->row = NULL;
	if (PQtransactionStatus(r->link.conn) == PQTRANS_ACTIVE &&
	    link_finish(&r->link, NULL, fault) != STORE_DONE &&
	    link_lost(&r->link))
		return -1;
	r->ask = ask;
	r->wide = false;
	r->beyond = 0;
	r->numbers = ask->aggregate != AGGREGATE_NONE &&
	    ask->aggregate != AGGREGATE_LAST;
	r->counts = ask->aggregate == AGGREGATE_COUNT;
	return reader_send(r, fault);
}

/*
 * One row: 1, or 0 at the end.  A sum that is out of range on its way makes
 * an error of the server's, before the first row: it is asked again.
 */
static int
reader_row(struct postgres_reader *r, struct fault *fault)
{
	const char *state;

	PQclear(r->row);
	r->row = NULL;
	if (link_answer(&r->link, &r->row, fault) != STORE_DONE)
		return -1;
	switch (PQresultStatus(r->row)) {
	case PGRES_SINGLE_TUPLE:
		r->first = false;
		return 1;
	case PGRES_TUPLES_OK:
		return 0;
	default:
		break;
	}
	state = PQresultErrorField(r->row, PG_DIAG_SQLSTATE);
	if (!r->first || r->wide || !r->numbers || state == NULL ||
	    strcmp(state, READER_RANGE) != 0) {
		link_fault(&r->link, r->row, fault);
		return -1;
	}
	r->wide = true;
	link_finish(&r->link, NULL, fault);
	return reader_send(r, fault) < 0 ? -1 : reader_row(r, fault);
}

static struct str
reader_number(struct postgres_reader *r, int column)
{
	size_t start = r->texts.n;

	if (PQgetisnull(r->row, 0, column))
		return STR_NONE;
	if (column == QUERY_INTEGER)
		buf_printf(&r->texts, "%" PRId64,
		    (int64_t)link_get_bits(r->row, 0, column));
	else
		number_put(&r->texts, link_get_real(r->row, 0, column));
	buf_putc(&r->texts, '\0');
	return (struct str){ r->texts.p + start, r->texts.n - start - 1 };
}

static struct str
reader_text(struct postgres_reader *r, int column)
{
	return PQgetisnull(r->row, 0, column) ? STR_NONE :
	    link_get_text(r->row, 0, column);
}

static void
reader_fill_value(struct postgres_reader *r, struct record *record)
{
	switch (record->kind) {
	case VALUE_NUMBER:
		record->value = reader_number(r,
		    PQgetisnull(r->row, 0, QUERY_INTEGER) ? QUERY_VALUE :
		    QUERY_INTEGER);
		break;
	case VALUE_BOOL:
		record->truth = link_get_bits(r->row, 0, QUERY_BOOL) != 0;
		break;
	case VALUE_STRING:
		record->value = link_get_text(r->row, 0,
		    PQgetisnull(r->row, 0, QUERY_STRING) ? QUERY_DATA :
		    QUERY_STRING);
		break;
	case VALUE_DATA:
		record->value = link_get_text(r->row, 0, QUERY_DATA);
		break;
	case VALUE_NONE:
		break;
	}
}

static void
reader_fill(struct postgres_reader *r, struct route *route,
    struct record *record)
{
	*route = (struct route){
		.channel = reader_text(r, QUERY_CHANNEL),
		.publisher = reader_text(r, QUERY_PUBLISHER),
		.protocol = reader_text(r, QUERY_PROTOCOL),
		.subtopic = reader_text(r, QUERY_SUBTOPIC),
	};
	*record = (struct record){
		.name = reader_text(r, QUERY_NAME),
		.unit = reader_text(r, QUERY_UNIT),
		.ct = reader_text(r, QUERY_CONTENT_TYPE),
		.kind = (enum value_kind)link_get_bits(r->row, 0, QUERY_KIND),
		.version = (uint8_t)link_get_bits(r->row, 0, QUERY_VERSION),
	};
	if (r->numbers)
		record->kind = VALUE_NUMBER;
	if (r->counts) {
		record->unit = record->ct = STR_NONE;
		record->version = 10;
	}
	record->time.ns = (int64_t)link_get_bits(r->row, 0, QUERY_TIME);
	buf_clear(&r->texts);
	buf_room(&r->texts, r->texts.max);
	record->sum = reader_number(r, QUERY_SUM);
	record->update = reader_number(r, QUERY_UPDATE);
	reader_fill_value(r, record);
}

int
postgres_reader_next(void *handle, struct route *route,
    struct record *record, struct fault *fault)
{
	struct postgres_reader *r = handle;
	int got;

	while ((got = reader_row(r, fault)) > 0) {
		reader_fill(r, route, record);
		if (record->kind > VALUE_DATA)
			return fault_set(fault, EX_DATAERR, "%s: a series has "
			    "an unknown kind", r->link.name);
		if (record->kind != VALUE_NUMBER || record->value.p != NULL)
			break;
		r->beyond++;
	}
	return got;
}

int
postgres_reader_count(void *handle, uint64_t *n, struct fault *fault)
{
	struct postgres_reader *r = handle;
	int got = reader_row(r, fault);

	if (got > 0)
		*n = link_get_bits(r->row, 0, 0);
	return got > 0 ? 0 : got < 0 ? -1 :
	    fault_set(fault, EX_DATAERR, "%s: no count", r->link.name);
}

uint64_t
postgres_reader_beyond(const void *handle)
{
	const struct postgres_reader *r = handle;

	return r->beyond;
}
