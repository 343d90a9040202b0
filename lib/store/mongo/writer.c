/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch is inserted in parts, in no order: what the server says of one
 * document is no matter for the others.  The `_id` of a document is made from
 * reading.id, so one that was stored before, and is sent again as its answer
 * did not come, is refused as a duplicate, which counts as stored.
 */
#include "store/mongo/writer.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/memory.h"
#include "store/mongo/document.h"
#include "store/mongo/schema.h"

/* documents of one command, and their bytes; servers take 100,000 and 48 MB */
#define WRITER_PART 10000
#define WRITER_PART_BYTES ((size_t)12 << 20)
#define WRITER_DATA_MAX ((size_t)256 << 20)
/* the server's codes for a unique index, from 4.2 and from before it */
#define WRITER_DUPLICATE 11000
#define WRITER_DUPLICATE_OLD 11001

/* a document that was refused as a duplicate */
struct writer_unsure {
	uint8_t id[DOCUMENT_ID];
	size_t i;			/* reading of the batch */
	const char *text;		/* what the server said of it */
	bool there;			/* its _id is */
};

struct mongo_writer {
	const char *place;
	const struct store_watch *watch;
	struct conn conn;
	bson_t document, insert;
	struct buf data;
	/* documents of the part */
	size_t which[WRITER_PART];	/* readings of the batch */
	size_t n;
	struct writer_unsure *unsure;	/* NULL: there never was one */
	size_t n_unsure;
	uint64_t again;			/* duplicates, in all */
};

/* ---- life ---- */

static enum store_result
writer_connect(struct mongo_writer *w, struct fault *fault)
{
	enum store_result r = conn_open(&w->conn, w->place, w->watch, fault);

	if (r == STORE_DONE && mongo_schema_look(&w->conn, &r, fault) == 0)
		r = mongo_schema_make(&w->conn, fault);
	if (r != STORE_DONE)
		conn_close(&w->conn);
	return r;
}

enum store_result
mongo_writer_open(void **out, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	struct mongo_writer *w = memory_zero(1, sizeof *w);
	enum store_result r;

	w->place = place;
	w->watch = watch;
	bson_init(&w->document);
	/* it need not be looked at again: document.c makes it */
	bson_init(&w->insert);
	bson_append_bool(&w->insert, "validate", -1, false);
	buf_init(&w->data, WRITER_DATA_MAX);
	r = writer_connect(w, fault);
	if (r == STORE_DONE)
		*out = w;
	else
		mongo_writer_close(w);
	return r;
}

void
mongo_writer_close(void *handle)
{
	struct mongo_writer *w = handle;

	if (w->again > 0)
		diag_info("%llu readings were stored already",
		    (unsigned long long)w->again);
	conn_close(&w->conn);
	bson_destroy(&w->document);
	bson_destroy(&w->insert);
	buf_release(&w->data);
	free(w->unsure);
	free(w);
}

/* ---- a part ---- */

/* Puts readings from `from` on into the bulk, up to the end of a part, which
 * it gives. */
static size_t
writer_put(struct mongo_writer *w, mongoc_bulk_operation_t *bulk,
    struct batch *b, size_t from, size_t to)
{
	const char *why;
	size_t i, bytes = 0;

	w->n = 0;
	for (i = from; i < to && w->n < WRITER_PART &&
	    bytes < WRITER_PART_BYTES; i++) {
		if (b->readings[i].refused != NULL)
			continue;
		why = document_put(&w->document, &b->readings[i], &w->data);
		if (why == NULL && !mongoc_bulk_operation_insert_with_opts(
		    bulk, &w->document, &w->insert, NULL))
			why = "it can't be a document";
		if (why != NULL) {
			batch_refuse(b, i, why);
			continue;
		}
		w->which[w->n++] = i;
		bytes += w->document.len;
	}
	return i;
}

/* ---- what the server says of one document ---- */

struct writer_error {
	int code;
	uint32_t index;
	const char *text;
	/* what is unique, if it says so */
	bool has_key, key_is_id;
};

static bool
writer_is_id(bson_iter_t *it)
{
	bson_iter_t key;

	return bson_iter_recurse(it, &key) && bson_iter_next(&key) &&
	    strcmp(bson_iter_key(&key), document_names[DOC_ID]) == 0 &&
	    !bson_iter_next(&key);
}

/* {index: …, code: …, errmsg: …, keyPattern: {…}} */
static void
writer_read_error(const bson_iter_t *from, struct writer_error *e)
{
	bson_iter_t it;

	*e = (struct writer_error){ .index = UINT32_MAX, .text = "" };
	if (!bson_iter_recurse(from, &it))
		return;
	while (bson_iter_next(&it)) {
		const char *key = bson_iter_key(&it);

		if (strcmp(key, "index") == 0)
			e->index = (uint32_t)bson_iter_as_int64(&it);
		else if (strcmp(key, "code") == 0)
			e->code = (int)bson_iter_as_int64(&it);
		else if (strcmp(key, "errmsg") == 0 &&
		    BSON_ITER_HOLDS_UTF8(&it))
			e->text = bson_iter_utf8(&it, NULL);
		else if (strcmp(key, "keyPattern") == 0) {
			e->has_key = true;
			e->key_is_id = writer_is_id(&it);
		}
	}
}

/* Is it the index of _id that refused it?  Somebody may have made another one
 * unique, too.  -1: the server does not say. */
static int
writer_is_again(const struct writer_error *e)
{
	if (e->code != WRITER_DUPLICATE && e->code != WRITER_DUPLICATE_OLD)
		return 0;
	if (e->has_key)
		return e->key_is_id;
	if (strstr(e->text, " index: ") != NULL)
		return strstr(e->text, " index: _id_ ") != NULL;
	return -1;
}

static void
writer_put_unsure(struct mongo_writer *w, const struct batch *b, size_t i,
    const char *text)
{
	struct writer_unsure *u;

	if (w->unsure == NULL)
		w->unsure = memory_zero(WRITER_PART, sizeof *w->unsure);
	u = &w->unsure[w->n_unsure++];
	document_id(u->id, &b->readings[i].id);
	u->i = i;
	u->text = text;
	u->there = false;
}

static enum store_result
writer_take_error(struct mongo_writer *w, struct batch *b,
    const bson_iter_t *it, struct fault *fault)
{
	struct writer_error e;
	enum store_result r;
	int again;

	writer_read_error(it, &e);
	if (e.index >= w->n || w->n_unsure == WRITER_PART) {
		fault_set(fault, EX_UNAVAILABLE, "%s: an answer about a "
		    "document that was not sent", w->conn.name);
		return STORE_LATER;
	}
	again = writer_is_again(&e);
	if (again < 0)
		writer_put_unsure(w, b, w->which[e.index], e.text);
	w->again += again > 0;
	if (again != 0)
		return STORE_DONE;
	r = conn_judge_document(e.code);
	if (r == STORE_DONE)
		batch_refuse(b, w->which[e.index], e.text);
	else
		fault_set(fault, r == STORE_LATER ? EX_TEMPFAIL : EX_NOPERM,
		    "%s: %s", w->conn.name, e.text);
	return r;
}

/* ---- which of them are there ---- */

static int
writer_by_id(const void *a, const void *b)
{
	const struct writer_unsure *x = a, *y = b;

	return memcmp(x->id, y->id, sizeof x->id);
}

static mongoc_cursor_t *
writer_ask(struct mongo_writer *w)
{
	bson_t *only = BCON_NEW("projection", "{", document_names[DOC_ID],
	    BCON_BOOL(true), "}");
	mongoc_cursor_t *cursor;
	bson_t filter, field, list;
	const char *key;
	char room[16];
	uint32_t i;

	bson_init(&filter);
	bson_append_document_begin(&filter, document_names[DOC_ID], -1,
	    &field);
	bson_append_array_begin(&field, "$in", -1, &list);
	for (i = 0; i < w->n_unsure; i++) {
		bson_uint32_to_string(i, &key, room, sizeof room);
		bson_append_binary(&list, key, -1, BSON_SUBTYPE_BINARY,
		    w->unsure[i].id, DOCUMENT_ID);
	}
	bson_append_array_end(&field, &list);
	bson_append_document_end(&filter, &field);
	cursor = mongoc_collection_find_with_opts(w->conn.readings, &filter,
	    only, NULL);
	bson_destroy(only);
	bson_destroy(&filter);
	return cursor;
}

/* readings that are the same in everything have one id */
static void
writer_found(struct mongo_writer *w, const bson_t *doc)
{
	struct writer_unsure key, *u, *end = w->unsure + w->n_unsure;
	const uint8_t *id;
	uint32_t n;
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, document_names[DOC_ID]) ||
	    !BSON_ITER_HOLDS_BINARY(&it))
		return;
	bson_iter_binary(&it, NULL, &n, &id);
	if (n != sizeof key.id)
		return;
	memcpy(key.id, id, sizeof key.id);
	u = bsearch(&key, w->unsure, w->n_unsure, sizeof key, writer_by_id);
	while (u != NULL && u > w->unsure && writer_by_id(&u[-1], &key) == 0)
		u--;
	for (; u != NULL && u < end && writer_by_id(u, &key) == 0; u++)
		u->there = true;
}

/* Duplicates of which the server does not say of what: those whose _id is
 * there are stored, the others refused. */
static enum store_result
writer_settle(struct mongo_writer *w, struct batch *b, struct fault *fault)
{
	mongoc_cursor_t *cursor;
	const bson_t *doc;
	bson_error_t error;
	bool failed;
	size_t i;

	if (w->n_unsure == 0)
		return STORE_DONE;
	qsort(w->unsure, w->n_unsure, sizeof *w->unsure, writer_by_id);
	cursor = writer_ask(w);
	while (mongoc_cursor_next(cursor, &doc))
		writer_found(w, doc);
	failed = mongoc_cursor_error(cursor, &error);
	mongoc_cursor_destroy(cursor);
	if (failed)
		return conn_judge(&w->conn, &error, fault);
	for (i = 0; i < w->n_unsure; i++) {
		w->again += w->unsure[i].there;
		if (!w->unsure[i].there)
			batch_refuse(b, w->unsure[i].i, w->unsure[i].text);
	}
	return STORE_DONE;
}

/* ---- what it says of all of them ---- */

/* an array of the answer: the number of its elements, with an iterator */
static uint32_t
writer_list(const bson_t *reply, const char *name, bson_iter_t *list)
{
	bson_iter_t it, count;
	uint32_t n = 0;

	if (!bson_iter_init_find(&it, reply, name) ||
	    !BSON_ITER_HOLDS_ARRAY(&it) || !bson_iter_recurse(&it, list))
		return 0;
	count = *list;
	while (bson_iter_next(&count))
		n++;
	return n;
}

static int64_t
writer_inserted(const bson_t *reply)
{
	bson_iter_t it;

	return bson_iter_init_find(&it, reply, "nInserted") ?
	    bson_iter_as_int64(&it) : 0;
}

/* Each document has to be accounted for: after the errors of one,
 * libmongoc hides what is wrong with the command. */
static enum store_result
writer_judge(struct mongo_writer *w, struct batch *b, const bson_t *reply,
    const bson_error_t *error, struct fault *fault)
{
	bson_iter_t errors, ignored;
	uint32_t n = writer_list(reply, "writeErrors", &errors);
	enum store_result r = STORE_DONE;

	if (n == 0)
		return conn_judge(&w->conn, error, fault);
	w->n_unsure = 0;
	while (r == STORE_DONE && bson_iter_next(&errors))
		r = writer_take_error(w, b, &errors, fault);
	if (r == STORE_DONE)
		r = writer_settle(w, b, fault);
	if (r != STORE_DONE)
		return r;
	if ((uint64_t)writer_inserted(reply) + n == w->n &&
	    writer_list(reply, "writeConcernErrors", &ignored) == 0)
		return STORE_DONE;
	fault_set(fault, EX_TEMPFAIL, "%s: the server has not acknowledged "
	    "all of a batch", w->conn.name);
	return STORE_LATER;
}

static enum store_result
writer_part(struct mongo_writer *w, struct batch *b, size_t *at,
    struct fault *fault)
{
	bson_t opts, reply;
	mongoc_bulk_operation_t *bulk;
	bson_error_t error = { 0 };
	enum store_result r = STORE_DONE;

	bson_init(&opts);
	bson_append_bool(&opts, "ordered", -1, false);
	bulk = mongoc_collection_create_bulk_operation_with_opts(
	    w->conn.readings, &opts);
	bson_destroy(&opts);
	*at = writer_put(w, bulk, b, *at, b->whole);
	if (w->n > 0) {
		bool ok = mongoc_bulk_operation_execute(bulk, &reply,
		    &error) != 0;

		/* before the client may be closed */
		mongoc_bulk_operation_destroy(bulk);
		if (!ok)
			r = writer_judge(w, b, &reply, &error, fault);
		bson_destroy(&reply);
	} else {
		mongoc_bulk_operation_destroy(bulk);
	}
	return r;
}

enum store_result
mongo_writer_write(void *handle, struct batch *b, struct fault *fault)
{
	struct mongo_writer *w = handle;
	enum store_result r = STORE_DONE;
	size_t at = 0;

	if (w->conn.client == NULL)
		r = writer_connect(w, fault);
	while (r == STORE_DONE && at < b->whole)
		r = writer_part(w, b, &at, fault);
	/* whatever it was, what comes next has a new connection */
	if (r == STORE_LATER)
		conn_close(&w->conn);
	return r;
}
