/* SPDX-License-Identifier: Apache-2.0 */
#include "store/mongo/reader.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "store/mongo/document.h"
#include "store/mongo/query.h"
#include "store/mongo/schema.h"

/* numbers and data of one document */
#define READER_TEXTS_MAX ((size_t)32 << 20)

struct mongo_reader {
	struct conn conn;
	mongoc_cursor_t *cursor;	/* of the query; NULL: none, or at
					 * its end */
	const bson_t *ahead;		/* its first document, not yet given */
	bson_t filter, options;
	uint64_t count;
	struct buf texts;
};

static void
reader_forget(struct mongo_reader *r)
{
	if (r->cursor != NULL)
		mongoc_cursor_destroy(r->cursor);
	r->cursor = NULL;
	r->ahead = NULL;
}

int
mongo_reader_open(void **out, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	struct mongo_reader *r = memory_zero(1, sizeof *r);

	bson_init(&r->filter);
	bson_init(&r->options);
	buf_init(&r->texts, READER_TEXTS_MAX);
	if (mongo_schema_open(&r->conn, place, watch, fault) < 0) {
		mongo_reader_close(r);
		return -1;
	}
	*out = r;
	return 0;
}

void
mongo_reader_close(void *handle)
{
	struct mongo_reader *r = handle;

	reader_forget(r);
	conn_close(&r->conn);
	bson_destroy(&r->filter);
	bson_destroy(&r->options);
	buf_release(&r->texts);
	free(r);
}

static int
reader_fail(struct mongo_reader *r, const bson_error_t *error,
    struct fault *fault)
{
	/* it belongs to the client, which may be closed */
	reader_forget(r);
	conn_judge(&r->conn, error, fault);
	return -1;
}

/* The next document: 1, or 0 at the end. */
static int
reader_document(struct mongo_reader *r, const bson_t **doc,
    struct fault *fault)
{
	bson_error_t error;

	if (r->cursor == NULL)
		return 0;
	if (mongoc_cursor_next(r->cursor, doc))
		return 1;
	if (mongoc_cursor_error(r->cursor, &error))
		return reader_fail(r, &error, fault);
	reader_forget(r);
	return 0;
}

/* Limit and offset are ours here. */
static int
reader_count(struct mongo_reader *r, const struct query *ask,
    struct fault *fault)
{
	bson_error_t error;
	int64_t n = mongoc_collection_count_documents(r->conn.readings,
	    &r->filter, NULL, NULL, NULL, &error);

	if (n < 0)
		return reader_fail(r, &error, fault);
	n = n > ask->offset ? n - ask->offset : 0;
	r->count = (uint64_t)(ask->limit >= 0 && n > ask->limit ?
	    ask->limit : n);
	return 0;
}

/* The server is asked at once, so that one that has gone is noticed here. */
int
mongo_reader_query(void *handle, const struct query *ask,
    struct fault *fault)
{
	struct mongo_reader *r = handle;

	reader_forget(r);
	bson_destroy(&r->filter);
	bson_destroy(&r->options);
	mongo_query_build(&r->filter, &r->options, ask);
	if (r->conn.client == NULL)
		return fault_set(fault, EX_UNAVAILABLE, "%s: not connected",
		    r->conn.name);
	if (ask->count)
		return reader_count(r, ask, fault);
	/* to the server that is no limit */
	if (ask->limit == 0)
		return 0;
	r->cursor = mongoc_collection_find_with_opts(r->conn.readings,
	    &r->filter, &r->options, NULL);
	return reader_document(r, &r->ahead, fault) < 0 ? -1 : 0;
}

int
mongo_reader_next(void *handle, struct route *route, struct record *record,
    struct fault *fault)
{
	struct mongo_reader *r = handle;
	const bson_t *doc = r->ahead;
	const char *why;
	int got = 1;

	r->ahead = NULL;
	if (doc == NULL)
		got = reader_document(r, &doc, fault);
	if (got <= 0)
		return got;
	why = document_get(doc, &r->texts, route, record);
	return why == NULL ? 1 :
	    fault_set(fault, EX_DATAERR, "%s: %s", r->conn.name, why);
}

int
mongo_reader_count(void *handle, uint64_t *n, struct fault *fault)
{
	struct mongo_reader *r = handle;

	(void)fault;
	*n = r->count;
	return 0;
}

void
mongo_reader_explain(void *handle, struct buf *to)
{
	struct mongo_reader *r = handle;
	const bson_t *parts[] = { &r->filter, &r->options };
	size_t i;

	for (i = 0; i < 2; i++) {
		char *text = bson_as_relaxed_extended_json(parts[i], NULL);

		buf_puts(to, text != NULL ? text : "?");
		buf_putc(to, '\n');
		bson_free(text);
	}
}
